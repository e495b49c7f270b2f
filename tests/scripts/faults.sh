#!/usr/bin/env bash
# One bad secret never hurts another: every way in which a secret can be broken fails that secret
# alone, with an errno that tells the kind and a status that tells the reason; what is mended heals
# without a restart; what was had once is kept.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/lib.sh"
need_root
need age age-keygen jq mkfifo

mkdir "$work/src"
cd "$work/src"
age-keygen -o ours.txt 2>/dev/null
age-keygen -o theirs.txt 2>/dev/null
us=$(age-keygen -y ours.txt) them=$(age-keygen -y theirs.txt)

# --- the good ones -------------------------------------------------------------------------------

canary=CANARY-$(head -c 15 /dev/urandom | od -An -tx1 | tr -d ' \n') # never in a message
printf 'good %s\n' "$canary" >good
age -r "$us" -o good.age good
age -a -r "$us" -o armored.age good
age -r "$them" -r "$us" -o several.age good
: >nothing
age -r "$us" -o nothing.age nothing
head -c 300000 /dev/urandom >large
age -r "$us" -o large.age large
jq -n --arg t "$canary" '{"github.com": $t, "gitlab.com": {token: "glpat-\($t)", kind: "gitlab-pat"}}' >tokens.json
goods=(plain age armored several token template creds)
cat >good.yaml <<'YAML'
  plain:    {file: src/good}
  age:      {age: src/good.age}
  armored:  {age: src/armored.age}
  several:  {age: src/several.age}
  nothing:  {age: src/nothing.age}
  empty:    {file: src/nothing}
  large:    {age: src/large.age}
  token:    {source: fine, key: github.com}
YAML

expect_goods() { # WHEN
  local name
  for name in plain age armored several; do expect_same "$m/$name" good "$name $1"; done
  expect_same "$m/large" large "large $1"
  expect_eq "$(cat "$m/token")" "$canary" "token $1"
  expect_eq "$(cat "$m/template")" "T=good $canary" "template $1"
  expect_eq "$(cat "$m/creds")" "https://x-access-token:$canary@github.com"$'\n'"https://oauth2:glpat-$canary@gitlab.com" "creds $1"
  expect_eq "$(wc -c <"$m/nothing") $(wc -c <"$m/empty")" '0 0' "empty secrets $1"
}

# --- the bad ones ---------------------------------------------------------------------------------

declare -A want # NAME -> ERRNO
{
  printf 'identities: [src/ours.txt]\n'
  printf 'sources:\n  fine: {tokens: src/tokens.json}\n'
  for bad in garbage missing folder array newline; do printf '  %s: {tokens: src/%s.json}\n' "$bad" "$bad"; done
  printf 'views:\n  template: {format: template, content: "T={{ age }}"}\n'
  printf '  creds: {format: git-credentials, source: fine}\n'
  printf '  bad/template: {format: template, content: "{{ plain }}{{ bad/no-identity }}"}\n'
  printf '  bad/template2: {format: template, content: "{{ bad/template }}"}\n'
  printf '  bad/json: {format: template, content: "{{ bad/binary-ok | json }}"}\n'
  printf '  bad/nix: {format: nix-access-tokens, source: garbage}\n'
  printf '  bad/netrc: {format: netrc, source: missing, wait: 0}\n'
  printf '  partly/nix: {format: nix-access-tokens, source: newline}\n'
  printf '  partly/creds: {format: git-credentials, source: newline}\n'
  printf 'secrets:\n'
  cat good.yaml
} >"$work/config.yaml"
bad() { # NAME ERRNO HOW
  printf '  bad/%s: {%s}\n' "$1" "$3" >>"$work/config.yaml"
  want[bad/$1]=$2
}
absent() { bad "$1" ENODATA "$2, wait: 0"; } # NAME HOW: what may still come, and would be waited for

