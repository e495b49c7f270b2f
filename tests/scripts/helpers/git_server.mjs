// Git repositories over HTTPS with basic auth on a free port of 127.0.0.1, for git.sh and nix.sh.
//   node git_server.mjs REPOSITORIES CERTIFICATE KEY TOKENS SEEN
// REPOSITORIES is served by `git http-backend`. TOKENS is a JSON file {"HOST": {user, token}}, read
// at each request; HOST is the name that the client asked for, without its port. Every request adds
// a line "HOST USER granted|refused|anonymous" to SEEN. Prints "port N" when it listens. Ends by
// itself after ten minutes.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import https from 'node:https';

const [repositories, certificate, key, tokens, seen] = process.argv.slice(2);
const lifetimeMs = 600_000;

// [user, verdict] of a request for `host`.
function judge(host, header) {
  if (!header) return ['-', 'anonymous'];
  const [scheme, text] = header.split(' ');
  const plain = Buffer.from(text ?? '', 'base64').toString();
  const colon = plain.indexOf(':');
  const [user, token] = [plain.slice(0, colon), plain.slice(colon + 1)];
  const known = JSON.parse(fs.readFileSync(tokens, 'utf8'))[host];
  const granted = scheme === 'Basic' && known?.user === user && known?.token === token;
  return [user, granted ? 'granted' : 'refused'];
}

// Runs the CGI program: headers, an empty line, the body.
function runBackend(request, response, user) {
  const url = new URL(request.url, 'https://localhost');
  const backend = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: repositories,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_COUNT: '1',  // the repositories may be another user's
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
      REQUEST_METHOD: request.method,
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: request.headers['content-length'] ?? '',
      HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: request.headers['git-protocol'] ?? '',
      REMOTE_USER: user,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  request.pipe(backend.stdin);
  backend.stdin.on('error', () => {});
  const parts = [];
  backend.stdout.on('data', (part) => parts.push(part));
  backend.on('close', () => {
    const output = Buffer.concat(parts);
    const end = output.indexOf('\r\n\r\n');
    let status = 200;
    for (const line of output.subarray(0, end).toString().split('\r\n')) {
      const [name, value] = line.split(/: (.*)/s);
      if (name === 'Status') status = Number.parseInt(value, 10);
      else if (value !== undefined) response.setHeader(name, value);
    }
    response.writeHead(status);
    response.end(output.subarray(end + 4));
  });
}

const server = https.createServer(
  { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) },
  (request, response) => {
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    const [user, verdict] = judge(host, request.headers.authorization);
    fs.appendFileSync(seen, `${host} ${user} ${verdict}\n`);
    if (verdict === 'granted') return runBackend(request, response, user);
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="test"' });
    return response.end();
  });
server.listen(0, '127.0.0.1', () => console.log(`port ${server.address().port}`));
setTimeout(() => process.exit(1), lifetimeMs);
