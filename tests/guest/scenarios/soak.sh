#!/usr/bin/env bash
# As scripts/soak, under systemd with its store of descriptors: while readers compare every byte, the server, the
# supervisor and both are killed, the service is restarted, reloaded and upgraded, hangs, is short of memory and
# descriptors, its sources change and its audit's disk is full. No read fails, none has other bytes, none hangs.
# GUEST_SOAK=SECONDS (of the machine that runs the guest) and GUEST_SECRETS=NUMBER make it longer.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/../lib.sh"
# shellcheck source=../../scripts/helpers/disturbances.sh
source "$helpers/disturbances.sh"
read -r seconds secrets </tests/guest/soak
patience=600
[[ -x $helpers/survival_reader ]] || skip 'the reader could not be built'

# --- sources ------------------------------------------------------------------------------------------

us=$("$program" keygen -y /var/lib/secretfs/identity.txt)
install -d -o secretfs -g secretfs -m 700 /run/values
put() { # NAME: what standard input gives
  (umask 077 && cat >"/run/values/$1.new" && chown secretfs: "/run/values/$1.new" && mv "/run/values/$1.new" "/run/values/$1")
}
sealed() { "$program" encrypt -r "$us"; }
rotate() { # VERSION
  content r-plain "$1" 500 | put r-plain
  content r-sealed "$1" 50 | sealed | put r-sealed
}
rotate 1
content plain 1 100 | put plain
content longer 1 10000 | put longer
content sealed 1 100 | sealed | put sealed
content many 1 1 | put many

# A disk that can be full, where the unit has its logs.
mkdir -p /var/log/secretfs
mount -t tmpfs -o size=1M none /var/log/secretfs
undo+=('systemctl stop -q secretfs.service; umount -l /var/log/secretfs; rm -f /etc/secretfs/config.d/scenario.yaml; systemctl start -q secretfs.service')
{
  cat <<'YAML'
defaults: {wait: 1m} # a machine may be slow: what a wait comes to is printed
audit: {file: /var/log/secretfs/audit.jsonl}
secrets:
  read/plain: {file: /run/values/plain}
  read/longer: {file: /run/values/longer}
  read/sealed: {age: /run/values/sealed}
  read/r-plain: {file: /run/values/r-plain}
  read/r-sealed: {age: /run/values/r-sealed}
YAML
  awk -v count="$secrets" 'BEGIN { for (i = 0; i < count; i++) print "  many/" i ": {file: /run/values/many}" }'
} | serve

# --- what is done to it -------------------------------------------------------------------------------

declare -A did=()
kills=0
said=
main() { property secretfs.service MainPID; }
says_who_serves() { sed -n 's/^served by process //p' "$mount/.secretfs/alive" 2>/dev/null; }
server() { local pid; pid=$(says_who_serves) || pid=$(says_who_serves) || true; printf %s "$pid"; } # stale if it was just replaced
killed() { if kill -KILL "$@" 2>/dev/null; then kills=$((kills + 1)); fi; }
is_active() { [[ $(property secretfs.service ActiveState) == active ]]; }

kill_server() { local pid; pid=$(server); [[ -z $pid ]] || killed "$pid"; }
kill_supervisor() { killed "$(main)"; }
kill_all() { systemctl kill -s KILL secretfs.service && kills=$((kills + 1)); }
restart() { systemctl restart secretfs.service || fail 'restart'; }
reload() {
  sed -i '/^  toggled/d; $a\  toggled: {file: /run/values/plain}' /etc/secretfs/config.d/scenario.yaml
  wait_until 'it is active before a reload' is_active
  systemctl reload secretfs.service 2>/dev/null || true # its main process may be dying
}
upgrade() {
  cp /usr/bin/secretfs /usr/bin/secretfs.new
  mv /usr/bin/secretfs.new /usr/bin/secretfs
  wait_until 'it is active before an upgrade' is_active
  systemctl reload secretfs.service 2>/dev/null || true
}
hang_server() { hang_process "$(server)"; }
starve_descriptors() { starve_process "$(server)"; }
squeeze_memory() {
  local group=/sys/fs/cgroup/system.slice/secretfs.service
  if [[ -e $group/memory.high ]]; then squeeze_group "$group"; fi
}
fill_audit() { head -c 2M /dev/zero >/var/log/secretfs/filler 2>/dev/null || true; }
free_audit() { rm -f /var/log/secretfs/filler; }

each=(kill_server kill_supervisor kill_server kill_all kill_server restart reload upgrade fill_audit starve_descriptors
  squeeze_memory free_audit hang_server)
disturb() { # WHICH
  "$1"
  did[$1]=$((${did[$1]:-0} + 1))
}

# --- the soak -----------------------------------------------------------------------------------------

mkfifo "$work/end"
"$helpers/survival_reader" 4 "$mount/read" <"$work/end" >"$work/read" &
reader=$!
pids+=("$reader")
exec 9>"$work/end"
wait_until 'readers read' grep -q reading "$work/read"
version=1
for action in "${each[@]}"; do # each once, whatever the time
  disturb "$action"
  if ((++version % 4 == 0)); then rotate "$version"; fi
done
rotate "$((++version))"
until ((SECONDS >= seconds)); do
  if ((RANDOM % 2)); then disturb kill_server; else disturb "${each[RANDOM % ${#each[@]}]}"; fi
  pause
  if ((RANDOM % 4 == 0)); then rotate $((++version)); fi
done
free_audit
exec 9>&-
code=0
wait_exit "$reader" || code=$?
got=$(tail -n +2 "$work/read")
[[ $code == 0 ]] || fail "the readers: $got"
wait_until "version $version is served" eval '[[ $(head -n 1 "$mount/read/r-sealed") == "r-sealed $version "* ]]'
expect_eq "$(property secretfs.service NFileDescriptorStore)" 3 'descriptors that systemd keeps'
for action in "${!did[@]}"; do said+="${did[$action]} $action, "; done
finish "$((secrets + 5)) secrets, $SECONDS s, $kills kills, $version versions: $said$got"