age -r "$them" -o no-identity.age good
bad no-identity ENOKEY 'age: src/no-identity.age'
printf 'pass\n' >pass
cp "$scripts/../data/crypto/passphrase.age" passphrase.age
bad passphrase ENOKEY 'age: src/passphrase.age'
absent missing-age 'age: src/never.age'
absent missing-file 'file: src/never'
absent below-file 'file: src/good/below'
ln -s nowhere dangling
absent dangling 'file: src/dangling'
ln -s loop loop
bad loop EIO 'file: src/loop'
mkdir folder folder.age folder.json
bad folder EBADMSG 'file: src/folder'
bad folder-age EBADMSG 'age: src/folder.age'
mkfifo fifo
bad fifo EBADMSG 'file: src/fifo'
bad fifo-age EBADMSG 'age: src/fifo'
bad device EBADMSG 'file: /dev/zero'
bad unreadable EIO 'file: /proc/self/mem'
bad empty-age EBADMSG 'age: src/nothing'
bad plain-as-age EBADMSG 'age: src/good'
head -c 5000 /dev/urandom >noise
bad noise EBADMSG 'age: src/noise'
sed '4s/./!/' armored.age >armor-broken.age
bad armor EBADMSG 'age: src/armor-broken.age'
sed '$d' armored.age >armor-unended.age
bad armor-unended EBADMSG 'age: src/armor-unended.age'
truncate -s 16777217 over # more than is held in memory
age -a -r "$us" -o too-large.age over
bad too-large EFBIG 'age: src/too-large.age'
age -r "$us" -o cut-over.age over
truncate -s -1 cut-over.age
bad cut-over EBADMSG 'age: src/cut-over.age'
printf '{"a.example": %s' "$canary" >garbage.json
printf '["%s"]' "$canary" >array.json
bad tokens-garbage EBADMSG 'source: garbage, key: a.example'
bad tokens-array EBADMSG 'source: array, key: a.example'
absent tokens-missing 'source: missing, key: a.example'
bad tokens-folder EBADMSG 'source: folder, key: a.example'
bad tokens-no-host ENODATA 'source: fine, key: no.example'
printf '\377\376\n' >binary
printf '  bad/binary-ok: {file: src/binary}\n' >>"$work/config.yaml"
want[bad/template]=ENOKEY want[bad/template2]=ENOKEY want[bad/json]=EBADMSG want[bad/nix]=EBADMSG want[bad/netrc]=ENODATA
jq -n --arg t "$canary" '{"github.com": $t, "git.example": "one\ntwo\($t)"}' >newline.json

# Truncated at every length of a small file; and, of a file of several chunks, around each boundary.
size=$(stat -c %s good.age)
for ((length = 0; length < size; length++)); do
  head -c "$length" good.age >"cut-$length.age"
  bad "cut-$length" EBADMSG "age: src/cut-$length.age"
done
size=$(stat -c %s large.age)
header=$((size - 16 - 300000 - 5 * 16)) # nonce, payload, a tag for each chunk of 64 KiB
for chunk in 0 1 2 3 4; do
  for around in -1 0 1 16 17; do
    length=$((header + 16 + chunk * 65552 + around))
    head -c "$length" large.age >"cut-large-$length.age"
    bad "cut-large-$length" EBADMSG "age: src/cut-large-$length.age"
  done
done
head -c $((size - 1)) large.age >cut-large-last.age
bad cut-large-last EBADMSG 'age: src/cut-large-last.age'
{ cat good.age && printf x; } >longer.age
bad longer EBADMSG 'age: src/longer.age'

# One bit changed in every byte. In the recipients' part it may also be that no identity fits.
size=$(stat -c %s good.age)
mac=$(($(head -n -1 good.age | grep -abo -m 1 '^--- ' | cut -d: -f1) + 0))
for ((at = 0; at < size; at++)); do
  cp good.age "flip-$at.age"
  perl -e 'open(my $f, "+<:raw", $ARGV[0]) or die; seek($f, $ARGV[1], 0); read($f, my $b, 1); seek($f, $ARGV[1], 0); print $f chr(ord($b) ^ 1)' "flip-$at.age" "$at"
  if ((at < mac)); then bad "flip-$at" 'ENOKEY|EBADMSG' "age: src/flip-$at.age"; else bad "flip-$at" EBADMSG "age: src/flip-$at.age"; fi
done

# --- each fails alone -------------------------------------------------------------------------------

m=$work/mnt
mount_start "$work/config.yaml" "$m"
expect_exit 0 "$program" status "$m"
expect_match "$out" $'\nbad/fifo +pending' 'status before anybody asked'
expect_goods 'before any bad one was tried'
for name in "${!want[@]}"; do
  got=ETIMEDOUT # what nobody waits for is so once
  for ((i = 0; i < patience; i++)); do
    [[ $got == ETIMEDOUT ]] || break
    got=$(read_errno "$m/$name")
  done
  [[ $got =~ ^(${want[$name]})$ ]] || fail "reading $name: expected ${want[$name]}, got $got"
