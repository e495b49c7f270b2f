#!/usr/bin/env bash
# age plugins, through a stub that Debian's age accepts too: files of either open with the other, and
# a plugin that fails, hangs or talks nonsense stops nothing but itself, in the daemon as well.
source "$(dirname "$0")/lib.sh"
need age age-keygen python3

plugins=$work/plugins
mkdir -m 755 "$plugins"
install -m 755 "$helpers/age-plugin-stub" "$plugins/age-plugin-stub"
mode() { printf '%s\n' "$1" >"$plugins/mode"; }
debian_age() { PATH=$plugins:$PATH age "$@"; }

"$plugins/age-plugin-stub" --keygen >"$work/stub.txt"
recipient=$(sed -n 's/^# public key: //p' "$work/stub.txt")
age-keygen -o "$work/native.txt" 2>/dev/null
native=$(age-keygen -y "$work/native.txt")
"$plugins/age-plugin-stub" --keygen >"$work/other.txt"
printf 'the plaintext\n' >"$work/plain"
debian_age -r "$recipient" -o "$work/stub.age" "$work/plain"
debian_age -r "$recipient" -r "$native" -o "$work/both.age" "$work/plain"

decrypt() { "$program" decrypt --plugin-dir "$plugins" "$@"; }

# --- Debian's age encrypts, we decrypt --------------------------------------------------------------
for how in plain grease msg ask labels spy; do
  mode "$how"
  expect_exit 0 decrypt -i "$work/stub.txt" "$work/stub.age"
  expect_eq "$out" 'the plaintext' "mode $how"
  [[ $how == msg ]] && expect_match "$err" 'touch the .x1b\[31mstub' 'what the plugin tells'
done
mode plain
cat "$work/other.txt" "$work/stub.txt" >"$work/two.txt"
expect_exit 0 decrypt -i "$work/two.txt" "$work/stub.age"

# --- we encrypt, Debian's age decrypts --------------------------------------------------------------
for how in plain grease msg labels; do
  mode "$how"
  "$program" encrypt --plugin-dir "$plugins" -r "$recipient" -o "$work/ours.age" "$work/plain"
  debian_age -d -i "$work/stub.txt" "$work/ours.age" >"$work/back" 2>/dev/null
  expect_same "$work/back" "$work/plain" "our file, mode $how"
  expect_exit 0 decrypt -i "$work/stub.txt" "$work/ours.age"
done
mode plain
"$program" encrypt --plugin-dir "$plugins" -i "$work/stub.txt" -o "$work/ours.age" "$work/plain"
debian_age -d -i "$work/stub.txt" "$work/ours.age" >"$work/back"
expect_same "$work/back" "$work/plain" 'a file to the recipient of an identity'
mode labels
expect_exit 1 "$program" encrypt --plugin-dir "$plugins" -r "$recipient" -r "$native" "$work/plain"
expect_match "$err" 'do not mix' 'recipients of which one has a label'
for how in error early fail garbage; do
  mode "$how"
  rm -f "$work/ours.age"
  if "$program" encrypt --plugin-dir "$plugins" -r "$recipient" -o "$work/ours.age" \
    "$work/plain" 2>/dev/null; then fail "encrypted although the plugin fails, mode $how"; fi
  [[ ! -e $work/ours.age ]] || fail "a file is left by a plugin that fails, mode $how"
done

# --- age-plugin-pq, of a newer age -------------------------------------------------------------------
newer_age() {
  newer=$("$scripts/../../scripts/newer-peers" --cached age 2>&1) || {
    printf 'not tried: age-plugin-pq: %s\n' "$newer"
    return
  }
  "$newer/bin/age-keygen" -pq -o "$work/pq.txt" 2>/dev/null
  "$newer/bin/age-plugin-pq" -identity -o "$work/pq-plugin.txt" "$work/pq.txt"
  pq=$(sed -n 's/^# public key: //p' "$work/pq.txt")
  "$newer/bin/age" -r "$pq" -o "$work/pq.age" "$work/plain"
  # The native identity goes to the plugin where this build has no X-Wing.
  for identity in pq-plugin.txt pq.txt; do
    expect_exit 0 "$program" decrypt --plugin-dir "$newer/bin" -i "$work/$identity" "$work/pq.age"
    expect_eq "$out" 'the plaintext' "post-quantum, $identity"
  done
  "$program" encrypt --plugin-dir "$newer/bin" -r "$pq" -o "$work/pq-ours.age" "$work/plain"
  "$newer/bin/age" -d -i "$work/pq.txt" "$work/pq-ours.age" >"$work/back"
  expect_same "$work/back" "$work/plain" 'our post-quantum file'
}
newer_age

