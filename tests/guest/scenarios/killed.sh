#!/usr/bin/env bash
# kill -9: systemd starts the daemon again, what is dead is cleared away, units that start meanwhile
# get their credentials, and stopping with files open leaves nothing.
source "$(dirname "$0")/../lib.sh"
secret kept 'still there'
serve <<'YAML'
secrets: {kept: {file: /run/values/kept}}
YAML
unit consumer.service <<'UNIT'
[Unit]
After=secretfs.service
[Service]
Type=oneshot
LoadCredential=kept:/run/secrets/kept
ExecStart=grep -q 'still there' ${CREDENTIALS_DIRECTORY}/kept
UNIT
systemctl daemon-reload
served_anew() { [[ $(property secretfs.service MainPID) != "$killed" ]] && [[ $(cat "$mount/kept" 2>/dev/null) == 'still there' ]]; }
for round in 1 2 3; do
  killed=$(property secretfs.service MainPID)
  kill -KILL "$killed"
  wait_until "secretfs serves again ($round)" served_anew
  systemctl start consumer.service || fail "round $round: the consumer did not start"
done
expect_eq "$(property secretfs.service NRestarts)" 3 'restarts'
expect_eq "$(grep -c " $mount " /proc/mounts)" 1 'mounts'

exec 7<"$mount/kept"
systemctl stop secretfs.service
is_unmounted "$mount" || fail 'stopping with a file open left the mount'
expect_eq "$(property secretfs.service Result)" success 'how it ended'
exec 7<&-
expect_refused consumer.service 'without secretfs'
systemctl start secretfs.service
expect_eq "$(cat "$mount/kept")" 'still there' 'after a new start'
systemctl start consumer.service || fail 'the consumer did not start after the daemon'
finish 'killed three times and started again each time; stopped with a file open; consumers follow'
