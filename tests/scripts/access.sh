#!/usr/bin/env bash
# Who may read what, and that every decision is on record: owner, group, supplementary groups,
# others, readers, root; as open(2) and access(2) answer, as the log and the audit file tell.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/lib.sh"
need_root
need jq setpriv useradd groupadd flock "${CXX:-g++}"

olga=$(unique o) greta=$(unique g) susi=$(unique s) other=$(unique e) rita=$(unique r) late=$(unique l)
staff=$(unique staff) watch=$(unique watch)
add_group "$staff"
add_group "$watch"
add_user "$olga"
add_user "$greta" --gid "$staff"
add_user "$susi" --groups "$staff"
add_user "$other"
add_user "$rita" --groups "$watch"

mkdir "$work/src"
printf 'top secret\n' >"$work/src/s"
cat >"$work/config.yaml" <<YAML
audit: {file: audit.jsonl}
defaults: {owner: $olga, group: $staff}
secrets:
  private:     {file: src/s}
  shared:      {file: src/s, mode: "0440"}
  public:      {file: src/s, mode: "0444"}
  group-only:  {file: src/s, mode: "0040"}
  not-group:   {file: src/s, owner: root, mode: "0404"}
  nobody:      {file: src/s, mode: "0000"}
  to-user:     {file: src/s, readers: ["user:$rita"]}
  to-group:    {file: src/s, readers: ["group:$watch"]}
  to-number:   {file: src/s, readers: ["user:$(id -u "$rita")", "group:$(getent group "$watch" | cut -d: -f3)"]}
  to-missing:  {file: src/s, readers: ["user:$late", "group:$late", "user:$other"]}
  late:        {file: src/s, owner: $late, group: $late}
  late-group:  {file: src/s, owner: root, group: $late, mode: "0440"}
  "two\nlines event=ready \"quoted\"": {file: src/s}
YAML
m=$work/mnt audit=$work/audit.jsonl
mount_start "$work/config.yaml" "$m"
expect_eq "$(stat -c '%a %U' "$audit")" '600 root' 'mode and owner of the audit file'

# --- the audit -------------------------------------------------------------------------------------

# A filter that is true of some line of the audit. Lines are written by a thread of its own, so wait.
recorded() { jq -se "any(.[]; $1)" "$audit" >/dev/null 2>&1; }
expect_recorded() { # FILTER
  local i
  for ((i = 0; i < patience; i++)); do
    recorded "$1" && return
    sleep 0.1
  done
  fail "no line of the audit has $1; its last: $(tail -n 3 "$audit")"
}

cat_path=$(realpath "$(command -v cat)")

