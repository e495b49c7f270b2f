# shellcheck shell=bash
# For scripts/demo and scripts/test, which source this first: words, packages, builds. Sets $root,
# the repository.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export LC_ALL=C.UTF-8 HOME=${HOME:-/root}

# shellcheck disable=SC2034
build_packages=(
  g++ cmake ninja-build pkgconf libfuse3-dev libsodium-dev libssl-dev libyaml-dev
  nlohmann-json3-dev libcurl4-openssl-dev libspdlog-dev libcli11-dev libsystemd-dev
)

say() { printf '%s\n' "$*"; }
complain() { printf '%s: error: %s\n' "${0##*/}" "$*" >&2; }

# Packages of which none is installed yet. "COMMAND=PACKAGE" is there if the command is, wherever
# it came from.
missing_packages() {
  local wanted
  for wanted; do
    if [[ $wanted == *=* ]]; then
      command -v "${wanted%%=*}" >/dev/null || say "${wanted#*=}"
    elif [[ $(dpkg-query -W -f '${db:Status-Status}' "$wanted" 2>/dev/null) != installed ]]; then
      say "$wanted"
    fi
  done
}

# Installs what is missing. An ordinary user is told, and goes on with what there is.
install_packages() {
  local missing log
  mapfile -t missing < <(missing_packages "$@")
  if ((${#missing[@]} == 0)); then
    say "== packages: all there"
    return
  fi
  if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
    say "== packages: missing, and only root on a Debian can install them: ${missing[*]}"
    return
  fi
  say "== packages: installing ${#missing[@]} (a minute or two)"
  log=$(mktemp)
  if ! { apt-get -q update &&
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"; } \
    </dev/null >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    complain "the packages cannot be installed: ${missing[*]}"
    return 1
  fi
  rm -f "$log"
}

# Turns ninja's [3/80] lines into a percentage: on one line of a terminal, else a few lines.
show_progress() {
  local line percent shown=0
  while IFS= read -r line; do
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
    percent=$((100 * BASH_REMATCH[1] / BASH_REMATCH[2]))
    if [[ -t 1 ]]; then
      printf '\r   %3d %%\r' "$percent"
    elif ((percent >= shown + 25)); then
      shown=$((percent / 25 * 25))
      say "   $shown %"
    fi
  done
}

gently=() # what builds run under, such as nice
# build PRESET [CMAKE-OPTION...] [-- TARGET...]: configures and builds into build/PRESET.
build() {
  local preset=$1 log=$root/build/$1.log cmake_options=()
  shift
  while (($#)) && [[ $1 != -- ]]; do
    cmake_options+=("$1")
    shift
  done
  (($# == 0)) || shift
  say "== $preset: building"
  mkdir -p "$root/build"
  if ! (cd "$root" && cmake --preset "$preset" "${cmake_options[@]}") </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    complain "build/$preset cannot be configured"
    return 1
  fi
  if ! "${gently[@]}" ninja -C "$root/build/$preset" -j "$(nproc)" "$@" </dev/null 2>&1 | tee "$log" | show_progress; then
    grep -v '^\[' "$log" | head -n 40 >&2
    complain "build/$preset cannot be built; all of it is in build/$preset.log"
    return 1
  fi
}
