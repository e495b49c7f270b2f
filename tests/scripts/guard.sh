#!/usr/bin/env bash
# `secretfs guard` ends a connection that is held by nobody who serves, so that who waits in it goes
# on: after its daemon was killed while somebody keeps the descriptor, and when it is stopped, also
# when it could not look for a while; but not while it is served, restarted in time, or when nobody
# waits.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
# In a mount namespace of its own, so that the guard hears of no other mounts than those made here.
if [[ -z ${SECRETFS_OWN_NAMESPACE:-} && $EUID -eq 0 ]] && unshare --mount --propagation private true 2>/dev/null; then
  SECRETFS_OWN_NAMESPACE=yes exec unshare --mount --propagation private bash "$0"
fi
source "$(dirname "$0")/lib.sh"
need_root
need python3 timeout prlimit

control=/sys/fs/fuse/connections
if ! is_mounted "$control"; then
  mount -t fusectl none "$control" 2>/dev/null || skip 'there is no control file system of FUSE'
  undo+=("umount '$control'")
fi
m=$work/mnt
mkdir "$work/src" "$work/run"
printf value >"$work/src/a"
printf 'secrets: {a: {file: src/a}}\n' >"$work/config.yaml"
export RUNTIME_DIRECTORY=$work/run

connection_of_mount() { awk -v at="$m" '$5 == at { split($3, n, ":"); print n[2] }' /proc/self/mountinfo | tail -n 1; }
waiting() { cat "$control/$1/waiting" 2>/dev/null || printf gone; } # CONNECTION
# Who waits for ever, if nothing ends the connection, cannot be killed.
abort() { ! [[ -e $control/$1 ]] || echo 1 >"$control/$1/abort"; } # CONNECTION
serve() {
  mount_start "$work/config.yaml" "$m"
  connection=$(connection_of_mount)
  undo+=("abort $connection")
}
hold() { # keeps the connection of $daemon alive
  : >"$work/holder"
  python3 "$helpers/hold_fuse.py" "$daemon" >"$work/holder" 2>&1 &
  holder=$!
  pids+=("$holder")
  wait_until 'the connection is held' grep -q holding "$work/holder"
}
ask() { # a reader in the background
  rm -f "$work/answer"
  { (cat "$m/a" || echo "failed $?") >"$work/answer.part" 2>&1; mv "$work/answer.part" "$work/answer"; } &
  reader=$!
}
guard_says() { grep -c "$1" "$guard_log" || true; }

guard_log=$work/guard.log
start "$guard_log" "$program" guard --patience 2 --patience-with-stuck 8 "$m"
guard=$daemon

# --- it leaves alone what is served, and what nobody waits for ------------------------------------------------

serve
sleep 6
expect_eq "$(cat "$m/a")" value 'what is served under the guard'
hold
mount_crash
sleep 4
expect_eq "$(waiting "$connection")" 0 'who waits when nobody serves, and nobody asks'

# --- killed, and the descriptor held by somebody else -------------------------------------------------------

ask
wait_until 'the reader is freed' test -e "$work/answer"
wait "$reader"
expect_match "$(cat "$work/answer")" 'abort|not connected|failed' 'what the reader got'
wait_until 'the guard says so' eval '[[ $(guard_says "event=connection_aborted.*nobody serves") == 1 ]]'
kill "$holder"
wait "$holder" 2>/dev/null || true

# --- served anew: the guard follows, and a daemon that is stopped is found out ------------------------------

serve
expect_eq "$(cat "$m/a")" value 'what is served by the next one'
kill -STOP "$daemon"
undo+=("kill -CONT $daemon 2>/dev/null")
ask
sleep 1
kill -CONT "$daemon"
wait_until 'a daemon that goes on in time answers' test -e "$work/answer"
expect_eq "$(cat "$work/answer")" value 'what it answers'
kill -STOP "$daemon"
ask
wait_until 'the reader is freed' test -e "$work/answer"
wait_until 'the guard says so' eval '[[ $(guard_says "event=connection_aborted.*is stuck") == 1 ]]'
kill -CONT "$daemon"
wait_until 'the daemon ends, as its mount is gone' is_gone "$daemon"
expect_eq "$(guard_says connection_aborted)" 2 'how often the guard acted'

# --- the table of mounts cannot be read for a while ----------------------------------------------------------

serve
has_connection() { find "/proc/$guard/fd" -lname "$control/$connection/*" | grep -q .; }
wait_until 'the guard has the new connection' has_connection
switches() { awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$guard/status"; }
goes_on() { (($(switches) > before + 3)); }
[[ -e /proc/$guard/fd/3 ]] || fail 'the guard has a number left for a descriptor'
prlimit --pid "$guard" --nofile=4:
mkdir "$work/other"
mount -t tmpfs secretfs-test "$work/other"
undo+=("umount '$work/other'")
before=$(switches)
wait_until 'the guard has heard of another mount' goes_on
prlimit --pid "$guard" --nofile="$(ulimit -Hn):"
kill -STOP "$daemon"
ask
wait_until 'the reader is freed' test -e "$work/answer"
wait_until 'the guard says so' eval '[[ $(guard_says "event=connection_aborted.*is stuck") == 2 ]]'
kill -CONT "$daemon"
wait_until 'the daemon ends, as its mount is gone' is_gone "$daemon"

is_running "$guard" || fail 'the guard ended'

finish 'a connection that nobody serves is ended while somebody waits in it, and only then'
