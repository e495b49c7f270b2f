#!/usr/bin/env bash
# The mounted tree as programs see it: the same bytes as the sources, an honest listing, the same
# answers to system calls as a native read-only file system, no page in the cache, no descriptor
# lost; and a mount that comes and goes cleanly whatever ends it.
source "$(dirname "$0")/lib.sh"
need_root
need "${CXX:-g++}" rsync tar setpriv fincore

mkdir "$work/src"
cd "$work/src"

# --- sources of all kinds and names of all kinds --------------------------------------------------

component=$(printf 'c%.0s' {1..255})
newline_name=$'two\nlines'
printf 'a small secret\n' >small
: >empty
head -c 1048576 /dev/urandom >large
for size in 1 4095 4096 4097 65535 65536 65537 131073; do head -c "$size" /dev/urandom >"s$size"; done
printf '%s' 'no newline at the end' >bare
touch -d '2019-05-06 07:08:09.123456789 UTC' small
cat >"$work/config.yaml" <<YAML
secrets:
  small: {file: src/small, owner: "12345", group: "54321", mode: "0440"}
  empty: {file: src/empty}
  large: {file: src/large, mode: "0400"}
  bare: {file: src/bare, mode: "0644"}
  a/b/c/deep: {file: src/small}
  a/b/other: {file: src/bare}
  a/beside: {file: src/large}
  "with blank  and tab\t": {file: src/small}
  "ключ/секрет ☂": {file: src/bare}
  "two\nlines": {file: src/small}
  "quote'\"\\\\\$(x)": {file: src/bare}
  "-rf": {file: src/small}
  $component/$component: {file: src/small}
YAML
for size in 1 4095 4096 4097 65535 65536 65537 131073; do
  printf '  sizes/s%s: {file: src/s%s}\n' "$size" "$size" >>"$work/config.yaml"
done
m=$work/mnt # is made by the daemon
mount_start "$work/config.yaml" "$m"

# --- the listing ----------------------------------------------------------------------------------

# As readdir gives it, where stat would answer from elsewhere.
# shellcheck disable=SC2012
listed_inode() { ls -ai1 "$1" | awk -v name="$2" '$2 == name { print $1 }'; }

