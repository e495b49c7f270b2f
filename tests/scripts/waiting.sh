#!/usr/bin/env bash
# A reader of what is not there but may still come is parked: without a thread of the daemon, until it
# comes or `wait` is over; who gets a signal is free at once, and nobody else is held up.
source "$(dirname "$0")/lib.sh"
need_root
need age age-keygen jq python3 timeout

mkdir "$work/src"
cd "$work/src"
age-keygen -o ours.txt 2>/dev/null
age-keygen -o "$work/later.txt" 2>/dev/null
printf 'worth waiting for\n' >good
age -r "$(age-keygen -y ours.txt)" -o "$work/good.age" good
age -r "$(age-keygen -y "$work/later.txt")" -o locked.age good
printf '{"github.com": "token"}' >"$work/tokens.json"
{
  printf 'identities: [src/ours.txt, src/disk/later.txt]\n'
  printf 'defaults: {wait: 1h}\n' # longer than this test: only what it does may free who waits
  printf 'sources:\n  hub: {tokens: src/disk/tokens.json}\n'
  printf 'secrets:\n'
  printf '  good: {file: src/good}\n'
  printf '  late: {age: src/late.age}\n'
  printf '  locked: {age: src/locked.age}\n'
  printf '  token: {source: hub, key: github.com}\n'
  printf '  no-host: {source: hub, key: no.example}\n'
  printf '  never: {file: src/never}\n'
  printf '  short: {file: src/never, wait: 300ms}\n'
  printf '  none: {file: src/never, wait: 0}\n'
  for ((i = 0; i < 1000; i++)); do printf '  many/%d: {file: src/many/%d}\n' "$i" "$i"; done
  printf 'views:\n'
  printf '  over: {format: template, content: "<{{ late }}>"}\n'
  printf '  over-view: {format: template, content: "({{ over }})"}\n'
} >"$work/config.yaml"

