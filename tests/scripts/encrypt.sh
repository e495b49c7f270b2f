#!/usr/bin/env bash
# What `secretfs encrypt` writes is opened by Debian's age, by age-encryption from npm and by
# ourselves, byte for byte, for every kind of recipient, size and way to say them; what `secretfs
# keygen` makes is a key to age-keygen and age. Mistakes leave no file, and no secret in a message.
source "$(dirname "$0")/lib.sh"
need age age-keygen ssh-keygen python3

cd "$work"
mkdir keys plain sealed

# --- keygen -------------------------------------------------------------------------------------------

before=$(date -u +%s)
expect_exit 0 "$program" keygen -o keys/x25519
expect_eq "$(stat -c %a keys/x25519) $out" '600 ' 'mode of a new identity file, and stdout'
expect_match "$(cat keys/x25519)" $'^# created: [0-9-]+T[0-9:]+Z\n# public key: (age1[a-z0-9]{58})\nAGE-SECRET-KEY-1[A-Z0-9]{58}$' 'a new identity file'
public=${BASH_REMATCH[1]}
created=$(sed -n 's/^# created: //p' keys/x25519)
(($(date -u -d "$created" +%s) >= before && $(date -u -d "$created" +%s) <= $(date -u +%s))) || fail "created at $created"
expect_eq "$err" "Public key: $public" 'what keygen says'
# Ciphertext may be read by a daemon without rights; plaintext by nobody else.
(umask 022 && printf secret | "$program" encrypt -r "$public" -o modes.age && "$program" decrypt -i keys/x25519 -o modes modes.age)
expect_eq "$(stat -c %a modes.age modes | xargs)" '644 600' 'the modes of a new age file, and of what was in it'
expect_eq "$(age-keygen -y keys/x25519)" "$public" 'the recipient, by age-keygen'
cp keys/x25519 kept
expect_exit 1 "$program" keygen -o keys/x25519
expect_match "$err" 'error: keys/x25519: cannot create: file exists.*hint: keys are never overwritten' 'keygen over a key'
expect_same keys/x25519 kept 'a key that was there'
ln -s nowhere keys/dangling
expect_exit 1 "$program" keygen -o keys/dangling
[[ ! -e nowhere ]] || fail 'keygen followed a symbolic link'
(umask 077; "$program" keygen >keys/second 2>err)
expect_eq "$(cat err)" "Public key: $(age-keygen -y keys/second)" 'what keygen says when it writes to a file'
"$program" keygen 2>err | cat >keys/third
expect_match "$(cat err)" '^Public key: age1' 'what keygen says when it writes to a pipe'
[[ $(grep -h AGE keys/x25519 keys/second keys/third | sort -u | wc -l) == 3 ]] || fail 'keygen made the same key twice'
(umask 022; "$program" keygen >open 2>err)
expect_match "$(cat err)" 'warning: every user may read the file' 'keygen into a file that everybody may read'
expect_exit 2 "$program" keygen keys/x25519
expect_exit 2 "$program" keygen -y --pq keys/x25519

age-keygen -o keys/debian 2>/dev/null
ssh-keygen -q -N '' -C 'a comment' -t ed25519 -f keys/ed25519
ssh-keygen -q -N '' -C 'two words' -t rsa -b 2048 -f keys/rsa
ssh-keygen -q -N '' -t rsa -b 3072 -m PEM -f keys/rsa-pem
kinds=(x25519 debian ed25519 rsa rsa-pem)
for kind in x25519 debian; do age-keygen -y "keys/$kind" >"keys/$kind.pub"; done
for kind in "${kinds[@]}"; do
  expect_exit 0 "$program" keygen -y "keys/$kind"
  expect_eq "$out" "$(cut -d ' ' -f 1,2 "keys/$kind.pub")" "the recipient of $kind"
done
expect_eq "$("$program" keygen -y <keys/second)" "$(age-keygen -y keys/second)" 'keygen -y of standard input'
cat keys/x25519 keys/second >keys/two
expect_eq "$("$program" keygen -y keys/two)" "$public"$'\n'"$(age-keygen -y keys/second)" 'the recipients of a file of two'
{ cat keys/x25519 && echo AGE-SECRET-KEY-1DAMAGED; } >keys/half
expect_exit 1 "$program" keygen -y keys/half
expect_match "$err" 'error: keys/half:4: a damaged identity' 'a file of which one line is damaged'
expect_no_match "$err" DAMAGED 'a damaged line'

