#!/usr/bin/env bash
# A drop-in from when the service mounted by itself: it fails at once, says why, and leaves no mount that nobody serves.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/../lib.sh"
secret one 'the first secret'
serve <<'YAML'
secrets:
  one: {file: /run/values/one}
YAML
dropin=/run/systemd/system/secretfs.service.d/old.conf
mkdir -p "${dropin%/*}"
undo+=("rm -f '$dropin'; systemctl daemon-reload; systemctl reset-failed secretfs.service; systemctl start secretfs.service")
printf '[Service]\nExecStart=\nExecStart=secretfs mount /etc/secretfs/config.yaml %s\n' "$mount" >"$dropin"
systemctl daemon-reload
systemctl restart secretfs.service 2>/dev/null && fail 'a service that cannot serve has started'
wait_until 'the service has failed' eval '[[ $(property secretfs.service ActiveState) == failed ]]'
expect_eq "$(property secretfs.service ExecMainStatus)" 2 'its exit code'
expect_match "$(journal secretfs.service)" 'must be .secretfs supervise --stored' 'what it says'
is_unmounted "$mount" || fail 'a mount that nobody serves is left'
finish 'an old drop-in of the service is refused with the mend, and leaves no mount'
