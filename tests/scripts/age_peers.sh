#!/usr/bin/env bash
# Files of other implementations of age, of every kind that they can make, are served by the mount
# and decrypted by `secretfs decrypt` byte for byte: Debian's age with its own and ssh-keygen's keys,
# age-encryption from npm, and the published vectors.
source "$(dirname "$0")/lib.sh"
need age age-keygen ssh-keygen

cd "$work"
mkdir keys plain sealed
ask_mount=
[[ $EUID -ne 0 || ! -c /dev/fuse ]] || ask_mount=yes

# --- keys of every kind -------------------------------------------------------------------------------

age-keygen -o keys/x25519 2>/dev/null
age-keygen -y keys/x25519 >keys/x25519.pub
keygen() { # NAME OPTIONS...
  local name=$1
  shift
  ssh-keygen -q -N '' -C "a comment of $name" -f "keys/$name" "$@"
}
keygen ed25519 -t ed25519
for bits in 2048 3072 4096; do keygen "rsa-$bits" -t rsa -b "$bits"; done
keygen rsa-pem -t rsa -b 2048 -m PEM
keygen rsa-pkcs8 -t rsa -b 2048 -m PKCS8
expect_match "$(head -n 1 keys/ed25519 keys/rsa-3072 keys/rsa-pem keys/rsa-pkcs8 | grep -c BEGIN)" 4 'keys with a header'
expect_match "$(cat keys/rsa-pem)" 'BEGIN RSA PRIVATE KEY' 'a key in PEM'
expect_match "$(cat keys/rsa-pkcs8)" 'BEGIN PRIVATE KEY' 'a key in PKCS #8'
kinds=(x25519 ed25519 rsa-2048 rsa-3072 rsa-4096 rsa-pem rsa-pkcs8)

# --- plaintexts of telling sizes ------------------------------------------------------------------------

sizes=(0 1 15 16 17 65535 65536 65537 131072 1048576)
for size in "${sizes[@]}"; do head -c "$size" /dev/urandom >"plain/$size"; done

declare -A plain key # of each sealed file
seal() { # NAME SIZE KIND OPTIONS-OF-AGE...
  local name=$1 size=$2 kind=$3
  shift 3
  age "$@" -o "sealed/$name.age" "plain/$size"
  plain[$name]=plain/$size key[$name]=keys/$kind
}
for size in "${sizes[@]}"; do
  seal "x25519-$size" "$size" x25519 -R keys/x25519.pub
  seal "armored-$size" "$size" x25519 -a -R keys/x25519.pub
  seal "ed25519-$size" "$size" ed25519 -R keys/ed25519.pub
done
for kind in "${kinds[@]}"; do
  seal "kind-$kind" 17 "$kind" -R "keys/$kind.pub"
  seal "kind-$kind-armored" 65537 "$kind" -a -R "keys/$kind.pub"
done
# Among many recipients, first and last.
others=()
for _ in {1..15}; do others+=(-r "$(age-keygen 2>/dev/null | age-keygen -y)"); done
seal several-first 17 x25519 -R keys/x25519.pub "${others[@]}" -R keys/rsa-2048.pub
seal several-last 17 rsa-2048 "${others[@]}" -R keys/ed25519.pub -R keys/rsa-2048.pub
seal several-middle 65537 ed25519 "${others[@]}" -R keys/ed25519.pub -R keys/rsa-2048.pub

# --- the second implementation ---------------------------------------------------------------------------

modules=$scripts/../npm/node_modules
npm_peer=
if [[ -d $modules/age-encryption ]] && command -v node >/dev/null; then
  npm_peer=yes
  for size in 0 17 65536 65537; do
    mkdir "npm-$size"
    node "$helpers/age_encryption.mjs" "$modules" "plain/$size" "npm-$size"
    cp "npm-$size/identity" "keys/npm-$size"
    kinds+=("npm-$size")
    for kind in x25519 armored several; do
      cp "npm-$size/$kind.age" "sealed/npm-$kind-$size.age"
      plain[npm-$kind-$size]=plain/$size key[npm-$kind-$size]=keys/npm-$size
    done
  done
else
  printf 'not tried, as tests/npm/node_modules (npm ci) or node is missing: age-encryption, the published vectors\n'
fi

# --- secretfs decrypt ---------------------------------------------------------------------------------------

