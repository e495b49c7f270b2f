# shellcheck shell=bash
# For the tests of a mount that outlives its server, which source this: what survival_reader.cpp reads, and what is
# done to who serves it. Uses lib.sh.

content() { # NAME VERSION LINES
  awk -v name="$1" -v version="$2" -v lines="$3" 'BEGIN { for (i = 0; i < lines; i++) print name, version, lines }'
}

pause() { sleep "0.0$((RANDOM % 9 + 1))"; }

# Longer than the heart may stand still, or shorter.
hang_process() { # PID, which may be empty or gone
  [[ -n $1 ]] || return 0
  kill -STOP "$1" 2>/dev/null || return 0
  if ((RANDOM % 3)); then
    pause
    kill -CONT "$1" 2>/dev/null || true
  else
    wait_until "a hung server is replaced" is_gone "$1"
  fi
}

# For a moment it may open one file more.
starve_process() { # PID, which may be empty or gone
  local open
  [[ -n $1 ]] || return 0
  open=$({ find "/proc/$1/fd" -mindepth 1 2>/dev/null || true; } | wc -l)
  prlimit --pid "$1" --nofile="$((open + 1)):65536" 2>/dev/null || return 0
  pause
  pause
  prlimit --pid "$1" --nofile=65536:65536 2>/dev/null || true
}

# For a moment they may have hardly more memory than they have: who wants more waits, or is told that there is none, and
# is not killed, as that could be the supervisor, which systemd would start again.
squeeze_group() { # CGROUP, or nothing
  local limit used no_limit more
  [[ -n $1 ]] || return 0
  if [[ -e $1/memory.limit_in_bytes ]]; then
    echo 1 >"$1/memory.oom_control"
    limit=$1/memory.limit_in_bytes used=$1/memory.usage_in_bytes no_limit=-1
  else
    limit=$1/memory.high used=$1/memory.current no_limit=max
  fi
  for more in 1 2 4 8 16 32 none; do # MiB, since a server that starts has more than it had a moment ago
    [[ $more != none ]] || fail "memory cannot be limited by $limit"
    if echo $(($(cat "$used") + (more << 20))) 2>/dev/null >"$limit"; then break; fi
  done
  pause
  pause
  echo "$no_limit" >"$limit"
}
