// Runs `$SECRETFS decrypt` over the published age test vectors (C2SP/CCTV, npm package cctv-age) and
// checks, for each, the class of the outcome by its exit code and the SHA-256 of all that was
// written to stdout, on failures too. A build without X-Wing, as `--version` tells, must find no
// match where a hybrid identity would succeed, and be right in all else. Node 18 or later.
//   SECRETFS      the program            (default: build/dev/secretfs)
//   SECRETFS_NPM  where node_modules is  (default: tests/npm)
//   CCTV_ONLY     run the vectors whose name contains this
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import zlib from 'node:zlib';

const program = path.resolve(process.env.SECRETFS ?? 'build/dev/secretfs');
const npm = path.resolve(process.env.SECRETFS_NPM ?? 'tests/npm');
const only = process.env.CCTV_ONLY ?? '';

const exitCodes = {
  'success': 0,
  'no match': 10,
  'header failure': 11,
  'HMAC failure': 12,
  'payload failure': 13,
  'armor failure': 14,
};
const knownKeys = ['expect', 'payload', 'identity', 'passphrase', 'armored', 'compressed',
  'file key', 'comment'];
const someIdentity = new URL('../data/crypto/x25519.txt', import.meta.url).pathname;
const vectorCount = 143;
const hybridSuccessCount = 5;
const timeoutMs = 60_000;

// "key: value" lines, an empty line, then the age file.
function parseVector(bytes) {
  const text = Buffer.from(bytes);
  const end = text.indexOf('\n\n');
  const keys = {};
  for (const line of text.subarray(0, end).toString().split('\n')) {
    const colon = line.indexOf(': ');
    (keys[line.slice(0, colon)] ??= []).push(line.slice(colon + 2));
  }
  const body = text.subarray(end + 2);
  return { keys, file: keys.compressed?.[0] === 'zlib' ? zlib.inflateSync(body) : body };
}

// Whether the program has post-quantum keys, in its own words.
function hasXWing() {
  const { stdout } = spawnSync(program, ['--version']);
  const answer = /^post-quantum keys: (yes|no)\b/m.exec(stdout?.toString() ?? '')?.[1];
  if (!answer) throw new Error(`${program} --version does not tell of post-quantum keys`);
  return answer === 'yes';
}

function needsXWing({ keys }) {
  return keys.expect[0] === 'success' &&
    (keys.identity ?? []).some((line) => line.startsWith('AGE-SECRET-KEY-PQ-1'));
}

function decrypt(directory, { keys, file }) {
  const write = (name, content) => {
    const at = path.join(directory, name);
    fs.writeFileSync(at, content);
    return at;
  };
  const args = ['decrypt'];
  const stdio = ['ignore', 'pipe', 'pipe'];
  (keys.identity ?? []).forEach((line, i) => args.push('-i', write(`identity-${i}`, `${line}\n`)));
  (keys.passphrase ?? []).forEach((line, i) => {
    args.push('--passphrase-fd', String(stdio.length));
    stdio.push(fs.openSync(write(`passphrase-${i}`, line), 'r'));
  });
  if (args.length === 1) args.push('-i', someIdentity);  // the file's form alone is at stake
  args.push(write('file.age', file));
  const run = spawnSync(program, args, { stdio, timeout: timeoutMs, maxBuffer: 64 << 20 });
  stdio.slice(3).forEach((fd) => fs.closeSync(fd));
  return run;
}

// What is wrong with the run, or null.
function judge(run, { keys }, expect = keys.expect[0]) {
  const stderr = (run.stderr ?? '').toString().trim();
  if (run.error) return `cannot run: ${run.error.message}`;
  if (run.signal) return `died of ${run.signal}; ${stderr}`;
  if (/Sanitizer|runtime error/.test(stderr)) return `sanitizer report; ${stderr}`;
  if (run.status !== exitCodes[expect]) {
    return `expected ${expect} (${exitCodes[expect]}), exit code ${run.status}; ${stderr}`;
  }
  if (run.status !== 0 && stderr === '') return 'failed without a word on stderr';
  const digest = createHash('sha256').update(run.stdout).digest('hex');
  const released = expect === keys.expect[0] ? keys.payload?.[0] : undefined;
  const expected = released ?? createHash('sha256').digest('hex');
  return digest === expected ? null : `released ${run.stdout.length} bytes of wrong plaintext`;
}

const vectors = await import(pathToFileURL(path.join(npm, 'node_modules/cctv-age/index.js')));
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'secretfs-cctv-'));
const xwing = hasXWing();
const count = { passed: 0, failed: 0, withoutXWing: 0 };
const fail = (what) => {
  count.failed += 1;
  console.log(`FAIL ${what}`);
};
try {
  for (const [name, bytes] of Object.entries(vectors)) {
    if (!name.includes(only)) continue;
    const vector = parseVector(bytes);
    const unknown = Object.keys(vector.keys).filter((key) => !knownKeys.includes(key));
    if (unknown.length > 0) {
      fail(`${name}: the key ${unknown[0]} is not known`);
      continue;
    }
    const different = !xwing && needsXWing(vector);
    const run = decrypt(directory, vector);
    const wrong = judge(run, vector, different ? 'no match' : undefined);
    if (wrong) fail(`${name}: ${wrong}`);
    else count.passed += 1;
    if (different) count.withoutXWing += 1;
  }
} finally {
  fs.rmSync(directory, { recursive: true });
}
if (only === '' && count.passed + count.failed !== vectorCount) {
  fail(`there are ${count.passed + count.failed} vectors, not ${vectorCount}`);
}
if (only === '' && !xwing && count.withoutXWing !== hybridSuccessCount) {
  fail(`${count.withoutXWing} vectors need X-Wing, not ${hybridSuccessCount}`);
}
const how = xwing ? 'with X-Wing' :
  `without X-Wing: ${count.withoutXWing} of them, to be opened with it, match nothing`;
console.log(`${count.passed} passed, ${count.failed} failed; ${how}`);
process.exit(count.failed > 0 || count.passed === 0 ? 1 : 0);
