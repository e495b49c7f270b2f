# shellcheck shell=bash
# For the scenarios, which source this first: the checks of tests/scripts/lib.sh, and what is about
# units. Runs in the guest, as root.
export TMPDIR=/run # the service has a /tmp of its own
# shellcheck source=../../scripts/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/lib.sh"
# shellcheck disable=SC2034
log=/dev/null # the journal has it
# shellcheck disable=SC2034
patience=150 # tenths of a second, and more on a slow machine
# shellcheck disable=SC2034
mount=/run/secrets
shopt -s lastpipe # what functions at the end of a pipe note down stays
# shellcheck disable=SC2034
systemd=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')

# A unit's file, from standard input; gone when the scenario ends.
unit() { # NAME
  cat >"/run/systemd/system/$1"
  undo+=("systemctl stop -q $1 2>/dev/null; rm -f /run/systemd/system/$1; systemctl reset-failed -q $1 2>/dev/null")
}

# A secret's file, from an argument, for the service alone. The folder is made anew by each machine, in memory.
secret() { # NAME TEXT
  install -d -o secretfs -g secretfs -m 700 /run/values
  (umask 077 && printf %s "$2" >"/run/values/$1.new" && chown secretfs: "/run/values/$1.new" &&
    mv "/run/values/$1.new" "/run/values/$1")
}

# From the next start on, the service has the rights that an example of a drop-in gives.
with_rights() {
  install -D -m 644 /tests/examples/rights.conf /run/systemd/system/secretfs.service.d/rights.conf
  systemctl daemon-reload
  undo+=('rm -r /run/systemd/system/secretfs.service.d; systemctl daemon-reload; systemctl restart secretfs.service')
}

# Serves, beside what the machine booted with, what standard input declares.
serve() {
  mkdir -p /etc/secretfs/config.d
  cat >/etc/secretfs/config.d/scenario.yaml
  systemctl restart secretfs.service
}
undo+=('rm -f /etc/secretfs/config.d/scenario.yaml')

property() { systemctl show -P "$2" "$1"; } # UNIT PROPERTY

# Starts a unit that must not start, for want of its credentials.
expect_refused() { # UNIT WHAT
  if systemctl start "$1" 2>/dev/null; then fail "$2: $1 was started"; fi
  expect_eq "$(property "$1" ExecMainStatus)" 243 "$2: the exit status of $1 (CREDENTIALS)"
}

# What a unit logged since the scenario began.
since=$(date '+%F %T')
journal() { journalctl -q --no-pager -o cat --since "$since" -u "$1"; } # UNIT

# Runs a command as a unit of that name, and waits for it: as_unit NAME [PROPERTY...] -- COMMAND...
as_unit() {
  local name=$1 properties=()
  shift
  while [[ $1 != -- ]]; do
    properties+=(-p "$1")
    shift
  done
  shift
  systemd-run -q --wait --pipe --collect --unit="$name" "${properties[@]}" "$@"
}

# Whether a unit logged so many lines that match; the journal takes them in after the unit ended.
logged() { [[ $(journal "$1" | grep -cE -- "$2") == "${3:-1}" ]]; } # UNIT REGEX [COUNT]
