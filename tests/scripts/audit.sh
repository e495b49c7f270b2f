#!/usr/bin/env bash
# The record of who read what: what a line tells, rotation by size and by others, a full disk, what
# must be on record, and `secretfs audit`, which reads it all.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/lib.sh"
need_root
need jq setpriv useradd flock mount

user=$(unique u)
add_user "$user"
mkdir "$work/src" "$work/log" "$work/small"
printf 'top secret\n' >"$work/src/s"
cat >"$work/config.yaml" <<YAML
audit: {file: log/audit, max_size: 8KiB, keep: 2}
secrets:
  db/password: {file: src/s}
  web/key:     {file: src/s, mode: "0444"}
  missing:     {file: src/none, wait: 100ms}
  "two\nlines": {file: src/s}
YAML
m=$work/mnt audit=$work/log/audit
mount_start "$work/config.yaml" "$m"

lines() { cat "$@" 2>/dev/null || true; }
# A line that a full disk cut short is no JSON; it is written again.
recorded() { # FILTER
  lines "$audit".2 "$audit".1 "$audit" | jq -Rse "[split(\"\n\")[] | fromjson?] | any(.[]; $1)" >/dev/null 2>&1
}
expect_recorded() { wait_until "the audit has $1" recorded "$1"; }                              # FILTER

# --- what a line tells ----------------------------------------------------------------------------

expect_errno "$m/web/key" ok 'a secret for all' as "$user"
expect_recorded ".secret == \"web/key\" and .version == 1 and .decision == \"granted\" and .rule == \"other\" and .uid == $(id -u "$user") and .pid > 0 and .tgid > 0 and (has(\"failure\") | not)"
expect_errno "$m/db/password" EACCES "root's secret" as "$user"
expect_recorded '.secret == "db/password" and .version == 0 and .decision == "denied" and .rule == "none"'
got=$(read_errno "$m/missing")
expect_match "$got" 'ENODATA|ETIMEDOUT' 'a secret that is not there'
expect_recorded '.secret == "missing" and .decision == "granted" and .version == 0 and (.failure | length > 0)'
expect_eq "$(head -n 1 "$audit" | jq -r 'keys_unsorted | join(" ")')" \
  'time operation secret version uid gid pid tgid unit user_unit executable rule decision' 'fields of a line, in their order'
expect_eq "$(jq '.secrets[] | select(.name == "web/key") | [.opens, .denials]' -c "$m/.secretfs/status.json")" '[1,0]' 'opens and denials in the status'
expect_eq "$(jq '.secrets[] | select(.name == "db/password") | [.opens, .denials, .mode]' -c "$m/.secretfs/status.json")" '[0,1,"0400"]' 'opens and denials of the other'

# --- secretfs audit -------------------------------------------------------------------------------

show() { expect_exit 0 "$program" audit --config "$work/config.yaml" "$@"; }
cat "$m/two"$'\n'lines >/dev/null
expect_recorded '.secret == "two\nlines"'
show
expect_match "$out" '^TIME \(UTC\) +DECISION +SECRET +VERSION +USER +UNIT +PROGRAM +PID +RULE' 'the heading'
expect_match "$out" "granted +web/key +1 +$user +[^ ]+ +[^ ]*perl[^ ]* +[0-9]+ +other" 'a grant'
expect_match "$out" "denied +db/password +- +$user " 'a refusal'
expect_match "$out" 'failed +missing +- +root .*: .*no such file|failed +missing .*not there in time' 'a failure'
expect_match "$out" 'two\\x0alines' 'a name with a newline'
show --denied
expect_eq "$(tail -n +2 "$work/out" | grep -vc ' denied ' || true)" 0 'other lines than refusals with --denied'
show --secret 'db/*' --secret missing
expect_eq "$(tail -n +2 "$work/out" | grep -vcE ' (db/password|missing) ' || true)" 0 'other secrets with --secret'
expect_match "$out" 'db/password' 'what fits --secret'
show --unit no-such-unit.service
expect_eq "$(wc -l <"$work/out")" 1 'lines about a unit that read nothing'
show --since 1h --json
expect_eq "$(jq -c . "$work/out" | wc -l)" "$(wc -l <"$audit")" 'lines of JSON since an hour'
show --since 2100-01-01
expect_eq "$(wc -l <"$work/out")" 1 'lines from the future'
expect_exit 2 "$program" audit --since yesterday "$audit"
expect_match "$err" "error: 'yesterday' is not a time" 'a time that is none'
expect_exit 4 as "$user" "$program" audit "$audit"
expect_match "$err" 'error: .*permission denied' 'the audit as a user'
expect_exit 1 "$program" audit "$work/log/none"
printf 'secrets: {}\n' >"$work/plain.yaml"
expect_exit 1 "$program" audit --config "$work/plain.yaml"
expect_match "$err" 'names no audit file' 'a configuration without an audit'
printf 'no record\n{"time":"x"}\n' >"$work/damaged"
expect_exit 0 "$program" audit "$work/damaged"
expect_match "$err" 'warning: 2 lines of the audit are damaged' 'damaged lines'

