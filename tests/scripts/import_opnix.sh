#!/usr/bin/env bash
# OpNix's secrets.json becomes a configuration, and what has no counterpart is told.
source "$(dirname "$0")/lib.sh"

cd "$work"
cat >secrets.json <<'JSON'
{
  "secrets": [
    {"path": "db/password", "reference": "op://Homelab/Database/password", "owner": "postgres",
     "mode": "0400", "symlinks": ["/etc/db.password"], "services": ["postgresql"]},
    {"path": "/run/secrets/{app}.env", "reference": "op://Homelab/App/env file.txt", "kind": "file",
     "variables": {"app": "opencode"}, "services": {"opencode": {"after": ["mnt-data.mount"]}}}
  ],
  "systemdIntegration": {"enable": true, "restartOnChange": true, "extra": 1}
}
JSON

# --- what it prints --------------------------------------------------------------------------------

expect_exit 0 "$program" import opnix secrets.json --token-file /var/lib/token --source home
expect_eq "$out" '# From OpNix'\''s secrets.json, by `secretfs import opnix`.
sources:
  "home":
    onepassword: {token_file: "/var/lib/token"}
secrets:
  "db/password":
    source: "home"
    ref: "op://Homelab/Database/password"
    owner: "postgres"
    mode: "0400"
    links: ["/var/lib/opnix/secrets/db/password", "/etc/db.password"]
    on_change: {restart: ["postgresql.service"]}
  "opencode.env":
    source: "home"
    ref: "op://Homelab/App/env file.txt"
    mode: "0600"
    on_change: {restart: ["opencode.service"]}' 'the configuration'
expect_match "$err" "warning: secrets\.json:8:[0-9]+: unknown key 'extra' is passed over" 'a key nobody knows'
expect_match "$err" "warning: secrets\.json:6:[0-9]+: .*'opencode\.service' have After=mnt-data\.mount" 'an order'

expect_exit 0 "$program" import opnix secrets.json --output-dir /srv/me --mount /srv/me/secrets -o config.yaml
expect_eq "$out" '' 'what is printed with -o'
expect_match "$(cat config.yaml)" 'links: \["/srv/me/db/password", "/etc/db\.password"\]' 'links in a folder that is told'
expect_match "$(cat config.yaml)" '"run/secrets/opencode\.env":' 'a name outside of the folder and the mount'

# --- what is wrong ----------------------------------------------------------------------------------

wrong() { # JSON MESSAGE
  printf '%s\n' "$1" >wrong.json
  expect_exit 1 "$program" import opnix wrong.json -o wrong.out
  expect_match "$err" "$2" "the words for $1"
  [[ ! -e wrong.out ]] || fail "something was written for $1"
}
wrong '{' 'wrong.json:'
wrong '[]' "wrong.json:1:1: OpNix's secrets must be a mapping"
wrong '{"secrets": {}}' "wrong.json:1:13: 'secrets' must be a list"
wrong '{"secrets": [{"path": "a"}]}' "wrong.json:1:14: a secret has no 'reference'"
wrong '{"secrets": [{"path": "{x}", "reference": "op://v/i/f"}]}' "wrong.json:1:23: variable 'x' of a path has no value"
expect_exit 1 "$program" import opnix missing.json
expect_match "$err" 'missing.json: .*no such file' 'a file that is not there'
expect_exit 1 "$program" import opnix secrets.json --output-dir here
expect_match "$err" 'here: --output-dir needs an absolute path' 'a folder that is relative'

finish "OpNix's manifest is taken over: secrets, owners, links and units"
