#!/usr/bin/env bash
# Sources that change under a mount: whatever is done to them, every read gives one whole version,
# none fails, and none is older than one that was seen; what is broken keeps the last good value and
# says why; what is mended heals by itself. SECRETFS_SOAK=60 rotates for 60 seconds instead of 2.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/lib.sh"
need_root
need "${CXX:-g++}" age age-keygen jq perl unshare

"${CXX:-g++}" -std=c++20 -O1 -pthread -o "$work/whole_reader" "$helpers/whole_reader.cpp"
mkdir "$work/src"
cd "$work/src"
age-keygen -o ours.txt 2>/dev/null
us=$(age-keygen -y ours.txt)

# --- what is rotated ------------------------------------------------------------------------------

# A content that shows whether it is whole: LINES lines, each with the version and LINES.
content() { # VERSION LINES
  awk -v v="$1" -v n="$2" 'BEGIN { for (i = 0; i < n; i++) print v, n }'
}
new_plain() { # FILE VERSION [LINES]
  content "$2" "${3:-30000}" >"$1.new"
  mv "$1.new" "$1"
}
new_age() { # FILE VERSION [LINES]
  content "$2" "${3:-100}" | age -r "$us" -o "$1.new"
  mv "$1.new" "$1"
}
new_data() { # VERSION; as Kubernetes turns its volumes
  mkdir "data-$1"
  content "$1" 100 >"data-$1/inner"
  ln -s "data-$1" ..data.new
  mv -T ..data.new ..data
}
ln -s ..data/inner linked
new_plain plain 1
new_age sealed 1
new_data 1
new_plain swapped 1
new_plain faulty 1 10
new_plain written 1 10
mkdir disk
new_plain disk/inner 1 10

cat >"$work/config.yaml" <<'YAML'
identities: [src/ours.txt, src/later.txt]
views:
  view: {format: template, content: "{{ sealed }}"}
secrets:
  plain: {file: src/plain}
  sealed: {age: src/sealed}
  linked: {file: src/linked}
  swapped: {file: src/swapped}
  faulty: {file: src/faulty}
  faulty-age: {age: src/faulty.age}
  written: {file: src/written}
  locked: {age: src/locked.age, wait: 1s}
  on-disk: {file: src/disk/inner}
  on-later-disk: {file: src/later-disk/deep/inner, wait: 1s}
YAML
age -r "$us" -o faulty.age faulty
m=$work/mnt
mount_start "$work/config.yaml" "$m"

version_of() { head -n 1 "$m/$1" 2>/dev/null | cut -d' ' -f1; }
serves() { [[ $(version_of "$1") == "$2" ]]; } # NAME VERSION
status_of() { # NAME JQ-FILTER
  jq -r --arg name "$1" ".secrets[] | select(.name == \$name) | $2" "$m/.secretfs/status.json"
}
is_in_state() { [[ $(status_of "$1" .state) == "$2" ]]; } # NAME STATE

# --- each kind of change --------------------------------------------------------------------------

for name in plain sealed linked swapped view faulty faulty-age written on-disk; do
  expect_eq "$(version_of "$name")" 1 "first version of $name"
done
exec 7<"$m/plain" 8<"$m/sealed"
inode=$(stat -c %i "$m/plain")
new_plain plain 2
new_age sealed 2
new_data 2
for name in plain sealed linked view; do
  wait_until "$name is served anew" serves "$name" 2
  expect_eq "$(status_of "$name" '"\(.state) \(.version)"')" 'ready 2' "status of $name"
done
expect_eq "$(head -n 1 <&7) $(head -n 1 <&8)" '1 30000 1 100' 'versions of the files that were open'
exec 7<&- 8<&-
expect_eq "$(stat -c %i "$m/plain")" "$inode" 'inode after a rotation'
content 2 10 >written
wait_until 'a source that is written in place is served anew' serves written 2

# --- broken, and mended ---------------------------------------------------------------------------

# What was there for a moment, between two commands, may be the reason at first.
is_stale_since() { [[ $(status_of "$1" '"\(.state) \(.reason)"') =~ ^stale\ .*$2 ]]; } # NAME REASON
expect_kept() { # NAME REASON WHAT
  wait_until "$1 is stale, as $3" is_stale_since "$1" "$2"
  expect_eq "$(version_of "$1")" "$version" "what is served: $3"
}
mend() { # NAME SOURCE
  version=$((version + 1))
  rm -rf "$2"
  if [[ $2 == *.age ]]; then new_age "$2" "$version" 10; else new_plain "$2" "$version" 10; fi
  wait_until "$1 heals by itself" serves "$1" "$version"
  wait_until "$1 is ready again" is_in_state "$1" ready
  expect_eq "$(status_of "$1" .reason)" null "reason of $1 once mended"
}
version=1
rm faulty && expect_kept faulty 'no such file' 'the source was deleted'
mend faulty faulty
rm faulty && mkdir faulty && expect_kept faulty 'directory' 'the source is a folder'
mend faulty faulty
rm faulty && ln -s faulty faulty && expect_kept faulty 'symbolic links' 'the source is a loop of symlinks'
mend faulty faulty
version=1
truncate -s -20 faulty.age && expect_kept faulty-age 'truncated' 'the source was cut'
mend faulty-age faulty.age
: >faulty.age && expect_kept faulty-age 'age' 'the source is empty'
mend faulty-age faulty.age
rm faulty.age && mkfifo faulty.age && expect_kept faulty-age 'regular file' 'the source is a FIFO'
mend faulty-age faulty.age

