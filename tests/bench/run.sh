#!/usr/bin/env bash
# Runs the benchmark of an optimised build and prints its table; builds nothing.
#   tests/bench/run.sh [--quick] [--only ROW]... [BUILD]
# BUILD is the build's folder, by default build/release, configured with -DSECRETFS_BENCH=ON.
# SECRETFS=PATH measures another secretfs. --quick takes about a minute.
# ROWs: open ready read-all small hybrid decrypt list reload memory.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build/release
options=()
while (($#)); do
  case $1 in
    --quick) options+=("$1") ;;
    --only) options+=("$1" "${2:?a row}"); shift ;;
    -*) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    *) build=$1 ;;
  esac
  shift
done
secretfs=${SECRETFS:-$build/secretfs}
bench=$build/tests/bench/bench
minimal=$build/tests/bench/minimal_fuse

for program in "$secretfs" "$bench" "$minimal"; do
  [[ -x $program ]] && continue
  echo "run.sh: error: no $program" >&2
  echo "run.sh: hint: cmake --preset release -DSECRETFS_BENCH=ON && ninja -C build/release" >&2
  exit 2
done
[[ $(id -u) == 0 ]] || { echo "SKIP: the benchmark mounts, which needs root"; exit 77; }
[[ -c /dev/fuse ]] || { echo "SKIP: no /dev/fuse"; exit 77; }
command -v age age-keygen >/dev/null || { echo "SKIP: no age to compare with"; exit 77; }

# The benchmark cleans up after itself; this is for when it is killed.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
export TMPDIR
chmod 0711 "$TMPDIR"
cleanup() {
  while read -r _ point _; do
    if [[ $point == "$TMPDIR"/* ]]; then umount -l "$point"; fi
  done < <(tac /proc/self/mounts)
  rm -rf --one-file-system "$TMPDIR"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

echo "machine: $(nproc) CPUs, Linux $(uname -r), load $(cut -d' ' -f1 /proc/loadavg), age $(age --version)"
"$bench" "${options[@]}" "$secretfs" "$minimal"