# --- every kind of recipient, opened by age and by ourselves --------------------------------------------

sizes=(0 1 17 65535 65536 65537 131072 1048577)
for size in "${sizes[@]}"; do head -c "$size" /dev/urandom >"plain/$size"; done

opened=0
opens() { # SEALED PLAIN KEY WHAT: Debian's age and we ourselves open it
  age -d -i "$3" "$1" >opened 2>err || fail "age -d of $4: $(cat err)"
  expect_same opened "$2" "age -d of $4"
  expect_exit 0 "$program" decrypt -i "$3" -o opened "$1"
  expect_same opened "$2" "decrypt of $4"
  opened=$((opened + 1))
}
for kind in "${kinds[@]}"; do
  some=(0 17 65537)
  [[ $kind != x25519 ]] || some=("${sizes[@]}")
  for size in "${some[@]}"; do
    "$program" encrypt -R "keys/$kind.pub" "plain/$size" >"sealed/$kind-$size"
    opens "sealed/$kind-$size" "plain/$size" "keys/$kind" "$size bytes to $kind"
  done
  "$program" encrypt -a -R "keys/$kind.pub" -o "sealed/$kind-armored" plain/65537
  expect_match "$(head -n 1 "sealed/$kind-armored")" '^-----BEGIN AGE ENCRYPTED FILE-----$' 'armor'
  opens "sealed/$kind-armored" plain/65537 "keys/$kind" "an armored file to $kind"
  "$program" encrypt -i "keys/$kind" <plain/17 >"sealed/$kind-i"
  opens "sealed/$kind-i" plain/17 "keys/$kind" "a file to the identity $kind"
  "$program" encrypt -e --recipient "$(cat "keys/$kind.pub")" <plain/17 | cat >"sealed/$kind-r"
  opens "sealed/$kind-r" plain/17 "keys/$kind" "a file to -r of $kind, through pipes"
done

# To all of them at once, in all three ways, some of them on standard input.
{ printf '# the team\r\n\r\n%s\r\n' "$public" && cat keys/ed25519.pub; } >team
"$program" encrypt -r "$(cat keys/debian.pub)" -i keys/rsa -R - -R keys/rsa-pem.pub plain/65537 <team >sealed/all
for kind in "${kinds[@]}"; do opens sealed/all plain/65537 "keys/$kind" "a file to all, by $kind"; done
expect_eq "$(grep -ac '^-> ' sealed/all)" 5 'stanzas of a file to all'
expect_exit 10 "$program" decrypt -i keys/second sealed/all

# Files may be pipes, too.
"$program" encrypt -R <(cat keys/x25519.pub) -o sealed/from-pipe <(cat plain/65537)
opens sealed/from-pipe plain/65537 keys/x25519 'a file whose recipients and plaintext came from pipes'

# Keys under a passphrase: an SSH key tells its recipient without it.
printf 'sesame\n' >sesame
ssh-keygen -q -N sesame -t ed25519 -f keys/locked
"$program" encrypt -i keys/locked -o sealed/locked plain/17
"$program" decrypt -i keys/locked --passphrase-fd 7 sealed/locked 7<sesame >opened
expect_same opened plain/17 'a file to an SSH key under a passphrase'
"$program" encrypt -p --passphrase-fd 7 -o keys/two.age keys/two 7<sesame
expect_eq "$("$program" keygen -y --passphrase-fd 7 keys/two.age 7<sesame)" "$("$program" keygen -y keys/two)" 'the recipients of a file under a passphrase'
"$program" encrypt -i keys/two.age --passphrase-fd 7 -o sealed/two plain/17 7<sesame
opens sealed/two plain/17 keys/x25519 'a file to identities under a passphrase'
opens sealed/two plain/17 keys/second 'a file to identities under a passphrase'
"$program" encrypt -p --passphrase-fd 7 -o keys/half.age keys/half 7<sesame
expect_exit 1 "$program" encrypt -i keys/half.age --passphrase-fd 7 -o never plain/17 7<sesame
expect_match "$err" 'error: keys/half.age:4: a damaged identity' 'a file under a passphrase of which one line is damaged'

