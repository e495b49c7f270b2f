#!/usr/bin/env bash
# Every shell script, known by its name or first line, passes shellcheck.
set -u
cd "$(dirname "$0")/../.." || exit 1
if ! command -v shellcheck >/dev/null; then
  echo "skipped: shellcheck is not installed"
  exit 77
fi

# scripts ROOT: the shell scripts below it
scripts() {
  local file
  find "$1" \( -name build -o -name node_modules -o -name .git \) -prune -o -type f \
    \( -name '*.sh' -o -path '*/scripts/*' -o -path '*/.ci/*' \) -print | sort |
    while read -r file; do
      head -n 1 "$file" | grep -qaE '^#!.*\b(ba|da)?sh\b' && printf '%s\n' "$file"
    done
}
check() {
  local list
  mapfile -t list < <(scripts "$1")
  [ "${#list[@]}" -gt 0 ] || { echo "no scripts found below $1"; return 1; }
  # SC2016: programs of other languages stand in single quotes on purpose.
  shellcheck --external-sources --source-path=SCRIPTDIR --exclude=SC2016 "${list[@]}"
}

failed=0
check . || failed=1

# It must see a mistake, in a file with and without the suffix.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
for name in planted.sh scripts/planted; do
  rm -rf "${copy:?}"/*
  mkdir -p "$copy/$(dirname "$name")"
  printf '#!/bin/sh\nrm $1\n' >"$copy/$name"
  if check "$copy" >/dev/null; then
    echo "self-test: the mistake in $name was not seen"
    failed=1
  fi
done
[ "$failed" -eq 0 ] && echo "every script passes shellcheck"
exit "$failed"
