#!/usr/bin/env bash
# Who may include whom, and what is the business of one folder only: the table of layers in
# ARCHITECTURE.md, checked on the text. At the end it plants one violation of every rule in an empty
# tree and must see each, and lines that are right and must see none.
set -u
cd "$(dirname "$0")/../.." || exit 1

folders="base crypto core remote providers views fs daemon cli"
declare -A may=(
  [base]="base"
  [crypto]="base crypto"
  [core]="base core"
  [remote]="base core crypto remote"
  [providers]="base core crypto remote providers"
  [views]="base core views"
  [fs]="base core fs"
  [daemon]="base crypto core remote providers views fs daemon"
  [cli]="$folders"
)

# sources ROOT: every source line without its comment, as file:line:text
sources() {
  local folder
  (cd "$1" && for folder in $folders; do
    [ -d "$folder" ] && grep -rnH '' --include='*.h' --include='*.cpp' "$folder"
  done) | sed -E 's|[[:space:]]*//.*$||'
}

# layers: reads sources, prints includes of a folder that is not below
layers() {
  local at folder header
  while IFS=$'\t' read -r at header; do
    folder=${at%%/*}
    case " ${may[$folder]} " in
      *" ${header%%/*} "*) ;;
      *) echo "$at: $folder/ may not include \"$header\"" ;;
    esac
  done < <(sed -nE 's|^([^:]+:[0-9]+):[[:space:]]*#[[:space:]]*include[[:space:]]*"([^"]+)".*|\1\t\2|p')
}

# only PATTERN WHERE WHAT: reads sources, prints lines with PATTERN outside the paths WHERE
only() {
  grep -E "^[^:]+:[0-9]+:.*($1)" | grep -vE "^($2)" |
    sed -E "s#^([^:]+:[0-9]+):.*#\1: $3#"
}

# check ROOT: prints every violation
check() {
  local lines
  lines=$(sources "$1")
  layers <<<"$lines"
  only '# *include *<(sodium|openssl/)' 'crypto/' 'libsodium and OpenSSL are for crypto/' <<<"$lines"
  only '# *include *<yaml\.h>' 'core/' 'libyaml is for core/' <<<"$lines"
  only '# *include *<yaml-cpp' 'nowhere/' 'yaml-cpp is not used' <<<"$lines"
  only '# *include *<nlohmann/' 'remote/|providers/|daemon/|cli/' \
    'nlohmann/json is for remote/, providers/, daemon/ and cli/' <<<"$lines"
  only '# *include *<curl/' 'remote/' 'libcurl is for remote/' <<<"$lines"
  only '# *include *<fuse' 'fs/' 'libfuse is for fs/' <<<"$lines"
  only '# *include *<(spdlog|fmt)/' 'base/' 'spdlog is for base/' <<<"$lines"
  only '# *include *<CLI/' 'cli/' 'CLI11 is for cli/' <<<"$lines"
  only '# *include *<systemd/' 'daemon/' 'libsystemd is for daemon/' <<<"$lines"
  only '\b(mlock2?|munlock|madvise|mprotect)\(' 'base/' 'locked memory is for base/' <<<"$lines"
  only '\bmlockall\(' 'daemon/harden\.cpp' 'mlockall is for daemon/harden.cpp' <<<"$lines"
  only 'std::(thread|jthread|async)\b|\bpthread_create\b' 'daemon/' 'threads are for daemon/' \
    <<<"$lines"
  # A bug's last words before abort() are the one exception.
  grep -v 'std::fputs("secretfs: bug: ' <<<"$lines" |
    only 'std::(cout|cerr|clog)\b|\b(printf|vprintf|puts|putchar|perror)\(|\bstd(out|err)\b|STD(OUT|ERR)_FILENO' \
      'cli/|base/log\.cpp' 'standard output and error are for cli/ and base/log'
}

self_test() {
  local tree missed=0 expected file line seen
  tree=$(mktemp -d)
  # shellcheck disable=SC2086 # a list of folders
  (cd "$tree" && mkdir $folders)
  while IFS='|' read -r expected file line; do
    printf '%s\n' "$line" >"$tree/$file"
    seen=$([ -n "$(check "$tree")" ] && echo wrong || echo right)
    if [ "$seen" != "$expected" ]; then
      echo "self-test: '$line' in $file was held to be $seen"
      missed=1
    fi
    rm "$tree/$file"
  done <<'PLANTS'
wrong|base/planted.cpp|#include "core/name.h"
wrong|crypto/planted.h|#include "core/name.h"
wrong|core/planted.cpp|#include "crypto/init.h"
wrong|providers/planted.cpp|  #  include "views/view.h"
wrong|views/planted.cpp|#include "providers/provider.h"
wrong|fs/planted.cpp|#include "providers/provider.h"
wrong|daemon/planted.cpp|#include "cli/ui.h"
wrong|cli/planted.cpp|#include "tests/testkit/fake_clock.h"
wrong|core/planted.h|#include "name.h"
wrong|core/planted.cpp|#include <sodium.h>
wrong|providers/planted.cpp|#include <openssl/evp.h>
wrong|daemon/planted.cpp|#include <yaml.h>
wrong|core/planted.cpp|#include <yaml-cpp/yaml.h>
wrong|views/planted.cpp|#include <nlohmann/json.hpp>
wrong|providers/planted.cpp|#include <curl/curl.h>
wrong|remote/planted.cpp|#include "providers/provider.h"
wrong|daemon/planted.cpp|#include <fuse_lowlevel.h>
wrong|cli/planted.cpp|#include <spdlog/spdlog.h>
wrong|daemon/planted.cpp|#include <CLI/CLI.hpp>
wrong|fs/planted.cpp|#include <systemd/sd-daemon.h>
wrong|crypto/planted.cpp|int f(void* p) { return mlock(p, 1); }
wrong|daemon/planted.cpp|int f() { return mlockall(1); }
wrong|providers/planted.cpp|std::jthread t;
wrong|fs/planted.cpp|auto t = std::thread([] {});
wrong|core/planted.cpp|void f() { std::cout << 1; }
wrong|views/planted.cpp|void f() { std::fputs("x", stderr); }
wrong|daemon/planted.cpp|void f() { ::write(STDOUT_FILENO, "", 0); }
right|base/planted.cpp|void f() { std::fputs("secretfs: bug: x\n", stderr); }
right|core/planted.cpp|int a;  // as std::cout << 1 would
right|core/planted.cpp|#include "base/result.h"
right|daemon/planted.cpp|std::jthread t; auto n = std::thread::hardware_concurrency();
right|core/planted.cpp|std::this_thread::yield();
right|views/planted.cpp|std::snprintf(b, 1, "%d", 1);
right|cli/planted.cpp|#include <CLI/CLI.hpp>
PLANTS
  rm -rf "$tree"
  return "$missed"
}

failed=0
violations=$(check .)
if [ -n "$violations" ]; then
  echo "$violations"
  failed=1
fi
self_test || failed=1
[ "$failed" -eq 0 ] && echo "every folder includes only what it may"
exit "$failed"