expect_eq "$(stat -c '%A %u %g %s %h %F' "$m/small")" '-r--r----- 12345 54321 15 1 regular file' 'stat of a secret'
expect_eq "$(stat -c %.9Y "$m/small")" "$(stat -c %.9Y small)" 'mtime of a secret'
expect_eq "$(stat -c '%A %u %g %s' "$m/empty")" '-r-------- 0 0 0' 'stat of an empty secret'
expect_eq "$(stat -c '%A %s' "$m/large")" '-r-------- 1048576' 'stat of a large secret'
expect_eq "$(stat -c '%A %u %g %F' "$m/a/b")" 'drwxr-xr-x 0 0 directory' 'stat of a folder'
expect_eq "$(stat -c %h "$m/a")" 3 'links of a folder with one folder in it'
expect_eq "$(ls "$m/a")" $'b\nbeside' 'names in a folder'
expect_eq "$(find "$m" -type f -not -path "$m/.secretfs/*" | wc -l)" 22 'lines of find (one name has two)'
expect_eq "$(find "$m/$component" -type f)" "$m/$component/$component" 'components of 255 bytes'
expect_eq "$(stat -c %s "$m/$newline_name")" 15 'a name with a newline'
expect_eq "$(stat -c %i "$m/a/b/c/../other")" "$(stat -c %i "$m/a/b/other")" 'inode through ..'
expect_eq "$(find "$m" -printf '%i\n' | sort | uniq -d | wc -l)" 0 'inodes that occur twice'
expect_eq "$(stat -c %i "$m/a/b")" "$(listed_inode "$m/a/b" .)" "inode of '.'"
expect_eq "$(stat -c %i "$m/a")" "$(listed_inode "$m/a/b" ..)" "inode of '..'"
options=$(awk -v at="$m" '$5 == at { print $6 }' /proc/self/mountinfo)
for option in ro nosuid nodev noexec; do
  expect_match ",$options," ",$option," 'mount options'
done
expect_eq "$(awk -v at="$m" '$5 == at { sub(/.* - /, ""); print $1 }' /proc/self/mountinfo)" fuse.secretfs 'type of the mount'
df "$m" >/dev/null || fail 'df fails'
expect_eq "$(stat -f -c %l "$m")" 255 'longest name that statfs gives'

# --- the bytes, by every way to copy a tree ---------------------------------------------------------

mkdir "$work/copies"
cp -a "$m" "$work/copies/cp"
rsync -a --checksum "$m/" "$work/copies/rsync/"
mkdir "$work/copies/tar"
tar -C "$m" --exclude=./.secretfs -cf - . | tar -C "$work/copies/tar" -xf -
# shellcheck disable=SC2016
(cd "$m" && find . -type d -exec mkdir -p "$work/copies/cat/{}" \; -o -type f -exec sh -c 'cat "$1" >"$2/$1"' - {} "$work/copies/cat" \;)
for by in cp rsync tar cat; do
  got=$work/copies/$by
  expect_same "$got/small" small "$by"
  expect_same "$got/empty" empty "$by"
  expect_same "$got/large" large "$by"
  expect_same "$got/bare" bare "$by"
  expect_same "$got/a/b/c/deep" small "$by"
  expect_same "$got/a/b/other" bare "$by"
  expect_same "$got/a/beside" large "$by"
  expect_same "$got/with blank  and tab"$'\t' small "$by"
  expect_same "$got/ключ/секрет ☂" bare "$by"
  expect_same "$got/$newline_name" small "$by"
  expect_same "$got/quote'\"\\\$(x)" bare "$by"
  expect_same "$got/-rf" small "$by"
  expect_same "$got/$component/$component" small "$by"
  for size in 1 4095 4096 4097 65535 65536 65537 131073; do
    expect_same "$got/sizes/s$size" "s$size" "$by, $size bytes"
  done
done
for by in cp rsync tar; do
  expect_eq "$(stat -c '%A %u %g %Y' "$work/copies/$by/small")" "$(stat -c '%A %u %g %Y' "$m/small")" "owner, mode and time by $by"
done
# Odd blocks at odd places.
for block in 1000 4096 65536 1048577; do
  dd if="$m/large" bs="$block" status=none | cmp -s - large || fail "dd in blocks of $block differs"
done
dd if="$m/large" bs=777 skip=5 count=1000 status=none >"$work/part"
dd if=large bs=777 skip=5 count=1000 status=none >"$work/want"
expect_same "$work/part" "$work/want" 'a part from the middle'
# Two that have it open at once, one reading behind the other.
exec 8<"$m/large" 9<"$m/large"
head -c 1000 <&8 >/dev/null
cmp -s - large <&9 || fail 'a second descriptor does not start at 0'
tail -c +1 <&8 | cmp -s - <(tail -c +1001 large) || fail 'the first descriptor lost its place'
exec 8<&- 9<&-

# --- nothing stays in the page cache --------------------------------------------------------------

cat "$m/large" >/dev/null
expect_eq "$(fincore --bytes --noheadings --output PAGES "$m/large" | tr -d ' ')" 0 'pages of a secret in the page cache'
expect_match "$(fincore --bytes --noheadings --output PAGES large | tr -d ' ')" '^[1-9]' 'pages of a common file in the page cache (the check can fail)'

# --- system calls: parity with a native read-only file system ---------------------------------------

"${CXX:-g++}" -std=c++20 -O1 -Wall -Wextra -Werror -o "$work/syscalls" "$helpers/syscalls.cpp"
mkdir "$work/native" "$work/parity"
printf 'abcdefghijklmnopqrstuvwxyz' >alphabet
cat >"$work/parity.yaml" <<'YAML'
secrets:
  open: {file: src/alphabet, mode: "0444"}
  closed: {file: src/alphabet}
  sub/below: {file: src/alphabet, mode: "0444"}
YAML
first=$daemon first_log=$log
mount_start "$work/parity.yaml" "$work/parity"
mount -t tmpfs -o nosuid,nodev,noexec,mode=755 secretfs-test "$work/native"
undo+=("umount -l '$work/native'")
mkdir "$work/native/sub"
for name in open closed sub/below; do cp alphabet "$work/native/$name"; done
chmod 444 "$work/native/open" "$work/native/sub/below"
chmod 400 "$work/native/closed"
mount -o remount,ro "$work/native"
for user in 0 65534; do
  for kind in native parity; do
    setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all \
      "$work/syscalls" "$work/$kind" >"$work/syscalls.$kind.$user" ||
      fail "the battery of system calls died on $kind as user $user"
  done
  expect_match "$(wc -l <"$work/syscalls.native.$user")" '^[3-9][0-9][0-9]$' 'answers of the battery'
  difference=$(diff "$work/syscalls.native.$user" "$work/syscalls.parity.$user") ||
    fail "system calls as user $user answer otherwise than on a native read-only file system (<):"$'\n'"$difference"
done
expect_eq "$(grep -c EROFS "$work/syscalls.parity.0")" "$(grep -c EROFS "$work/syscalls.native.0")" 'refusals with EROFS'

# What no native file system does: bytes of a secret would be in the page cache.
shared_map=$(perl -e '
  open(my $f, "<", $ARGV[0]) or die; my $at = syscall(9, 0, 26, 1, 1, fileno($f), 0);
  print $at == -1 ? 0 + $! : 0' "$work/parity/open")
expect_eq "$shared_map" 19 'errno of mmap MAP_SHARED (ENODEV)'

# The kernel passes direct_io by for these; they are refused, so that programs read() instead.
expect_eq "$("$work/syscalls" cache "$work/parity/open")" "sendfile = EINVAL
splice = EINVAL
a private map = Bus error" 'ways into the page cache'
if command -v fincore >/dev/null; then
  expect_eq "$(fincore -nbo RES "$work/parity/open" | tr -d ' ')" 0 'bytes in the page cache after them'
fi

# --- a folder of 1,000 ------------------------------------------------------------------------------

{
  printf 'secrets:\n'
  for i in {1..1000}; do printf '  many/secret-number-%s: {file: src/small}\n' "$i"; done
} >"$work/many.yaml"
mount_start "$work/many.yaml" "$work/many"
many=$daemon
expect_eq "$(find "$work/many/many" -mindepth 1 | wc -l)" 1000 'names in a folder of 1,000'
expect_eq "$(find "$work/many/many" -mindepth 1 | sort -u | wc -l)" 1000 'different names in a folder of 1,000'
expect_eq "$(cat "$work"/many/many/* | wc -c)" 15000 'bytes of 1,000 secrets'
expect_eq "$(find "$work/many/many" -type f -size 15c | wc -l)" 1000 'secrets with their real size'

# --- no descriptor and no memory is lost --------------------------------------------------------------

descriptors() { find "/proc/$1/fd" -mindepth 1 | wc -l; }
mappings() { wc -l <"/proc/$1/maps"; }
before=$(descriptors "$many") maps_before=$(mappings "$many")
perl -e '
  for my $i (1 .. 1000) { open(my $f, "<", "$ARGV[0]/secret-number-$i") or die "$!"; my $x = <$f>; }
  my @held = map { open(my $f, "<", "$ARGV[0]/secret-number-$_") or die "$!"; $f } 1 .. 500;
  for (1 .. 100) { opendir(my $d, $ARGV[0]) or die; readdir($d) }
  for my $i (1 .. 500) { open(my $f, "<", "$ARGV[0]/missing-$i") and die }' "$work/many/many"
expect_eq "$(descriptors "$many")" "$before" 'descriptors of the daemon after 1,500 opens'
grew=$(($(mappings "$many") - maps_before))
((grew < 20)) || fail "the daemon has $grew mappings more after 1,500 opens"

# --- how it ends --------------------------------------------------------------------------------------

mount_stop TERM "$many" "$work/many"
for signal in INT TERM; do
  mount_start "$work/many.yaml" "$work/many"
  kill -HUP "$daemon"  # without a terminal it means nothing
  expect_eq "$(wc -c <"$work/many/many/secret-number-1")" 15 'bytes served after SIGHUP'
  mount_stop "$signal"
done
[[ -d $work/many && -z $(ls -A "$work/many") ]] || fail 'the mount point is not an empty folder again'

mount_start "$work/many.yaml" "$work/many"
umount "$work/many"
wait_exit "$daemon" || fail "the daemon's exit code after umount: expected 0, got $?"

mount_start "$work/many.yaml" "$work/many"
umount -l "$work/many"
wait_exit "$daemon" || fail "the daemon's exit code after umount -l: expected 0, got $?"

# Somebody has a secret open and stands in the tree: it ends all the same, and nobody hangs.
mount_start "$work/config.yaml" "$work/busy"
exec 8<"$work/busy/large"
head -c 100 <&8 >/dev/null
(cd "$work/busy/a" && exec sleep 1000) &
sitter=$!
pids+=("$sitter")
wait_until 'a process stands in the tree' test "/proc/$sitter/cwd" -ef "$work/busy/a"
mount_stop TERM
wait_until 'reading through an orphaned descriptor ends' eval 'head -c 100 <&8 >/dev/null 2>&1; true'
exec 8<&-
kill "$sitter"

# A reader in a loop does not keep it from ending.
mount_start "$work/many.yaml" "$work/many"
(while cat "$work/many/many/secret-number-1" >/dev/null 2>&1; do :; done) &
reader=$!
pids+=("$reader")
mount_stop TERM
wait_exit "$reader" || true

# --- how it begins --------------------------------------------------------------------------------------

# A second one at the same place is refused, and the first does not notice.
daemon=$first log=$first_log
expect_exit 1 timeout -s KILL 120 "$program" mount "$work/config.yaml" "$m"
expect_match "$err" 'secretfs: error: .*already mounted' 'a second mount at the same place'
expect_match "$err" "$m" 'a second mount at the same place is named'
expect_match "$err" 'secretfs: hint: ' 'a second mount has a hint'
expect_eq "$(wc -l <"$work/err")" 2 'lines of the error of a second mount'
expect_same "$m/small" small 'the first mount after a second one was refused'

# Two dead ones on top of each other are taken away.
mount_start "$work/many.yaml" "$work/many"
mount_crash
expect_eq "$(read_errno "$work/many/x")" ENOTCONN 'a mount without its daemon'
mount_start "$work/many.yaml" "$work/many"
expect_eq "$(cat "$work/many/many/secret-number-7")" 'a small secret' 'a secret after the dead mount is gone'
expect_eq "$(awk -v at="$work/many" '$5 == at' /proc/self/mountinfo | wc -l)" 1 'mounts at the place of the dead one'
mount_stop TERM

# The mount point: missing parents are made; a link, a file, the root are refused; what is covered is said.
mount_start "$work/parity.yaml" "$work/new/deeply/made"
expect_eq "$(stat -c '%a %u' "$work/new/deeply")" '755 0' 'folders made for the mount point'
mount_stop TERM
mount_start "$work/parity.yaml" "$work/new/../new/./deeply/made/"
expect_same "$work/new/deeply/made/open" alphabet 'a mount point with dots and a slash at its end'
mount_stop TERM "$daemon" "$work/new/deeply/made"
cd "$work/new"
mount_start "$work/parity.yaml" deeply/made
expect_same "$work/new/deeply/made/open" ../src/alphabet "a relative mount point"
mount_stop TERM "$daemon" "$work/new/deeply/made"
cd "$work/src"
ln -s "$work/new/deeply" "$work/link"
expect_exit 1 timeout -s KILL 120 "$program" mount "$work/parity.yaml" "$work/link"
expect_match "$err" "error: $work/link: .*(symlink|symbolic link|link)" 'a mount point that is a link'
expect_exit 1 timeout -s KILL 120 "$program" mount "$work/parity.yaml" "$work/src/small"
expect_match "$err" "error: $work/src/small: .*(folder|directory)" 'a mount point that is a file'
expect_exit 1 timeout -s KILL 120 "$program" mount "$work/parity.yaml" "$work/src/small/below"
expect_match "$err" "error: $work/src/small.*:" 'a mount point below a file'
expect_exit 1 timeout -s KILL 120 "$program" mount "$work/parity.yaml" /
expect_match "$err" 'error: /: ' 'the root as mount point'
mkdir "$work/full"
touch "$work/full/covered"
mount_start "$work/parity.yaml" "$work/full"
wait_until 'a full mount point is warned of' grep -q '^warning event=mount_point_not_empty' "$log"
mount_stop TERM
[[ -e $work/full/covered ]] || fail 'what was covered is gone'

daemon=$first log=$first_log
expect_same "$m/small" small 'the first mount, which lived through all this'
mount_stop TERM "$first" "$m"
finish "the tree is the sources byte for byte by cp, rsync, tar, cat and dd, listed honestly; $(wc -l <"$work/syscalls.native.0") system calls answer as on a native read-only file system; nothing is cached or leaked; it begins and ends cleanly"
