#!/usr/bin/env bash
# Reading the configuration again, by SIGHUP, by `secretfs reload` and by changing the file: an
# error keeps everything and says why; else it takes effect at once, without unmounting, and what it
# says nothing new about is not fetched again. Also a clock that jumps, an audit disk that is full,
# and readers that are killed while they wait.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/lib.sh"
need_root
need age age-keygen jq

# Reading a file in here moves its atime: a witness of who fetches.
mkdir "$work/src"
mount -t tmpfs -o strictatime,mode=755 tmpfs "$work/src"
mounts+=("$work/src")
cd "$work/src"
age-keygen -o ours.txt 2>/dev/null
us=$(age-keygen -y ours.txt)
for name in first second third; do printf 'the %s value\n' "$name" >"$name"; done
age -r "$us" -o sealed.age first
mkdir shown && cd shown && cp ../first first # where `wait` has no say

m=$work/mnt
config=$work/config.yaml
configure() { # replaces the configuration by standard input, as editors do
  cat >"$config.new"
  mv "$config.new" "$config"
}
standard() { # [MORE LINES...]
  printf '%s\n' 'identities: [src/ours.txt]' 'views:' '  view: {format: template, content: "<{{ kept }}>"}' 'secrets:' \
    '  kept: {file: src/first}' '  sealed: {age: src/sealed.age}' "$@"
}
status_json() { jq -r "$1" "$m/.secretfs/status.json"; }
status_of() { jq -r --arg name "$1" ".secrets[] | select(.name == \$name) | $2" "$m/.secretfs/status.json"; }
mount_id() { awk -v want="$m" '$5 == want { print $1 }' /proc/self/mountinfo; }
atimes() { stat -c %.9X "$work/src/first" "$work/src/sealed.age"; }
reloads() { grep -c 'event=reloaded' "$log" || true; }
failures() { grep -c 'event=reload_failed' "$log" || true; }
more_than() { (($("$1") > $2)); } # COUNTER NUMBER

standard '  changed: {file: src/first}' '  gone: {file: src/second}' '  kind: {file: src/second}' '  folder/inner: {file: src/second}' \
  '  access: {file: src/second}' | configure
mount_start "$config" "$m"
for name in kept sealed changed gone kind folder/inner access; do cat "$m/$name" >/dev/null; done
expect_eq "$(cat "$m/view")" $'<the first value\n>' 'view before'
id=$(mount_id)
inodes() { stat -c '%n %i' "$m/kept" "$m/sealed" "$m/changed" "$m/access" "$m/view"; }
before=$(inodes)
exec 7<"$m/changed" 8<"$m/gone"
cd "$m/folder" # an open folder must not keep anything from being done

# --- what is new, gone and changed ----------------------------------------------------------------

witness=$(atimes)
versions=$(status_of kept .version)/$(status_of sealed .version)
standard '  changed: {file: src/third}' '  new: {file: src/third}' '  kind/inner: {file: src/third}' '  folder: {file: src/third}' \
  '  access: {file: src/second, mode: "0444", owner: "12345", group: "54321"}' | configure
expect_exit 0 "$program" reload "$m"
expect_eq "$(cat "$m/changed")" 'the third value' 'a secret that is declared otherwise'
expect_eq "$(cat "$m/new")" 'the third value' 'a secret that was added'
expect_errno "$m/gone" ENOENT 'a secret that was removed'
expect_eq "$(cat "$m/kind/inner") $(cat "$m/folder")" 'the third value the third value' 'a file that became a folder, and the reverse'
expect_eq "$(stat -c '%a %u %g' "$m/access")" '444 12345 54321' 'owner, group and mode'
cd "$work/src"
# shellcheck disable=SC2012
expect_eq "$(ls "$m")" $'access\nchanged\nfolder\nkept\nkind\nnew\nsealed\nview' 'names after the reload'
read -r changed <&7
read -r gone <&8
expect_eq "$changed, $gone" 'the first value, the second value' 'files that were open keep their version'
exec 7<&- 8<&-
expect_eq "$(inodes)" "$before" 'inode numbers after the reload'
expect_eq "$(mount_id)" "$id" 'the mount after the reload'
expect_eq "$(cat "$m/kept" "$m/sealed" "$m/view")" $'the first value\nthe first value\n<the first value\n>' 'what did not change'
expect_eq "$(status_of kept .version)/$(status_of sealed .version)" "$versions" 'versions of what did not change'
expect_eq "$(atimes | tail -n 1)" "$(tail -n 1 <<<"$witness")" 'when the age file was read'

