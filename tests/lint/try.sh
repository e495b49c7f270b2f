#!/usr/bin/env bash
# TRY may not stand inside the braces of an initializer: returning from there, g++ and clang leak the
# members made before it, secret memory included. (base/result.h)
set -u
cd "$(dirname "$0")/../.." || exit 1

# check ROOT: prints the initializers with a TRY in them. A brace belongs to an initializer when it
# follows a name, a template's end, `return`, `=`, `(` or `,` as clang-format writes them.
check() {
  (cd "$1" && grep -rPzo --include='*.h' --include='*.cpp' \
    '(?:[\w>]|return |= |\(|, )\{(?:[^{};]|\{[^{};]*\})*\bTRY\([^\n]*\n' \
    base core crypto providers views fs daemon cli) | tr '\0' '\n'
}

failed=0
found=$(check .)
if [ -n "$found" ]; then
  printf '%s\n' "$found"
  failed=1
fi

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir "$tree"/{base,core,crypto,providers,views,fs,daemon,cli}
while IFS='|' read -r expected line; do
  printf '%b\n' "$line" >"$tree/core/planted.cpp"
  seen=$([ -n "$(check "$tree")" ] && echo wrong || echo right)
  if [ "$seen" != "$expected" ]; then
    echo "self-test: '$line' was held to be $seen"
    failed=1
  fi
done <<'PLANTS'
wrong|  Config config{name, TRY(Load())};
wrong|  Config config{name, {}, {1, 2},\\n                TRY(Load())};
wrong|  return {name, TRY(Load())};
wrong|  Config config = {TRY(Load())};
wrong|  list.push_back({name, TRY(Load())});
right|  Config config{name, {}};\\n  config.access = TRY(Load());
right|  if (early) { return Ok{}; }\\n  TRY(Load());
right|  for (const auto& x : all) {\\n    TRY(Load(x));\\n  }
right|  return Make([&](ByteSpan out) -> Result<size_t> {\\n    return TRY(Read(out));\\n  });
right|  auto owned = std::make_unique<Region>(TRY(Map(bytes)));
PLANTS
[ "$failed" -eq 0 ] && echo "no TRY stands inside the braces of an initializer"
exit "$failed"
