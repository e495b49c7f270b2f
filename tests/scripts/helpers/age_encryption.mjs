// Encrypts with the npm package age-encryption, the second implementation of age in the tests.
//   node age_encryption.mjs NODE_MODULES PLAINTEXT FOLDER
// Writes to FOLDER: identity (one line), x25519.age, armored.age, several.age, passphrase (the text
// itself), passphrase.age (work factor 12).
import { webcrypto } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

globalThis.crypto ??= webcrypto;  // Node 18 has it behind a flag
const [modules, plaintextFile, folder] = process.argv.slice(2);
const age = await import(pathToFileURL(path.join(modules, 'age-encryption/dist/index.js')));
const plaintext = new Uint8Array(fs.readFileSync(plaintextFile));
const write = (name, content) => fs.writeFileSync(path.join(folder, name), content);

const identity = await age.generateIdentity();
const recipient = await age.identityToRecipient(identity);
const others = [];
for (let i = 0; i < 20; i += 1) {
  others.push(await age.identityToRecipient(await age.generateIdentity()));
}

async function encrypt(...recipients) {
  const encrypter = new age.Encrypter();
  recipients.forEach((one) => encrypter.addRecipient(one));
  return encrypter.encrypt(plaintext);
}

write('identity', `${identity}\n`);
const file = await encrypt(recipient);
write('x25519.age', file);
write('armored.age', age.armor.encode(file));
write('several.age', await encrypt(...others, recipient));
const passphrase = 'кит correct horse';
const locked = new age.Encrypter();
locked.setPassphrase(passphrase);
locked.setScryptWorkFactor(12);
write('passphrase', passphrase);
write('passphrase.age', await locked.encrypt(plaintext));