# --- what goes wrong is a reason why the identity does not match ------------------------------------
mode plain
expect_exit 0 decrypt -i "$work/stub.txt" "$work/stub.age"
no_match=10
expect_no() { # MODE REASON
  mode "$1"
  expect_exit "$no_match" decrypt -i "$work/stub.txt" "$work/stub.age"
  expect_eq "$out" '' "mode $1"
  expect_match "$err" "age-plugin-stub: $2" "the reason, mode $1"
}
expect_no error 'the stub is .x07broken'
expect_no early 'ended without a word'
expect_no fail 'ended without a word \(exit code 3\): the stub has.x1b\[2J no key'
expect_no garbage 'sent what is not a stanza'
expect_no longline 'sent a line that is too long'
expect_no wrongkey 'sent a file key that is not 16 bytes'
expect_no secret 'no PIN'
mode plain
expect_exit "$no_match" decrypt -i "$work/other.txt" "$work/stub.age"
expect_match "$err" "opens none of the file's stanzas" 'the reason of another key'
cat "$work/stub.txt" "$work/native.txt" >"$work/mixed.txt"
for how in error early fail garbage longline wrongkey; do
  mode "$how"
  expect_exit 0 decrypt -i "$work/mixed.txt" "$work/both.age"
  expect_eq "$out" 'the plaintext' "a native identity beside a plugin in mode $how"
done
# The native one goes first, wherever it stands: a plugin that hangs is not even started.
rm -f "$plugins/pids"
mode hang
expect_exit 0 timeout 10 "$program" decrypt --plugin-dir "$plugins" -i "$work/stub.txt" \
  -i "$work/native.txt" "$work/both.age"
expect_eq "$out" 'the plaintext' 'a native identity beside a plugin that hangs'
[[ ! -e $plugins/pids ]] || fail 'a plugin was started for what a native identity opens'

# What is wrong with an identity that was tried is told, although another one opens the file.
mode plain
printf 'right\n' >"$work/right"
printf 'wrong\n' >"$work/wrong"
"$program" encrypt -p --passphrase-fd 3 -o "$work/locked.age" "$work/other.txt" 3<"$work/right"
expect_exit 0 decrypt --passphrase-fd 3 -i "$work/locked.age" -i "$work/stub.txt" \
  "$work/stub.age" 3<"$work/wrong"
expect_eq "$out" 'the plaintext' 'an identity beside one that stays locked'
expect_match "$err" 'warning: identity file .*locked.age .*wrong passphrase' 'the locked one'
expect_exit 0 decrypt -i "$work/other.txt" -i "$work/stub.txt" "$work/stub.age"
expect_eq "$err" '' 'an identity that is merely for other files'
expect_exit "$no_match" "$program" decrypt --plugin-dir "$work" -i "$work/stub.txt" "$work/stub.age"
expect_match "$err" "age-plugin-stub: not in $work" 'a missing plugin'
chmod 775 "$plugins"
expect_exit "$no_match" decrypt -i "$work/stub.txt" "$work/stub.age"
expect_match "$err" "others may write to $plugins" 'a folder that others may write to'
chmod 755 "$plugins"

# --- what a plugin is given -------------------------------------------------------------------------
mode spy
exec 7</dev/null
expect_exit 0 decrypt -i "$work/stub.txt" "$work/stub.age"
exec 7<&-
given="argv ['--age-plugin=identity-v1']
environment ''
cwd /
fds 0 1 2
umask 077
blocked 0000000000000000
session True"
expect_eq "$(cat "$plugins/seen")" "$given" 'what a plugin is given'

# --- the daemon -------------------------------------------------------------------------------------
need_root
[[ -e /dev/fuse ]] || skip "no /dev/fuse"
age -r "$native" -o "$work/native.age" "$work/plain"
printf '123456\n' >"$work/pin"
cat >"$work/config.yaml" <<YAML
identities: [stub.txt, native.txt]
plugins: {dir: plugins, timeout: 2s, secrets: {stub: pin}}
secrets:
  stub: {age: stub.age, wait: 60s}
  stub2: {age: both.age, wait: 60s}
  native: {age: native.age}
  slow1: {age: stub.age, wait: 60s}
  slow2: {age: stub.age, wait: 60s}
  slow3: {age: stub.age, wait: 60s}
  slow4: {age: stub.age, wait: 60s}
YAML
mkdir "$work/mnt"
for how in plain secret msg; do
  mode "$how"
  mount_start "$work/config.yaml" "$work/mnt"
  expect_same "$work/mnt/stub" "$work/plain" "a secret through the plugin, mode $how"
  [[ $how == msg ]] && expect_eq "$(count_in 'event=plugin_said' "$log")" 1 'messages in the log'
  mount_stop TERM
done

mode spy
mount_start "$work/config.yaml" "$work/mnt"
expect_same "$work/mnt/stub" "$work/plain" 'a secret through the plugin, mode spy'
expect_match "$(cat "$plugins/seen")" "environment ''" 'the environment in the daemon'
expect_match "$(cat "$plugins/seen")" 'fds 0 1 2
' 'the descriptors in the daemon'
mount_stop TERM

