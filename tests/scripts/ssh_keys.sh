#!/usr/bin/env bash
# SSH keys as ssh-keygen makes them, in every format and under a passphrase with every cipher it has,
# open what Debian's age encrypted to them. A wrong passphrase is told, and is never the end as long as
# another identity fits; nobody is asked for a key that a file is not for.
source "$(dirname "$0")/lib.sh"
need age age-keygen ssh ssh-keygen openssl setsid

cd "$work"
mkdir keys
head -c 70000 /dev/urandom >plain
printf 'a pass phrase\n' >passphrase
printf 'another\n' >wrong

decrypt() { # CODE FD-FILE KEY FILE
  local code=$1 given=$2
  exec 7<"$given"
  expect_exit "$code" "$program" decrypt --passphrase-fd 7 -i "$3" "$4"
  exec 7<&-
}

expect_opens() { # KEY FILE
  decrypt 0 passphrase "$1" "$2"
  expect_same out plain "$1"
  decrypt 10 wrong "$1" "$2"
  expect_match "$err" 'wrong passphrase' "$1 with a wrong passphrase"
  [[ ! -s out ]] || fail "$1 gave something with a wrong passphrase"
}

for type in ed25519 rsa; do
  ssh-keygen -q -t "$type" ${bits:+-b "$bits"} -N '' -C "of $type" -f "keys/$type"
  age -R "keys/$type.pub" -o "$type.age" plain
  bits=2048
done

# --- every cipher ------------------------------------------------------------------------------------

lock() { # KEY NAME OPTIONS-OF-SSH-KEYGEN...
  local from=$1 to=keys/$2
  shift 2
  cp "keys/$from" "$to"
  chmod 600 "$to"
  ssh-keygen -q -p -N "$(cat passphrase)" -P '' "$@" -f "$to" >/dev/null
}

ciphers=0
for cipher in $(ssh -Q cipher); do
  for rounds in 1 5; do
    for type in ed25519 rsa; do
      name=$type-${cipher%@*}-$rounds
      lock "$type" "$name" -Z "$cipher" -a "$rounds"
      ssh-keygen -y -P '' -f "keys/$name" >/dev/null 2>&1 && fail "$name is not locked"
      decrypt 0 passphrase "keys/$name" "$type.age"
      expect_same out plain "$name"
    done
  done
  expect_opens "keys/ed25519-${cipher%@*}-1" ed25519.age
  ciphers=$((ciphers + 1))
done
((ciphers >= 10)) || fail "ssh lists only $ciphers ciphers"
lock ed25519 defaults
expect_opens keys/defaults ed25519.age

# --- every format --------------------------------------------------------------------------------------

lock rsa pem -m PEM
expect_match "$(head -n 2 keys/pem)" 'BEGIN RSA PRIVATE KEY.*Proc-Type: 4,ENCRYPTED' 'a locked key in PEM'
lock rsa pkcs8 -m PKCS8
expect_match "$(head -n 1 keys/pkcs8)" 'BEGIN ENCRYPTED PRIVATE KEY' 'a locked key in PKCS #8'
for cipher in aes-128-cbc aes-192-cbc aes-256-cbc camellia-256-cbc des-ede3-cbc; do
  cp keys/rsa plain-pem
  chmod 600 plain-pem
  ssh-keygen -q -p -m PEM -N '' -P '' -f plain-pem >/dev/null
  openssl rsa -traditional "-$cipher" -passout file:passphrase -in plain-pem -out "keys/pem-$cipher" 2>/dev/null
  openssl pkcs8 -topk8 -v2 "$cipher" -passout file:passphrase -in plain-pem -out "keys/pkcs8-$cipher"
done
openssl pkcs8 -topk8 -scrypt -passout file:passphrase -in plain-pem -out keys/pkcs8-scrypt
openssl pkcs8 -topk8 -v1 PBE-SHA1-3DES -passout file:passphrase -in plain-pem -out keys/pkcs8-v1
for key in keys/pem* keys/pkcs8*; do expect_opens "$key" rsa.age; done
for format in PEM PKCS8; do
  cp keys/rsa "keys/open-$format"
  chmod 600 "keys/open-$format"
  ssh-keygen -q -p -m "$format" -N '' -P '' -f "keys/open-$format" >/dev/null
  expect_exit 0 "$program" decrypt -i "keys/open-$format" rsa.age
  expect_same out plain "an open key in $format"
done

# --- what else can be --------------------------------------------------------------------------------------

# Without a passphrase to try, the error says how to give one; no terminal is asked here.
expect_exit 10 setsid -w "$program" decrypt -i keys/defaults ed25519.age
expect_match "$err" 'ssh-ed25519 SHA256:.* under a passphrase \(no passphrase' 'without a passphrase'
expect_match "$err" 'encrypted to: ssh-ed25519 SHA256:' 'what the file is for'
fingerprint=$(ssh-keygen -l -f keys/ed25519.pub | cut -d' ' -f2)
expect_match "$err" "encrypted to: ssh-ed25519 ${fingerprint:0:12}" 'the beginning of the fingerprint'

# Nobody is asked for a key that the file is not for: the descriptor is not read.
age-keygen -o keys/x25519 2>/dev/null
age -R keys/rsa.pub -r "$(age-keygen -y keys/x25519)" -o both.age plain
exec 7<passphrase
expect_exit 0 "$program" decrypt --passphrase-fd 7 -i keys/defaults -i keys/x25519 both.age
expect_eq "$(cat <&7)" 'a pass phrase' 'what is left of the descriptor'
exec 7<&-
expect_same out plain 'a key that the file is not for beside one that fits'

# One that fails does not spoil another.
exec 7<wrong
expect_exit 0 "$program" decrypt --passphrase-fd 7 -i keys/pem -i keys/x25519 both.age
exec 7<&-
expect_same out plain 'a wrong passphrase beside a key that fits'

# Millions of rounds are refused at once.
lock ed25519 rounds -a 3
python=$(command -v python3 || true)
if [[ $python ]]; then
  "$python" - keys/rounds <<'EOF'
import base64, sys
lines = open(sys.argv[1]).read().split("\n")
data = bytearray(base64.b64decode("".join(lines[1:lines.index("-----END OPENSSH PRIVATE KEY-----")])))
at = data.index(b"bcrypt") + 6 + 4 + 4 + 16
assert data[at:at + 4] == b"\0\0\0\3"
data[at] = 0x7f
open(sys.argv[1], "w").write("%s\n%s\n%s\n" % (lines[0], base64.b64encode(data).decode(), "-----END OPENSSH PRIVATE KEY-----"))
EOF
  decrypt 1 passphrase keys/rounds ed25519.age
  expect_match "$err" 'takes 2130706435 rounds' 'too many rounds'
fi

finish "SSH keys of $ciphers ciphers and all formats open what age encrypted to them"
