#!/usr/bin/env bash
# Systemd itself waits in the mount and nobody serves it: without the guard the machine hangs, until
# somebody ends the connection; with it, systemd answers again by itself and starts secretfs anew.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/../lib.sh"
secret environment 'WORD=read'
serve <<'YAML'
secrets: {environment: {file: /run/values/environment}}
YAML
unit reader.service <<'UNIT'
[Unit]
After=secretfs.service
[Service]
Type=oneshot
EnvironmentFile=/run/secrets/environment
ExecStart=sh -c 'echo "the word is $WORD"'
UNIT
undo+=('systemctl start secretfs-guard.service')
systemctl start reader.service || fail 'the reader does not start while all is well'
wait_until 'it has read the word' logged reader.service 'the word is read'

served() { [[ $(timeout 5 cat "$mount/environment" 2>/dev/null) == 'WORD=read' ]]; }
answers() { timeout 10 systemctl show -P Version >/dev/null 2>&1; }
connection() { awk -v at="$mount" '$5 == at { split($3, n, ":"); print n[2] }' /proc/self/mountinfo | tail -n 1; }
processes() { cat /sys/fs/cgroup/system.slice/secretfs.service/cgroup.procs; }
waits_in_mount() { [[ $(cat /proc/1/wchan) == *request_wait_answer* ]]; }

# Nobody answers any more, and systemd looks into the mount. Until it waits there it may still kill and start who serves;
# from then on nothing comes from it, also no answer to systemctl, for whom nobody must wait.
hang() {
  local pid
  served || fail 'secretfs does not serve'
  frozen=$(processes)
  [[ -n $frozen ]] || fail 'secretfs has no processes'
  for pid in $frozen; do kill -STOP "$pid"; done
  systemctl start --no-block reader.service >/dev/null 2>&1 &
  pids+=("$!")
  wait_until 'systemd waits in the mount' waits_in_mount
}
thaw() {
  local pid
  for pid in $frozen; do kill -CONT "$pid" 2>/dev/null || true; done
}
recovers() { # WHAT
  local i
  for ((i = 0; i < 12; i++)); do
    if answers; then
      thaw
      wait_until "secretfs serves again $1" served
      systemctl start reader.service || fail "the reader does not start $1"
      return 0
    fi
  done
  echo 1 >"/sys/fs/fuse/connections/$number/abort"
  thaw
  fail "systemd does not answer $1"
}

# --- without the guard -----------------------------------------------------------------------------------

systemctl stop secretfs-guard.service
number=$(connection)
undo+=('thaw')
hang
for round in 1 2; do
  if answers; then fail "systemd answers, though nobody serves what it reads (look $round)"; fi
done
expect_match "$(cat "/sys/fs/fuse/connections/$number/waiting")" '^[1-9]' 'who waits in the connection'
echo 1 >"/sys/fs/fuse/connections/$number/abort"
recovers 'after its connection was ended by hand'

# --- with it, all stopped -----------------------------------------------------------------------------------

systemctl start secretfs-guard.service
expect_eq "$(property secretfs-guard.service ActiveState)" active 'the guard'
number=$(connection)
hang
recovers 'with everything stopped, under the guard'
wait_until 'the guard says so' logged secretfs-guard.service 'event=connection_aborted.*is stuck'

# --- with it, all killed while systemd waits, and a restart in order ------------------------------------------

number=$(connection)
hang
for pid in $frozen; do kill -KILL "$pid"; done
recovers 'with everything killed, under the guard'
# Who died with a thread in the mount still holds the lock of those who live: then it is longer until the guard acts.
wait_until 'the guard says so' logged secretfs-guard.service 'event=connection_aborted' 2
number=$(connection)
systemctl restart secretfs.service
wait_until 'it serves after a restart' served
expect_eq "$(journal secretfs-guard.service | grep -c 'event=connection_aborted')" 2 'how often the guard acted'

finish 'systemd hangs when nobody serves what it reads, until the connection is ended; under the guard it goes on by itself'
