// Decrypts with the npm package age-encryption, the second implementation of age in the tests.
//   node age_decryption.mjs NODE_MODULES identity|passphrase KEY-FILE SEALED...
// Writes SEALED.npm beside each file. Armored files are taken too. Of an identity file the first
// line that is no comment counts, of a passphrase file the first line.
import { webcrypto } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

globalThis.crypto ??= webcrypto;  // Node 18 has it behind a flag
const [modules, kind, keyFile, ...sealed] = process.argv.slice(2);
const age = await import(pathToFileURL(path.join(modules, 'age-encryption/dist/index.js')));
const key = fs.readFileSync(keyFile, 'utf8').split('\n').find((line) => !line.startsWith('#'));
const decrypter = new age.Decrypter();
if (kind === 'passphrase') decrypter.addPassphrase(key);
else decrypter.addIdentity(key);
for (const name of sealed) {
  const file = fs.readFileSync(name);
  const armored = file.subarray(0, 5).toString() === '-----';
  const binary = armored ? age.armor.decode(file.toString()) : new Uint8Array(file);
  fs.writeFileSync(`${name}.npm`, await decrypter.decrypt(binary));
}
