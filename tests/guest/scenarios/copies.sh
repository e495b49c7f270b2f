#!/usr/bin/env bash
# What systemd reads by itself: a copy of a secret, which is there when secretfs.service is started,
# and does not hold anybody up when nobody serves; made, like links, by the keeper's own service.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/../lib.sh"
secret environment 'WORD=copied'
plain=/run/secretfs/plain/environment
serve <<YAML
secrets: {environment: {file: /run/values/environment, mode: "0440", copies: $plain, links: /etc/secretfs-test/environment}}
YAML
undo+=('rm -rf /etc/secretfs-test')
unit reader.service <<UNIT
[Unit]
After=secretfs.service
[Service]
Type=oneshot
EnvironmentFile=$plain
ExecStart=sh -c 'echo "the word is \$WORD"'
UNIT
systemctl daemon-reload
expect_eq "$(cat "$plain")" 'WORD=copied' 'the copy when secretfs is started'
expect_eq "$(stat -f -c %T "$plain") $(stat -c '%U %G %a' "$plain")" 'ramfs root root 440' 'where it is, and whose'
systemctl start reader.service || fail 'the reader does not start'
wait_until 'it has read the word' logged reader.service 'the word is copied'
wait_until 'the link is made' test -L /etc/secretfs-test/environment
expect_eq "$(readlink /etc/secretfs-test/environment)" "$mount/environment" 'the link'
expect_eq "$(property secretfs-keeper.service ActiveState)" active 'the keeper'

# An older version made links by itself, and had another record.
systemctl stop secretfs.service secretfs-keeper.socket secretfs-keeper.service
rm -f /var/lib/secretfs-keeper/links-run-secrets
mkdir -p /var/lib/secretfs
ln -s "$mount/old" /etc/secretfs-test/old
printf '%s\0' /etc/secretfs-test/old "$mount/old" >/var/lib/secretfs/links-run-secrets
undo+=('rm -f /var/lib/secretfs/links-run-secrets')
systemctl start secretfs-keeper.socket secretfs.service
wait_until 'a link of an older version goes' eval '[[ ! -L /etc/secretfs-test/old ]]'
test -L /etc/secretfs-test/environment || fail 'the link that is declared is gone'

mapfile -t stopped </sys/fs/cgroup/system.slice/secretfs.service/cgroup.procs
kill -STOP "${stopped[@]}"
undo+=('for pid in "${stopped[@]}"; do kill -CONT "$pid" 2>/dev/null; done')
timeout 60 systemctl start reader.service || fail 'the reader does not start while nobody serves'
for pid in "${stopped[@]}"; do kill -CONT "$pid" 2>/dev/null || true; done
secret environment 'WORD=newer'
systemctl restart secretfs.service
wait_until 'the copy follows' eval '[[ $(cat "$plain") == WORD=newer ]]'
finish 'a copy is there when secretfs.service is started, with owner and mode, and systemd reads it while nobody serves'
