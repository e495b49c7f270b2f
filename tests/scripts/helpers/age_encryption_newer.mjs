// What is newer in the npm package age-encryption: post-quantum and tagged recipients.
//   node age_encryption_newer.mjs NODE_MODULES make PLAINTEXT FOLDER
//     writes to FOLDER: identity and recipient (both post-quantum), x25519 (an identity), hybrid.age,
//     both.age (to both), tag.age (to a key that is in hardware), tag_and_x25519.age
//   node age_encryption_newer.mjs NODE_MODULES open IDENTITY FILE
//     writes the plaintext to standard output
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

globalThis.crypto ??= webcrypto;  // Node 18 has it behind a flag
const [modules, what, ...files] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(path.join(modules, name)));
const age = await load('age-encryption/dist/index.js');
const { bech32 } = await load('@scure/base/index.js');

async function encrypt(plaintext, ...recipients) {
  const encrypter = new age.Encrypter();
  recipients.forEach((one) => encrypter.addRecipient(one));
  return encrypter.encrypt(plaintext);
}

// age1tag1: the compressed point of a P-256 key.
function tagRecipient() {
  const { x, y } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
  const odd = Buffer.from(y, 'base64url').at(-1) & 1;
  const point = Buffer.concat([Buffer.from([2 + odd]), Buffer.from(x, 'base64url')]);
  return bech32.encode('age1tag', bech32.toWords(point), false);
}

async function make(plaintextFile, folder) {
  const plaintext = new Uint8Array(fs.readFileSync(plaintextFile));
  const write = (name, content) => fs.writeFileSync(path.join(folder, name), content);
  const identity = await age.generateHybridIdentity();
  const recipient = await age.identityToRecipient(identity);
  const classic = await age.generateX25519Identity();
  const classicRecipient = await age.identityToRecipient(classic);
  write('identity', `${identity}\n`);
  write('recipient', `${recipient}\n`);
  write('x25519', `${classic}\n`);
  write('hybrid.age', await encrypt(plaintext, recipient));
  write('both.age', await encrypt(plaintext, classicRecipient, recipient));
  const tag = tagRecipient();
  write('tag.age', await encrypt(plaintext, tag));
  write('tag_and_x25519.age', await encrypt(plaintext, tag, classicRecipient));
}

async function open(identityFile, file) {
  const decrypter = new age.Decrypter();
  decrypter.addIdentity(fs.readFileSync(identityFile, 'utf8').split('\n').find((line) => line.startsWith('AGE')));
  process.stdout.write(await decrypter.decrypt(new Uint8Array(fs.readFileSync(file))));
}

await ({ make, open })[what](...files);