# Post-quantum keys, where there are any; with newer implementations of age in newer_peers.sh.
pq='post-quantum keys are refused, as this build has none'
if [[ $("$program" --version) == *'post-quantum keys: yes'* ]]; then
  "$program" keygen --pq -o keys/pq 2>/dev/null
  expect_match "$(cat keys/pq)" $'\n# public key: age1pq1[a-z0-9]+\nAGE-SECRET-KEY-PQ-1[A-Z0-9]+$' 'a post-quantum identity'
  "$program" keygen -y keys/pq >keys/pq.pub
  "$program" encrypt -R keys/pq.pub -o sealed/pq plain/65537
  expect_exit 0 "$program" decrypt -i keys/pq sealed/pq
  expect_same out plain/65537 'a post-quantum file'
  expect_exit 1 "$program" encrypt -R keys/pq.pub -r "$public" -o never plain/17
  expect_match "$err" 'post-quantum and classic recipients do not mix' 'a post-quantum recipient beside another'
  pq='so are post-quantum files'
else
  expect_exit 1 "$program" keygen --pq -o never
  expect_match "$err" 'no post-quantum keys' 'keygen --pq'
  [[ ! -e never ]] || fail 'keygen --pq left a file'
fi

# The pieces in which a pipe gives the plaintext do not matter.
{ head -c 65536 plain/1048577; sleep 0.1; tail -c +65537 plain/1048577 | dd bs=999 status=none; } |
  "$program" encrypt -R keys/x25519.pub >sealed/pieces
opens sealed/pieces plain/1048577 keys/x25519 'a file from a pipe in pieces'

# --- passphrases ------------------------------------------------------------------------------------------

printf 'correct horse кит\n' >passphrase
"$program" encrypt -p --passphrase-fd 7 -o sealed/passphrase plain/65537 7<passphrase
expect_match "$(sed -n 2p sealed/passphrase)" '^-> scrypt [A-Za-z0-9+/]{22} 18$' 'a scrypt stanza'
AGE_PASSPHRASE=$(cat passphrase) "$program" encrypt -p -a -o sealed/passphrase-armored plain/17
for name in passphrase passphrase-armored; do
  size=65537
  [[ $name == passphrase ]] || size=17
  "$program" decrypt --passphrase-fd 7 "sealed/$name" 7<passphrase >opened
  expect_same opened "plain/$size" "decrypt of $name"
  rm -f opened
  python3 "$helpers/typed.py" passphrase age -d -o opened "sealed/$name" >terminal || fail "age -d of $name: $(cat terminal)"
  expect_same opened "plain/$size" "age -d of $name"
done
expect_exit 1 "$program" encrypt -p --passphrase-fd 7 -o never plain/17 7</dev/null
expect_exit 2 "$program" encrypt -p -r "$public" plain/17
expect_match "$err" 'a passphrase stands alone' '-p beside -r'
# Typed twice, or not at all.
printf 'typed\ntyped\n' >lines
python3 "$helpers/typed.py" lines "$program" encrypt -p -o sealed/typed plain/17 >terminal || fail "encrypt -p at a terminal: $(cat terminal)"
expect_no_match "$(cat terminal)" typed 'what a terminal shows of a passphrase'
"$program" decrypt --passphrase-fd 7 sealed/typed 7< <(echo typed) >opened
expect_same opened plain/17 'a file to a typed passphrase'
printf 'typed\ntypo\n' >lines
! python3 "$helpers/typed.py" lines "$program" encrypt -p -o never plain/17 >terminal || fail 'two passphrases were taken for one'
[[ ! -e never ]] || fail 'a passphrase that was not taken left a file'

# --- the second implementation ------------------------------------------------------------------------------

