#!/usr/bin/env bash
# Copies of secrets are plain files in memory that is never swapped: there before anybody reads the
# mount, with the secret's owner and mode, following each change in one step, kept when the secret
# fails or the daemon ends, removed when they are declared no longer; and made by a process that the
# daemon does not wait for.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/lib.sh"
need_root
need python3 jq

m=$work/mnt
c=$work/memory
mkdir "$work/src" "$c" "$work/disk"
mount -t ramfs ramfs "$c"
undo+=("umount -l '$c'")
user=$(unique c)
add_user "$user"
export STATE_DIRECTORY=$work/state RUNTIME_DIRECTORY=$work/run
mkdir "$STATE_DIRECTORY" "$RUNTIME_DIRECTORY"
write() { # TEXT NAME
  printf %s "$1" >"$work/src/.new"
  mv "$work/src/.new" "$work/src/$2"
}
access="owner: $user, group: $user, mode: \"0440\""
configure() { # COPIES-OF-A [MORE]
  printf '%s\n' "secrets:
  a: {file: src/a, $access, copies: $1}
  late: {file: src/late, copies: $c/late}
${2:-}" >"$work/config.new"
  mv "$work/config.new" "$work/config.yaml"
}
holds() { [[ $(cat "$1" 2>/dev/null) == "$2" ]]; } # FILE TEXT
keeper_of() { # DAEMON: its child
  cat "/proc/$1/task/"*/children | tr ' ' '\n' | while read -r child; do
    ! tr '\0' ' ' <"/proc/$child/cmdline" | grep -q ' keeper ' || printf %s "$child"
  done
}
status_of() { jq -r --arg path "$1" '.secrets[].copies[]? | select(.path == $path) | "\(.state) \(.reason // "")"' <"$m/.secretfs/status.json"; }

# --- eagerly, with owner and mode -----------------------------------------------------------------------------

write first a
configure "[$c/deep/a, $c/b]"
mount_start "$work/config.yaml" "$m"
wait_until 'the copies are there' eval 'holds "$c/deep/a" first && holds "$c/b" first'
expect_eq "$(stat -c '%U %G %a %F' "$c/b")" "$user $user 440 regular file" 'a copy'
expect_eq "$(stat -c %a "$c/deep")" 711 'a folder that was made for it'
expect_eq "$(jq -r '.secrets[] | select(.name == "a") | .opens' <"$m/.secretfs/status.json")" 0 'opens of the secret so far'
expect_eq "$(status_of "$c/b")" 'current ' 'the state of a copy'
expect_eq "$(status_of "$c/late")" "failed $work/src/late: cannot open: no such file or directory" 'the state of one that has no secret'

# --- following ------------------------------------------------------------------------------------------------

exec 8<"$c/b"
write second a
wait_until 'the copies follow' eval 'holds "$c/deep/a" second && holds "$c/b" second'
expect_eq "$(cat <&8)" first 'who has the old one open'
exec 8<&-
write 'here now' late
wait_until 'a copy comes with its secret' holds "$c/late" 'here now'
rm "$c/b"
wait_until 'a copy that was removed comes back' holds "$c/b" second
rm "$work/src/late"
wait_until 'the secret is stale' eval 'jq -e ".secrets[] | select(.name == \"late\" and .state == \"stale\")" <"$m/.secretfs/status.json" >/dev/null'
holds "$c/late" 'here now' || fail 'the last good value of a copy is gone'

# --- reloads ---------------------------------------------------------------------------------------------------

printf theirs >"$c/taken"
configure "[$c/b, $c/taken, $work/disk/a, /run/secretfs/plain/$$/a]"
[[ -e /run/secretfs/plain ]] ||
  undo+=('umount /run/secretfs/plain; rmdir /run/secretfs/plain; rmdir /run/secretfs')
