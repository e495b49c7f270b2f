#!/usr/bin/env bash
# secretfs supervise --stored, as systemd starts it anew with what it keeps: it goes on with that; what nobody can use it
# has systemd forget, and leaves the mount to the next start. A table of mounts that cannot be read is no mount that is gone.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/lib.sh"
need_root
need python3 prlimit

m=$work/mnt
mkdir "$work/src" "$work/other"
printf 'the secret' >"$work/src/one"
printf 'secrets: {one: {file: src/one}}\n' >"$work/config.yaml"
connection() { awk -v at="$m" '$5 == at { print $3 }' /proc/self/mountinfo; }

# What systemd is told: a line for each message.
python3 - "$work/notify" >"$work/told" <<'PY' &
import socket
import sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
while True:
    print(manager.recv(4096).decode().strip().replace("\n", " "), flush=True)
PY
pids+=("$!")
wait_until 'somebody listens' test -S "$work/notify"
was_told() { grep -qxF -- "$1" "$work/told"; }

# A mount whose supervisor and server are killed, and the supervisor that goes on; $daemon is it.
start_anew() { # [damaged]
  local first
  mounts+=("$m")
  start "$work/first.log" "$program" supervise "$work/config.yaml" "$m"
  mount_ready
  expect_eq "$(cat "$m/one")" 'the secret' 'before they were killed'
  device=$(connection)
  first=$daemon
  : >"$work/told"
  start "$(mktemp "$work/stored.XXXXXX.log")" env "NOTIFY_SOCKET=$work/notify" python3 "$helpers/supervise_stored.py" \
    "$program" "$first" "$work/config.yaml" "$m" "$@"
  wait "$first" 2>/dev/null || true
}

# --- what is stored can be used -----------------------------------------------------------------------------

start_anew
wait_until 'systemd is told that it serves' was_told READY=1
expect_eq "$(cat "$m/one")" 'the secret' 'after a new start'
expect_eq "$(connection)" "$device" 'the connection'

# Whatever is mounted elsewhere meanwhile, it looks in vain whether its own mount is there.
switches() { awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$daemon/status"; }
goes_on() { is_gone "$daemon" || (($(switches) > before + 8)); }
expect_eq "$([[ -e /proc/$daemon/fd/3 ]] && echo used)" used 'the last descriptor that it may have'
prlimit --pid "$daemon" --nofile=4:
mount -t tmpfs secretfs-test "$work/other"
undo+=("umount '$work/other'")
before=$(switches)
wait_until 'it has heard of that' goes_on
is_running "$daemon" || fail 'it ended, as it could not see its mount'
prlimit --pid "$daemon" --nofile="$(ulimit -Hn):"
umount "$work/other"
unset 'undo[-1]'
before=$(switches)
wait_until 'it has heard of that' goes_on
expect_eq "$(count_in event=unmounted "$log")$(count_in FDSTOREREMOVE "$work/told")" 00 'what it took the mount for'
expect_eq "$(cat "$m/one")" 'the secret' 'after the table of mounts could not be read'

kill "$daemon"
wait_exit "$daemon" || fail 'SIGTERM'
was_told STOPPING=1 || fail 'systemd was not told that it stops'
is_mounted "$m" || fail 'a mount that systemd keeps was taken away'
umount -l "$m"

# --- it cannot --------------------------------------------------------------------------------------------

start_anew damaged
code=0
wait_exit "$daemon" || code=$?
expect_eq "$code" 1 'the exit code when nobody can use the state'
expect_eq "$(count_in 'event=state_not_usable' "$log")" 1 'what it says'
for name in fuse state root; do
  wait_until "systemd is to forget '$name'" was_told "FDSTOREREMOVE=1 FDNAME=$name"
done
was_told READY=1 && fail 'it said that it serves'
is_mounted "$m" || fail 'it took the mount away, which is for root to do'
expect_errno "$m/one" ENOTCONN 'what a reader gets then'
mount_start "$work/config.yaml" "$m"
expect_eq "$(cat "$m/one")" 'the secret' 'after it was mounted afresh'
mount_stop TERM

finish 'what systemd keeps is served on, or forgotten when nobody can use it; who cannot look does not take the mount for gone'