# Nothing is fetched when nothing changed, even if the sources are not what they were a moment ago for us alone.
witness=$(atimes)
count=$(reloads)
kill -HUP "$daemon"
wait_until 'the signal reloads' more_than reloads "$count"
expect_eq "$(cat "$m/kept" "$m/changed")" $'the first value\nthe third value' 'after the signal'
expect_eq "$(atimes)" "$witness" 'when the sources were read'

# --- errors keep everything -----------------------------------------------------------------------

expect_unchanged() { # WHAT
  expect_eq "$(cat "$m/changed")" 'the third value' "a secret after $1"
  expect_eq "$(find "$m" -mindepth 1 -maxdepth 1 -not -name .credstore | wc -l)" 9 "names after $1"
  expect_eq "$(inodes)" "$before" "inodes after $1"
  expect_eq "$(mount_id)" "$id" "the mount after $1"
}
broken() { # WHAT REGEX; the configuration is broken already
  expect_exit 3 "$program" reload "$m"
  expect_match "$err" "$2" "what 'reload' says of $1"
  expect_unchanged "$1"
  local count
  count=$(failures)
  kill -HUP "$daemon"
  wait_until "the signal reports $1" more_than failures "$count"
  expect_match "$(grep event=reload_failed "$log" | tail -n 1)" "$2" "the log of $1"
  expect_unchanged "$1, by signal"
}
standard '  bad: {fiel: src/third}' | configure
broken 'an unknown key' "config.yaml:7:.*'fiel'"
printf 'secrets: [\n' | configure
broken 'a syntax error' 'config.yaml:'
standard '  kept/inner: {file: src/third}' | configure
broken 'a name that is a file and a folder' 'kept'
: | configure
rm "$config"
broken 'a missing file' 'no such file'
mkdir "$config"
broken 'a folder in its place' 'directory'
rmdir "$config"

# --- without being told to ------------------------------------------------------------------------

standard '  changed: {file: src/second}' '  watched: {file: src/third}' | configure
is_there() { [[ -e $1 ]]; }
wait_until 'a changed configuration is read by itself' is_there "$m/watched"
expect_eq "$(cat "$m/changed")" 'the second value' 'a secret that was declared otherwise'
expect_exit 0 "$program" reload "$m"
count=$(failures)
standard '  bad: {fiel: src/third}' | configure
wait_until 'an error in it is reported by itself' more_than failures "$count"
expect_eq "$(cat "$m/watched")" 'the third value' 'after that error'

# A secret whose new source is broken keeps its value, and says so.
standard '  changed: {file: src/never}' | configure
expect_exit 0 "$program" reload "$m"
expect_eq "$(cat "$m/changed")" 'the second value' 'with a new source that is not there'
expect_eq "$(status_of changed .state)" stale 'its state'
expect_match "$(status_of changed .reason)" 'no such file' 'its reason'
cp third never
serves() { [[ $(cat "$m/$1" 2>/dev/null) == "$2" ]]; }
wait_until 'it heals when its source comes' serves changed 'the third value'

# --- many reloads under readers -------------------------------------------------------------------

(while :; do cat "$m/kept" "$m/sealed" "$m/view" >"$work/read" 2>"$work/read-errors" || printf 'failed\n' >>"$work/failed"; done) &
reader=$!
pids+=("$reader")
for ((n = 0; n < 20; n++)); do
  standard "  n$n: {file: src/third}" | configure
  kill -HUP "$daemon"
  wait_until "reload $n is served" is_there "$m/n$n"
