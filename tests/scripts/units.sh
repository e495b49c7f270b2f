#!/usr/bin/env bash
# Rules of units and programs, and .credstore, with cgroups made by hand as systemd makes them: who
# is in a unit reads, as whatever user; who is not does not, root included where it says so; each
# unit sees its own credentials only, and what one saw is not remembered for another.
source "$(dirname "$0")/lib.sh"
need_root
need jq setpriv useradd unshare

make_slice || skip 'no cgroup can be made'
add_unit db.service
add_unit db.service/web.service # what a unit makes below itself
add_unit web.service
add_unit "user@4711.service/app.slice/backup.service"

told=$(in_unit db.service cat /proc/self/cgroup)
expect_match "$told" "/sfstest$$.slice/db.service" 'the cgroup of a process in a unit made by hand'
if [[ $told == *'/../'* ]]; then skip 'this is a cgroup namespace below the one of the hierarchy'; fi

user=$(unique u)
add_user "$user"
cp "$(command -v cat)" "$work/reader"
mkdir "$work/src"
printf 'top secret\n' >"$work/src/s"
cat >"$work/config.yaml" <<YAML
audit: {file: audit.jsonl}
secrets:
  db/password: {file: src/s, readers: ["unit:db.service"]}
  db/any:      {file: src/s, readers: ["unit:*.service"]}
  backup:      {file: src/s, readers: ["user-unit:4711/backup.service"]}
  mine:        {file: src/s, owner: 4711, readers: ["user-unit:backup.service"]}
  confined:    {file: src/s, mode: "0444", confine_to: ["unit:web.service"]}
  program:     {file: src/s, readers: ["exe:$work/reader"]}
  public:      {file: src/s, mode: "0444"}
YAML
m=$work/mnt
mount_start "$work/config.yaml" "$m"

allowed() { # UNIT SECRET [COMMAND...]
  local unit=$1 secret=$2
  shift 2
  expect_eq "$(in_unit "$unit" "$@" cat "$m/$secret")" 'top secret' "$secret read in $unit by ${*:-root}"
}
refused() { # ERRNO UNIT SECRET [COMMAND...]
  local errno=$1 unit=$2 secret=$3
  shift 3
  expect_errno "$m/$secret" "$errno" "$secret in $unit by ${*:-root}" in_unit "$unit" "$@"
}

# --- rules of units -------------------------------------------------------------------------------

as_words "$user"
ordinary=("${as_user[@]}")
allowed db.service db/password "${ordinary[@]}"
allowed web.service db/any "${ordinary[@]}"
allowed db.service/web.service db/password "${ordinary[@]}"
refused EACCES web.service db/password "${ordinary[@]}"
refused EACCES db.service/web.service confined "${ordinary[@]}"
expect_errno "$m/db/any" EACCES 'by a user in no unit' "${ordinary[@]}"
backup="user@4711.service/app.slice/backup.service"
allowed "$backup" backup "${ordinary[@]}"
allowed "$backup" mine "${ordinary[@]}"
refused EACCES web.service mine "${ordinary[@]}"
allowed web.service confined
refused EACCES db.service confined
expect_errno "$m/confined" EACCES 'by root outside of the unit'

# --- rules of programs ----------------------------------------------------------------------------

expect_eq "$("${ordinary[@]}" "$work/reader" "$m/program")" 'top secret' 'by the program that may'
if "${ordinary[@]}" cat "$m/program" 2>/dev/null; then fail 'another program reads what is for one'; fi
# In a mount namespace of its own, another program has the path of the one that may.
cp "$(command -v cat)" "$work/impostor"
# shellcheck disable=SC2016
bind='mount --bind "$1/impostor" "$1/reader"'
if unshare -m sh -c "$bind" - "$work" 2>/dev/null; then
  expect_exit 1 unshare -m sh -c "$bind"' && exec setpriv --reuid "$3" --clear-groups "$1/reader" "$2"' \
    - "$work" "$m/program" "$user"
  expect_match "$err" 'reader: .*Permission denied' 'a program under the path of another'
fi

# --- .credstore -----------------------------------------------------------------------------------

store=$m/.credstore
list() { in_unit "$1" ls "$store" | tr '\n' ' '; }
expect_eq "$(list db.service)" 'db.any db.password ' 'credentials of one unit'
expect_eq "$(list web.service)" 'confined db.any ' 'credentials of another'
expect_eq "$(list "$backup")" 'backup db.any mine ' "credentials of a user's unit, whose manager is a unit too"
expect_eq "$(ls "$store")" '' 'credentials of root in no unit'
expect_eq "$(list db.service)" 'db.any db.password ' 'credentials of the first again'
allowed db.service .credstore/db.password
allowed db.service .credstore/db.password
refused ENOENT web.service .credstore/db.password
allowed db.service .credstore/db.password
expect_errno "$store/db.password" ENOENT 'by root, who may read the file itself'
refused ENOENT db.service .credstore/public
if in_unit web.service stat "$store/db.password" 2>/dev/null; then fail 'stat finds a credential of another'; fi
in_unit db.service stat "$store/db.password" >/dev/null || fail 'stat does not find a credential of its own'
ln -s "$store" "$work/credstore"
expect_eq "$(in_unit db.service sh -c "cat '$work'/credstore/db.*" | sort -u)" 'top secret' 'by a glob through a link'
wait_until 'the refused look-up is on record' sh -c "jq -se 'any(.[]; .operation == \"lookup\" and
  .decision == \"denied\" and .secret == \"db/password\")' '$work/audit.jsonl' >/dev/null 2>&1"

mount_stop TERM
finish 'units and programs read what they may, and credentials are seen by their units only'