done
expect_goods 'after all bad ones were tried'
ls -lR "$m" >"$work/listing" || fail 'the tree cannot be listed'
expect_match "$(grep no-identity "$work/listing")" '^-r-------- .* 0 ' 'listing of a bad one'
# Readers of good ones at the same time as readers of bad ones.
for _ in 1 2 3 4; do
  (for name in "${!want[@]}"; do cat "$m/$name" >/dev/null 2>&1 || true; done) &
  pids+=("$!")
done
for round in 1 2 3; do expect_goods "while bad ones are tried, round $round"; done

# A token that a format cannot carry is left out there, and nothing else.
expect_eq "$(cat "$m/partly/nix")" "extra-access-tokens = github.com=$canary" 'tokens for nix, without the one with a newline'
expect_eq "$(cat "$m/partly/creds")" "https://x-access-token:$canary@github.com" 'credentials, without the one with a newline'

# --- the status tells why -----------------------------------------------------------------------------

expect_exit 6 "$program" status "$m"
status=$out
expect_exit 6 "$program" status --json "$m"
failed=$(jq '[.secrets[] | select(.state == "failed" or (.state == "pending" and .reason != null))] | length' <"$work/out")
expect_eq "$failed" "${#want[@]}" 'failed secrets in the status'
expect_eq "$(jq -r '[.secrets[] | select(.state == "pending") | .name] | sort | join(" ")' <"$work/out")" \
  'bad/below-file bad/dangling bad/missing-age bad/missing-file bad/netrc bad/tokens-missing' 'what may still come'
expect_eq "$(jq '[.secrets[] | select(.state == "failed") | select((.reason // "") == "")] | length' <"$work/out")" 0 'failed secrets without a reason'
expect_eq "$(jq -r '[.secrets[] | select(.state == "failed") | .name | startswith("bad/")] | all' <"$work/out")" true 'only bad ones failed'
# The secret's row of the table and its reason below, with the hint.
row() { # NAME
  awk -v name="$1" '/^[^ ]/ { its = $1 == name || $1 == name ":"; found += its } its { print } END { exit !found }' \
    <<<"$status" || fail "no row for $1"
}
expect_match "$(row bad/missing-age)" 'pending .*src/never.age: .*no such file' 'why: missing'
expect_match "$(row bad/no-identity)" 'failed .*src/no-identity.age: no identity' 'why: no identity'
expect_match "$(row bad/folder)" 'failed .*src/folder: is a directory' 'why: folder'
expect_match "$(row bad/fifo)" 'failed .*src/fifo: is not a regular file' 'why: fifo'
expect_match "$(row bad/too-large)" 'failed .*src/too-large.age: .*larger than' 'why: too large'
expect_match "$(row bad/template)" "failed .*needs 'bad/no-identity'.*src/no-identity.age: no identity" 'why: template'
expect_match "$(row bad/tokens-garbage)" 'failed .*src/garbage.json:1:15: ' 'why: garbage'
expect_match "$(row bad/tokens-no-host)" "failed .*no token for 'no.example'.*github.com" 'why: no host'
expect_match "$(row partly/creds)" "ready .*left out: 'git.example': .*" 'why: left out'

