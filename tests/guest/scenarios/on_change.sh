#!/usr/bin/env bash
# on_change: units are restarted, reloaded and signalled by the helper, once for each change, in the
# order of the configuration, and not when a secret first appears.
source "$(dirname "$0")/../lib.sh"
[[ -e /usr/lib/systemd/system/secretfs-actor.socket ]] || skip 'there is no secretfs-actor'
secret key one
serve <<'YAML'
secrets:
  key:
    file: /run/values/key
    on_change:
      restart: [restarted.service, not-running.service]
      reload: [reloaded.service]
      signal: {signalled.service: SIGUSR1}
YAML
events=$work/events
: >"$events"
unit restarted.service <<UNIT
[Service]
LoadCredential=key:/run/secrets/key
ExecStart=bash -c 'echo started with \$(cat \${CREDENTIALS_DIRECTORY}/key) >>$events; exec sleep infinity'
UNIT
unit not-running.service <<UNIT
[Service]
ExecStart=bash -c 'echo not-running >>$events; exec sleep infinity'
UNIT
unit reloaded.service <<UNIT
[Service]
ExecStart=sleep infinity
ExecReload=bash -c 'echo reloaded >>$events'
UNIT
unit signalled.service <<UNIT
[Service]
ExecStart=bash -c 'trap "echo signalled >>$events" USR1; echo ready >>$events; while :; do sleep 0.1; done'
UNIT
systemctl daemon-reload
systemctl start restarted.service reloaded.service signalled.service
has() { [[ $(wc -l <"$events") -ge $1 ]]; }
wait_until 'the units run' has 2
expect_eq "$(cat "$mount/key")" one 'the first version'
expect_eq "$(sort "$events")" $'ready\nstarted with one' 'what happened when the secret appeared'
for value in two three; do
  : >"$events"
  secret key "$value"
  wait_until "the units are told of '$value'" has 3
  # The same content again is no change.
  secret key "$value"
  expect_eq "$(cat "$mount/key")" "$value" 'the secret'
  sleep 2 # for what must not happen
  expect_eq "$(sort "$events")" $'reloaded\nsignalled\nstarted with '"$value" 'what happened'
done
expect_eq "$(property not-running.service ActiveState)" inactive 'a unit that did not run'
asked=$(journal secretfs-actor.service; journal secretfs.service)
first=$(grep -n 'restarted.service' <<<"$asked" | head -n 1 | cut -d: -f1)
last=$(grep -n 'signalled.service' <<<"$asked" | head -n 1 | cut -d: -f1)
((first < last)) || fail "the order of actions: $asked"
finish 'restarted, reloaded and signalled once for each change, in order, by the helper; not at first, nor for the same content'