done
kill "$reader"
[[ ! -e $work/failed ]] || fail "readers failed during reloads: $(cat "$work/read-errors")"
expect_exit 0 "$program" reload "$m"

# --- readers that are killed while they wait ------------------------------------------------------

standard '  late: {file: src/late, wait: 60s}' | configure
expect_exit 0 "$program" reload "$m"
threads() { find "/proc/$daemon/task" -mindepth 1 -maxdepth 1 | wc -l; }
at_start=$(threads)
waiting=()
for ((n = 0; n < 40; n++)); do
  cat "$m/late" >"$work/late-$n" 2>&1 &
  waiting+=($!)
  pids+=($!)
done
sleep_in_cat() { # PID...
  local pid
  for pid; do grep -qs '^cat$' "/proc/$pid/comm" && grep -qs '^State:.[SD]' "/proc/$pid/status" || return 1; done
}
wait_until 'they all wait' sleep_in_cat "${waiting[@]}"
disown "${waiting[@]:0:20}"
kill -KILL "${waiting[@]:0:20}"
all_gone() { for pid; do is_gone "$pid" || return 1; done; }
wait_until 'readers that were killed are gone' all_gone "${waiting[@]:0:20}"
(($(threads) <= at_start + 8)) || fail "40 readers took $(($(threads) - at_start)) threads"
cp third late
for ((n = 20; n < 40; n++)); do
  wait_exit "${waiting[n]}" || fail "a reader that waited failed: $(cat "$work/late-$n")"
  expect_same "$work/late-$n" third 'what a reader that waited got'
done
mount_stop TERM

# --- the disk of the audit file is full -----------------------------------------------------------

mkdir "$work/audit"
mount -t tmpfs -o size=1m,mode=700 tmpfs "$work/audit"
mounts+=("$work/audit")
standard | sed "1i audit: {file: $work/audit/audit}" >"$config"
mount_start "$config" "$m"
cat "$m/kept" >/dev/null
head -c 2000000 /dev/zero >"$work/audit/filler" 2>/dev/null || true
for ((n = 0; n < 500; n++)); do
  expect_eq "$(<"$m/kept")" 'the first value' 'with the audit disk full'
done
rm "$work/audit/filler"
on_record() { # what was kept until there was room, and what was counted as lost
  cat "$m/sealed" >/dev/null
  (($(count_in '"kept"' "$work/audit/audit") + $(status_json .audit_dropped) >= 501)) && grep -q '"sealed"' "$work/audit/audit"
}
wait_until 'there is audit again when there is room' on_record
mount_stop TERM "$daemon" "$m"

# --- a clock that jumps ---------------------------------------------------------------------------

jumps=
if [[ -z $sanitize ]] && "${CC:-cc}" -shared -fPIC -o "$work/shifted_clock.so" "$helpers/shifted_clock.c" 2>/dev/null; then
  echo 0 >"$work/shift"
  printf 'the %s value\n' first >first
  standard '  parked: {file: src/parked, wait: 1s}' >"$config"
  mount_start "$config" "$m" env SHIFTED_CLOCK="$work/shift" LD_PRELOAD="$work/shifted_clock.so"
  for shift in 0 86400 -86400 4000000000 -1000000000 0; do
    echo "$shift" >"$work/shift"
    printf 'at %s\n' "$shift" >first.new && mv first.new first
    wait_until "a change is served with the clock $shift seconds off" serves kept "at $shift"
    wait_until 'the view follows' serves view $'<at '"$shift"$'\n>'
    expect_errno "$m/parked" ETIMEDOUT "waiting with the clock $shift seconds off"
    expect_exit 0 "$program" reload "$m"
    status_json .started >/dev/null
  done
  mount_stop TERM "$daemon" "$m"
  jumps='; nor did a clock that jumps'
fi

finish "a configuration was read again at once, or everything kept; nothing was fetched in vain; killed readers and a full audit disk hurt nobody$jumps"