# --- what comes later -----------------------------------------------------------------------------

age-keygen -o "$work/later.txt" 2>/dev/null
content 1 10 | age -r "$(age-keygen -y "$work/later.txt")" -o locked.age
expect_errno "$m/locked" ETIMEDOUT 'before its identity is there'
cp "$work/later.txt" later.txt.new && mv later.txt.new later.txt
wait_until 'an identity that came later unlocks' serves locked 1
expect_errno "$m/on-later-disk" ETIMEDOUT 'before its folder is there'
mkdir -p later-disk/deep && new_plain later-disk/deep/inner 1 10
wait_until 'a source whose folders were made later is served' serves on-later-disk 1

# A disk over the folder; the mount's namespace is the daemon's.
mkdir disk2 && new_plain disk2/inner 2 10
mount --bind disk2 disk
undo+=("umount '$work/src/disk'")
wait_until 'the file on a disk mounted over the folder is served' serves on-disk 2
new_plain disk/inner 3 10
wait_until 'a change on that disk is served' serves on-disk 3
is_taken_away() { umount disk 2>/dev/null; } # busy while a source on it is read
wait_until 'the disk can be taken away' is_taken_away
unset 'undo[-1]'
wait_until 'the file below the disk is served again' serves on-disk 1

# --- swapped a thousand times a second, and rotated under readers ---------------------------------

start_readers() { # NAME...
  mkfifo "$work/end-$1"
  "$work/whole_reader" 8 "${@/#/$m/}" <"$work/end-$1" >"$work/readers-$1" &
  readers=$!
  pids+=("$readers")
  exec 9>"$work/end-$1"
}
saw() { (($(count_in 'version ' "$work/readers-$1") >= $2)); } # NAME VERSIONS
stop_readers() { # NAME
  exec 9>&-
  wait_exit "$readers" || fail 'the readers failed'
  expect_match "$(tail -n 1 "$work/readers-$1")" '^reads [1-9][0-9]* versions [0-9]+ failed 0 torn 0 backwards 0$' "readers of $1, $(sed -n '/^first/p' "$work/readers-$1")"
  figures+="$1: $(tail -n 1 "$work/readers-$1"); "
}
# Standard input is a program in Perl, which goes on at least while it is not ended; its last version is in $round.
rotate_until_seen() { # NAME VERSIONS that readers are to see
  : >"$work/more"
  perl -MTime::HiRes=time,sleep - "$work/more" <&0 >"$work/round" &
  local rotating=$!
  pids+=("$rotating")
  wait_until "the readers of $1 see $2 versions" saw "$1" "$2"
  rm "$work/more"
  wait "$rotating" || fail "$1 cannot be rotated"
  round=$(<"$work/round")
}
figures=
start_readers swapped
rotate_until_seen swapped 3 <<'PERL'
  my $v = 1;
  while ($v++ < 2000 || -e $ARGV[0]) {
    open(my $f, ">", "swapped.new") or die;
    print $f "$v 9000\n" x 9000;
    close $f;
    rename "swapped.new", "swapped" or die;
    sleep 0.0005;
  }
  print $v - 1;
PERL
wait_until 'the last of a thousand swaps a second is served' serves swapped "$round"
stop_readers swapped

seconds=${SECRETFS_SOAK:-2}
start_readers plain sealed linked view
# Each of the three, ten times a second.
export us seconds
rotate_until_seen plain 4 <<'PERL'
  my ($begin, $v) = (time, 2);
  sub put { my ($name, $v, $n) = @_; open(my $f, ">", $name) or die; print $f "$v $n\n" x $n; close $f or die }
  while (time < $begin + $ENV{seconds} || -e $ARGV[0]) {
    $v++;
    put("plain.new", $v, 30000);
    rename("plain.new", "plain") or die;
    mkdir("data-$v") or die;
    put("data-$v/inner", $v, 100);
    symlink("data-$v", "..data.new") && rename("..data.new", "..data") or die;
    open(my $age, "|-", "age", "-r", $ENV{us}, "-o", "sealed.new") or die;
    print $age "$v 100\n" x 100;
    close $age or die;
    rename("sealed.new", "sealed") or die;
    system("rm", "-rf", "data-" . ($v - 2)) == 0 or die;
    my $left = $begin + ($v - 2) * 0.1 - time;
    sleep $left if $left > 0;
  }
  print $v;
PERL
for name in plain sealed linked view; do wait_until "the last $name is served" serves "$name" "$round"; done
stop_readers plain

# --- still well -----------------------------------------------------------------------------------

is_running "$daemon" || fail 'the daemon ended'
expect_no_match "$(cat "$log")" 'event=(panic|bug)' 'log'
mount_stop TERM
finish "sources rotated $((round - 2)) times in $seconds s under 8 reading threads (${figures%; }); broken ones kept their value and said why; mended ones healed"
