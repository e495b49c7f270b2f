#!/usr/bin/env bash
# Each tests/compile_fail/*.cpp must not compile, and for the reason that its first line gives. With
# -DCONTROL the same file is the permitted way to do the same and must compile, so that a missing
# header or a typing error cannot pass for a refusal.
set -u
cd "$(dirname "$0")/../.." || exit 1
compiler=${CXX:-g++}
failed=0
count=0

compile() { "$compiler" -std=c++20 -Wall -Wextra -Werror -fsyntax-only -I. "$@" 2>&1; }
complain() {
  printf '%s: %s\n' "$1" "$2"
  failed=1
}

# judge FILE: nothing, or what is wrong with it
judge() {
  local expected output
  expected=$(sed -n '1s|^// expect: ||p' "$1")
  [ -n "$expected" ] || { echo "its first line is not '// expect: PATTERN'"; return; }
  output=$(compile -DCONTROL "$1") || { echo "the control does not compile: $output"; return; }
  if output=$(compile "$1"); then echo "compiles, and must not"; return; fi
  grep -qE "error.*($expected)" <<<"$output" || echo "fails for another reason: $output"
}

for file in tests/compile_fail/*.cpp; do
  count=$((count + 1))
  problem=$(judge "$file")
  [ -z "$problem" ] || complain "$file" "$problem"
done
[ "$count" -ge 10 ] || complain tests/compile_fail "only $count snippets found"

# The judge itself: it must see each way in which a snippet can be worthless.
own=$(mktemp -d)
trap 'rm -rf "$own"' EXIT
expect_problem() { # NAME PATTERN < snippet
  cat >"$own/$1.cpp"
  judge "$own/$1.cpp" | grep -q "$2" || complain "self-test" "$1 was not noticed"
}
expect_problem permitted 'compiles, and must not' <<<$'// expect: deleted\nint x;'
expect_problem broken_control 'control does not compile' <<<$'// expect: deleted\nint x = ;'
expect_problem other_reason 'another reason' <<<$'// expect: deleted\n#ifndef CONTROL\nint x = ;\n#endif'
expect_problem unsaid 'first line' <<<'int x;'

[ "$failed" -eq 0 ] && echo "$count snippets are refused by $compiler, and their controls compile"
exit "$failed"
