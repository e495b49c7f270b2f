#!/usr/bin/env bash
# The actor with a real PID 1, in the sandbox of its unit: restarts, reloads and signals what the
# configuration declares, in order, leaves what does not run alone, and refuses everything else.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/../lib.sh"
secret token 'a token'
serve <<'YAML'
secrets:
  token:
    file: /run/values/token
    on_change:
      signal: {signalled.service: SIGUSR1}
      restart: [restarted.service, idle.service, missing.service]
      reload: reloaded.service
YAML
for name in restarted idle other; do
  unit "$name.service" <<'UNIT'
[Service]
ExecStart=sleep infinity
UNIT
done
unit reloaded.service <<'UNIT'
[Service]
ExecStart=sleep infinity
ExecReload=touch /run/values/reloaded
UNIT
unit signalled.service <<'UNIT'
[Service]
Type=notify
NotifyAccess=all
ExecStart=bash -c 'trap "touch /run/values/signalled" USR1; systemd-notify --ready; while :; do sleep 0.1; done'
UNIT
systemctl daemon-reload
systemctl start restarted.service other.service reloaded.service signalled.service
expect_eq "$(property secretfs-actor.socket ActiveState)" active 'the socket of the actor'
socket=/run/secretfs/actor.sock
expect_eq "$(stat -c '%a %U' "$socket")" '600 secretfs' 'who may write to it'

run_of() { systemctl show -P InvocationID "$1"; }
ask() { # REQUEST...: as the daemon does
  perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => shift) or die "$!";
    $s->send($_) // die "$!" for @ARGV' "$socket" "$@"
}
said() { journalctl -q -o cat -u secretfs-actor.service; }
restarted=$(run_of restarted.service) other=$(run_of other.service) reloaded=$(run_of reloaded.service)
ask 'signal signalled.service 10' 'restart other.service' 'restart missing.service' 'restart idle.service' \
  'reload reloaded.service' 'signal signalled.service 9' $'restart restarted.service\n' 'restart restarted.service'
wait_until 'the last one is restarted' eval '[[ $(run_of restarted.service) != "$restarted" ]]'
wait_until 'a unit is reloaded' test -e /run/values/reloaded
wait_until 'a unit is signalled' test -e /run/values/signalled
expect_eq "$(run_of reloaded.service)" "$reloaded" 'the run of the unit that was reloaded'
expect_eq "$(run_of other.service)" "$other" 'the run of a unit that nothing declares'
expect_eq "$(property idle.service ActiveState)" inactive 'a unit that did not run'
wait_until 'all is in the log' eval '[[ $(said | grep -c event=) == 8 ]]'
expect_eq "$(said | grep -o 'event=[a-z_]*' | tr '\n' ' ')" \
  'event=unit_action event=request_refused event=unit_action_failed event=unit_action event=unit_action event=request_refused event=request_refused event=unit_action ' \
  'what it did, in order'
expect_match "$(said)" 'systemd refused: Unit missing.service not (found|loaded)' 'a unit that is not there'

# Stopping the daemon, and starting it, leaves the socket.
systemctl restart secretfs.service
[[ -S $socket ]] || fail 'the socket is gone after a restart of secretfs.service'
restarted=$(run_of restarted.service)
ask 'restart restarted.service'
wait_until 'it is restarted' eval '[[ $(run_of restarted.service) != "$restarted" ]]'

# What is declared no longer is refused, without starting the actor anew.
serve <<'YAML'
secrets: {token: {file: /run/values/token}}
YAML
restarted=$(run_of restarted.service)
ask 'restart restarted.service'
wait_until 'it is refused' eval 'said | tail -n 1 | grep -q "request_refused.*restart restarted.service"'
expect_eq "$(run_of restarted.service)" "$restarted" 'the run of a unit that is declared no longer'
finish 'the actor restarts, reloads and signals what is declared, in order and nothing else, out of its sandbox'
