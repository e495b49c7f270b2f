#!/usr/bin/env bash
# /run/credstore as a link to .credstore: credentials by their names alone.
source "$(dirname "$0")/../lib.sh"
secret password 'from the store'
serve <<'YAML'
secrets:
  db/prod/password: {file: /run/values/password, readers: ["unit:of-*.service"]}
  db/prod/other: {file: /run/values/password, readers: ["unit:not-*.service"]}
  db/prod/nobody: {file: /run/values/password}
YAML
ln -s "$mount/.credstore" /run/credstore
undo+=('rm -f /run/credstore')
consumer() { # NAME LINE...
  local name=$1
  shift
  { printf '[Service]\nType=oneshot\nDynamicUser=yes\n'
    printf '%s\n' "$@"
    printf 'ExecStart=bash -c '"'"'ls -m "$CREDENTIALS_DIRECTORY"; cat "$CREDENTIALS_DIRECTORY"/*'"'"'\n'; } | unit "$name"
}
consumer of-name.service LoadCredential=db.prod.password
consumer of-other.service LoadCredential=db.prod.password LoadCredential=db.prod.other LoadCredential=db.prod.nobody
consumer not-of.service LoadCredential=db.prod.password
consumer of-glob.service 'ImportCredential=db.*'
systemctl daemon-reload
systemctl start of-name.service of-other.service
wait_until 'a unit has it by its name' logged of-name.service '^(db.prod.password|from the store)$' 2
wait_until 'a unit has only what it may have' logged of-other.service '^db.prod.password$'
# What is not in its store is to systemd as if it did not exist: such a unit starts without.
systemctl start not-of.service 2>/dev/null || true
expect_eq "$(journal not-of.service | grep -c 'from the store')" 0 'what a unit may not have'
with=
if ((systemd >= 254)); then
  systemctl start of-glob.service
  wait_until 'a unit has by a pattern only what it may have' logged of-glob.service '^db.prod.password$'
  with=' and ImportCredential=PATTERN'
fi
# Everybody sees the folder, and nobody in it what is not his.
expect_eq "$(as nobody ls "$mount/.credstore")" '' 'the listing for a user'
expect_eq "$(ls "$mount/.credstore")" '' 'the listing for root in another unit'
expect_errno "$mount/.credstore/db.prod.password" ENOENT 'the name for root in another unit'
finish "LoadCredential=NAME$with find what the unit may have, and nothing else"