modules=$scripts/../npm/node_modules
npm_peer='not tried'
if [[ -d $modules/age-encryption ]] && command -v node >/dev/null; then
  names=(x25519-armored x25519-i all)
  for size in "${sizes[@]}"; do names+=("x25519-$size"); done
  node "$helpers/age_decryption.mjs" "$modules" identity keys/x25519 "${names[@]/#/sealed/}"
  for size in "${sizes[@]}"; do expect_same "sealed/x25519-$size.npm" "plain/$size" "$size bytes, by age-encryption"; done
  expect_same sealed/x25519-armored.npm plain/65537 'an armored file, by age-encryption'
  expect_same sealed/x25519-i.npm plain/17 'a file to an identity, by age-encryption'
  expect_same sealed/all.npm plain/65537 'a file to all, by age-encryption'
  node "$helpers/age_decryption.mjs" "$modules" passphrase passphrase sealed/passphrase sealed/passphrase-armored
  expect_same sealed/passphrase.npm plain/65537 'a passphrase, by age-encryption'
  expect_same sealed/passphrase-armored.npm plain/17 'an armored file to a passphrase, by age-encryption'
  if [[ -e sealed/pq ]]; then
    node "$helpers/age_decryption.mjs" "$modules" identity keys/pq sealed/pq
    expect_same sealed/pq.npm plain/65537 'a post-quantum file, by age-encryption'
  fi
  npm_peer='age-encryption opens them'
else
  printf 'not tried, as tests/npm/node_modules (npm ci) or node is missing: age-encryption\n'
fi

# --- the terminal ---------------------------------------------------------------------------------------------

: >lines
at_terminal() { python3 "$helpers/typed.py" lines "$program" "$@" >terminal; }
! at_terminal encrypt -R keys/x25519.pub plain/17 || fail 'a binary file was written to a terminal'
expect_match "$(tr -d '\0' <terminal)" 'standard output is a terminal.*-o -' 'a binary file for a terminal'
expect_no_match "$(tr -d '\0' <terminal)" 'age-encryption' 'a binary file for a terminal'
at_terminal encrypt -R keys/x25519.pub -o - plain/17 || fail 'a binary file was not written to a terminal by -o -'
at_terminal encrypt -a -R keys/x25519.pub plain/17 || fail 'an armored file was not written to a terminal'
tr -d '\r' <terminal >sealed/terminal
opens sealed/terminal plain/17 keys/x25519 'an armored file copied from a terminal'
at_terminal keygen || fail 'no key was written to a terminal'
expect_no_match "$(cat terminal)" 'Public key:' 'keygen at a terminal'

# --- mistakes ---------------------------------------------------------------------------------------------------

refused() { # CODE REGEX OPTIONS...: nothing is left, and the error says why
  local code=$1 regex=$2
  shift 2
  rm -f never
  expect_exit "$code" "$program" encrypt "$@" -o never plain/17
  expect_match "$err" "$regex" "encrypt $*"
  [[ -z $(find . -maxdepth 1 -name 'never*') ]] || fail "encrypt $* left a file"
}
secret=$(grep AGE-SECRET-KEY keys/x25519)
refused 2 'nobody to encrypt to'
refused 1 'error: -r: a secret key.*hint: .secretfs keygen -y FILE' -r "$secret"
expect_no_match "$err" "${secret:20:20}" 'a secret key given as a recipient'
refused 1 'error: keys/x25519:3: a secret key' -R keys/x25519
expect_no_match "$err" "${secret:20:20}" 'a file of secret keys given as recipients'
refused 1 'error: keys/ed25519:1: a secret key' -R keys/ed25519
refused 1 'error: -r: a damaged recipient: the checksum is wrong' -r "${public/age1??/age1qq}"
refused 1 'error: -r, the one numbered 2: not a recipient' -r "$public" -r alice
{ cat keys/x25519.pub && echo && echo alice; } >bad-team
refused 1 'error: bad-team:3: not a recipient' -R bad-team
refused 1 'error: bad-team-none: ' -R bad-team-none
: >nobody
refused 1 'error: nobody: there is no recipient in the file' -R nobody
refused 1 'error: keys: is a directory' -R keys
refused 1 'error: keys/half:4: a damaged identity' -i keys/half
ssh-keygen -q -N '' -t ecdsa -f keys/ecdsa
refused 1 'error: keys/ecdsa.pub:1: .*hint: only ssh-ed25519 and ssh-rsa keys can decrypt' -R keys/ecdsa.pub
ssh-keygen -q -N '' -t rsa -b 1024 -f keys/short
refused 1 'error: keys/short.pub:1: an RSA key of 1024 bits' -R keys/short.pub
refused 1 'an RSA key of 1024 bits' -i keys/short
ssh-keygen -q -s keys/ed25519 -I id keys/rsa.pub
refused 1 'an SSH certificate' -R keys/rsa-cert.pub
printf 'no-pty %s\n' "$(cat keys/ed25519.pub)" >options
refused 1 'error: options:1: there is something before the SSH public key' -R options
# Standard input has one reader, in every command that has it: else one takes the other's bytes.
twice() { # READERS COMMAND...
  expect_exit 2 "$program" "${@:2}"
  expect_match "$err" "standard input is used for more than one thing: $1" "${*:2}"
  [[ ! -e never ]] || fail "${*:2} left a file"
}
twice '--passphrase-fd 0 and the plaintext' encrypt -p --passphrase-fd 0 -o never
twice '-R - and the plaintext' encrypt -R -
twice '-i - and the plaintext' encrypt -i - -
twice '-R - and -i -' encrypt -R - -i - plain/17
twice '-i - and the age file' decrypt -i -
twice '--passphrase-fd 0 and the age file' decrypt --passphrase-fd 0
twice '-i - and --passphrase-fd 0' decrypt -i - --passphrase-fd 0 sealed/locked
twice '--passphrase-fd 0 and the identities' keygen -y --passphrase-fd 0
twice '-i - and the age file' inspect -i -
twice '-R - and the age file' inspect -R - -
twice '-i - and the new content' edit -i - never
twice '-i - and --passphrase-fd 0' rekey -i - --passphrase-fd 0 never
"$program" encrypt -p --passphrase-fd 0 -o sealed/fd0 plain/17 <sesame
"$program" decrypt --passphrase-fd 0 sealed/fd0 <sesame >opened
expect_same opened plain/17 'a passphrase on standard input'
"$program" decrypt -i - sealed/x25519-17 <keys/x25519 >opened
expect_same opened plain/17 'an identity on standard input'
expect_exit 1 "$program" encrypt -r "$public" missing
expect_match "$err" 'error: missing: cannot open' 'a file that is not there'
cp plain/17 same
ln same same-too
for name in same ./same same-too; do
  expect_exit 1 "$program" encrypt -r "$public" -o "$name" same
  expect_match "$err" 'the output is the file that is read' 'encryption onto itself'
