#!/usr/bin/env bash
# Who uses a secret is told when it changed: by inotify on the mounted file and its folder, by poll,
# by requests to the actor in the order of the configuration, and by links that follow the
# configuration; nobody is told of a first appearance, or of the same content again.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/lib.sh"
need_root
need python3

m=$work/mnt
mkdir "$work/src" "$work/run" "$work/real"
printf first >"$work/src/a"
printf beside >"$work/src/b"
export RUNTIME_DIRECTORY=$work/run STATE_DIRECTORY=$work/state
mkdir "$STATE_DIRECTORY"
configure() { # MODE-OF-A LINKS
  cat >"$work/config.new" <<YAML
secrets:
  dir/a:
    file: src/a
    mode: "$1"
    links: $2
    on_change:
      signal: {one.service: HUP}
      restart: [two.service]
      reload: [three.service]
  dir/b: {file: src/b, on_change: {restart: beside.service}}
YAML
  mv "$work/config.new" "$work/config.yaml"
}
write() { # TEXT NAME: as tools do, beside it and then in its place
  printf %s "$1" >"$work/src/.new"
  mv "$work/src/.new" "$work/src/$2"
}

watching() { # LOG ARGUMENT...
  local to=$1
  shift
  : >"$to"
  python3 "$helpers/watch.py" "$@" >"$to" 2>&1 </dev/null &
  pids+=("$!")
  wait_until "$1 watches" grep -q '^watching$' "$to"
}
told() { tail -n +2 "$1"; } # LOG

configure 0400 "[$work/real/links/a]"
watching "$work/actor" datagrams "$work/run/actor.sock"
mount_start "$work/config.yaml" "$m"

# --- a first appearance is no change -------------------------------------------------------------------

expect_eq "$(cat "$m/dir/a" "$m/dir/b")" firstbeside 'the first values'
wait_until 'the link is made' test -L "$work/real/links/a"
expect_eq "$(readlink "$work/real/links/a") $(cat "$work/real/links/a")" "$m/dir/a first" 'the link'
watching "$work/events" inotify "$m/dir/a" "$m/dir"
watching "$work/polled" poll "$m/dir/a"
exec 8<"$m/dir/a"

# --- new content ---------------------------------------------------------------------------------------

write 'second value' a
wait_until 'inotify tells of it' eval '[[ $(told "$work/events" | grep -c CLOSE_WRITE) == 2 ]]'
expect_eq "$(cat "$m/dir/a")" 'second value' 'what one who was told reads'
expect_eq "$(stat -c %s "$m/dir/a")" 12 'its size'
expect_eq "$(cat <&8)" first 'who has the old one open'
expect_eq "$(told "$work/events" | sort)" "$m/dir ATTRIB a
$m/dir CLOSE_WRITE a
$m/dir MODIFY a
$m/dir/a ATTRIB
$m/dir/a CLOSE_WRITE
$m/dir/a MODIFY" 'events of a change'
wait_until 'poll tells of it' grep -q "^$m/dir/a changed\$" "$work/polled"
wait_until 'the actor is asked' eval '[[ $(told "$work/actor" | wc -l) == 3 ]]'
expect_eq "$(told "$work/actor")" $'signal one.service 1\nrestart two.service\nreload three.service' 'requests, in their order'

# --- the same content, and mode alone --------------------------------------------------------------------

write 'second value' a
write 'third value' b
wait_until 'the other one is announced' eval 'told "$work/actor" | grep -q beside'
expect_eq "$(told "$work/actor" | tail -n +4)" 'restart beside.service' 'requests when the same content was written again'
expect_eq "$(told "$work/events" | grep -c 'dir/a ')" 3 'events of the file when the same content was written again'

configure 0440 "[$work/real/links/a, $work/real/b]"
kill -HUP "$daemon"
wait_until 'the new mode shows' eval '[[ $(stat -c %a "$m/dir/a") == 440 ]]'
wait_until 'inotify tells of the mode' eval '[[ $(told "$work/events" | grep -c "dir/a ATTRIB") == 2 ]]'
wait_until 'the actor is asked' eval '[[ $(told "$work/actor" | wc -l) == 7 ]]'
expect_eq "$(told "$work/events" | grep -c 'dir/a MODIFY')" 1 'modifications when only the mode changed'
expect_eq "$(told "$work/polled" | wc -l)" 1 'what poll told of when only the mode changed'
expect_eq "$(told "$work/actor" | tail -n +5)" $'signal one.service 1\nrestart two.service\nreload three.service' 'requests for a mode'

# --- links ------------------------------------------------------------------------------------------------

wait_until 'the second link is made' test -L "$work/real/b"
configure 0440 "[$work/real/b, $work/src/b]"
kill -HUP "$daemon"
wait_until 'the first link is removed' eval '[[ ! -L $work/real/links/a ]]'
expect_eq "$(cat "$work/real/b")" 'second value' 'through the link that stays'
wait_until 'it is said that a file is in the way' grep -q 'is not a link of secretfs' "$log"
expect_eq "$(cat "$work/src/b")" 'third value' 'the file in the way of a link'

# --- nobody can write, whatever the mount ------------------------------------------------------------------

mkdir "$work/copy"
mount --bind "$m" "$work/copy"
undo+=("umount -l '$work/copy' 2>/dev/null")
mount -o remount,bind,rw "$work/copy"
if (printf x >"$work/copy/dir/a") 2>/dev/null; then fail 'a writable mount of it can be written to'; fi
if touch "$work/copy/dir/a" 2>/dev/null; then fail 'a writable mount of it can be touched'; fi
if mkdir "$work/copy/new" 2>/dev/null; then fail 'a folder can be made in a writable mount of it'; fi
expect_eq "$(cat "$m/dir/a")" 'second value' 'the content after that'
umount "$work/copy"

mount_stop TERM
finish 'watchers by inotify and poll, units by the actor, and links follow each change of content or mode in order; first values and equal ones are no change'