# Each failure is logged once, though tried many times; and nothing is quoted.
expect_eq "$(grep -c 'event=secret_failed name=bad/no-identity ' "$log")" 1 'lines about one failure'
for said in "$log" "$work/out" "$work/listing"; do
  expect_eq "$(count_in "${canary#CANARY-}" "$said")" 0 "lines of $said that quote a secret"
  expect_eq "$(count_in AGE-SECRET-KEY "$said")" 0 "lines of $said that quote an identity"
done
expect_eq "$(count_in "$canary" <(printf %s "$status"))" 0 'lines of the status that quote a secret'

# check --decrypt finds the same.
expect_exit 6 "$program" check --decrypt --json "$work/config.yaml"
expect_eq "$(jq '[.[] | select(.reason != null)] | length' <"$work/out")" "${#want[@]}" 'failed secrets in check --decrypt'
expect_match "$err" "error: ${#want[@]} of [0-9]+ secrets cannot be had" 'check --decrypt'
expect_exit 6 "$program" check --decrypt "$work/config.yaml"
expect_match "$out" 'bad/no-identity +failed +age' 'table of check --decrypt'

# --- what is mended heals -------------------------------------------------------------------------------

reads() { [[ $(read_errno "$m/$1") == ok ]]; }
cp good.age no-identity.age.new && mv no-identity.age.new no-identity.age
wait_until 'a secret that was encrypted anew is served' reads bad/no-identity
expect_same "$m/bad/no-identity" good 'a healed secret'
expect_eq "$(stat -c %s "$m/bad/no-identity")" "$(stat -c %s good)" 'size of a healed secret'
cp -p "$m/bad/no-identity" copy && expect_same copy good 'copy of a healed secret'
wait_until 'the view over it is served' reads bad/template
wait_until 'the view over the view is served' reads bad/template2
cp good never
wait_until 'a source that appeared is served' reads bad/missing-file
expect_same "$m/bad/missing-file" good 'a source that appeared'
rm fifo && cp good.age fifo
wait_until 'a FIFO that became a file is served' reads bad/fifo-age
cp good.age cut-100.age
wait_until 'a whole file is served' reads bad/cut-100
printf '{"a.example": "later"}' >garbage.json
wait_until 'tokens that became JSON are served' reads bad/tokens-garbage
wait_until 'the view over them is served' reads bad/nix
expect_exit 6 "$program" status "$m"
expect_match "$(grep '^bad/no-identity ' <<<"$out")" '^bad/no-identity +ready +age +[0-9]+[smhd] ago +1 ' 'status of a healed secret'

# What was had once is kept, whatever becomes of its source.
cp noise good.age
rm large.age tokens.json
expect_goods 'after their sources were broken'
mount_stop TERM

# --- identities ---------------------------------------------------------------------------------------------

cp several.age good.age
age -r "$us" -o large.age large
jq -n --arg t "$canary" '{"github.com": $t, "gitlab.com": {token: "glpat-\($t)", kind: "gitlab-pat"}}' >tokens.json
mkdir identity-folder
printf 'AGE-SECRET-KEY-1%s\n' "$canary" >identity-garbage
: >identity-empty
mkfifo identity-fifo
age-keygen -o latecomer 2>/dev/null
age -r "$(age-keygen -y latecomer)" -o late.age good
mv latecomer "$work/latecomer"
cat >"$work/identities.yaml" <<'YAML'
identities:
  - src/identity-missing
  - src/identity-folder
  - src/identity-garbage
  - src/identity-empty
  - src/identity-fifo
  - credential:none
  - src/latecomer
  - src/ours.txt
sources:
  fine: {tokens: src/tokens.json}
views:
  template: {format: template, content: "T={{ age }}"}
  creds: {format: git-credentials, source: fine}
secrets:
  late: {age: src/late.age, wait: 0}
YAML
cat good.yaml >>"$work/identities.yaml"
unset CREDENTIALS_DIRECTORY
mount_start "$work/identities.yaml" "$m"
expect_goods 'beside broken identities'
for name in missing folder garbage empty fifo; do
  wait_until "a warning of identity-$name" grep -q "^warning event=identity_not_read .*src/identity-$name" "$log"
done
wait_until 'a warning of a credential' grep -q "^warning event=identity_not_read .*'none'" "$log"
answers() { [[ $(read_errno "$m/$1") == "$2" ]]; }
wait_until 'the failure of a secret whose identity is not there is known' answers late ENOKEY
expect_exit 0 "$program" status "$m" # what may still come has not failed
expect_match "$err" 'secretfs: warning: .*src/identity-garbage' 'status of a broken identity'
expect_match "$err" 'secretfs: warning: .*src/identity-missing.*no such file' 'status of a missing identity'
status=$out
expect_match "$(row late)" 'no identity.*src/latecomer: .*no such file' 'status of the secret whose identity is missing'
expect_eq "$(count_in "$canary" "$log") $(count_in "$canary" "$work/err") $(count_in "$canary" "$work/out")" '0 0 0' 'lines that quote an identity file'
cp "$work/latecomer" latecomer
wait_until 'a secret whose identity appeared is served' reads late
expect_same "$m/late" good 'a secret whose identity appeared'
expect_exit 0 "$program" status "$m"
expect_no_match "$err" latecomer 'status after the identity appeared'
cp "$work/latecomer" identity-garbage
wait_until 'the mended identity is no longer complained of' eval '! "$program" status "$m" 2>&1 | grep -q identity-garbage'
expect_goods 'at the end'

finish "${#want[@]} broken secrets (${#goods[@]} kinds of good ones beside them) failed alone, each with its errno and reason; what was mended healed; what was had was kept"
