#!/usr/bin/env bash
# `inspect` tells of files of real age how their bytes divide up, by arithmetic of its own here, and
# what would open them; and fails as `decrypt` does.
source "$(dirname "$0")/lib.sh"
need age age-keygen ssh-keygen jq python3

cd "$work"
age-keygen -o key 2>/dev/null
recipient=$(age-keygen -y key)
for type in ed25519 rsa; do ssh-keygen -q -N '' -C "$type" -t "$type" -f "$type"; done

# --- sizes ------------------------------------------------------------------------------------------------

# The header ends with the line that begins with "---".
header_size() { LC_ALL=C awk '{ size += length($0) + 1 } /^--- / { print size; exit }' "$1"; }
check_sizes() { # FILE PLAINTEXT-SIZE BINARY-FILE
  local size=$2 chunks json armor
  chunks=$(((size + 65535) / 65536))
  ((chunks > 0)) || chunks=1
  armor=$(($(stat -c %s "$1") - $(stat -c %s "$3")))
  json=$("$program" inspect --json <"$1")
  expect_eq "$(jq -c '.sizes' <<<"$json")" \
    "{\"header\":$(header_size "$3"),\"armor\":$armor,\"overhead\":$((16 + 16 * chunks)),\"min_payload\":$size,\"max_payload\":$size,\"min_padding\":0,\"max_padding\":0,\"total\":$(stat -c %s "$1")}" \
    "the sizes of $1"
  expect_eq "$(jq '.sizes | .header + .armor + .overhead + .max_payload == .total' <<<"$json")" true 'the sum'
}
for size in 0 1 17 65535 65536 65537 131072 1000000; do
  head -c "$size" /dev/urandom | age -r "$recipient" -R rsa.pub >"$size.age"
  check_sizes "$size.age" "$size" "$size.age"
  # The same bytes in armor, with both kinds of line ends and white space around.
  { echo '-----BEGIN AGE ENCRYPTED FILE-----'; base64 -w 64 "$size.age"; echo '-----END AGE ENCRYPTED FILE-----'; } >"$size.asc"
  check_sizes "$size.asc" "$size" "$size.age"
  { printf '\n \n'; sed 's/$/\r/' "$size.asc"; printf '\n\n'; } >"$size.crlf"
  check_sizes "$size.crlf" "$size" "$size.age"
done

# --- stanzas ------------------------------------------------------------------------------------------------

age -r "$recipient" -R ed25519.pub -R rsa.pub -o three.age <<<text
expect_exit 0 "$program" inspect three.age
expect_match "$out" 'three.age: age-encryption.org/v1' 'the first line'
expect_match "$out" 'post-quantum: no' 'post-quantum'
expect_match "$out" $'\nX25519 +an X25519 identity' 'an X25519 stanza'
expect_match "$out" $'\nssh-rsa +the SSH key with tag [A-Za-z0-9+/]{6}\n' 'an SSH stanza of nobody known'
expect_exit 0 "$program" inspect --json -R rsa.pub -i ed25519 three.age
expect_eq "$(jq -c '[.stanzas[].key_in]' <<<"$out")" '[null,"ed25519","rsa.pub"]' 'whose the SSH keys are'
expect_eq "$(jq -c .stanza_types <<<"$out")" '["X25519","ssh-ed25519","ssh-rsa"]' 'the kinds of stanzas'
expect_eq "$(jq -r '[.version, .armor, .postquantum] | join(" ")' <<<"$out")" 'age-encryption.org/v1 false no' 'the rest'

# Every file may be a pipe, and one of them standard input.
odd=$'rsa\377.pub'
cp rsa.pub "$odd"
expect_exit 0 "$program" inspect --json -R "$odd" three.age
expect_eq "$(jq -r '.stanzas[2].key_in' <<<"$out")" 'rsa\xff.pub' 'a file whose name is not UTF-8'
expect_match "$(jq -r '.stanzas[2].needs' <<<"$out")" ', in rsa.xff.pub$' 'what needs it'
expect_exit 0 "$program" inspect --json -R <(cat rsa.pub) -i <(cat ed25519) <(cat three.age)
expect_match "$(jq -c '[.stanzas[].key_in]' <<<"$out")" '^\[null,"/dev/fd/[0-9]+","/dev/fd/[0-9]+"\]$' 'keys from pipes'
"$program" inspect --json -i - three.age <ed25519 >out
expect_eq "$(jq -c '[.stanzas[].key_in]' out)" '[null,"standard input",null]' 'a key on standard input'
expect_exit 1 "$program" inspect .
expect_match "$err" 'error: \.: is a directory' 'a folder'

