// Runs `$SECRETFS decrypt` over the published age test vectors (C2SP/CCTV, npm package cctv-age) and
// checks, for each, the class of the outcome by its exit code and the SHA-256 of all that was
// written to stdout, on failures too. Node 18 or later.
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

function skipReason({ keys }) {
  const unknown = Object.keys(keys).filter((key) => !knownKeys.includes(key));
  if (unknown.length > 0) return `unknown key ${unknown[0]}`;  // as the vectors' README asks
  if (keys.identity?.some((line) => line.startsWith('AGE-SECRET-KEY-PQ-1'))) {
    return 'hybrid (post-quantum) identity: libsodium here has no ML-KEM';
  }
  return null;
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
function judge(run, { keys }) {
  const stderr = (run.stderr ?? '').toString().trim();
  if (run.error) return `cannot run: ${run.error.message}`;
  if (run.signal) return `died of ${run.signal}; ${stderr}`;
  if (/Sanitizer|runtime error/.test(stderr)) return `sanitizer report; ${stderr}`;
  const expect = keys.expect[0];
  if (run.status !== exitCodes[expect]) {
    return `expected ${expect} (${exitCodes[expect]}), exit code ${run.status}; ${stderr}`;
  }
  if (run.status !== 0 && stderr === '') return 'failed without a word on stderr';
  const digest = createHash('sha256').update(run.stdout).digest('hex');
  const expected = keys.payload?.[0] ?? createHash('sha256').digest('hex');
  return digest === expected ? null : `released ${run.stdout.length} bytes of wrong plaintext`;
}

const vectors = await import(pathToFileURL(path.join(npm, 'node_modules/cctv-age/index.js')));
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'secretfs-cctv-'));
const count = { passed: 0, failed: 0 };
const skips = {};
try {
  for (const [name, bytes] of Object.entries(vectors)) {
    if (!name.includes(only)) continue;
    const vector = parseVector(bytes);
    const reason = skipReason(vector);
    if (reason) {
      (skips[reason] ??= []).push(name);
      continue;
    }
    const wrong = judge(decrypt(directory, vector), vector);
    count[wrong ? 'failed' : 'passed'] += 1;
    if (wrong) console.log(`FAIL ${name}: ${wrong}`);
  }
} finally {
  fs.rmSync(directory, { recursive: true });
}
for (const [reason, names] of Object.entries(skips)) {
  console.log(`skipped ${names.length}: ${reason}`);
}
const skipped = Object.values(skips).flat().length;
console.log(`${count.passed} passed, ${count.failed} failed, ${skipped} skipped`);
process.exit(count.failed > 0 || count.passed === 0 ? 1 : 0);