all_keys=()
for kind in "${kinds[@]}"; do all_keys+=(-i "keys/$kind"); done
for name in "${!plain[@]}"; do
  expect_exit 0 "$program" decrypt -i "${key[$name]}" "sealed/$name.age"
  expect_same out "${plain[$name]}" "decrypt of $name"
  expect_eq "$err" '' "stderr of the decryption of $name"
done
for name in several-last kind-rsa-pem armored-1048576; do
  expect_exit 0 "$program" decrypt "${all_keys[@]}" -o output "sealed/$name.age"
  expect_same output "${plain[$name]}" "decrypt -o of $name with all keys"
  expect_eq "$(stat -c %a output) $out" '600 ' 'mode of the output, and stdout'
  "$program" decrypt "${all_keys[@]}" <"sealed/$name.age" | cmp -s - "${plain[$name]}" || fail "decrypt of $name from a pipe to a pipe"
done
# Larger than memory has room for secrets: in chunks.
head -c 40000000 /dev/zero | tr '\0' 'z' >plain/40M
age -R keys/x25519.pub -o sealed-40M.age plain/40M
(
  ulimit -l 64
  "$program" decrypt -i keys/x25519 sealed-40M.age 2>err | cmp -s - plain/40M
) || [[ $EUID -ne 0 ]] || fail "decrypt of 40 MB: $(cat err)"
"$program" decrypt -i keys/x25519 sealed-40M.age | cmp - plain/40M || fail 'decrypt of 40 MB'

# Identity files as people have them.
{
  printf '# created: today\r\n# public key: x\r\n\r\n'
  tr '\n' '\r' <keys/x25519 | sed 's/\r/\r\n/g'
} >keys/crlf
expect_exit 0 "$program" decrypt -i keys/crlf sealed/x25519-17.age
expect_same out plain/17 'with an identity file from Windows'
{ age-keygen 2>/dev/null && cat keys/x25519 && age-keygen 2>/dev/null; } >keys/several
expect_exit 0 "$program" decrypt -i keys/several sealed/x25519-17.age
expect_same out plain/17 'with an identity file of several'
expect_exit 0 "$program" decrypt -i keys/rsa-2048 -i keys/x25519 sealed/x25519-17.age
expect_same out plain/17 'with the second of two identities'

"$program" decrypt -i <(cat keys/x25519) <(cat sealed/x25519-17.age) >out || fail 'decrypt from pipes'
expect_same out plain/17 'with an identity and a file from pipes'

# Failures have their class, and leave nothing.
ssh-keygen -q -N 'passphrase' -t ed25519 -f keys/locked
expect_exit 10 "$program" decrypt -i keys/locked sealed/ed25519-17.age
expect_match "$err" 'under a passphrase \(its ssh-ed25519 stanza is for another key\)' 'with a key under a passphrase'
fails() { # CODE FILE KEY
  rm -f output
  expect_exit "$1" "$program" decrypt -i "$3" -o output "$2"
  expect_match "$err" "^secretfs: error: $2: " "decrypt of $2"
  [[ ! -e output && -z $(find . -maxdepth 1 -name 'output*') ]] || fail "decrypt of $2 left something"
}
fails 10 sealed/x25519-17.age keys/ed25519
fails 10 sealed/kind-rsa-2048.age keys/rsa-3072
fails 10 sealed/several-last.age keys/rsa-pem
sed 's/^---.*/--- bm90IGEgTUFDIGJ1dCB0aGlydHktdHdvIGJ5dGVzISE/' sealed/x25519-17.age >bad-mac.age
fails 12 bad-mac.age keys/x25519
head -c -1 sealed/x25519-65537.age >bad-payload.age
fails 13 bad-payload.age keys/x25519
fails 11 plain/17 keys/x25519
sed '3s/./~/' sealed/armored-65537.age >bad-armor.age
fails 14 bad-armor.age keys/x25519
fails 1 sealed/never.age keys/x25519
# What was released before a bad chunk is whole chunks of the plaintext, and no more.
"$program" decrypt -i keys/x25519 bad-payload.age >out 2>/dev/null && fail 'a truncated file was taken for whole'
cmp -s -n "$(stat -c %s out)" out plain/65537 || fail 'something else than the plaintext was released'
expect_match "$(stat -c %s out)" '^(0|65536)$' 'bytes released of a truncated file'

