#!/bin/sh
# Makes the fixtures of the unit tests of crypto/ with the real programs: age, ssh-keygen, openssl,
# npm's age-encryption (a passphrase file with a low work factor), and age 1.3 (what is post-quantum;
# scripts/newer-peers has it). All keys are throw-away keys.
#   NPM=directory-with-node_modules AGE_1_3=directory-with-age ./make.sh
set -eu
cd "$(dirname "$0")"
rm -f ./*.age ./*.pem ./*.txt ./ssh_* plaintext
printf 'hello, secretfs\n' >plaintext

age-keygen -o x25519.txt 2>/dev/null
ssh-keygen -q -t ed25519 -N '' -C test -f ssh_ed25519
ssh-keygen -q -t rsa -b 2048 -N '' -C test -f ssh_rsa
ssh-keygen -q -t ed25519 -N secret -C test -f ssh_ed25519_encrypted
ssh-keygen -q -t ecdsa -N '' -C test -f ssh_ecdsa
for kind in PEM PKCS8; do
  cp ssh_rsa key
  ssh-keygen -q -p -m $kind -N '' -P '' -f key >/dev/null
  if [ $kind = PEM ]; then mv key ssh_rsa_pkcs1.pem; else mv key ssh_rsa_pkcs8.pem; fi
done
openssl genpkey -algorithm ed25519 -out ed25519_pkcs8.pem
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out ec_pkcs8.pem
openssl pkcs8 -topk8 -passout pass:secret -in ssh_rsa_pkcs8.pem -out rsa_pkcs8_encrypted.pem
openssl rsa -aes128 -passout pass:secret -traditional -in ssh_rsa_pkcs8.pem \
  -out rsa_pkcs1_encrypted.pem 2>/dev/null

# The same keys under a passphrase, with each cipher.
for cipher in $(ssh -Q cipher); do
  cp ssh_ed25519 key
  ssh-keygen -q -p -Z "$cipher" -a 2 -N secret -P '' -f key >/dev/null
  mv key "ssh_ed25519_${cipher%@*}"
done
cp ssh_rsa key
ssh-keygen -q -p -a 2 -N secret -P '' -f key >/dev/null
mv key ssh_rsa_encrypted
lock() { openssl pkcs8 -topk8 -passout pass:secret "$@"; }
lock -v1 PBE-SHA1-3DES -in ssh_rsa_pkcs8.pem -out rsa_pkcs8_v1_encrypted.pem
lock -scrypt -scrypt_N 1024 -in ed25519_pkcs8.pem -out ed25519_pkcs8_encrypted.pem
lock -scrypt -scrypt_N 2 -scrypt_p 17 -in ed25519_pkcs8.pem -out pkcs8_scrypt_many_passes.pem
lock -iter 10000001 -in ed25519_pkcs8.pem -out pkcs8_many_iterations.pem

recipient=$(age-keygen -y x25519.txt)
other=$(age-keygen 2>/dev/null | age-keygen -y)
age -r "$recipient" -o x25519.age plaintext
age -a -r "$recipient" -o x25519_armored.age plaintext
age -R ssh_ed25519.pub -o ssh_ed25519.age plaintext
age -R ssh_rsa.pub -o ssh_rsa.age plaintext
age -r "$other" -R ssh_rsa.pub -R ssh_ed25519.pub -r "$recipient" -o several.age plaintext
node --input-type=module -e '
  import fs from "node:fs";
  const { Encrypter, armor } = await import(`${process.argv[1]}/node_modules/age-encryption/dist/index.js`);
  const lock = async (file) => {
    const encrypter = new Encrypter();
    encrypter.setPassphrase("correct horse");
    encrypter.setScryptWorkFactor(10);
    return encrypter.encrypt(fs.readFileSync(file));
  };
  fs.writeFileSync("passphrase.age", await lock("plaintext"));
  fs.writeFileSync("x25519_locked.age", await lock("x25519.txt"));
  fs.writeFileSync("x25519_locked_armored.age", armor.encode(await lock("x25519.txt")));
' "$NPM"
"$AGE_1_3/age-keygen" -pq -o hybrid.txt 2>/dev/null
"$AGE_1_3/age-keygen" -y hybrid.txt | "$AGE_1_3/age" -R - -o hybrid.age plaintext
rm -f ssh_ed25519_encrypted.pub ssh_ecdsa.pub
chmod 600 ssh_* ./*.pem ./*.txt