# One user and one secret: reads it, tries access(2), and finds both on record with the same answer.
# Sets nothing; a denied one must be in the log as well.
check() { # USER SECRET granted|denied RULE [COMMAND to run as the user]
  local user=$1 secret=$2 decision=$3 rule=$4 pid got=0 uid gid
  shift 4
  (($#)) || set -- as "$user"
  uid=$(id -u "$user") gid=$(id -g "$user")
  # shellcheck disable=SC2016
  "$@" sh -c 'echo $$; exec cat "$1"' - "$m/$secret" >"$work/got" 2>"$work/got.err" || got=$?
  pid=$(head -n 1 "$work/got")
  if [[ $decision == granted ]]; then
    [[ $got == 0 && $(tail -n +2 "$work/got") == 'top secret' ]] ||
      fail "$user must be able to read $secret: $(cat "$work/got.err")"
    "$@" test -r "$m/$secret" || fail "test -r by $user of $secret says no, though it can be read"
  else
    [[ $got == 1 && $(wc -l <"$work/got") == 1 ]] || fail "$user must not read $secret"
    expect_match "$(cat "$work/got.err")" 'Permission denied$' "$user reads $secret"
    if "$@" test -r "$m/$secret"; then fail "test -r by $user of $secret says yes, though it cannot be read"; fi
    wait_until 'the refusal is in the log' grep -qE \
      "^warning event=denied secret=$secret operation=open uid=$uid gid=[0-9]+ pid=$pid( unit=[^ ]+)?( user_unit=[^ ]+)? executable=$cat_path rule=$rule\$" "$log"
  fi
  expect_recorded ".operation == \"open\" and .secret == \"$secret\" and .uid == $uid and .pid == $pid and
    .executable == \"$cat_path\" and .decision == \"$decision\" and .rule == \"$rule\" and
    (.time | test(\"^20[0-9-]{8}T[0-9:.]{12}Z\$\"))"
  expect_recorded ".operation == \"access\" and .secret == \"$secret\" and .uid == $uid and .decision == \"$decision\""
  # Who it was is asked by gid as well, unless a command changed it.
  [[ $1 != as ]] || expect_recorded ".operation == \"open\" and .pid == $pid and .gid == $gid"
}

check "$olga" private granted owner
check "$olga" shared granted owner
check "$olga" public granted owner
check "$greta" shared granted group
check "$susi" shared granted group
check "$other" public granted other
for user in "$greta" "$susi" "$other" "$rita"; do check "$user" private denied none; done
check "$other" shared denied none
check "$rita" shared denied none
for user in "$olga" "$greta" "$susi" "$other"; do check "$user" nobody denied none; done

# As in POSIX the first class that fits decides alone.
check "$olga" group-only denied none
check "$susi" group-only granted group
check "$other" group-only denied none
check "$greta" not-group denied none
check "$susi" not-group denied none
check "$other" not-group granted other

check "$rita" to-user granted "user:$rita"
check "$rita" to-group granted "group:$watch"
check "$rita" to-number granted "user:$(id -u "$rita")"
check "$olga" to-group granted owner
for secret in to-user to-group to-number; do
  check "$greta" "$secret" denied none
  check "$other" "$secret" denied none
done
check "$other" to-missing granted "user:$other"
check "$rita" to-missing denied none

for secret in private shared public nobody to-user; do check root "$secret" granted root env; done

# --- who asks is who asks now ------------------------------------------------------------------------

staff_id=$(getent group "$staff" | cut -d: -f3)
other_id=$(id -u "$other")
susi_id=$(id -u "$susi")
other_group=$(id -g "$other") susi_group=$(id -g "$susi")
check "$other" shared granted group setpriv --reuid "$other_id" --regid "$staff_id" --clear-groups --
check "$other" shared granted group setpriv --reuid "$other_id" --regid "$other_group" --groups "$staff_id" --
check "$susi" shared denied none setpriv --reuid "$susi_id" --regid "$susi_group" --clear-groups --
# One process that loses a group between two opens; nothing may be remembered by its pid.
# shellcheck disable=SC2016
said=$(perl -e '
  my ($file, $uid, $gid, $group) = @ARGV;
  sub try { $> = $uid; my $can = open(my $f, "<", $file) ? "yes" : "no"; $> = 0; print "$can " }
  $) = "$gid $gid $group"; try(); $) = "$gid $gid"; try(); $) = "$gid $gid $group"; try();
' "$m/shared" "$other_id" "$other_group" "$staff_id")
expect_eq "$said" 'yes no yes ' 'a process that is in the group, then not, then again'
# Not the first thread of its process.
"${CXX:-g++}" -std=c++20 -O1 -Wall -Wextra -Werror -pthread -o "$work/thread_open" "$helpers/thread_open.cpp"
read -r tid answer < <(as "$susi" "$work/thread_open" "$m/shared")
expect_eq "$answer" opened 'an open by another thread than the first'
expect_recorded ".pid == $tid and .executable == \"$work/thread_open\" and .decision == \"granted\" and .rule == \"group\""
read -r _ answer < <(as "$other" "$work/thread_open" "$m/shared")
expect_eq "$answer" EACCES 'an open without right by another thread than the first'
# Root of its own user namespace is still the user that it was.
if as "$other" unshare --user --map-root-user true 2>/dev/null; then
  expect_errno "$m/private" EACCES "root of a user namespace" as "$other" unshare --user --map-root-user
  expect_recorded ".secret == \"private\" and .uid == $other_id and .decision == \"denied\""
else
  printf 'not tried: user namespaces are off here\n'
fi
# A descriptor opened by who may is read by who has it.
exec 8<"$m/private"
expect_eq "$(as "$other" cat <&8)" 'top secret' 'an inherited descriptor'
exec 8<&-
if as "$other" cat "/proc/self/fd/8" 8<"$m/private" >/dev/null 2>&1; then fail 'opening again through /proc passed by the rules'; fi

# --- names may be listed, contents not ---------------------------------------------------------------

as "$other" ls -lR "$m" >/dev/null || fail 'a user without rights cannot list the tree'
expect_errno "$m/.secretfs/status.json" EACCES 'the status by a user' as "$other"
expect_exit 4 as "$other" "$program" status "$m"
expect_match "$err" 'error: .*only root' 'status as a user without rights'
expect_exit 0 "$program" status "$m"

# --- one line per decision, whatever names are like ----------------------------------------------------

odd=$'two\nlines event=ready "quoted"'
lines=$(wc -l <"$log")
expect_errno "$m/$odd" EACCES 'a name with a newline' as "$other"
wait_until 'the refusal is in the log' grep -q 'secret="two\\\\\?x0alines event=ready \\"quoted\\""' "$log"
expect_eq "$(wc -l <"$log")" "$((lines + 1))" 'lines in the log for one refusal'
expect_recorded ".secret == $(printf %s "$odd" | jq -Rs .) and .decision == \"denied\""
mkdir -m 755 "$work/bin"
cp "$cat_path" "$work/bin/"$'cat\nwarning event=forged'
as "$other" "$work/bin/"$'cat\nwarning event=forged' "$m/private" 2>/dev/null && fail 'private was read'
expect_recorded '.executable | endswith("bin/cat\nwarning event=forged")'
expect_eq "$(grep -c '^warning event=forged' "$log" || true)" 0 'lines in the log forged by the name of a program'

# --- a user that does not exist yet --------------------------------------------------------------------

expect_eq "$(stat -c '%u %g' "$m/late")" '0 0' 'owner of a secret while its owner does not exist'
expect_errno "$m/late" ok 'root reads it' env
expect_errno "$m/late" EACCES 'somebody else reads it' as "$other"
add_user "$late"
wait_until 'the new owner shows' eval '[[ $(stat -c "%U %G" "$m/late") == "$late $late" ]]'
wait_until 'the new group shows' eval '[[ $(stat -c "%U %G" "$m/late-group") == "root $late" ]]'
check "$late" late granted owner
check "$late" late-group granted group
check "$late" to-missing granted "user:$late"
check "$other" late denied none

# --- every decision, and every line whole ----------------------------------------------------------------

before=$(wc -l <"$audit")
# shellcheck disable=SC2016
seq 8 | xargs -P 8 -I{} perl -e 'for (1 .. 100) { open(my $f, "<", $ARGV[0]) or die "$!" }' "$m/public"
wait_until '800 opens are on record' eval '(( $(wc -l <"$audit") >= before + 800 ))'
expect_eq "$(wc -l <"$audit")" "$((before + 800))" 'lines of the audit after 800 opens'
expect_eq "$(tail -n 800 "$audit" | jq -rs 'map(select(.secret == "public" and .decision == "granted" and .rule == "root")) | length')" 800 'opens on record'
expect_eq "$(jq -c . "$audit" | wc -l)" "$(wc -l <"$audit")" 'lines of the audit that are JSON'
expect_eq "$(count_in 'top secret' "$audit") $(count_in 'top secret' "$log")" '0 0' 'lines that quote a secret'

# A flood of refusals is in the audit, and in the log, as some lines and a number.
before=$(wc -l <"$audit")
logged=$(count_in event=denied "$log")
# shellcheck disable=SC2016
as "$other" perl -e 'for (1 .. 500) { open(my $f, "<", $ARGV[0]) and die }' "$m/private"
refused() { # counts those on record since the flood began
  tail -n "+$((before + 1))" "$audit" | jq -s 'map(if .rule == "flood" then .failure | split(" ")[0] | tonumber else 1 end) | add // 0'
}
wait_until '500 refusals are on record' eval '(( $(refused) == 500 ))'
(($(wc -l <"$audit") < before + 500)) || fail 'a flood of refusals is on record line by line'

# --- the file is kept, and its absence is said -----------------------------------------------------------

mount_stop TERM
numbered=$(sed -n "s/.*event=more_denied uid=[0-9]* count=\\([0-9]*\\).*/\\1/p" "$log" | awk "{ sum += \$1 } END { print sum + 0 }")
expect_eq "$(($(count_in event=denied "$log") - logged + numbered))" 500 "refusals of a flood that the log tells of"
before=$(wc -l <"$audit")
mount_start "$work/config.yaml" "$m"
cat "$m/public" >/dev/null
mount_stop TERM
expect_eq "$(wc -l <"$audit")" "$((before + 1))" 'lines after a restart, all written before the end'
sed 's|audit.jsonl|no/such/folder/audit.jsonl|' "$work/config.yaml" >"$work/no-audit.yaml"
expect_exit 1 timeout -s KILL 120 "$program" mount "$work/no-audit.yaml" "$m"
expect_match "$err" "error: $work/no/such/folder/audit.jsonl: cannot open the audit file" 'an audit file that cannot be made'
is_unmounted "$m" || fail 'it is mounted without its audit'
# Without an audit file refusals are in the log, and nothing else is.
sed '/^audit:/d' "$work/config.yaml" >"$work/unaudited.yaml"
mount_start "$work/unaudited.yaml" "$m"
as "$other" cat "$m/public" >/dev/null
expect_errno "$m/private" EACCES 'without an audit file' as "$other"
mount_stop TERM
expect_eq "$(count_in event=denied "$log") $(count_in public "$log")" '1 0' 'lines about refusals, and about reads, without an audit file'

finish 'each user reads exactly what mode bits and readers allow, now and not a moment ago; open, access(2), log and audit file agree about it'
