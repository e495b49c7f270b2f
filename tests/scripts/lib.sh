# shellcheck shell=bash
# For tests/scripts/*.sh, which source this first. Gives a temporary folder $work, checks that say
# what was got and what was expected with file and line, mounts that are ready when mount_start
# returns, users that live as long as the test, and a clean-up that always unmounts, ends only the
# processes started here, and removes users and folder. Nothing waits for a fixed time; every loop
# is bounded. Set by ctest: SECRETFS, the program; SECRETFS_SANITIZE, how it was built.
set -Eeuo pipefail

program=$(realpath "${SECRETFS:?SECRETFS must be the path of the program}")
# shellcheck disable=SC2034
sanitize=${SECRETFS_SANITIZE:-}
scripts=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck disable=SC2034
helpers=$scripts/helpers
work=$(mktemp -d "${TMPDIR:-/tmp}/secretfs-test.XXXXXX")
work=$(realpath "$work")
chmod 755 "$work"
log=$work/daemon.log # of the newest mount_start
daemon=             # its pid

pids=()
mounts=()
users=()
groups=()
undo=() # commands to evaluate at the end, newest first
patience=600 # tenths of a second that anything awaited may take: sanitizers on a busy machine

# A sanitizer's report goes to a file, since a daemon's stderr may be gone; finish() looks for it.
mkdir -m 1777 "$work/sanitizer"
export ASAN_OPTIONS="log_path=$work/sanitizer/asan:exitcode=99:detect_leaks=1:${ASAN_OPTIONS:-}"
export UBSAN_OPTIONS="log_path=$work/sanitizer/ubsan:exitcode=99:print_stacktrace=1:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="log_path=$work/sanitizer/tsan:exitcode=99:${TSAN_OPTIONS:-}"
export LC_ALL=C.UTF-8

# --- saying ---------------------------------------------------------------------------------------