# Stanzas that no tool here can make; nothing of them is ever opened.
with_stanzas() { # STANZA-LINES...
  printf 'age-encryption.org/v1\n'
  printf '%s\n\n' "$@"
  printf -- '--- %043d\n' 0
  head -c 32 /dev/zero
}
needs() { with_stanzas "$@" | "$program" inspect --json | jq -r '.stanzas[].needs'; }
expect_match "$(needs '-> mlkem768x25519 AAAA')" '^a post-quantum identity' 'a hybrid stanza'
expect_match "$(needs '-> scrypt AAAA 18')" '^a passphrase; work factor 18, 256 MiB of memory$' 'a passphrase'
expect_match "$(needs '-> scrypt AAAA 22')" 'work factor 22, 4 GiB of memory; above the limit' 'much work'
expect_match "$(needs '-> scrypt AAAA 0x12')" 'the stanza is damaged' 'a work factor that is none'
expect_eq "$(needs '-> yubihsm x')" 'not known; age-plugin-yubihsm?' 'a plugin'
expect_eq "$(needs '-> ../Evil/x')" 'not known' 'what no plugin is called'
expect_match "$(needs '-> p256tag x y')" 'plugin' 'a tagged recipient'
expect_match "$(needs '-> abc-grease')" 'opens nothing' 'grease'
expect_match "$(needs '-> secretfs-recipients x')" 'opens nothing: the mark' 'our mark'
quantum() { with_stanzas "$@" | "$program" inspect --json | jq -r .postquantum; }
expect_eq "$(quantum '-> mlkem768x25519 AAAA')" yes 'post-quantum alone'
expect_eq "$(quantum '-> mlkem768x25519 AAAA' '-> X25519 AAAA')" no 'post-quantum beside another'
expect_eq "$(quantum '-> something')" unknown 'what is not known'

# --- files that are none ----------------------------------------------------------------------------------

same_code() { # FILE: inspect ends as decrypt, for all that needs no key
  local want=0 got=0
  "$program" decrypt -i key "$1" >/dev/null 2>&1 || want=$?
  "$program" inspect "$1" >/dev/null 2>err || got=$?
  expect_eq "$got" "$want" "the exit code for $1"
  [[ $got == 0 ]] || expect_match "$(cat err)" "$1: " "the error for $1"
}
same_code 17.age
: >empty
printf 'no age file' >none
head -c 100 17.age >in-header
head -c "$(($(header_size 17.age) + 10))" 17.age >in-nonce
head -c "$(($(header_size 17.age) + 20))" 17.age >in-tag
head -n -1 65537.asc >no-end
{ cat 17.asc; echo x; } >behind
with_stanzas '-> scrypt AAAA 18' '-> X25519 AAAA' >two-of-scrypt
for file in empty none in-header in-nonce in-tag no-end behind two-of-scrypt; do same_code "$file"; done
expect_exit 1 "$program" inspect missing

# --- any size, in little memory -----------------------------------------------------------------------------

cat >peak.py <<'PY'
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024, file=sys.stderr)
sys.exit(code)
PY
size=$((256 << 20))
head -c "$size" /dev/zero | age -r "$recipient" | python3 peak.py "$program" inspect --json >large.json 2>peak
expect_eq "$(jq .sizes.max_payload large.json)" "$size" 'the size of a large file'
peak=$(sed -n 's/^peak //p' peak)
[[ -n $sanitize ]] || ((peak < 32)) || fail "256 MiB took $peak MiB"

if command -v age-inspect >/dev/null; then
  for file in 0.age 65537.age 65537.asc three.age; do
    "$program" inspect --json "$file" | jq -S 'del(.stanzas, .sizes.total)' >ours
    age-inspect --json "$file" | jq -S . >theirs
    expect_same ours theirs "age-inspect's word on $file"
  done
else
  printf 'not tried, as age-inspect is not installed: that it says the same\n'
fi

finish 'the bytes of age files add up, each stanza says what opens it, and damaged files end as they do in decrypt'
