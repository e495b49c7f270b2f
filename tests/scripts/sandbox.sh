#!/usr/bin/env bash
# A server that takes over a mount is in a sandbox: it and its plugins write nowhere but where its
# configuration of the start says, gain no privileges, and mount nothing; the audit, rotations and
# inotify work from within, and a reload that wants more fails and says why. Where rules of programs
# or the audit need what Landlock hides, there is none.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/lib.sh"
need_root
need age jq python3 setpriv

m=$work/mnt
mkdir "$work/src" "$work/log" "$work/elsewhere" "$work/run"
mkdir -m 755 "$work/plugins"
cp "$(command -v cat)" "$work/reader"
export RUNTIME_DIRECTORY=$work/run INVOCATION_ID=1 # as systemd would
serve() { # COMMAND that runs the program...
  mounts+=("$m")
  start "$(mktemp "$work/daemon.XXXXXX.log")" "$@" "$program" supervise "$work/config.yaml" "$m"
  mount_ready
  server=$(pgrep -P "$daemon")
}
said() { grep -o "event=$1 .*" "$log" | tail -n 1; } # EVENT

# A plugin that does what it should not before it does what it should.
mkdir "$work/true"
install -m 755 "$helpers/age-plugin-stub" "$work/true/age-plugin-stub"
printf 'plain\n' >"$work/true/mode"
"$work/true/age-plugin-stub" --keygen >"$work/src/plugin"
printf 'by a plugin' | PATH=$work/true:$PATH age -r "$(sed -n 's/^# public key: //p' "$work/src/plugin")" -o "$work/src/plugged.age"
mv "$work/true/age-plugin-stub" "$work/plugins/stub"
mv "$work/true/mode" "$work/plugins/mode"
cat >"$work/plugins/age-plugin-stub" <<SH
#!/bin/sh
{ echo x >'$work/elsewhere/by-plugin'; } 2>/dev/null
mount -t tmpfs none '$work/elsewhere' 2>/dev/null
grep NoNewPrivs /proc/self/status >'$work/run/privileges'
exec '$work/plugins/stub' "\$@"
SH
chmod 755 "$work/plugins/age-plugin-stub"

configure() { # AUDIT RULES
  printf one >"$work/src/a"
  cat >"$work/config.new" <<YAML
identities: [src/plugin]
plugins: {dir: plugins}
$1
secrets:
  a: {file: src/a, mode: "0444"$2}
  plugged: {age: src/plugged.age}
YAML
  mv "$work/config.new" "$work/config.yaml"
}

# --- in the sandbox: as under the unit, without the right to see what others run ---------------------------

configure "audit: {file: log/audit.jsonl}" ''
without=(setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace)
serve "${without[@]}"
expect_match "$(said sandboxed)" "landlock=[0-9]+ writes=\"?.*$work/log.* runs=.*$work/plugins" 'what the log says'
[[ $(said sandboxed) != *landlock=0* ]] || skip 'the kernel has no Landlock'
expect_match "$(said unprivileged)" "audit has no 'executable'.*CAP_SYS_PTRACE" 'what is missing'
expect_eq "$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$server/status")" 1 'no new privileges'
expect_eq "$(cat "$m/plugged")" 'by a plugin' 'what the plugin opens'
expect_eq "$(awk '{ print $2 }' "$work/run/privileges")" 1 'no new privileges of a plugin'
[[ ! -e $work/elsewhere/by-plugin ]] || fail 'a plugin writes elsewhere'
is_unmounted "$work/elsewhere" || fail 'a plugin mounts'
wait_until 'the open is on record' eval 'jq -se "any(.[]; .secret == \"plugged\")" "$work/log/audit.jsonl" >/dev/null'

# The audit is put aside, or made anew, in its folder.
mv "$work/log/audit.jsonl" "$work/log/moved"
cat "$m/a" >/dev/null
wait_until 'the audit is made anew' test -s "$work/log/audit.jsonl"

# inotify is told through a copy of the mount that can be written to.
: >"$work/events"
python3 "$helpers/watch.py" inotify "$m/a" >"$work/events" 2>&1 </dev/null &
pids+=("$!")
wait_until 'it is watched' grep -q '^watching$' "$work/events"
printf two >"$work/src/new" && mv "$work/src/new" "$work/src/a"
wait_until 'inotify tells of the rotation' grep -q CLOSE_WRITE "$work/events"
expect_eq "$(cat "$m/a")" two 'the rotated secret'

# A reload that wants to write or run something elsewhere.
reload() { # WHAT: waits until it has failed
  local before
  before=$(count_in event=reload_failed "$log")
  kill -HUP "$daemon"
  wait_until "$1 is refused" eval "[[ \$(count_in event=reload_failed '$log') -gt $before ]]"
}
configure "audit: {file: elsewhere/audit.jsonl}" ''
reload 'an audit elsewhere'
expect_match "$(said reload_failed)" "elsewhere/audit.jsonl: is outside of what this process may write.*start secretfs anew" 'why'
mkdir "$work/plugins2"
configure "audit: {file: log/audit.jsonl}" ''
sed -i 's/dir: plugins/dir: plugins2/' "$work/config.yaml"
reload 'plugins elsewhere'
expect_match "$(said reload_failed)" 'plugins2: is outside of what this process may run' 'why'
[[ ! -e $work/elsewhere/audit.jsonl ]] || fail 'the audit was made elsewhere'
expect_eq "$(cat "$m/plugged")" 'by a plugin' 'what is served on'
mount_stop TERM "$daemon" "$m"

# --- where Landlock would hide what is asked for ------------------------------------------------------------

configure '' ''
serve
expect_match "$(said sandboxed)" 'landlock=[1-9]' 'a root server that needs to see no programs'
configure '' ", confine_to: ['exe:$work/reader']"
reload 'a rule of programs'
expect_match "$(said reload_failed)" 'rules of programs .exe:. cannot be decided in the sandbox.*start secretfs anew' 'why'
mount_stop TERM "$daemon" "$m"

serve
expect_match "$(said not_sandboxed)" 'Landlock would hide which programs' 'a server with rules of programs'
server_privileges=$(awk '/^NoNewPrivs/ { print $2 }' "/proc/$server/status")
expect_eq "$server_privileges" 1 'no new privileges there too'
expect_eq "$("$work/reader" "$m/a")" one 'by the program that may'
expect_errno "$m/a" EACCES 'by another program'
mount_stop TERM "$daemon" "$m"

# --- without systemd, an orphan must be able to unmount ---------------------------------------------------------

unset INVOCATION_ID
configure '' ''
serve
expect_match "$(said not_sandboxed)" 'has to unmount, which Landlock forbids' 'a server of a supervisor by hand'
mount_crash
wait_until 'it notices' grep -q event=supervisor_gone "$log"
kill "$server"
wait_until 'an orphan unmounts' is_unmounted "$m"

finish 'a server and its plugins write where they may and nowhere else; what comes later is held against the start'