done
expect_same same plain/17 'a file encrypted onto itself'
cp sealed/x25519-17 same-sealed
ln -s same-sealed same-link
for name in same-sealed same-link; do
  expect_exit 1 "$program" decrypt -i keys/x25519 -o "$name" same-sealed
  expect_match "$err" 'the output is the file that is read' 'decryption onto itself'
done
expect_same same-sealed sealed/x25519-17 'a file decrypted onto itself'
# A disk that is full, and a reader who goes away.
expect_exit 1 "$program" encrypt -r "$public" -o /dev/full plain/1048577
expect_match "$err" 'error: /dev/full: cannot write: no space left' 'a full disk'

# --- memory does not depend on size -------------------------------------------------------------------------------

if [[ -z $sanitize ]]; then
  peak() { # SIZE: resident KiB of the encryption of so much
    head -c "$1" /dev/zero | python3 -c '
import os, resource, sys
pid = os.fork()
if pid == 0:
    os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
    os.execv(sys.argv[1], sys.argv[1:])
os.waitpid(pid, 0)
sys.stderr.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))' "$program" encrypt -r "$public" 2>&1
  }
  small=$(peak 1000000)
  large=$(peak 100000000)
  ((large < small + 2000)) || fail "encrypting 100 MB takes $large KiB, and 1 MB $small KiB"
fi

# A process that is killed leaves no plaintext behind.
head -c 1000000 /dev/zero | "$program" encrypt -r "$public" >killed.age
mkdir killed
mkfifo slow
"$program" decrypt -i keys/x25519 -o killed/out <slow &
pids+=($!)
{
  head -c 500000 killed.age
  touch fed
  until [[ -e gone ]]; do sleep 0.05; done
} >slow &
pids+=($!)
wait_until 'much has been decrypted' test -e fed
kill -KILL "${pids[-2]}"
wait_exit "${pids[-2]}" && fail 'a killed decryption passes for success'
touch gone
expect_eq "$(ls -A killed)" '' 'what a killed decryption leaves'

finish "$opened files to ${#kinds[@]} kinds of keys are opened by Debian's age and by ourselves, and those to passphrases; $npm_peer; $pq; mistakes leave nothing"
