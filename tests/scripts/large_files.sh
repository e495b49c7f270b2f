#!/usr/bin/env bash
# Secrets that are too large for memory: any part of them is served by offset, in little memory, as
# one version, and damage is an error where it is and nowhere else.
source "$(dirname "$0")/lib.sh"
need_root
need age age-keygen openssl fincore

# --- sources --------------------------------------------------------------------------------------

size=$((1024 << 20))
[[ -z $sanitize ]] || size=$((64 << 20))
small_size=$(((20 << 20) + 12345)) # over 16 MiB, and no whole number of chunks

# Bytes that are the same each time and nowhere repeat.
bytes() { head -c "$1" /dev/zero | openssl enc -aes-128-ctr -K "$2" -iv 00 2>/dev/null; } # SIZE KEY

cd "$work"
age-keygen -o key 2>/dev/null
recipient=$(age-keygen -y key)
bytes "$size" 01 >huge
age -r "$recipient" -o huge.age huge
bytes "$small_size" 02 >old
bytes "$small_size" 03 >new
for name in old new; do age -r "$recipient" -o "$name.age" "$name"; done
for name in damaged replaced cut stopped; do cp old.age "$name.age"; done
age -a -r "$recipient" -o armored.age old
cp old plain
cp old replaced-plain
printf x >tiny
cat >config.yaml <<'YAML'
identities: [key]
secrets:
  huge: {age: huge.age}
  damaged: {age: damaged.age}
  replaced: {age: replaced.age}
  cut: {age: cut.age}
  armored: {age: armored.age}
  plain: {file: plain}
  replaced-plain: {file: replaced-plain}
  tiny: {file: tiny}
views:
  view: {format: template, content: "{{ tiny }} {{ huge }}"}
YAML
m=$work/mnt
# shellcheck disable=SC2016
mount_start "$work/config.yaml" "$m" bash -c 'ulimit -Sn 512; exec "$@"' -
read -r soft hard < <(awk '/^Max open files/ { print $4, $5 }' "/proc/$daemon/limits")
expect_eq "$soft" "$((hard < 65536 ? hard : 65536))" 'the limit on descriptors, of which each keeps one'

# A part of FILE through the mount must be that of WANT.
expect_part() { # FILE WANT OFFSET SIZE
  dd if="$1" bs="$4" skip="$3" count=1 iflag=skip_bytes status=none >part.got
  dd if="$2" bs="$4" skip="$3" count=1 iflag=skip_bytes status=none >part.want
  expect_same part.got part.want "$4 bytes at $3 of $1"
}

# The name of the errno that reading a part of FILE gives, or "ok".
part_errno() { # FILE OFFSET SIZE
  # shellcheck disable=SC2016
  perl -MErrno -e '
    sub name { my $n = $! + 0; for (sort keys %!) { return $_ if Errno->$_() == $n } $n }
    open(my $f, "<:raw", $ARGV[0]) or do { print name(); exit };
    sysseek($f, $ARGV[1], 0);
    defined(sysread($f, my $b, $ARGV[2])) or do { print name(); exit };
    print "ok"' -- "$@"
}

memory() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$daemon/status"; } # KEY
descriptors() { find "/proc/$daemon/fd" -mindepth 1 | wc -l; }

# --- the whole, parts, the end ----------------------------------------------------------------------

descriptors_before=$(descriptors)
expect_eq "$(stat -c %s "$m/huge")" "$size" 'size of a huge secret'
expect_eq "$(descriptors)" $((descriptors_before + 1)) 'descriptors with one huge secret in use'
expect_part "$m/huge" huge 0 1
rss=$(memory VmRSS) locked=$(memory VmLck)

expect_same "$m/huge" huge 'a huge secret'
chunk=65536
for offset in 0 1 $((chunk - 1)) $chunk $((chunk + 1)) $((size / 3)) $((size / 2)) $((size - chunk)) $((size - 1)) "$size"; do
  for count in 1 4096 $((chunk - 1)) $chunk $((2 * chunk)) 200001; do
    expect_part "$m/huge" huge "$offset" "$count"
  done
done
for ((i = 0; i < 30; i++)); do
  expect_part "$m/huge" huge $(((RANDOM << 15 | RANDOM) % size)) $((1 + (RANDOM << 4 | RANDOM)))
done
tail -c 12345 "$m/huge" | cmp -s - <(tail -c 12345 huge) || fail 'the end of a huge secret'

# --- readers at once, readers that go away ------------------------------------------------------------

readers=()
for quarter in 0 1 2 3; do
  cmp -s -i $((quarter * size / 4)) -n $((size / 4)) huge "$m/huge" &
  readers+=("$!")
done
for reader in "${readers[@]}"; do wait "$reader" || fail 'one of four readers at once got other bytes'; done
for ((i = 0; i < 8; i++)); do
  cat "$m/huge" >/dev/null &
  reader=$!
  sleep 0.02
  kill -KILL "$reader"
  wait "$reader" 2>/dev/null || true
done
expect_part "$m/huge" huge $((size / 2)) 100000

