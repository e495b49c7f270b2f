#!/usr/bin/env bash
# A server without capabilities, as a system user, serves the mount that root made: whom it lets in
# follows from the same facts as ever, what it cannot know lets nobody in, and the log says what is
# missing and how to mend it.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
source "$(dirname "$0")/lib.sh"
need_root
need age age-keygen jq python3 setpriv useradd timeout
python3 -c 'import os; os.pidfd_open' 2>/dev/null || skip 'this python has no pidfd_open'

m=$work/mnt
server_user=$(unique s)
reader=$(unique r)
add_user "$server_user"
add_user "$reader"
group=$(unique g)
add_group "$group"
usermod -aG "$group" "$reader"
chmod 711 "$work"
mkdir -m 755 "$work/src" "$work/credentials"
mkdir "$work/log" "$work/run" "$work/state"
chown "$server_user" "$work/log" "$work/run" "$work/state"
printf public >"$work/src/public" && chmod 644 "$work/src/public"
printf closed >"$work/src/closed" && chmod 600 "$work/src/closed"
age-keygen -o "$work/credentials/identity" 2>/dev/null
printf sealed | age -r "$(age-keygen -y "$work/credentials/identity")" -o "$work/src/sealed.age"
: >"$work/credentials/empty"
chmod 644 "$work/credentials"/* "$work/src/sealed.age"
age-keygen -o "$work/src/of-root" 2>/dev/null
cat >"$work/config.yaml" <<YAML
identities: ["credential:empty", "credential:identity", src/of-root]
audit: {file: log/audit.jsonl}
secrets:
  public: {file: src/public, mode: "0444"}
  closed: {file: src/closed, mode: "0444"}
  sealed: {age: src/sealed.age}
  group: {file: src/public, group: $group, mode: "0440"}
  program: {file: src/public, mode: "0444", confine_to: ["exe:$(realpath "$(command -v cat)")"]}
YAML
chmod 644 "$work/config.yaml"
cp "$program" "$work/secretfs" && chmod 755 "$work/secretfs"

# The mount is made by a supervisor, whose server ends; then it holds still, and another one takes over.
mounts+=("$m")
start "$work/supervise.log" "$program" supervise "$work/config.yaml" "$m"
mount_ready
kill -STOP "$daemon"
undo+=("kill -CONT $daemon 2>/dev/null")
kill -KILL "$(pgrep -P "$daemon")"
rm -rf "${work:?}"/log/*
export RUNTIME_DIRECTORY=$work/run STATE_DIRECTORY=$work/state CREDENTIALS_DIRECTORY=$work/credentials
supervisor=$daemon
start "$work/serve.log" python3 -I "$helpers/serve_as.py" "$supervisor" "$server_user" "$work/secretfs" server \
  --root --mount-point "$m" "$work/config.yaml"
wait_until 'the server answers' grep -q '^h$' "$work/serve.log"
server=$(sed -n 's/^pid //p' "$work/serve.log")
pids+=("$server")
expect_eq "$(awk '/^CapEff/ { print $2 } /^Uid/ { print $2 }' "/proc/$server/status" | tr '\n' ' ')" \
  "$(id -u "$server_user") 0000000000000000 " 'who serves'

read_as() { # USER FILE: what he reads, or why not
  as "$1" timeout -s KILL 30 cat "$m/$2" 2>&1 || true
}
expect_eq "$(read_as "$reader" public)" public 'what all may read'
expect_eq "$(read_as "$reader" group)" public 'by a supplementary group'
expect_match "$(read_as "$server_user" group)" 'Permission denied' 'the user who serves is nobody special'
expect_match "$(read_as "$server_user" .secretfs/status.json)" 'Permission denied' 'the status, which is for who mounted'
expect_eq "$(read_as root sealed)" sealed 'with an identity that is a credential'
expect_eq "$(stat -c %U "$m/sealed" "$m" "$m/.secretfs/status.json" | sort -u)" root 'whose the files are'
for who in root "$reader"; do
  expect_match "$(read_as "$who" program)" 'Permission denied' 'by a program that cannot be told'
done
expect_match "$(read_as root closed)" 'Input/output error' 'a source that is for root alone'
timeout -s KILL 30 cat "$m/.secretfs/status.json" >"$work/status"

said() { grep -E -- "$1" "$work/serve.log" | head -n 1; }
expect_match "$(said 'event=unprivileged.*exe:')" 'let nobody in.*CAP_SYS_PTRACE' 'what the log says of rules of programs'
expect_match "$(said 'event=unprivileged.*audit')" "no 'executable'.*CAP_SYS_PTRACE" 'what it says of the audit'
expect_match "$(said 'identity_not_read.*empty')" 'the credential is empty.*LoadCredential=' 'what it says of an empty credential'
expect_match "$(said 'identity_not_read.*of-root')" 'permission denied.*LoadCredential=.*CAP_DAC_READ_SEARCH' 'what it says of an identity of root'
expect_match "$(said 'secret_failed.*closed')" 'permission denied.*LoadCredential=.*CAP_DAC_READ_SEARCH' 'what it says of a source of root'
expect_match "$(said event=sandboxed)" "landlock=" 'what it says of its sandbox'
expect_eq "$(jq '.survival.restarts' "$work/status")" 1 'restarts'
wait_until 'the opens are on record' eval \
  'jq -se "any(.[]; .secret == \"group\" and .decision == \"granted\" and .executable == \"\")" "$work/log/audit.jsonl" >/dev/null'
expect_eq "$(stat -c %U "$work/log/audit.jsonl")" "$server_user" 'whose the audit is'

# Its supervisor goes on with one of its own.
kill -KILL "$server"
kill -CONT "$supervisor"
expect_eq "$(read_as "$reader" public)" public 'by the next server'
mount_stop TERM "$supervisor" "$m"
finish 'a server without capabilities serves as before, says what it cannot do, and lets nobody in by what it cannot tell'
