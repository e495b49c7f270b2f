#!/usr/bin/env bash
# LoadCredential= through the socket: by the policy, and a unit that is refused does not start.
source "$(dirname "$0")/../lib.sh"
socket=/run/secretfs/credentials.sock
secret password 'by socket'
head -c 1048577 /dev/zero | tr '\0' x >"$work/large"
serve <<YAML
credentials: {scopes: [db/prod]}
secrets:
  db/prod/password: {file: /run/values/password, readers: ["unit:by-*.service"]}
  db/prod/large: {file: $work/large, readers: ["unit:by-*.service"]}
  db/prod/gone: {file: /run/values/gone, readers: ["unit:by-*.service"], wait: 0}
  of-root: {file: /run/values/password}
YAML
wait_until 'the socket is there' test -S "$socket"
expect_eq "$(stat -c '%a %U' "$socket")" '600 secretfs' 'the socket'

consumer() { # NAME ID SOCKET [LINE...]
  local name=$1 id=$2 at=$3
  shift 3
  { printf '[Service]\nType=oneshot\nRemainAfterExit=yes\nLoadCredential=%s:%s\n' "$id" "$at"
    printf 'ExecStart=cat ${CREDENTIALS_DIRECTORY}/%s\n' "$id"
    printf '%s\n' "$@"; } | unit "$name"
}
consumer by-user.service db.prod.password "$socket" User=nobody
consumer by-dynamic-user.service db.prod.password "$socket" DynamicUser=yes ProtectSystem=strict
consumer by-scope.service password /run/secretfs/credentials/db.prod.sock
consumer not-named.service db.prod.password "$socket"
consumer by-root.service of-root "$socket"
consumer by-nothing.service db.prod.nothing "$socket"
consumer by-large.service db.prod.large "$socket"
consumer by-gone.service db.prod.gone "$socket"
consumer "by-$(printf 'x%.0s' {1..70}).service" db.prod.password "$socket"
systemctl daemon-reload
for name in by-user by-dynamic-user by-scope; do
  systemctl start "$name.service" || fail "$name.service was not started"
  wait_until "$name.service has its credential" logged "$name.service" '^by socket$'
done
for name in not-named by-root by-nothing by-large by-gone; do expect_refused "$name.service" "$name"; done
expect_refused "by-$(printf 'x%.0s' {1..70}).service" 'names that are too long together (systemd)'

# Why is told by us, with unit and name.
told() { journal secretfs.service | grep -E "secret=$2.*unit=$1.service|unit=$1.service.*secret=$2" | grep -qE -- "$3"; }
wait_until 'the log tells of not-named.service' told not-named db/prod/password denied
wait_until 'the log tells of by-nothing.service' told by-nothing db.prod.nothing 'no such secret'
wait_until 'the log tells of by-large.service' told by-large db/prod/large '1 MiB'
wait_until 'the log tells of by-gone.service' told by-gone db/prod/gone 'not there in time|/run/values/gone'

# Not systemd: root in the scope of nothing, who says that he is a unit that may.
lie() {
  perl -MSocket -e '
    my $s;
    socket($s, AF_UNIX, SOCK_STREAM, 0) or die $!;
    bind($s, pack("S", AF_UNIX) . "\0ab12/unit/by-user.service/db.prod.password") or die $!;
    connect($s, sockaddr_un($ARGV[0])) or die $!;
    local $/; my $got = <$s>; print length $got, " ", $got =~ /by socket/ ? "given" : "zeros"' "$socket"
}
expect_match "$(lie)" '^[0-9]{7} zeros$' 'who says that he is a unit'
expect_no_match "$(as nobody perl -MSocket -e 'my $s; socket($s, AF_UNIX, SOCK_STREAM, 0); print connect($s, sockaddr_un($ARGV[0])) ? "connected" : "no"' "$socket")" connected 'who is not root'
finish 'units get credentials through the socket; refused, over 1 MiB or not there, they do not start, and the log says why'
