#!/usr/bin/env bash
# systemctl reload: a new configuration without a new mount; a wrong one changes nothing and says why.
# Values follow their files, and an open file keeps its version.
source "$(dirname "$0")/../lib.sh"
secret first one
secret second two
serve <<'YAML'
secrets: {first: {file: /run/values/first}}
YAML
pid=$(property secretfs.service MainPID)
declare_() { cat >/etc/secretfs/config.d/scenario.yaml; }
expect_eq "$(cat "$mount/first")" one 'before'
exec 7<"$mount/first"
declare_ <<'YAML'
secrets: {first: {file: /run/values/first}, second: {file: /run/values/second}}
YAML
systemctl reload secretfs.service || fail 'systemctl reload'
expect_eq "$(cat "$mount/second")" two 'what was added'
declare_ <<'YAML'
secrets: {first: {fiel: /run/values/first}}
YAML
if systemctl reload secretfs.service 2>/dev/null; then fail 'a wrong configuration was taken'; fi
expect_eq "$(cat "$mount/second")" two 'after a wrong configuration'
expect_match "$(journal secretfs.service)" "scenario.yaml:1:19: unknown key 'fiel'" 'the reason in the journal'
secret first three
changed() { [[ $(cat "$mount/first") == three ]]; }
wait_until 'the value follows its file' changed
expect_eq "$(cat <&7)" one 'who has the old version open'
expect_eq "$(property secretfs.service MainPID)" "$pid" 'the process'
expect_eq "$(property secretfs.service ActiveState)" active 'the unit'
finish 'reloaded in the same process; a wrong configuration was refused with its place; values follow their files'
