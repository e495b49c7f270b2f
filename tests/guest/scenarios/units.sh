#!/usr/bin/env bash
# Who reads is told by the cgroup that systemd made: by unit rules, within confine_to, with any user,
# and whatever a process or a user calls itself.
source "$(dirname "$0")/../lib.sh"
with_rights # to see programs
secret web 'for web.service'
serve <<'YAML'
secrets:
  web: {file: /run/values/web, readers: ["unit:web.service"]}
  confined: {file: /run/values/web, confine_to: ["unit:web.service", "unit:web@*.service"]}
  vm: {file: /run/values/web, readers: ["unit:vm@*.service"]}
  of-user: {file: /run/values/web, readers: ["user-unit:visitor/app.service"]}
  perl: {file: /run/values/web, readers: ["exe:/usr/bin/perl"]}
YAML
reads() { # UNIT FILE ERRNO WHAT [PROPERTY...]
  local unit=$1 file=$2 want=$3 what=$4
  shift 4
  expect_errno "$mount/$file" "$want" "$what" as_unit "$unit" "$@" --
}

reads web.service web ok 'the unit that is named' User=nobody
reads web.service web ok 'with a dynamic user' DynamicUser=yes ProtectSystem=strict PrivateTmp=yes
reads other.service web EACCES 'another unit' User=nobody
expect_errno "$mount/web" EACCES 'no unit of that name' as nobody
reads vm@one.service vm ok 'an instance' User=nobody
reads vm.service vm EACCES 'no instance' User=nobody

# confine_to holds for root too.
reads web.service confined ok 'root, within' User=root
reads web@1.service confined ok 'root, within an instance'
reads web.service confined EACCES 'within, but without a right' User=nobody
reads other.service confined EACCES 'root, in another unit'
expect_errno "$mount/confined" EACCES 'root, in no such unit'
consumer() { # NAME
  unit "$1" <<'UNIT'
[Service]
Type=oneshot
DynamicUser=yes
LoadCredential=x:/run/secrets/confined
ExecStart=grep -q 'for web' ${CREDENTIALS_DIRECTORY}/x
UNIT
}
consumer web.service
consumer other.service
systemctl daemon-reload
systemctl start web.service || fail 'LoadCredential= of the unit that is named'
expect_refused other.service 'LoadCredential= of another unit'
rm /run/systemd/system/{web,other}.service
systemctl reset-failed other.service
systemctl daemon-reload

# What a unit makes below its own cgroup is the unit, whatever it is called.
cat >"$work/in-child" <<'SH'
cgroup=/sys/fs/cgroup/system.slice/$1/web.service
mkdir "$cgroup" && echo $$ >"$cgroup/cgroup.procs" && grep -q "/$1/web.service$" /proc/self/cgroup || exit 1
exec setpriv --reuid nobody --clear-groups "${@:2}"
SH
in_child() { # UNIT: what reading gives in a child cgroup named web.service
  read_errno "$mount/web" as_unit "$1" Delegate=yes -- bash "$work/in-child" "$1"
}
expect_eq "$(in_child other.service)" EACCES 'a child cgroup with the name of another unit'
expect_eq "$(in_child web.service)" ok 'a child cgroup of the unit itself'

# A user's own manager gives its units any name.
# pam_systemd, which is not installed, would set this.
mkdir -p /run/systemd/system/user@.service.d
printf '[Service]\nEnvironment=XDG_RUNTIME_DIR=/run/user/%%i\n' >/run/systemd/system/user@.service.d/runtime.conf
undo+=('rm -r /run/systemd/system/user@.service.d')
systemctl daemon-reload
add_user visitor
add_user stranger
{ declare -f read_errno; echo 'read_errno "$1" >"$2"'; } >"$work/read-errno"
mkdir -p /run/systemd/user
user_reads() { # USER UNIT FILE
  local id runtime
  id=$(id -u "$1")
  runtime=/run/user/$id
  printf '[Service]\nType=oneshot\nExecStart=bash %s %s %s\n' "$work/read-errno" "$mount/$3" "$runtime/result" \
    >"/run/systemd/user/$2"
  undo+=("systemctl stop user@$id.service; rm -f /run/systemd/user/$2")
  systemctl start "user@$id.service"
  XDG_RUNTIME_DIR=$runtime as "$1" systemctl --user daemon-reload
  XDG_RUNTIME_DIR=$runtime as "$1" systemctl --user start "$2"
  cat "$runtime/result"
}
expect_eq "$(user_reads visitor web.service web)" EACCES "a user's unit with the name of one of the system's"
expect_eq "$(user_reads visitor app.service of-user)" ok "the user's unit that is named"
expect_eq "$(user_reads visitor other.service of-user)" EACCES "another unit of that user"
expect_eq "$(user_reads stranger app.service of-user)" EACCES "a unit of that name of another user"
reads app.service of-user EACCES "the system's unit of that name" User=nobody

reads other.service perl ok 'the program that is named' User=nobody
expect_eq "$(as_unit other.service User=nobody -- cat "$mount/perl" 2>&1 | sed -n '1s/.*: //p')" 'Permission denied' 'another program'
finish 'units, instances, programs and the units of users are told apart; root is confined; no name deceives'
