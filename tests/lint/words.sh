#!/usr/bin/env bash
# What no file of the project may hold, and how every header begins. At the end it plants one
# violation of every rule and must see each.
set -u
cd "$(dirname "$0")/../.." || exit 1

# files ROOT [FIND-TESTS]: the project's own text files
files() {
  local root=$1
  shift
  (cd "$root" && find . \
    \( -name build -o -name node_modules -o -name .git -o -name corpus -o -name vectors \) -prune \
    -o -type f ! -name LICENSE "$@" -print) | sed 's|^\./||' | sort
}

# banned ROOT PATTERN WHAT: files and lines with PATTERN. The patterns are written so as not to find
# themselves here.
banned() {
  local list
  mapfile -t list < <(files "$1")
  (cd "$1" && grep -nHIE -- "$2" "${list[@]}") | sed -E "s#^([^:]+:[0-9]+):.*#\1: $3#"
}

check() {
  local file root=$1
  banned "$root" '\b(TOD[O]|FIXM[E]|XX[X])\b' 'unfinished'
  banned "$root" '(^|[[:space:]"'"'"'=(`])/(wor[k]/|roo[t]/|home/[a-z])' 'a path of one machine'
  banned "$root" '"resolve[d]": *"http|(^|[^a-z])registr[y] *= *http' 'where packages come from'
  while read -r file; do
    head -n 1 "$root/$file" | grep -q '^// ' || echo "$file:1: does not open with a comment"
    grep -q '^#pragma once$' "$root/$file" || echo "$file: has no #pragma once"
  done < <(files "$root" -name '*.h')
  while read -r file; do
    [ "$(wc -l <"$root/$file")" -le 400 ] || echo "$file: has more than 400 lines"
  done < <(files "$root" \( -name '*.h' -o -name '*.cpp' \) ! -path './tests/*')
}

failed=0
violations=$(check .)
if [ -n "$violations" ]; then
  echo "$violations"
  failed=1
fi

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir "$copy/base"
expect_seen() { # NAME WHAT, the file's text on standard input
  cat >"$copy/base/$1"
  if ! check "$copy" | grep -q "$2"; then
    echo "self-test: '$2' in $1 was not seen"
    failed=1
  fi
  rm "$copy/base/$1"
}
good=$'// What it is for.\n#pragma once'
if [ -n "$(printf '%s\n' "$good" >"$copy/base/good.h"; check "$copy")" ]; then
  echo "self-test: a good header was refused"
  failed=1
fi
expect_seen a.cpp unfinished <<<"// TOD""O: later"
expect_seen a.sh unfinished <<<"# FIXM""E"
expect_seen a.md 'path of one machine' <<<"see /wor""k/x"
expect_seen a.cpp 'path of one machine' <<<"\"/roo""t/.ssh\""
expect_seen a.json 'where packages come from' <<<'"resol''ved": "https://packages.example/x"'
expect_seen .npmrc 'where packages come from' <<<'registr''y = https://packages.example'
expect_seen a.h 'open with a comment' <<<'#pragma once'
expect_seen a.h 'pragma once' <<<'// What it is for.'
expect_seen a.cpp 'more than 400 lines' < <(seq 401)
[ "$failed" -eq 0 ] && echo "no unfinished words, no machine's paths, every header in order"
exit "$failed"
