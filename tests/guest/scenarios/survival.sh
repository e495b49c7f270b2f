#!/usr/bin/env bash
# The mount outlives whoever serves it: crashes of the server, of the supervisor and of both, hanging, restarts,
# upgrades, and PID 1 itself started anew. No read fails, and none has other bytes. A stop takes it away.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/../lib.sh"
patience=600
secret one 'the first secret'
secret two "$(head -c 20000 /dev/zero | tr '\0' 2)"
serve <<'YAML'
secrets:
  one: {file: /run/values/one}
  two: {file: /run/values/two}
YAML

main() { property secretfs.service MainPID; }
server() { sed -n 's/^served by process //p' "$mount/.secretfs/alive" 2>/dev/null; }
stored() { property secretfs.service NFileDescriptorStore; }
mounts() { awk -v mount="$mount" '$5 == mount { print $3 }' /proc/self/mountinfo; }
both_differ() { [[ $(main) != "$old_main" && -n $(server) && $(server) != "$old_server" ]]; }
server_differs() { [[ -n $(server) && $(server) != "$old_server" ]]; }
note() { old_main=$(main) old_server=$(server); }
is_active() { [[ $(property secretfs.service ActiveState) == active && -n $(server) ]]; }
calm() { wait_until "the service is well after: $1" is_active; }

wait_until 'the service is there' is_active
expect_eq "$(stored)" 3 'descriptors that systemd keeps'
expect_eq "$(stat -c %U "/proc/$(server)/environ")" root "who may look into the server"
expect_eq "$(awk '/^Uid:/ { print $2 }' "/proc/$(server)/status")" "$(id -u secretfs)" 'as whom the server runs'
expect_match "$(grep -E '^Cap(Eff|Prm|Bnd)' "/proc/$(server)/status" | awk '{ print $2 }' | sort -u)" '^0+$' 'the rights of the server'
device=$(mounts)
unchanged() { # WHAT: the same connection, and all descriptors
  expect_eq "$(mounts)" "$device" "the mount after: $1"
  expect_eq "$(stored)" 3 "descriptors that systemd keeps after: $1"
  calm "$1"
  said+="$1, "
}
said=

stop=$work/stop
perl "$(dirname "$0")/../../scripts/helpers/steady_reader.pl" "$stop" 4 "$mount/one" "$mount/two" >"$work/readers" 2>&1 &
readers=$!
pids+=("$readers")
all_read() { [[ $(wc -c <"$stop.begun" 2>/dev/null) == 4 ]]; }
wait_until 'all readers have read' all_read

for _ in 1 2 3 4 5; do
  note
  kill -KILL "$old_server"
  wait_until 'another server serves' server_differs
  expect_eq "$(main)" "$old_main" 'the supervisor after the server was killed'
done
unchanged '5 times the server killed'

note
kill -KILL "$old_main"
wait_until 'all is started again' both_differ
unchanged 'the supervisor killed'

note
systemctl kill -s KILL secretfs.service
wait_until 'all is started again' both_differ
unchanged 'all killed'

note
systemctl restart secretfs.service || fail 'restart'
wait_until 'others serve' both_differ
unchanged 'restarted'

note
systemctl reload secretfs.service || fail 'reload'
expect_eq "$(server)" "$old_server" 'the server after a reload'
unchanged 'reloaded'

note
cp /usr/bin/secretfs /usr/bin/secretfs.new
mv /usr/bin/secretfs.new /usr/bin/secretfs
systemctl reload secretfs.service || fail 'upgrade'
wait_until 'another server serves' server_differs
expect_eq "$(main)" "$old_main" 'the main process after an upgrade'
expect_eq "$(readlink "/proc/$old_main/exe")" /usr/bin/secretfs 'the program of the supervisor after an upgrade'
expect_eq "$(readlink "/proc/$(server)/exe")" /usr/bin/secretfs 'the program of the server after an upgrade'
unchanged 'upgraded'

note
cp /usr/bin/secretfs "$work/good"
printf '#!/bin/sh\nexit 1\n' >/usr/bin/secretfs.new
chmod 755 /usr/bin/secretfs.new
mv /usr/bin/secretfs.new /usr/bin/secretfs
kill -HUP "$old_main" # systemctl reload would run that program itself
wait_until 'the log tells of the failed upgrade' eval 'journal secretfs.service | grep -q event=upgrade_failed'
expect_eq "$(server)" "$old_server" 'the server after an upgrade that failed'
install -m 755 "$work/good" /usr/bin/secretfs.new
mv /usr/bin/secretfs.new /usr/bin/secretfs
systemctl reload secretfs.service || fail 'reload after an upgrade that failed'
unchanged 'an upgrade that failed'

note
kill -STOP "$(server)"
wait_until 'the one that hangs is replaced' server_differs
expect_eq "$(main)" "$old_main" 'the supervisor after the server hung'
unchanged 'the server hung'

note
systemctl kill -s STOP secretfs.service
wait_until 'both are replaced' both_differ
unchanged 'both hung'

systemctl daemon-reexec
unchanged 'daemon-reexec'
note
kill -KILL "$old_server" "$old_main"
wait_until 'all is started again' both_differ
unchanged 'all killed after that'

touch "$stop"
code=0
wait_exit "$readers" || code=$?
got=$(cat "$work/readers")
expect_eq "$code" 0 "the readers: $got"
expect_match "$got" 'failed=0 wrong=0' 'what the readers saw'

# --- what ends a connection ---------------------------------------------------------------------------

note
umount "$mount"
remounted() { is_active && both_differ && [[ $(stored) == 3 ]]; }
wait_until 'the mount is made afresh' remounted
expect_eq "$(cat "$mount/one")" 'the first secret' 'after an unmount from outside'

note
device=$(mounts)
mountpoint -q /sys/fs/fuse/connections || mount -t fusectl none /sys/fs/fuse/connections
echo 1 >"/sys/fs/fuse/connections/${device#*:}/abort"
wait_until 'the mount is made afresh' remounted
expect_eq "$(cat "$mount/one")" 'the first secret' 'after the connection was ended'

systemctl stop secretfs.service
is_unmounted "$mount" || fail 'stopping left the mount'
expect_eq "$(stored)" 0 'descriptors after a stop'
expect_eq "$(property secretfs.service Result)" success 'how it ended'
systemctl start secretfs.service || fail 'start after a stop'
expect_eq "$(cat "$mount/one")" 'the first secret' 'after a stop and a start'

printf 'secrets: {broken' >/etc/secretfs/config.d/scenario.yaml
systemctl stop secretfs.service
systemctl start secretfs.service 2>/dev/null && fail 'a wrong configuration was served'
expect_eq "$(property secretfs.service ExecMainStatus)" 3 'the exit code for a wrong configuration'
is_unmounted "$mount" || fail 'a start that failed left the mount'
rm /etc/secretfs/config.d/scenario.yaml
systemctl reset-failed secretfs.service
systemctl start secretfs.service || fail 'start after a wrong configuration'
finish "${said}with $got; what ends a connection is mended; a stop takes the mount away"