# A plugin that hangs fails alone, and is killed with its child.
rm -f "$plugins/pids"
mode hang
mount_start "$work/config.yaml" "$work/mnt"
read_errno "$work/mnt/stub" >"$work/errno" &
pids+=("$!")
reader=$!
wait_until 'the plugin runs' test -s "$plugins/pids"
read -r plugin child <"$plugins/pids"
is_running "$plugin" || fail 'the plugin has ended by itself'
expect_same "$work/mnt/native" "$work/plain" 'a native secret beside a plugin that hangs'
wait_exit "$reader"
expect_eq "$(cat "$work/errno")" ENOKEY 'a secret whose plugin hangs'
wait_until 'the plugin is killed' is_gone "$plugin"
wait_until "the plugin's child is killed" is_gone "$child"
expect_same "$work/mnt/stub2" "$work/plain" 'the next identity after a plugin that hangs'
mode plain
expect_eq "$(count_in event=identity_failed "$log")" 0 'a plugin that was not needed'
heals() { [[ $(read_errno "$work/mnt/stub") == ok ]]; }
wait_until 'the secret is there when the plugin is well again' heals
mount_stop TERM

# Those who wait for a value's size, up to a second each, keep nobody else from the folder.
rm -f "$plugins/pids"
mode hang
mount_start "$work/config.yaml" "$work/mnt"
: >"$work/answered"
for i in 1 2 3 4; do
  { stat "$work/mnt/slow$i" >/dev/null && echo "$i" >>"$work/answered"; } &
  pids+=("$!")
done
wait_until 'the plugin runs' test -s "$plugins/pids"
[[ ! -e $work/mnt/absent ]] || fail 'a name that is not there is found'
[[ ! -s $work/answered ]] || fail 'a lookup waited for those of slow secrets in the folder'
all_failed() { [[ $("$program" status "$work/mnt" 2>&1 | grep -c '^slow. *failed') == 4 ]]; }
wait_until 'no plugin hangs any more' all_failed
mount_stop TERM

# With the default time-out of 30 s and wait of 10 s nobody waits for a plugin that is not needed.
mode hang
sed -e 's/timeout: 2s, //' -e '/stub:.*wait/d' -e 's/, wait: 60s//' "$work/config.yaml" \
  >"$work/default.yaml"
mount_start "$work/default.yaml" "$work/mnt"
expect_same "$work/mnt/stub2" "$work/plain" 'a secret of two identities, of which one hangs'
mount_stop TERM

# An identity that fails is a line in the log, once, although another one opens the files.
mode plain
printf 'identities: [{file: locked.age, passphrase: wrong}, stub.txt]
plugins: {dir: plugins}
secrets: {a: {age: stub.age}, b: {age: stub.age}}\n' >"$work/locked.yaml"
mount_start "$work/locked.yaml" "$work/mnt"
for name in a b; do expect_same "$work/mnt/$name" "$work/plain" 'beside a wrong passphrase'; done
expect_eq "$(count_in event=identity_failed "$log")" 1 'warnings of the locked identity'
expect_match "$(cat "$log")" 'event=identity_failed.*wrong passphrase' 'the warning'
mount_stop TERM

# What hangs keeps neither the daemon nor a tool, and does not outlive them.
rm -f "$plugins/pids"
mode hang
sed 's/timeout: 2s/timeout: 10m/' "$work/config.yaml" >"$work/long.yaml"
mount_start "$work/long.yaml" "$work/mnt"
read_errno "$work/mnt/stub" >/dev/null &
pids+=("$!")
wait_until 'the plugin runs' test -s "$plugins/pids"
read -r plugin child <"$plugins/pids"
mount_stop TERM
expect_eq "$(count_in event=source_stuck "$log")" 0 'a daemon that waited for a plugin'
wait_until 'the plugin ends with the daemon' is_gone "$plugin"
wait_until "the plugin's child ends with the daemon" is_gone "$child"
rm -f "$plugins/pids"
"$program" decrypt --plugin-dir "$plugins" -i "$work/stub.txt" "$work/stub.age" &
tool=$!
pids+=("$tool")
wait_until 'the plugin runs' test -s "$plugins/pids"
read -r plugin child <"$plugins/pids"
kill -TERM "$tool"
code=0
wait_exit "$tool" || code=$?
expect_eq "$code" 143 'a tool that was told to end'
wait_until 'the plugin ends with the tool' is_gone "$plugin"
wait_until "the plugin's child ends with the tool" is_gone "$child"

# What hangs does not outlive the daemon, not even one that is killed.
rm -f "$plugins/pids"
mode hang
sed -i 's/timeout: 2s/timeout: 10m/' "$work/config.yaml"
mount_start "$work/config.yaml" "$work/mnt"
read_errno "$work/mnt/stub" >/dev/null &
pids+=("$!")
wait_until 'the plugin runs' test -s "$plugins/pids"
read -r plugin child <"$plugins/pids"
mount_crash
wait_until 'the plugin dies with the daemon' is_gone "$plugin"
kill -KILL "$child" 2>/dev/null || true # it got its ignored signals from the plugin

finish "plugins open and make files as they do for age; what fails or hangs stops nothing else"
