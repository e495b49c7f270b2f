#!/usr/bin/env bash
# The mount outlives its server: while readers compare every byte, the server is killed over and over,
# stopped, replaced by another program, told to reload, short of descriptors and memory, its sources
# change and its audit's disk is full. No read fails, none gives another's bytes, none hangs. Once with
# each of the two ways to find requests that a dead server left, the other one switched off.
# SECRETFS_SOAK=300 goes on for 300 seconds in all, and 250 kills a way, instead of 30 kills a way; scripts/soak runs that.
# shellcheck disable=SC2016,SC2094 # conditions for wait_until are evaluated later; names of files are contents too
source "$(dirname "$0")/lib.sh"
# shellcheck source=helpers/disturbances.sh
source "$helpers/disturbances.sh"
need_root
need "${CXX:-g++}" age age-keygen prlimit

seconds=${SECRETFS_SOAK:-0}
kills_wanted=30
soak_kills=$((seconds < 300 ? seconds : 250)) # each way, at least
[[ -z $sanitize ]] || kills_wanted=8
"${CXX:-g++}" -std=c++20 -O1 -pthread -o "$work/reader" "$helpers/survival_reader.cpp"

# --- sources --------------------------------------------------------------------------------------

mkdir "$work/src" "$work/bin" "$work/audit"
cd "$work/src"
age-keygen -o ours.txt 2>/dev/null
us=$(age-keygen -y ours.txt)
rotate() { # VERSION
  content r-plain "$1" 2000 >r-plain.new && mv r-plain.new r-plain
  content r-sealed "$1" 50 | age -r "$us" -o r-sealed.new && mv r-sealed.new r-sealed
}
rotate 1

content plain 1 100 >plain
content longer 1 20000 >longer
content sealed 1 100 | age -r "$us" -o sealed
content many 1 1 >many
{
  cat <<YAML
identities: [src/ours.txt]
defaults: {wait: 1m} # a machine may be slow: what a wait comes to is printed
audit: {file: $work/audit/audit.jsonl}
secrets:
  read/plain: {file: src/plain}
  read/longer: {file: src/longer}
  read/sealed: {age: src/sealed}
  read/r-plain: {file: src/r-plain}
  read/r-sealed: {age: src/r-sealed}
  toggled: {file: src/plain}
YAML
  ((seconds == 0)) || awk 'BEGIN { for (i = 0; i < 10000; i++) print "  many/" i ": {file: src/many}" }'
} >"$work/config.yaml"
cp "$work/config.yaml" "$work/config.before"

# --- what is done to it ---------------------------------------------------------------------------

m=$work/mnt
supervisor=
kills=0
upgrades=0

servers() { tr ' ' '\n' <"/proc/$supervisor/task/$supervisor/children" 2>/dev/null || true; }
has_server() { [[ -n $(servers) ]]; }
server_is_new() { has_server && [[ $(servers) != "$before" ]]; } # than $before

# Another file with the same program, as an upgrade leaves it.
new_program() {
  cp "$program" "$work/bin/new"
  mv "$work/bin/new" "$work/bin/secretfs"
}

says_who_serves() { sed -n 's/^served by process //p' "$m/.secretfs/alive"; }
# The one that serves, which counts; now and then whatever there is, which may not serve yet.
kill_server() {
  local pid
  if ((RANDOM % 4)); then
    # Stale, when who opened it was replaced before it was read.
    pid=$(says_who_serves 2>/dev/null) || pid=$(says_who_serves) || fail "the mount does not say who serves it"
    if kill -KILL "$pid" 2>/dev/null; then kills=$((kills + 1)); fi
  else
    for pid in $(servers); do kill -KILL "$pid" 2>/dev/null || true; done
  fi
}
hang_server() { hang_process "$(servers | head -n 1)"; }
upgrade() {
  new_program
  local before
  before=$(servers)
  kill -HUP "$supervisor"
  upgrades=$((upgrades + 1))
  wait_until "an upgrade has another server" server_is_new
}
reload() {
  if grep -q '^  toggled' "$work/config.yaml"; then
    sed -i '/^  toggled/d' "$work/config.yaml"
  else
    cp "$work/config.before" "$work/config.new"
    mv "$work/config.new" "$work/config.yaml" # as a whole: a server may be reading it
  fi
  kill -HUP "$supervisor"
}
fill_audit() { head -c 2M /dev/zero >"$work/audit/filler" 2>/dev/null || true; }
free_audit() { rm -f "$work/audit/filler"; }
starve_descriptors() { starve_process "$(servers | head -n 1)"; }
squeeze_memory() { squeeze_group "$group"; }

