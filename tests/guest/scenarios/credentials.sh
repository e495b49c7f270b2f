#!/usr/bin/env bash
# LoadCredential= by path: with User=, with DynamicUser=, a folder, and what is not there.
source "$(dirname "$0")/../lib.sh"
secret db 'the database'
secret api $'the interface\nwith two lines\n'
serve <<'YAML'
secrets:
  app/db: {file: /run/values/db}
  app/api: {file: /run/values/api}
  gone: {file: /run/values/gone, wait: 0}
YAML

consumer() { # NAME, lines of [Service] from standard input
  { printf '[Service]\nType=oneshot\nRemainAfterExit=yes\n'; cat; } | unit "$1"
}
consumer by-user.service <<'UNIT'
User=nobody
LoadCredential=db:/run/secrets/app/db
ExecStart=bash -c 'id -un; cat %d/db'
UNIT
consumer by-dynamic-user.service <<'UNIT'
DynamicUser=yes
PrivateTmp=yes
ProtectSystem=strict
LoadCredential=db:/run/secrets/app/db
ExecStart=bash -c 'cat %d/db'
UNIT
consumer by-folder.service <<'UNIT'
DynamicUser=yes
LoadCredential=all:/run/secrets/app
ExecStart=bash -c 'cat %d/all_db %d/all_api | sha256sum'
UNIT
consumer of-nothing.service <<'UNIT'
LoadCredential=x:/run/secrets/app/nothing
ExecStart=true
UNIT
consumer of-gone.service <<'UNIT'
LoadCredential=x:/run/secrets/gone
ExecStart=true
UNIT
systemctl daemon-reload
systemctl start by-user.service by-dynamic-user.service by-folder.service
wait_until 'a unit with User= has its credential' logged by-user.service 'the database'
wait_until 'it runs as that user' logged by-user.service '^nobody$'
wait_until 'a unit with DynamicUser= has its credential' logged by-dynamic-user.service 'the database'
sum=$(printf 'the databasethe interface\nwith two lines\n' | sha256sum)
wait_until 'a unit has the credentials of a folder' logged by-folder.service "$sum"
expect_refused of-nothing.service 'a credential that does not exist'
expect_refused of-gone.service 'a credential whose source is not there'
# Not for them otherwise.
expect_errno "$mount/app/db" EACCES 'the file for nobody' as nobody
finish 'units with User= and DynamicUser= get credentials by path; without them they do not start'
