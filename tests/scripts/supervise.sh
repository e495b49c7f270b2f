#!/usr/bin/env bash
# secretfs supervise: the mount outlives its server. It is killed a hundred times and stopped under readers, upgraded,
# upgraded to what fails, and taken away from outside; no read fails, and none has other bytes.
# SECRETFS_KILLS=N kills N times.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
if [[ -z ${SECRETFS_OWN_NAMESPACE:-} && $EUID -eq 0 ]] && unshare --mount --propagation private true 2>/dev/null; then
  SECRETFS_OWN_NAMESPACE=yes exec unshare --mount --propagation private bash "$0"
fi
source "$(dirname "$0")/lib.sh"
need_root
need perl setpriv useradd

kills=${SECRETFS_KILLS:-100}
[[ -z $sanitize ]] || kills=$((kills / 10))
m=$work/mnt
mkdir "$work/src"
printf 'the first secret' >"$work/src/one"
head -c 20000 /dev/urandom >"$work/src/two"
cat >"$work/config.yaml" <<'YAML'
audit: {file: audit.jsonl}
secrets:
  one: {file: src/one}
  two: {file: src/two}
YAML
cp "$program" "$work/secretfs"

# Starts a supervisor; $daemon is it.
supervise() { # CONFIG MOUNTPOINT [COMMAND that runs the program...] [-- OPTION...]
  local config=$1 point=$2 as=()
  shift 2
  while (($#)) && [[ $1 != -- ]]; do
    as+=("$1")
    shift
  done
  (($# == 0)) || shift
  mounts+=("$point")
  start "$(mktemp "$work/supervisor.XXXXXX.log")" "${as[@]}" "$work/secretfs" supervise "$@" "$config" "$point"
  wait_until 'the supervisor has a server that serves' grep -q '^info event=ready' "$log"
}
server() { sed -n 's/^served by process //p' "$m/.secretfs/alive" 2>/dev/null; }
differs() { [[ -n $(server) && $(server) != "$old" ]]; }
connection() { awk -v at="$m" '$5 == at { print $3 }' /proc/self/mountinfo; }
end_of() { # PID WHAT [CODE]
  local code=0
  wait_exit "$1" || code=$?
  expect_eq "$code" "${3:-0}" "the exit code: $2"
}
# A server that is left alone when a test fails.
undo+=('for each in $(pgrep -f "^$work/secretfs server " || true); do kill -KILL "$each"; done')

read_steadily() {
  stop=$work/stop.$1
  : >"$stop.begun"
  perl "$helpers/steady_reader.pl" "$stop" 6 "$m/one" "$m/two" >"$work/readers" 2>&1 &
  readers=$!
  pids+=("$readers")
  all_read() { [[ $(wc -c <"$stop.begun") == 6 ]]; }
  wait_until 'all readers have read' all_read
}
stop_reading() { # WHAT
  local code=0
  touch "$stop"
  wait_exit "$readers" || code=$?
  expect_eq "$code" 0 "readers while $1: $(cat "$work/readers")"
  expect_match "$(cat "$work/readers")" 'failed=0 wrong=0' "readers while $1"
  said+="$1: $(cat "$work/readers"); "
}
said=

# --- crashes ------------------------------------------------------------------------------------------

for options in '' --no-resend --no-slots; do
  if [[ $options == --no-slots ]] && ! printf '6.9\n%s\n' "$(uname -r)" | sort -CV; then continue; fi
  # shellcheck disable=SC2086 # none, or one word
  supervise "$work/config.yaml" "$m" -- $options
  device=$(connection)
  read_steadily "kill$options"
  for ((i = 0; i < kills; i++)); do
    old=$(server)
    kill -KILL "$old"
    wait_until 'another server serves' differs
  done
  stop_reading "$kills servers were killed ${options:-with both recoveries}"
  expect_eq "$(connection)" "$device" 'the connection'
  expect_eq "$(count_in event=server_hangs "$log")" 0 'servers that hung'
  kill "$daemon"
  end_of "$daemon" SIGTERM
  is_unmounted "$m" || fail 'SIGTERM left the mount'
done
supervise "$work/config.yaml" "$m"

# --- hanging ------------------------------------------------------------------------------------------

read_steadily hang
old=$(server)
kill -STOP "$old"
wait_until 'the server that hangs is replaced' differs
wait_until 'the log tells of it' grep -q '^error event=server_hangs' "$log"
# A supervisor that was stopped itself kills nobody for that.
old=$(server)
kill -STOP "$daemon"
sleep 4
kill -CONT "$daemon"
sleep 1
expect_eq "$(server)" "$old" 'the server after its supervisor was stopped'
stop_reading 'a server hung'

# --- lost for good ----------------------------------------------------------------------------------------

# A copy of the connection stays open, as one does in a killed server that waits for its own mount.
if command -v python3 >/dev/null; then
  python3 "$helpers/hold_fuse.py" "$(server)" >"$work/holder" &
  holder=$!
  pids+=("$holder")
  wait_until 'a copy of the connection is held' grep -q holding "$work/holder"
  mv "$work/config.yaml" "$work/config.away"
  kill -KILL "$(server)"
  { cat "$m/one" || true; } >"$work/left" 2>&1 &
  left=$!
  pids+=("$left")
  end_of "$daemon" 'no server could be started' 3
  wait_until 'a reader is let go' is_gone "$left"
  kill "$holder"
  mv "$work/config.away" "$work/config.yaml"
  supervise "$work/config.yaml" "$m"
fi

# Children of the program before are reaped, and a state of another layout is not served.
kill "$daemon"
end_of "$daemon" SIGTERM
supervise "$work/config.yaml" "$m" bash -c 'sleep 1 & exec "$@"' as
has_one_child() { [[ $(wc -w <"/proc/$daemon/task/$daemon/children") == 1 ]]; }
wait_until 'a child that is no server is reaped' has_one_child
memory=$(find "/proc/$daemon/fd" -lname '*secretfs-state*' | head -n 1)
old=$(server)
printf 'another' | dd of="$memory" bs=1 conv=notrunc status=none
cp "$work/secretfs" "$work/secretfs.new"
mv "$work/secretfs.new" "$work/secretfs"
kill -HUP "$daemon"
wait_until 'the upgrade is refused' grep -q '^error event=upgrade_failed' "$log"
expect_eq "$(server)" "$old" 'the server after an upgrade that was refused'
kill -KILL "$old"
wait_until 'it is mounted afresh' grep -q '^warning event=mounted_afresh' "$log"
wait_until 'another server serves' differs
kill "$daemon"
end_of "$daemon" SIGTERM
supervise "$work/config.yaml" "$m"

# --- upgrades ------------------------------------------------------------------------------------------

read_steadily upgrade
expect_eq "$(cat "$m/one")" 'the first secret' 'before a reload'
old=$(server)
kill -HUP "$daemon"
reloaded() { grep -q '"succeeded": *1' "$m/.secretfs/status.json"; }
wait_until 'the server reloads' reloaded
expect_eq "$(server)" "$old" 'the server after SIGHUP with the same program'
for ((i = 0; i < 5; i++)); do
  old=$(server)
  cp "$work/secretfs" "$work/secretfs.new"
  mv "$work/secretfs.new" "$work/secretfs"
  expect_exit 0 "$work/secretfs" reload --process "$daemon" "$m"
  wait_until 'another server serves' differs
  expect_eq "$(stat -Lc %i "/proc/$daemon/exe")" "$(stat -c %i "$work/secretfs")" 'the program of the supervisor'
  expect_eq "$(stat -Lc %i "/proc/$(server)/exe")" "$(stat -c %i "$work/secretfs")" 'the program of the server'
done
old=$(server)
kill -KILL "$old"
wait_until 'another server serves after an upgrade' differs

old=$(server)
for text in $'#!/bin/sh\nexit 1\n' 'not a program'; do
  before=$(count_in event=upgrade_failed "$log")
  mv "$work/secretfs" "$work/good"
  printf %s "$text" >"$work/secretfs"
  chmod 755 "$work/secretfs"
  kill -HUP "$daemon"
  failed_once_more() { (($(count_in event=upgrade_failed "$log") > before)); }
  wait_until 'the log tells of the failed upgrade' failed_once_more
  expect_eq "$(server)" "$old" 'the server after an upgrade that failed'
  mv "$work/good" "$work/secretfs"
done
mv "$work/secretfs" "$work/good" # not there: servers are of the program that runs
kill -KILL "$old"
wait_until 'another server serves without the file of the program' differs
mv "$work/good" "$work/secretfs"
# A configuration that is wrong changes nothing, and is told.
printf 'secrets: {broken' >"$work/config.d.new"
mkdir -p "$work/config.d"
mv "$work/config.d.new" "$work/config.d/x.yaml"
cp "$work/secretfs" "$work/secretfs.new"
mv "$work/secretfs.new" "$work/secretfs"
old=$(server)
expect_exit 3 "$work/secretfs" reload --process "$daemon" "$m"
expect_match "$err" 'x.yaml' 'the error of the configuration'
expect_eq "$(server)" "$old" 'the server after a wrong configuration'
rm "$work/config.d/x.yaml"
expect_exit 0 "$work/secretfs" reload --process "$daemon" "$m"
stop_reading 'it was upgraded'

# --- connections that end -------------------------------------------------------------------------------

device=$(connection)
if ! mountpoint -q /sys/fs/fuse/connections; then
  mount -t fusectl none /sys/fs/fuse/connections && undo+=('umount /sys/fs/fuse/connections')
fi
if [[ -e /sys/fs/fuse/connections/${device#*:}/abort ]]; then
  old=$(server)
  echo 1 >"/sys/fs/fuse/connections/${device#*:}/abort"
  wait_until 'it is mounted afresh' differs
  expect_eq "$(cksum <"$m/two")" "$(cksum <"$work/src/two")" 'after the connection was ended'
  expect_eq "$(count_in event=mounted_afresh "$log")" 1 'warnings of the fresh mount'
else
  printf 'not tried, as there is no fusectl here: a connection that is ended\n'
fi
umount "$m"
end_of "$daemon" 'unmounted from outside'
is_unmounted "$m" || fail 'it is mounted again'

# --- beginnings and ends ----------------------------------------------------------------------------------

supervise "$work/config.yaml" "$m"
exec 7<"$m/one"
kill -TERM "$daemon"
end_of "$daemon" 'SIGTERM with a file open'
is_unmounted "$m" || fail 'SIGTERM left the mount'
exec 7<&-
expect_exit 3 "$work/secretfs" supervise "$work/none.yaml" "$m"
is_unmounted "$m" || fail 'a start that failed left the mount'

# Its server outlives it, and then ends as the daemon does.
supervise "$work/config.yaml" "$m"
old=$(server)
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null || true
expect_eq "$(cat "$m/one")" 'the first secret' 'without its supervisor'
wait_until 'the log tells of it' grep -q '^warning event=supervisor_gone' "$log"
expect_exit 1 "$work/secretfs" supervise "$work/config.yaml" "$m"
expect_match "$err" 'already mounted' 'a second supervisor'
kill -TERM "$old"
wait_until 'the server ends' is_gone "$old"
is_unmounted "$m" || fail 'a server without a supervisor left the mount'

[[ $(count_in '"secret":"one"' "$work/audit.jsonl") -gt 0 ]] || fail 'reads are not on record'
expect_eq "$(count_in alive "$work/audit.jsonl")" 0 'looks at the health on record'

# --- an ordinary user -------------------------------------------------------------------------------------

if command -v fusermount3 >/dev/null; then
  user=$(unique u)
  add_user "$user"
  as_words "$user"
  # udev lets everybody open it; a machine without udev gets a node that does.
  if ! as "$user" test -w /dev/fuse && [[ -n ${SECRETFS_OWN_NAMESPACE:-} ]]; then
    mkdir "$work/dev"
    mount -t tmpfs -o mode=755 secretfs-test "$work/dev"
    mknod -m 666 "$work/dev/fuse" c 10 229
    mount --bind "$work/dev/fuse" /dev/fuse
    undo+=("umount -l /dev/fuse '$work/dev'")
  fi
  if as "$user" test -w /dev/fuse; then
    chmod 755 "$work/secretfs"
    install -d -o "$user" -m 700 "$work/home" "$work/home/mnt"
    printf 'of the user' >"$work/home/mine"
    printf 'secrets: {mine: {file: mine}}' >"$work/home/config.yaml"
    chown "$user" "$work/home"/{mine,config.yaml}
    m=$work/home/mnt
    supervise "$work/home/config.yaml" "$m" "${as_user[@]}"
    server() { as "$user" sed -n 's/^served by process //p' "$m/.secretfs/alive" 2>/dev/null; }
    for ((i = 0; i < 5; i++)); do
      old=$(server)
      kill -KILL "$old"
      wait_until "another server of the user's serves" differs
    done
    expect_eq "$(as "$user" cat "$m/mine")" 'of the user' "a user's secret"
    expect_eq "$(as "$user" stat -c %U "$m/mine" "$m")" "$user"$'\n'"$user" 'whose files they are'
    kill -TERM "$daemon"
    end_of "$daemon" "SIGTERM of a user's"
    is_unmounted "$m" || fail "SIGTERM left a user's mount"
    supervise "$work/home/config.yaml" "$m" "${as_user[@]}"
    as "$user" fusermount3 -u "$m"
    end_of "$daemon" 'fusermount3 -u'
  else
    printf 'not tried, as users may not open /dev/fuse here: an ordinary user\n'
  fi
fi

finish "the mount outlives its server, hung and upgraded, and ends when it is told to or taken away; $said"