# A thread that is in open(2); the names were looked up before, so it has come to the daemon's OPEN.
parked_threads() { # PID
  { grep -lE '^(257|56) ' "/proc/$1"/task/*/syscall 2>/dev/null || true; } | wc -l
}
is_parked() { (($(parked_threads "$1") >= ${2:-1})); } # PID [THREADS]
daemon_threads() { sed -n 's/^Threads:\t//p' "/proc/$daemon/status"; }
park() { # OUTPUT FILE; its pid is in $reader
  env --default-signal=INT cat "$2" >"$1" 2>"$1.err" & # which bash ignores in the background
  reader=$!
  pids+=("$reader")
  wait_until "the reader of $2 waits" is_parked "$reader"
}
state() { { "$program" status --json "$m" || true; } | jq -r --arg n "$1" '.secrets[] | select(.name == $n) | "\(.state) \(.reason)"'; }
serves() { expect_same "$m/good" good "a good secret $1"; }

m=$work/mnt
mount_start "$work/config.yaml" "$m"

# --- it comes ---------------------------------------------------------------------------------------

park "$work/late" "$m/late"
late=$reader
park "$work/over" "$m/over-view"
over=$reader
park "$work/locked" "$m/locked"
locked=$reader
park "$work/token" "$m/token"
token=$reader
expect_match "$(state late)" '^pending .*src/late.age: .*no such file' 'status of what is waited for'
expect_match "$(state over-view)" "^pending .*needs 'over'.*src/late.age" 'status of a view over it'
expect_match "$(state locked)" '^pending .*no identity.*later.txt' 'status of what an identity is missing for'
serves 'while others wait'
timeout 60 ls -l "$m" >"$work/listing" || fail 'a listing waits for what may come'
expect_match "$(cat "$work/listing")" ' 0 .* late' 'listing of what is not there'

cp "$work/good.age" late.age.new && mv late.age.new late.age
wait_exit "$late" || fail "a reader of what came: $(cat "$work/late.err")"
expect_same "$work/late" good 'what came'
wait_exit "$over" || fail "a reader of a view over what came: $(cat "$work/over.err")"
expect_eq "$(cat "$work/over")" $'(<worth waiting for\n>)' 'a view over what came'
mkdir "$work/disk" # with all that is on it
cp "$work/later.txt" "$work/tokens.json" "$work/disk"
mv "$work/disk" disk
wait_exit "$locked" || fail "a reader whose identity came: $(cat "$work/locked.err")"
expect_same "$work/locked" good 'what an identity that came unlocked'
wait_exit "$token" || fail "a reader of a source that came: $(cat "$work/token.err")"
expect_eq "$(cat "$work/token")" token 'a token of a source that came'
expect_eq "$(state late)" 'ready null' 'status of what came'
expect_errno "$m/no-host" ENODATA 'a key that its source does not have'

# --- it does not come --------------------------------------------------------------------------------

expect_errno "$m/short" ETIMEDOUT 'at the end of the wait'
expect_match "$(state short)" '^pending .*src/never: .*no such file' 'status after the end of the wait'
answers() { [[ $(read_errno "$m/$1") == "$2" ]]; }
wait_until 'one who does not wait gets the true failure' answers none ENODATA

# --- signals -------------------------------------------------------------------------------------------

for signal in INT TERM KILL; do
  park "$work/never" "$m/never"
  kill -s "$signal" "$reader"
  wait_until "a waiting reader is freed by SIG$signal" is_gone "$reader"
  serves "after SIG$signal"
done
cat >"$work/interrupted.py" <<'PY'
import errno, os, signal, sys
class Alarm(Exception): pass
def ring(*_): raise Alarm
signal.signal(signal.SIGUSR1, ring)
try:
    os.open(sys.argv[1], os.O_RDONLY)
except Alarm:
    print("interrupted")
try:
    open(sys.argv[2]).close()
    print("goes on")
except OSError as error:
    print(errno.errorcode[error.errno])
PY
python3 "$work/interrupted.py" "$m/never" "$m/good" >"$work/interrupted" &
reader=$!
pids+=("$reader")
in_open_of() { grep -qE '^(257|56) ' "/proc/$1/syscall" && [[ $(tr '\0' ' ' <"/proc/$1/cmdline") == *interrupted.py* ]]; }
wait_until 'a reader with a handler waits' in_open_of "$reader"
kill -s USR1 "$reader"
wait_exit "$reader" || fail 'a reader with a handler failed'
expect_eq "$(cat "$work/interrupted")" $'interrupted\ngoes on' 'a reader with a handler'

# --- a thousand ------------------------------------------------------------------------------------------

# Reads FILE, or FILE/0 to FILE/999 if that is a folder, in a thread each; prints what they all got.
cat >"$work/thousand.py" <<'PY'
import collections, errno, os, sys, threading
path = sys.argv[1]
paths = [f"{path}/{i}" for i in range(1000)] if os.path.isdir(path) else [path] * 1000
got = collections.Counter()
lock = threading.Lock()
def read(name):
    try:
        fd = os.open(name, os.O_RDONLY)
        said = os.read(fd, 1000).decode().strip()
        os.close(fd)
    except OSError as error:
        said = errno.errorcode[error.errno]
    with lock:
        got[said] += 1
threading.stack_size(65536)
threads = [threading.Thread(target=read, args=(name,)) for name in paths]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(dict(got))
PY
thousand() { # OUTPUT PATH; its pid is in $reader
  python3 "$work/thousand.py" "$2" >"$1" &
  reader=$!
  pids+=("$reader")
  wait_until "a thousand readers of $2 wait" is_parked "$reader" 1000
}
before=$(daemon_threads)
thousand "$work/one" "$m/never"
one=$reader
thousand "$work/many" "$m/many"
many=$reader
during=$(daemon_threads)
((during < before + 10)) || fail "threads of the daemon: $before before, $during while two thousand readers wait"
serves 'while two thousand readers wait'
kill -KILL "$one"
wait_until 'a thousand waiting readers are freed by SIGKILL' is_gone "$one"
serves 'after a thousand readers were killed'
mkdir "$work/new"
for ((i = 0; i < 1000; i++)); do printf 'came\n' >"$work/new/$i"; done
mv "$work/new" many # as a disk is mounted
wait_exit "$many" || fail 'a thousand readers failed'
expect_eq "$(cat "$work/many")" "{'came': 1000}" 'what a thousand readers got'

# Who still waits at the end is answered.
park "$work/last" "$m/never"
mount_stop TERM
wait_until 'a reader who waited at the end is freed' is_gone "$reader"

finish "two thousand readers waited without a thread; what came was served, what did not was ETIMEDOUT; signals freed who waited"