undo+=("rm -rf /run/secretfs/plain/$$")
kill -HUP "$daemon"
wait_until 'a copy that is declared no longer goes' eval '[[ ! -e $c/deep/a ]]'
wait_until 'a file that is in the way is told of' eval '[[ $(status_of "$c/taken") == "failed $c/taken: is there already, and is not a copy of secretfs" ]]'
wait_until 'a folder on a disk is told of' eval '[[ $(status_of "$work/disk/a") == failed*" is "*"on a "* ]]'
wait_until 'what is needed for copies is mounted' holds "/run/secretfs/plain/$$/a" second
expect_eq "$(stat -f -c %T /run/secretfs/plain)" ramfs 'what is mounted for copies'
expect_eq "$(stat -c %a "/run/secretfs/plain/$$")" 711 'a folder in it, which others cannot list'
[[ -n ${was_there-} ]] || expect_eq "$(stat -c %a /run/secretfs/plain)" 711 'the folder of copies'
expect_eq "$(cat "$c/taken")$(ls "$work/disk")" theirs 'the file in the way, and the disk'
"$program" status "$m" >"$work/out" || true
expect_match "$(cat "$work/out")" 'a: its copy: .*is not a copy of secretfs' 'what status says'

# --- a keeper that hangs -------------------------------------------------------------------------------------------

keeper=$(keeper_of "$daemon")
[[ -n $keeper ]] || fail 'the daemon has no keeper'
undo+=("kill -CONT $keeper 2>/dev/null")
kill -STOP "$keeper"
write third a
wait_until 'the secret is served meanwhile' holds "$m/a" third
configure "[$c/b]" '  new: {file: src/a}'
kill -HUP "$daemon"
wait_until 'a reload goes on meanwhile' holds "$m/new" third
kill -CONT "$keeper"
wait_until 'then the copy follows' holds "$c/b" third
wait_until 'and the others go' eval '[[ ! -e /run/secretfs/plain/$$/a ]]'
kill -KILL "$keeper"
write fourth a
wait_until 'another keeper is started' holds "$c/b" fourth

# --- less access ----------------------------------------------------------------------------------------------

access='owner: root, group: root, mode: "0400"'
configure "[$c/b]"
kill -HUP "$daemon"
wait_until 'a copy has the new owner and mode' eval '[[ $(stat -c "%U %G %a" "$c/b") == "root root 400" ]]'
write fifth a
wait_until 'and keeps them with its next content' holds "$c/b" fifth
expect_eq "$(stat -c '%U %G %a' "$c/b")" 'root root 400' 'the next content'

rm "$work/src/a"
access='owner: root, group: root, mode: "0000"'
configure "[$c/b]"
kill -HUP "$daemon"
wait_until 'also without its secret' eval '[[ $(stat -c %a "$c/b") == 0 ]]'
holds "$c/b" fifth || fail 'the last good value is gone'
printf '%s\n' "secrets: {b: {file: src/missing, copies: $c/b}, c: {file: src/c, copies: $c/c}}" >"$work/config.yaml"
kill -HUP "$daemon"
wait_until 'one of another secret does not stay' eval '[[ ! -e $c/b ]]'
write fifth a
configure "[$c/b]"
kill -HUP "$daemon"
wait_until 'and comes back with its own' holds "$c/b" fifth

# --- the end, and the next daemon -------------------------------------------------------------------------------------

mount_stop TERM
holds "$c/b" fifth || fail 'a copy went with the daemon'
inode=$(stat -c %i "$c/b")
mount_start "$work/config.yaml" "$m"
configure '[]'
wait_until 'the next daemon knows the copies of the first' eval '[[ ! -e $c/b ]]'
[[ -n $inode ]] || fail 'no inode'
keeper=$(keeper_of "$daemon")
mount_crash
wait_until 'the keeper ends with its daemon' is_gone "$keeper"

finish 'copies are in memory, early, with owner and mode, follow their secrets in one step, and wait for nobody'
