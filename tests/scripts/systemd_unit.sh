#!/usr/bin/env bash
# What is handed to other programs to read: systemd takes the unit without a word, mandoc the man
# pages, and every command that secretfs has is described in them.
source "$(dirname "$0")/lib.sh"
root=$scripts/../..

# --- the unit -----------------------------------------------------------------------------------------

unit=$root/systemd/secretfs.service
if command -v systemd-analyze >/dev/null && [[ -e $unit ]]; then
  # systemd-analyze wants the program that the unit names to be there.
  named=$(sed -n 's/^ExecStart=[-@:+!]*\([^ ]*\).*/\1/p' "$unit")
  [[ -n $named ]] || fail 'the unit has no ExecStart='
  sed "s|^\(Exec[A-Za-z]*=[-@:+!]*\)$named |\1$program |" "$unit" >"$work/secretfs.service"
  expect_exit 0 systemd-analyze verify --man=no "$work/secretfs.service"
  expect_eq "$err" '' "systemd-analyze's remarks"
  # It can find fault.
  sed 's/^Type=.*/Type=notfy/; s/^RestartSec=.*/RestartSecs=x/' "$work/secretfs.service" >"$work/wrong.service"
  "$(command -v systemd-analyze)" verify --man=no "$work/wrong.service" >"$work/out" 2>&1 || true
  expect_match "$(cat "$work/out")" 'Type=|RestartSecs' 'systemd-analyze on a wrong unit (the check can fail)'
  expect_match "$(cat "$unit")" $'\nType=notify\n' 'the type of the unit'
  # In tenths.
  exposure_of() { # FILE
    local exposure
    exposure=$(systemd-analyze security --offline=true --no-pager "$1" |
      sed -n 's/.*Overall exposure level for [^:]*: \([0-9]*\)\.\([0-9]\).*/\1\2/p')
    [[ $exposure =~ ^[0-9]+$ ]] || fail "systemd-analyze security does not rate $1"
    printf %s "$exposure"
  }
  exposure=$(exposure_of "$work/secretfs.service")
  ((10#$exposure <= 10)) || fail "the exposure of what serves is $exposure tenths, more than 1.0"
  # Setting up the sandbox must not wait for the mount.
  expect_eq "$(grep -nE '^[A-Za-z]*(Path|Directory|Directories|Paths)=.*/run/secrets' "$unit" || true)" '' 'options that name the mount'
  # It cannot reach into other processes, also not with the capabilities of the drop-in.
  denied=$(grep '^SystemCallFilter=~' "$unit")
  for call in process_vm_writev process_vm_readv pidfd_getfd ptrace; do
    [[ " $denied " == *" $call "* ]] || fail "the unit does not deny $call"
  done
  # What systemd mends by itself is not for the guard, which costs readers an error: a start takes seconds.
  of_unit() { sed -n "s/^$1=\([0-9]*\)s\$/\1/p" "$unit"; }
  of_guard() { "$program" guard --help | sed -n "s/^ *$1 .*=\([0-9]*\)\$/\1/p"; }
  mended=$(($(of_unit WatchdogSec) + $(of_unit TimeoutAbortSec) + 5))
  stuck=$(of_guard --patience-with-stuck)
  ((stuck >= mended)) || fail "the guard waits for '$stuck' s, systemd's watchdog and a start need $mended s"
  # The helpers, and their sockets.
  mkdir "$work/units"
  cp "$root"/systemd/*.socket "$work/units/"
  for helper in actor keeper guard; do
    sed "s|^ExecStart=secretfs|ExecStart=$program|" "$root/systemd/secretfs-$helper.service" >"$work/units/secretfs-$helper.service"
  done
  SYSTEMD_UNIT_PATH=$work/units: expect_exit 0 systemd-analyze verify --man=no "$work"/units/*
  expect_eq "$err" '' "systemd-analyze's remarks on the helpers"
  for limit in actor=20 guard=20 keeper=30; do
    exposure=$(exposure_of "$work/units/secretfs-${limit%=*}.service")
    ((10#$exposure <= ${limit#*=})) || fail "the exposure of the ${limit%=*} is $exposure tenths, more than ${limit#*=}"
  done
else
  printf 'not tried, as systemd-analyze is not installed: the unit\n'
fi

# --- the man pages --------------------------------------------------------------------------------------

pages=("$root"/man/*.[1-8])
[[ -e ${pages[0]} ]] || skip 'there are no man pages'
if command -v mandoc >/dev/null; then
  for page in "${pages[@]}"; do
    expect_exit 0 mandoc -T lint -W warning "$page"
    expect_eq "$out$err" '' "mandoc's remarks on ${page##*/}"
  done
  mandoc -T ascii -O width=100 "$root/man/secretfs.1" | sed "s/.\x08//g" >"$work/page"
  described() { grep -qE -- "(^|[^a-z-])$1([^a-z-]|\$)" "$work/page" || fail "secretfs.1 lacks $2"; }
  subcommands() { "$program" "$@" --help | sed -n "/^Subcommands:/,/^\$/ s/^  \([a-z][a-z-]*\)  .*/\1/p"; }
  options() { "$program" "$@" --help | grep -oE -- "--[a-z][a-z-]+" | sort -u || true; }
  count=0
  for command in $(subcommands); do
    described "$command" "the command '$command'"
    for sub in "" $(subcommands "$command"); do
      [[ -z $sub ]] || described "$command $sub" "the command '$command $sub'"
      for option in $(options "$command" ${sub:+"$sub"}); do
        count=$((count + 1))
        [[ $option == --help ]] || described "$option" "the option '$option' of '$command $sub'"
      done
    done
  done
  ((count > 15)) || fail "only $count options were found in the help"
  # Every code that the program can end with is in the table.
  codes=$(sed -n 's/^  k[A-Za-z]* = \([0-9]*\),$/\1/p' "$root/cli/exit_code.h")
  expect_match "$codes" '14' 'exit codes in cli/exit_code.h'
  for code in $codes; do
    awk '/^EXIT STATUS/ { on = 1; next } /^[A-Z]/ { on = 0 } on' "$work/page" >"$work/table"
    grep -qE "(^| )$code( |\$)" "$work/table" ||
      fail "EXIT STATUS of secretfs.1 lacks $code"
  done
else
  printf 'not tried, as mandoc is not installed: the form of the man pages\n'
fi

finish 'systemd and mandoc have no complaint; every command, option and exit code is in secretfs(1)'