# --- passphrases -----------------------------------------------------------------------------------------------

from_passphrase() { # FILE PASSPHRASE-FILE PLAIN WHAT
  "$program" decrypt --passphrase-fd 7 "$1" 7<"$2" >out 2>err || fail "$4: $(cat err)"
  expect_same out "$3" "$4"
}
tried_passphrases=none
if command -v script >/dev/null; then
  # An empty answer makes age think one up and tell it on the terminal.
  printf '\n' | script -qec 'age -p -o sealed-passphrase.age plain/65537' /dev/null >terminal 2>&1 || true
  sed -n 's/.*autogenerated passphrase "\([a-z-]*\)".*/\1/p' terminal >passphrase
  if [[ -s passphrase && -s sealed-passphrase.age ]]; then
    from_passphrase sealed-passphrase.age passphrase plain/65537 "a passphrase of Debian's age"
    printf 'wrong\n' >wrong
    expect_exit 10 "$program" decrypt --passphrase-fd 7 sealed-passphrase.age 7<wrong
    tried_passphrases=age
  fi
fi
[[ $tried_passphrases == age ]] || printf "not tried, as script(1) is missing or age said nothing: a passphrase of Debian's age\n"
if [[ $npm_peer ]]; then
  for size in 0 17 65537; do
    from_passphrase "npm-$size/passphrase.age" "npm-$size/passphrase" "plain/$size" "a passphrase of age-encryption, $size bytes"
  done
fi
expect_exit 10 "$program" decrypt sealed/x25519-17.age
expect_match "$err" 'hint: .*identity' 'decrypt without any key'

# Passphrases from everywhere but the command line.
passphrase_file=$scripts/../data/crypto/passphrase.age
passphrase='correct horse' # of tests/data/crypto/make.sh
mkdir -p credentials
printf '%s\n' "$passphrase" >credentials/pass
CREDENTIALS_DIRECTORY=$PWD/credentials expect_exit 0 "$program" decrypt --passphrase-credential pass "$passphrase_file"
expect_same out "$scripts/../data/crypto/plaintext" 'with a credential'
AGE_PASSPHRASE=$passphrase expect_exit 0 "$program" decrypt "$passphrase_file"
expect_same out "$scripts/../data/crypto/plaintext" 'with a variable'
expect_exit 10 "$program" decrypt --passphrase-credential pass "$passphrase_file"
expect_match "$err" 'systemd gave no credentials' 'a credential without systemd'
printf '%s\n' "$passphrase" >typed
expect_exit 0 "$scripts/helpers/typed.py" typed "$program" decrypt -o from-typed "$passphrase_file"
expect_same from-typed "$scripts/../data/crypto/plaintext" 'with a passphrase that was typed'
[[ $out != *"$passphrase"* ]] || fail 'the terminal showed the passphrase'
expect_match "$out" 'Passphrase for ' 'the prompt'

# --- the mount ---------------------------------------------------------------------------------------------------

if [[ $ask_mount ]]; then
  {
    printf 'identities:\n'
    printf '  - keys/%s\n' "${kinds[@]}" locked
    printf 'secrets:\n'
    for name in "${!plain[@]}"; do printf '  %s: {age: sealed/%s.age}\n' "$name" "$name"; done
  } >config.yaml
  mount_start config.yaml "$work/mnt"
  for name in "${!plain[@]}"; do
    expect_eq "$(stat -c %s "$work/mnt/$name")" "$(stat -c %s "${plain[$name]}")" "size of $name"
    expect_same "$work/mnt/$name" "${plain[$name]}" "mounted $name"
  done
  expect_exit 0 "$program" status "$work/mnt"
  mount_stop TERM
else
  printf 'not tried without root and /dev/fuse: serving them\n'
fi

# --- the published vectors -----------------------------------------------------------------------------------------

if [[ $npm_peer && -d $modules/cctv-age ]]; then
  SECRETFS=$program SECRETFS_NPM=$scripts/../npm node "$scripts/../vectors/cctv.mjs" >vectors 2>&1 || fail "published vectors: $(cat vectors)"
  expect_match "$(tail -n 1 vectors)" '^143 passed, 0 failed' 'published vectors'
  tail -n 1 vectors
fi

finish "${#plain[@]} files of other implementations, with ${#kinds[@]} kinds of keys, are decrypted and served byte for byte; each failure has its class"
