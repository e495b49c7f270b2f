#!/usr/bin/env bash
# A connection that nobody can go on with, since its state is damaged when all were killed: systemd forgets what it keeps,
# the stop lets go who waits in it, and the next start mounts afresh.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/../lib.sh"
patience=600
secret one 'the first secret'
secret later 'nobody has read it yet'
serve <<'YAML'
secrets:
  one: {file: /run/values/one}
  later: {file: /run/values/later}
YAML
main() { property secretfs.service MainPID; }
mounts() { awk -v mount="$mount" '$5 == mount { print $3 }' /proc/self/mountinfo; }
number_of() { printf %s "${1#*:}"; }
serves() { [[ $(timeout 5 cat "$mount/one" 2>/dev/null) == 'the first secret' ]]; }
# Killed; what cannot be gone on with; and a start that serves. The new connection may have the number of the old one.
is_mounted_afresh() { (($(property secretfs.service NRestarts) - restarts == 2)) && [[ $(property secretfs.service NFileDescriptorStore) == 3 ]] && serves; }

wait_until 'it serves' serves
device=$(mounts)
state=$(find "/proc/$(main)/fd" -lname '*secretfs-state*' | head -n 1)
[[ -n $state ]] || fail 'the supervisor holds no state'
restarts=$(property secretfs.service NRestarts)
systemctl kill -s STOP secretfs.service
{ cat "$mount/later" || true; } >"$work/waited" 2>&1 &
reader=$!
pids+=("$reader")
waits() { (($(cat "/sys/fs/fuse/connections/$(number_of "$device")/waiting") > 0)); }
wait_until 'a reader waits' waits
printf another | dd of="$state" bs=1 conv=notrunc status=none
systemctl kill -s KILL secretfs.service
wait_until 'the mount is made afresh' is_mounted_afresh
wait_until 'who waited is let go' is_gone "$reader"
expect_match "$(cat "$work/waited")" 'abort|not connected' 'what who waited got'
expect_eq "$(mounts | wc -l)" 1 'mounts'
expect_eq "$(cat "$mount/later")" 'nobody has read it yet' 'what is served afresh'
said=$(journal secretfs.service)
expect_eq "$(grep -c 'event=state_not_usable' <<<"$said")" 1 'what the supervisor says'
expect_match "$said" 'Main process exited, code=exited, status=1/FAILURE' 'its exit code'
expect_match "$said" 'event=state_not_usable.*event=unmounted.*event=mounted' 'in which order it is done'
finish 'what nobody can use is forgotten, who waits is let go, and the next start mounts afresh'