# The lines of the test, outside this file, that led here: "FILE:LINE, called from line LINE".
at_line() {
  local i text=
  for ((i = 1; i < ${#BASH_SOURCE[@]}; i++)); do
    [[ ${BASH_SOURCE[i]} == "${BASH_SOURCE[0]}" ]] && continue
    if [[ -z $text ]]; then text=${BASH_SOURCE[i]}:${BASH_LINENO[i - 1]}; else text+=", called from line ${BASH_LINENO[i - 1]}"; fi
  done
  printf %s "$text"
}

fail() {
  trap - ERR
  printf '%s: FAIL: %s\n' "$(at_line)" "$*" >&2
  if [[ -s $log ]]; then
    printf 'the daemon said (last lines):\n' >&2
    tail -n 25 "$log" | sed 's/^/  | /' >&2
  fi
  exit 1
}

skip() {
  printf 'skipped: %s\n' "$*"
  exit 77
}

need() {
  local tool
  for tool; do command -v "$tool" >/dev/null || skip "$tool is not installed"; done
}

need_root() { [[ $EUID -eq 0 ]] || skip "needs root, to make users and mounts"; }

# The last line of every test: what was proven. Fails if a sanitizer had something to say.
finish() {
  stop_all
  check_sanitizers
  printf 'proven: %s\n' "$*"
}

check_sanitizers() {
  local report
  for report in "$work"/sanitizer/*; do
    [[ -s $report ]] || continue
    head -n 60 "$report" >&2
    fail "a sanitizer reported (above)"
  done
}

# --- checking -------------------------------------------------------------------------------------

expect_eq() { # GOT WANT WHAT
  [[ $1 == "$2" ]] || fail "$3: expected $(printf %q "$2"), got $(printf %q "$1")"
}

expect_match() { # GOT REGEX WHAT
  [[ $1 =~ $2 ]] || fail "$3: expected a match of /$2/, got $(printf %q "$1")"
}

expect_no_match() { # GOT REGEX WHAT
  [[ ! $1 =~ $2 ]] || fail "$3: expected no match of /$2/, got $(printf %q "$1")"
}

expect_same() { # FILE FILE WHAT
  cmp -s -- "$1" "$2" || fail "$3: $1 ($(wc -c <"$1") bytes) and $2 ($(wc -c <"$2") bytes) differ"
}

# Runs a command whose exit code must be CODE; its output is in $work/out and $work/err, and in
# $out and $err.
expect_exit() { # CODE COMMAND...
  local want=$1 got=0
  shift
  "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
  out=$(tr -d '\0' <"$work/out")
  err=$(tr -d '\0' <"$work/err")
  [[ $got == "$want" ]] ||
    fail "exit code of '$*': expected $want, got $got; stdout: ${out:0:400}; stderr: ${err:0:800}"
}

# The name of the errno that open(2) or read(2) of the file gives, or "ok"; as another user with a
# COMMAND such as `as USER` before. Perl is in Debian's base.
read_errno() { # FILE [COMMAND...]
  local file=$1
  shift
  # shellcheck disable=SC2016
  "$@" perl -MErrno -e '
    sub name { my $n = $! + 0; for (sort keys %!) { return $_ if Errno->$_() == $n } $n }
    open(my $f, "<:raw", $ARGV[0]) or do { print name(); exit };
    defined(sysread($f, my $b, 65536)) or do { print name(); exit };
    print "ok"' -- "$file"
}

expect_errno() { # FILE ERRNO WHAT [COMMAND...]
  local file=$1 want=$2 what=$3 got
  shift 3
  got=$(read_errno "$file" "$@")
  [[ $got == "$want" ]] || fail "$what: reading $file: expected $want, got $got"
}

# Evaluates a condition until it holds.
wait_until() { # WHAT COMMAND...
  local what=$1 i
  shift
  for ((i = 0; i < patience; i++)); do
    "$@" && return 0
    sleep 0.1
  done
  fail "waited in vain until $what"
}

# How many lines of a file hold TEXT.
count_in() { grep -cF -- "$1" "$2" || true; } # TEXT FILE

# --- processes and mounts -------------------------------------------------------------------------

is_running() { # PID: alive, and no zombie
  local state
  state=$(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 1
  [[ -n $state && $state != Z ]]
}
is_gone() { ! is_running "$1"; }

is_mounted() { # PATH; without asking the mount itself, which may be dead
  local want
  want=$(printf %s "$1" | sed 's/\\/\\134/g; s/ /\\040/g')
  awk -v want="$want" '$5 == want { found = 1 } END { exit !found }' /proc/self/mountinfo
}
is_unmounted() { ! is_mounted "$1"; }

# Starts a command in the background; its pid is in $daemon, and it ends with the test.
start() { # LOG COMMAND...
  log=$1
  shift
  : >"$log"
  "$@" >"$log" 2>&1 </dev/null &
  daemon=$!
  pids+=("$daemon")
}

# Serves CONFIG at MOUNTPOINT and returns when it answers. $log and $daemon are its.
mount_start() { # CONFIG MOUNTPOINT [COMMAND that runs the program...]
  local config=$1 point=$2
  shift 2
  mounts+=("$(realpath -sm "$point")")
  start "$(mktemp "$work/daemon.XXXXXX.log")" "$@" "$program" mount "$config" "$point"
  mount_ready
}

mount_ready() {
  local i
  for ((i = 0; i < patience; i++)); do
    grep -q '^[a-z]* *event=ready' "$log" && return 0
    if is_gone "$daemon"; then fail "the daemon ended before it was ready"; fi
    sleep 0.1
  done
  fail "the daemon is not ready"
}

# Ends the newest daemon with SIGNAL and checks that it ended well and left nothing.
mount_stop() { # [SIGNAL] [PID] [MOUNTPOINT]
  local signal=${1:-TERM} pid=${2:-$daemon} point=${3:-${mounts[-1]}} code=0
  kill -s "$signal" "$pid"
  wait_exit "$pid" || code=$?
  [[ $code == 0 ]] || fail "the daemon's exit code after SIG$signal: expected 0, got $code"
  is_unmounted "$point" || fail "$point is still mounted after SIG$signal"
}

# Ends the newest daemon as a crash would, which leaves a dead mount.
mount_crash() {
  kill -KILL "$daemon"
  wait "$daemon" 2>/dev/null || true
}

# The exit code of a background child, waiting as long as patience lasts.
wait_exit() { # PID
  local code=0
  wait_until "process $1 ends" is_gone "$1"
  wait "$1" || code=$?
  return "$code"
}

stop_all() {
  local pid i
  for pid in "${pids[@]}"; do
    if is_running "$pid"; then kill "$pid" 2>/dev/null || true; fi
  done
  for pid in "${pids[@]}"; do
    for ((i = 0; i < 100; i++)); do
      is_gone "$pid" && break
      sleep 0.1
    done
    if is_running "$pid"; then kill -KILL "$pid" 2>/dev/null || true; fi
    wait "$pid" 2>/dev/null || true
  done
  pids=()
}

# --- users ----------------------------------------------------------------------------------------

# Changes of the accounts are serialised among tests that run at once.
accounts() { flock "${TMPDIR:-/tmp}/.secretfs-test-accounts.lock" "$@"; }

# A user without a home, in a group of the same name unless --gid says otherwise; both end with the test. Names made by
# unique() are of this test alone.
add_user() { # NAME [useradd's options...]
  local name=$1
  shift
  users+=("$name")
  [[ " $* " == *" --gid "* ]] || set -- --user-group "$@"
  accounts useradd --no-create-home --home-dir "$work" --shell /bin/sh "$@" "$name"
}
add_group() { # NAME
  groups+=("$1")
  accounts groupadd "$1"
}
unique() { printf 'sfs%s%s' "$1" "$$"; } # SUFFIX

# Runs a command as USER with all its groups. To start one in the background, so that its pid is the
# program's own, set the words by as_words and run "${as_user[@]}".
as_words() { # USER
  as_user=(setpriv --reuid "$1" --regid "$(id -g "$1")" --init-groups --inh-caps=-all --)
}
as() { # USER COMMAND...
  local as_user
  as_words "$1"
  shift
  "${as_user[@]}" "$@"
}

# --- units ----------------------------------------------------------------------------------------

# Makes a slice for units made by hand, in the hierarchy by which units are told here: the unified
# one, alone or beside others. False where that cannot be done.
make_slice() {
  local hierarchy
  for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
    [[ -w $hierarchy/cgroup.procs ]] || continue
    slice=$hierarchy/sfstest$$.slice
    mkdir "$slice" 2>/dev/null || return 1
    undo+=("find '$slice' -depth -type d -exec rmdir {} +")
    return 0
  done
  return 1
}
add_unit() { mkdir -p "$slice/$1"; } # PATH below the slice

# Runs a command in a unit. What is left in it ends with the command.
in_unit() { # UNIT COMMAND...
  local unit=$1
  shift
  # shellcheck disable=SC2016
  sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' - "$slice/$unit" "$@"
}

# --- the end --------------------------------------------------------------------------------------

clean_up() {
  local code=$? i point name
  trap - ERR EXIT
  set +e
  stop_all
  for ((i = ${#mounts[@]} - 1; i >= 0; i--)); do
    point=${mounts[i]}
    while is_mounted "$point"; do umount -l -- "$point" 2>/dev/null || break; done
  done
  for ((i = ${#undo[@]} - 1; i >= 0; i--)); do eval "${undo[i]}"; done
  for name in "${users[@]}"; do accounts userdel "$name" >/dev/null 2>&1; done
  for name in "${groups[@]}"; do accounts groupdel "$name" >/dev/null 2>&1; done
  if ((code != 0 && code != 77)) && [[ -n ${KEEP_WORK:-} ]]; then
    printf 'kept: %s\n' "$work" >&2
  else
    rm -rf --one-file-system -- "$work"
  fi
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
trap 'trap - ERR; printf "%s: FAIL: unexpected failure of: %s\n" "$(at_line)" "$BASH_COMMAND" >&2' ERR
