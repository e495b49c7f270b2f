#!/usr/bin/env bash
# Identity files that the real age encrypted with a passphrase open files once they are unlocked, from
# every place that passphrases come from, in decrypt and in the mount; one that cannot be unlocked is
# only a warning as long as another identity fits.
source "$(dirname "$0")/lib.sh"
need age age-keygen python3 setsid

cd "$work"
head -c 70000 /dev/urandom >plain
age-keygen -o open.txt 2>/dev/null
age-keygen -o other.txt 2>/dev/null
cat open.txt other.txt >both.txt
age -r "$(age-keygen -y open.txt)" -o file.age plain
age -r "$(age-keygen -y other.txt)" -o other.age plain
printf 'a pass phrase\n' >passphrase
printf 'some other words\n' >wrong

seal() { # FILE OUTPUT OPTIONS-OF-AGE...
  local from=$1 to=$2
  shift 2
  printf 'a pass phrase\na pass phrase\n' >typed
  "$helpers/typed.py" typed age -p "$@" -o "$to" "$from" >seal.log 2>&1 || fail "age -p: $(cat seal.log)"
}
seal open.txt locked.age
seal both.txt armored.age -a
expect_match "$(head -c 14 locked.age)" 'age-encryption' 'an identity file of age'
expect_match "$(head -n 1 armored.age)" 'BEGIN AGE' 'an armored identity file of age'

expect_opens() { # FILE OPTIONS...; with no terminal to ask at
  expect_exit 0 setsid -w "$program" decrypt "${@:2}" "$1"
  expect_same out plain "$1 with ${*:2}"
}

exec 7<passphrase
expect_opens file.age --passphrase-fd 7 -i locked.age
exec 7<passphrase
expect_opens other.age --passphrase-fd 7 -i armored.age
exec 7<&-
AGE_PASSPHRASE='a pass phrase' expect_opens file.age -i armored.age

# --- what is wrong is a reason, not the end ----------------------------------------------------------

AGE_PASSPHRASE=another expect_exit 10 setsid -w "$program" decrypt -i locked.age file.age
expect_match "$err" 'file.age: no identity matched; the file is encrypted to: X25519' 'what the file is for'
expect_match "$err" 'identity file locked.age under a passphrase \(wrong passphrase\)' 'why not'
AGE_PASSPHRASE='a pass phrase' expect_exit 10 "$program" decrypt -i locked.age other.age
expect_match "$err" "identity file locked.age with X25519 $(age-keygen -y open.txt) \\(its X25519 stanza is for another key\\)" 'why an unlocked one does not fit'
expect_exit 10 setsid -w "$program" decrypt -i locked.age file.age
expect_match "$err" 'under a passphrase \(no passphrase: none was given\)' 'without a passphrase'
expect_match "$err" '; give --passphrase-fd N' 'what to do without a passphrase'
expect_exit 10 "$program" decrypt -i other.txt --passphrase-fd 9 -i locked.age file.age 9>&-
expect_match "$err" 'descriptor 9: cannot read: bad file descriptor' 'a passphrase that cannot be read'
expect_no_match "$err" 'encrypt the file to one of these' 'a passphrase that cannot be read'
expect_exit 10 "$program" decrypt -i other.txt file.age
expect_match "$err" 'encrypt the file to one of these, or add its identity' 'a file for others'
expect_exit 10 setsid -w "$program" decrypt file.age
expect_match "$err" 'hint: give -i FILE, which has an identity' 'no identity'
printf 'a pass phrase
a pass phrase
' >typed
"$helpers/typed.py" typed age -p -o passphrase.age plain >seal.log 2>&1 || fail "age -p: $(cat seal.log)"
AGE_PASSPHRASE=another expect_exit 10 setsid -w "$program" decrypt passphrase.age
expect_match "$err" 'hint: tried scrypt passphrase \(wrong passphrase\)$' 'a wrong passphrase'
# There is nothing to match for those who encrypt.
for command in 'encrypt -o never -i' 'keygen -y'; do
  # shellcheck disable=SC2086
  expect_exit 1 setsid -w "$program" $command locked.age
  expect_match "$err" 'error: locked.age: no passphrase: none was given.*hint: give --passphrase-fd N' "$command without a passphrase"
  # shellcheck disable=SC2086
  AGE_PASSPHRASE=another expect_exit 1 "$program" $command locked.age
  expect_match "$err" 'error: locked.age: wrong passphrase' "$command with a wrong passphrase"
done
[[ ! -e never ]] || fail 'a file was made for nobody'
AGE_PASSPHRASE=another expect_opens other.age -i locked.age -i other.txt
expect_opens other.age -i locked.age -i other.txt
head -c -1 locked.age >cut.age
AGE_PASSPHRASE='a pass phrase' expect_exit 10 "$program" decrypt -i cut.age file.age
expect_match "$err" 'cut.age' 'a damaged identity file'
AGE_PASSPHRASE='a pass phrase' expect_opens other.age -i cut.age -i other.txt
printf 'age-encryption.org/v1\n' >broken.age
AGE_PASSPHRASE='a pass phrase' expect_opens other.age -i broken.age -i other.txt
expect_match "$err" 'broken.age: a damaged identity file' 'the warning'
[[ $err != *'a pass phrase'* ]] || fail 'the passphrase was shown'

# --- in the mount ------------------------------------------------------------------------------------

if [[ $EUID -eq 0 && -c /dev/fuse ]]; then
  cat >config.yaml <<EOF
identities:
  - {file: cut.age, passphrase: passphrase}
  - {file: locked.age, passphrase: passphrase}
  - {file: armored.age, passphrase: wrong}
secrets:
  first: {age: file.age}
  second: {age: file.age}
  other: {age: other.age}
EOF
  mount_start config.yaml "$work/mnt"
  expect_same "$work/mnt/first" plain 'mounted first'
  expect_same "$work/mnt/second" plain 'mounted second'
  expect_errno "$work/mnt/other" ENOKEY 'a secret whose identity has a wrong passphrase'
  expect_match "$(cat "$log")" 'identity file .*armored.age under a passphrase \(wrong passphrase\)' 'the log'
  expect_no_match "$(cat "$log")" 'a pass phrase|some other' 'the log'
  mount_stop TERM
else
  printf 'not tried without root and /dev/fuse: the mount\n'
fi

finish 'identity files of age under a passphrase open files, and failing ones do not spoil others'
