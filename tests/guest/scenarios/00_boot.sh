#!/usr/bin/env bash
# The first one, while nothing was started again: the shipped unit serves before sysinit.target, and an early unit has its credential.
source "$(dirname "$0")/../lib.sh"

expect_eq "$(property secretfs.service ActiveState)" active 'secretfs.service at boot'
expect_eq "$(property secretfs.service NRestarts)" 0 'restarts of secretfs.service at boot'
expect_match "$(property secretfs.service FragmentPath)" "^(/usr)?/lib/systemd/system/" "where the unit is from"
expect_eq "$(cat /run/early.got)" 'opened before sysinit.target' 'the credential of early.service'
when() { systemctl show -P "$2" "$1"; }
ready=$(when secretfs.service ActiveEnterTimestampMonotonic)
sysinit=$(when sysinit.target ActiveEnterTimestampMonotonic)
((ready > 0 && ready < sysinit)) || fail "ready at $ready us, sysinit.target at $sysinit us"
expect_eq "$(cat "$mount/early/password")" 'opened before sysinit.target' 'what root reads'
secretfs check --decrypt >"$work/check" 2>&1 || fail "root tries the secrets by hand: $(cat "$work/check")"
options=,$(awk -v mount="$mount" '$2 == mount { print $4 }' /proc/mounts),
for option in ro nosuid nodev noexec; do
  expect_match "$options" ",$option," "the mount's options"
done
finish 'secretfs.service is ready before sysinit.target, and gives an early unit its credential'