if [[ -z $sanitize ]]; then # its runtime keeps what is freed for a while
  grew=$(($(memory VmRSS) - rss))
  ((grew < 4096)) || fail "resident memory grew by $grew kB while a file of $size bytes was read"
  grew=$(($(memory VmLck) - locked))
  ((grew < 4096)) || fail "locked memory grew by $grew kB while a file of $size bytes was read"
fi
# The kernel would fill its page cache for this.
# shellcheck disable=SC2016
expect_eq "$(perl -e 'open(my $f, "<", $ARGV[0]) or die; open(my $o, ">", "sent") or die;
  print syscall(40, fileno($o), fileno($f), 0, 100) == -1 ? 0 + $! : "sent"' "$m/huge")" \
  22 'errno of sendfile (EINVAL) from a huge secret'
expect_eq "$(fincore -nbo RES "$m/huge" | tr -d ' ')" 0 'bytes of a huge secret in the page cache'
expect_match "$(tr -d ' \n' <"$m/.secretfs/status.json")" "\"name\":\"huge\"[^}]*\"size\":$size" 'the status of a huge secret'

# --- what stays limited -----------------------------------------------------------------------------

expect_errno "$m/view" EFBIG 'a view over a huge secret'
grep -qF "needs 'huge', which is larger than 16 MiB, the most that a view takes" "$log" ||
  fail 'the log does not say why the view cannot be had'
expect_errno "$m/armored" EFBIG 'an armored file over the limit'
grep -qF 'store it without armor' "$log" || fail 'the log does not say what to do with an armored file'

# --- damage -------------------------------------------------------------------------------------------

middle=$((10 << 20))
printf '\377\376\375' | dd of=damaged.age bs=1 seek=$((middle + 5000)) conv=notrunc status=none
expect_eq "$(stat -c %s "$m/damaged")" "$small_size" 'size of a damaged secret'
expect_part "$m/damaged" old 0 100000
expect_eq "$(part_errno "$m/damaged" "$middle" 131072)" EBADMSG 'reading the damaged part'
expect_part "$m/damaged" old $((middle + 4 * chunk)) 1000000
expect_part "$m/damaged" old $((small_size - 10)) 10
grep -qE "name=damaged reason=\"?$work/damaged.age: chunk [0-9]+ of the payload is altered" "$log" ||
  fail 'the log does not say which chunk is damaged'
cat old.age >damaged.age # mended in place
mended() { cmp -s old "$m/damaged" 2>/dev/null; }
wait_until 'a file that was mended in place is right again' mended

# --- one version as long as it is open ------------------------------------------------------------------

for name in replaced replaced-plain; do
  ending=.age
  [[ $name == replaced ]] || ending=
  exec 7<"$m/$name"
  head -c 100000 <&7 >first
  cp "new$ending" "$name$ending.new"
  mv "$name$ending.new" "$name$ending"
  cat first - <&7 >whole
  expect_same whole old "$name by another file while it was open"
  exec 7<&-
done

exec 7<"$m/cut"
head -c 100000 <&7 >/dev/null
truncate -s $((5 << 20)) cut.age
expect_part "$m/cut" old 0 100000
expect_eq "$(part_errno "$m/cut" "$middle" 1000)" EBADMSG 'reading behind the end of a truncated file'
expect_exit 1 bash -c 'cat <&7'
cat new.age >cut.age
# shellcheck disable=SC2016
expect_eq "$(perl -MErrno -e 'open(my $f, "<&=", 7) or die; sysseek($f, 0, 0);
  print defined(sysread($f, my $b, 10)) ? "other bytes" : $!{EBADMSG} ? "EBADMSG" : 0 + $!')" \
  EBADMSG 'reading from what is another file now'
exec 7<&-
now_new() { cmp -s new "$m/cut" 2>/dev/null; }
wait_until 'a file that was written over is served as it is now' now_new

exec 7<"$m/plain"
head -c 100000 <&7 >/dev/null
sleep 0.02 # the clock of file systems
printf x | dd of=plain bs=1 seek=$((small_size - 1)) conv=notrunc status=none
expect_exit 1 bash -c 'cat <&7'
exec 7<&-
now_plain() { cmp -s plain "$m/plain" 2>/dev/null; }
wait_until 'a plain file that was written to is served as it is now' now_plain

# --- check --decrypt ------------------------------------------------------------------------------------

{
  printf 'identities: [key]\nsecrets:\n  huge: {age: huge.age}\n'
} >good.yaml
check=("$program" check --decrypt good.yaml)
if [[ -z $sanitize ]]; then
  expect_exit 0 bash -c 'ulimit -v 700000; exec "$@"' - "${check[@]}" # far less than the file has
else
  expect_exit 0 "${check[@]}"
fi
printf '\377\376\375' | dd of=huge.age bs=1 seek=$((size / 2)) conv=notrunc status=none
expect_exit 6 "${check[@]}"
expect_match "$out" 'huge +failed .*chunk [0-9]+ of the payload is altered' 'check --decrypt of a damaged huge secret'

# --- the end while it is read -----------------------------------------------------------------------------

(while cat "$m/replaced" >/dev/null 2>&1; do :; done) &
reader=$!
pids+=("$reader")
mount_stop TERM
wait_exit "$reader" || true
finish "any part of $size bytes is served by offset in flat memory, as one version, to many at once; damage is an error where it is; what is mended heals"
