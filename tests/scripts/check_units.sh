#!/usr/bin/env bash
# `check --units` names each unit that makes systemd itself look into the mount, with file, line and
# the mend, by the rules of systemd for drop-ins, templates, aliases and masks, and no other; it
# never looks into the mount itself.
source "$(dirname "$0")/lib.sh"
need jq

u=$work/units
mkdir -p "$u" "$work/src"
cat >"$work/config.yaml" <<'YAML'
secrets:
  app/env: {file: src/env, links: [/etc/app/env]}
  key: {file: src/key}
YAML
unit() { # NAME TEXT
  mkdir -p "$(dirname "$u/$1")"
  printf '%b' "$2" >"$u/$1"
}
check() { expect_exit "$1" "$program" check --units "$u" "$work/config.yaml"; } # EXIT-CODE
at_risk() { sed -n "s|^\([^ ]*\): $u/\([^ ]*\): \([^=]*\)=.*|\1 \2 \3|p" "$work/out"; }

# --- nobody ----------------------------------------------------------------------------------------------

unit fine.service '[Service]\nLoadCredential=key:/run/secrets/key\nEnvironmentFile=-/etc/default/fine\n'
check 0
expect_eq "$out" 'no unit is at risk; 1 units' 'what is said of a unit that is fine'
expect_exit 0 "$program" check --units "$u" --json "$work/config.yaml"
expect_eq "$out" '[]' 'the same as JSON'

# --- each way ----------------------------------------------------------------------------------------------

unit a.service '[Unit]\nConditionPathExists=!/run/secrets/key\n[Service]\nEnvironmentFile=-/var/run/secrets/app/env\n'
unit b.path '[Path]\nPathModified=/etc/app/env\n'
unit t@.service '[Service]\nEnvironmentFile=%t/secrets/%i\n'
unit t@one.service.d/more.conf '[Service]\nEnvironmentFile=\\\n# not this\n  /run/secrets/one\n'
unit web-main.service '[Service]\nExecStart=/bin/true\n'
unit web-.service.d/all.conf '[Unit]\nAssertPathExists=/run/secrets/all\n'
unit masked.service '[Service]\nEnvironmentFile=/run/secrets/key\n'
ln -sf /dev/null "$u/masked.service"
unit undone.service '[Service]\nEnvironmentFile=/run/secrets/key\n'
unit undone.service.d/10.conf '[Service]\nEnvironmentFile=\n'
unit real.service '[Service]\nExecStart=/bin/true\n'
ln -s real.service "$u/other.service"
unit other.service.d/x.conf '[Service]\nEnvironmentFile=/run/secrets/key\n'
check 1
expect_eq "$(at_risk)" 'a.service a.service:2 ConditionPathExists
a.service a.service:4 EnvironmentFile
b.path b.path:2 PathModified
real.service other.service.d/x.conf:2 EnvironmentFile
t@.service t@.service:2 EnvironmentFile
t@one.service t@one.service.d/more.conf:2 EnvironmentFile
web-main.service web-.service.d/all.conf:2 AssertPathExists' 'who is at risk'
expect_match "$out" "mend: declare \`copies: \[/run/secretfs/plain/app/env\]\` for 'app/env' and name that path, or use LoadCredential=; and order the unit After=secretfs.service" 'a mend'
expect_match "$err" '7 times systemd itself would look into the mount' 'what is said at the end'

expect_exit 1 "$program" check --units "$u" --json "$work/config.yaml"
expect_eq "$(jq -r '.[1] | "\(.unit) \(.file) \(.line) \(.directive) \(.value) \(.secret)"' <"$work/out")" \
  "a.service $u/a.service 4 EnvironmentFile -/var/run/secrets/app/env app/env" 'one of them as JSON'

# --- elsewhere, and wrong use ---------------------------------------------------------------------------------

expect_exit 1 "$program" check --units "$u" --mount /etc/default "$work/config.yaml"
expect_eq "$(at_risk)" 'b.path b.path:2 PathModified
fine.service fine.service:3 EnvironmentFile' 'who is at risk with another mount point'
expect_exit 2 "$program" check --units
expect_match "$err" '--units needs a folder of unit files, or --system' 'neither'
expect_exit 2 "$program" check --units "$u" --system
expect_exit 2 "$program" check --json "$work/config.yaml"
expect_exit 1 "$program" check --units "$work/none" "$work/config.yaml"

# --- a unit file in the mount is not opened, and this system -------------------------------------------------------

mkdir "$work/mnt"
printf '[Service]\nEnvironmentFile=/run/secrets/key\n' >"$work/mnt/in.service"
rm -r "$u"
mkdir "$u"
ln -s "$work/mnt/in.service" "$u/in.service"
expect_exit 1 "$program" check --units "$u" --mount "$work/mnt" "$work/config.yaml"
expect_match "$err" "$u/in.service: is a unit file that lies in the mount" 'a unit file in the mount'
expect_eq "$out" '' 'what it says'
code=0
"$program" check --units --system "$work/config.yaml" >"$work/out" 2>"$work/err" || code=$?
expect_match "$code" '^[01]$' 'the exit code for this system'

finish 'units that make systemd itself look into the mount are named, by its own rules, with file, line and mend'