# One of them, mostly the worst.
disturb() {
  case $((RANDOM % 20)) in
    0) upgrade ;;
    1) reload ;;
    2) hang_server ;;
    3) fill_audit ;;
    4) free_audit ;;
    5) starve_descriptors ;;
    6) squeeze_memory ;;
    *) kill_server ;;
  esac
}

enough() { # of this way
  if ((seconds)); then ((SECONDS >= until_second && kills - kills_before >= soak_kills)); else ((kills - kills_before >= kills_wanted)); fi
}

# A cgroup of its own, so that its memory can be taken away; empty where none can be made.
group=
for hierarchy in /sys/fs/cgroup/memory /sys/fs/cgroup; do
  if [[ -e $hierarchy/cgroup.procs ]] && { [[ $hierarchy == */memory ]] || grep -qw memory "$hierarchy/cgroup.subtree_control"; } &&
    mkdir "$hierarchy/secretfs-survival$$" 2>/dev/null; then
    group=$hierarchy/secretfs-survival$$
    undo+=("rmdir '$group'")
    break
  fi
done
[[ -n $group ]] || echo 'not tried, as no cgroup can be made: little memory'
mount -t tmpfs -o size=1M none "$work/audit"
undo+=("umount -l '$work/audit'")

in_group() { local pid; for pid in "$supervisor" $(servers); do echo "$pid" >"$group/cgroup.procs"; done; }
metric() { sed -n "s/^secretfs_$1 //p" "$m/.secretfs/metrics"; }
is_more() { (($(metric "$1") > $2)); } # METRIC NUMBER

survive() { # OPTION of the supervisor, WHAT then finds the requests
  local way=$1 by=$2 code=0 version=1 kills_before=$kills until_second=$((SECONDS + seconds / 2))
  cp "$work/config.before" "$work/config.yaml"
  new_program
  mounts+=("$m")
  start "$(mktemp "$work/supervisor.XXXXXX.log")" "$work/bin/secretfs" supervise \
    --program "$work/bin/secretfs" "$way" "$work/config.yaml" "$m"
  supervisor=$daemon
  mount_ready
  [[ -z $group ]] || in_group

  mkfifo "$work/end"
  "$work/reader" 8 "$m/read" <"$work/end" >"$work/read" &
  local reader=$!
  pids+=("$reader")
  exec 9>"$work/end"
  wait_until "readers read" grep -q reading "$work/read"
  until enough; do
    disturb
    pause
    if ((RANDOM % 4 == 0)); then rotate $((++version)); fi
  done
  free_audit
  exec 9>&-
  rm "$work/end"
  wait_exit "$reader" || code=$?
  say "$way: $((kills - kills_before)) kills of who serves, $(metric restarts_total) restarts, $version versions: $(tail -n +2 "$work/read")"
  [[ $code == 0 ]] || fail "readers with $way: $(cat "$work/read")"
  # The last version comes, whatever happened on the way.
  wait_until "version $version is served" eval '[[ $(head -n 1 "$m/read/r-sealed") == "r-sealed $version "* ]]'
  is_more restarts_total $((kills - kills_before - 1)) || fail "$way: $(metric restarts_total) restarts"
  is_more "requests_recovered_total{by=\"$by\"}" 0 || fail "$way: no request was found by the $by"
  is_more 'open_files_taken_over_total{result="same"}' 0 || fail "$way: no open file was met again"
  mount_stop TERM "$supervisor" "$m"
}
say() { printf '%s\n' "$*"; }

survive --no-resend state
survive --no-slots kernel
finish "$kills kills and $upgrades upgrades under readers: no read failed, hung, or gave other bytes"
