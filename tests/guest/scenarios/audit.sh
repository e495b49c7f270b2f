#!/usr/bin/env bash
# The audit tells units: in its file, in the journal, and for credentials that are refused in the log.
source "$(dirname "$0")/../lib.sh"
[[ -S /run/systemd/journal/socket ]] || skip 'there is no journal'
with_rights # to see programs
secret watched 'who reads this'
serve <<'YAML'
audit: {file: /var/log/secretfs/guest.jsonl, journal: true}
secrets:
  watched: {file: /run/values/watched, readers: ["unit:allowed.service"]}
YAML
as_unit allowed.service User=nobody -- cat "$mount/watched" >/dev/null
as_unit refused.service User=nobody -- cat "$mount/watched" >/dev/null 2>&1 && fail 'refused.service could read'
lines() { grep '"secret":"watched"' /var/log/secretfs/guest.jsonl | grep -F "\"unit\":\"$1\"" | grep -F "\"decision\":\"$2\"" | grep -F "\"rule\":\"$3\""; }
wait_until 'the file tells who was granted' lines allowed.service granted unit:allowed.service
wait_until 'the file tells who was denied' lines refused.service denied none
expect_match "$(lines refused.service denied none)" '"executable":"/usr/bin/cat"' 'the program'
in_journal() { journalctl -q -o cat --since "$since" SECRETFS_SECRET=watched SECRETFS_UNIT="$1" | grep -q .; }
wait_until 'the journal tells who was granted' in_journal allowed.service
wait_until 'the journal tells who was denied' in_journal refused.service
refusals() { journal secretfs.service | grep 'event=denied' | grep -q 'unit=refused.service'; }
wait_until 'the log tells who was denied' refusals
expect_match "$(secretfs audit /var/log/secretfs/guest.jsonl --unit refused.service)" 'watched' 'secretfs audit --unit'
finish 'decisions are on record with unit, rule and program, in the file, the journal and the log'