# --- rotation -------------------------------------------------------------------------------------

# It is followed meanwhile: nothing is missing, nothing comes twice.
"$program" audit --follow --json --secret web/key "$audit" >"$work/followed" &
follower=$!
pids+=("$follower")
wait_until 'the follower has begun' test -s "$work/followed"
before=$(wc -l <"$work/followed")
for ((round = 1; round <= 20; round++)); do
  for ((j = 0; j < 10; j++)); do : <"$m/web/key"; done
  wait_until 'the lines are followed' eval '(( $(wc -l <"$work/followed") >= before + round * 10 ))'
done
expect_eq "$(wc -l <"$work/followed")" "$((before + 200))" 'lines that were followed over rotations'
kill "$follower"
for file in "$audit" "$audit".1 "$audit".2; do
  (($(stat -c %s "$file") <= 8192)) || fail "$file is larger than it may be: $(stat -c %s "$file")"
  expect_eq "$(stat -c %a "$file")" 600 "mode of $file"
  expect_eq "$(jq -c . "$file" | wc -l)" "$(wc -l <"$file")" "lines of $file that are JSON"
done
[[ ! -e $audit.3 ]] || fail 'more files are kept than shall be'
show --json
expect_eq "$(jq -c . "$work/out" | wc -l)" "$(lines "$audit".2 "$audit".1 "$audit" | wc -l)" 'lines of all files'
times=$(jq -r .time "$work/out")
expect_eq "$times" "$(sort <<<"$times")" 'the order of lines of all files'

# Somebody else moves the file away, as logrotate does.
mv "$audit" "$work/moved"
: <"$m/web/key"
wait_until 'the file is made anew' test -s "$audit"
expect_eq "$(wc -l <"$audit")" 1 'lines of the file that was made anew'
mount_stop TERM

# --- a full disk ----------------------------------------------------------------------------------

if ! mount -t tmpfs -o size=1m secretfs-test "$work/small"; then skip 'a small tmpfs cannot be mounted'; fi
undo+=('umount -l "$work/small"')
fill() { head -c 2M /dev/zero >"$work/small/filler" 2>/dev/null || true; }
audit=$work/small/audit
sed 's|^audit:.*|audit: {file: small/audit}|' "$work/config.yaml" >"$work/full.yaml"
mount_start "$work/full.yaml" "$m"
fill
for ((i = 0; i < 300; i++)); do : <"$m/web/key"; done
wait_until 'the log tells of it' grep -q 'event=audit_failed' "$log"
expect_match "$(cat "$log")" 'event=audit_failed to=file reason="?[^ ]*small/audit: .*no space left' 'why'
expect_errno "$m/web/key" ok 'a secret while the disk of the audit is full'
rm "$work/small/filler"
wait_until 'the log tells that it is over' grep -q 'event=audit_recovered' "$log"
expect_eq "$(count_in event=audit_failed "$log")" 1 'lines about the full disk'
all_there() { (($(lines "$audit" | grep -c web/key) >= 301)); }
wait_until 'what was kept is written' all_there
expect_eq "$(jq .audit_dropped "$m/.secretfs/status.json")" 0 'decisions that were lost'
mount_stop TERM

# --- what must be on record -----------------------------------------------------------------------

rm "$audit"
sed 's|^audit:.*|audit: {file: small/audit, required: true}|' "$work/config.yaml" >"$work/required.yaml"
mount_start "$work/required.yaml" "$m"
expect_errno "$m/web/key" ok 'while it can be recorded'
fill
refused() { [[ $(read_errno "$m/web/key") == EACCES ]]; }
wait_until 'nobody is given anything' refused
expect_errno "$m/db/password" EACCES 'root, while it cannot be recorded'
expect_errno "$m/web/key" EACCES 'a user, while it cannot be recorded' as "$user"
expect_eq "$(count_in event=audit_failed "$log")" 1 'lines about what cannot be recorded'
rm "$work/small/filler"
given() { [[ $(read_errno "$m/web/key") == ok ]]; }
wait_until 'it is given again' given
expect_recorded '.decision == "denied" and .rule == "audit" and .uid == 0'
mount_stop TERM

finish 'every open is on record with what was given or why not; the file is rotated, followed and outlives a full disk; nothing is given that must be recorded and cannot be'
