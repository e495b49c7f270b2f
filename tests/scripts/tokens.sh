#!/usr/bin/env bash
# The token JSON from the command line, and the same tokens in the hands of git: edits that lose
# nothing and print nothing, and a credential helper that git gets along with whatever goes wrong.
source "$(dirname "$0")/lib.sh"
need git

file=$work/etc/tokens.json
mkdir "$work/etc"
token=ghp_0123456789abcdefABCDEF

tokens() { "$program" tokens "$@"; }

# What comes over standard input, and the exit code.
expect_set() { # CODE TOKEN ARGUMENT...
  local want=$1 got=0
  printf '%b' "$2" >"$work/in"
  shift 2
  tokens set "$@" <"$work/in" >"$work/out" 2>"$work/err" || got=$?
  err=$(<"$work/err")
  expect_eq "$got" "$want" "exit code of 'tokens set $*' ($err)"
  expect_eq "$(<"$work/out")" '' 'output of tokens set'
}

# --- edits ----------------------------------------------------------------------------------------

expect_set 0 "$token\n" "$file" github.com
expect_eq "$(stat -c %a "$file")" 600 'mode of a new file'
expect_eq "$(<"$file")" "$(printf '{\n  "github.com": "%s"\n}' "$token")" 'a new file'
expect_set 0 'srht' "$file" git.sr.ht
expect_set 0 'gitea-token' "$file" git.lan:3000 --user me --kind gitea
expect_set 0 'glpat-1' "$file" gitlab.com/group

expect_exit 0 "$program" tokens list "$file"
expect_eq "$out" 'HOST              USER            KIND
github.com        x-access-token  github
git.sr.ht         oauth2          sourcehut
git.lan:3000      me              gitea
gitlab.com/group  oauth2          gitlab-pat' 'tokens list'
expect_exit 0 "$program" tokens list --json "$file"
expect_match "$out" '"user": "x-access-token"' 'tokens list --json'
for secret in ghp_ 0123 srht-t gitea-token glpat; do
  expect_no_match "$out$err" "$secret" 'tokens list prints no token'
done

before=$(stat -c '%i %.Y' "$file")
expect_set 0 "$token" "$file" github.com
expect_eq "$(stat -c '%i %.Y' "$file")" "$before" 'a file that needs no change'

cp "$file" "$work/before"
expect_set 1 'hunter2\n\n' "$file" github.com
expect_match "$err" 'line break or another control character' 'a token of two lines'
expect_set 1 '' "$file" github.com
expect_set 1 'hunter2\r\n' "$file" github.com
expect_set 2 'hunter2' "$file" https://github.com
expect_match "$err" 'without https://' 'a URL for a host'
expect_set 2 'hunter2' "$file" github.com --kind gitub
expect_match "$err" "did you mean 'github'" 'an unknown kind'
expect_set 2 '' "$file" github.com hunter2
expect_exit 1 "$program" tokens remove "$file" githib.com
expect_match "$err" "did you mean 'github.com'" 'a host that is not there'
expect_same "$file" "$work/before" 'the file after edits that failed'

chmod 640 "$file"
[[ $EUID -ne 0 ]] || chown 12345:54321 "$file"
owner=$(stat -c '%u %g %a' "$file")
ln -s etc/tokens.json "$work/link.json"
expect_exit 0 "$program" tokens remove "$work/link.json" git.sr.ht
expect_eq "$(stat -c '%u %g %a' "$file")" "$owner" 'owner and mode after an edit'
[[ -L $work/link.json ]] || fail 'a link was replaced by a file'
expect_no_match "$(<"$file")" sr.ht 'a host that was removed'

printf '{\n  "a": "hunter2\n' >"$work/broken.json"
expect_exit 1 "$program" tokens list "$work/broken.json"
expect_match "$err" 'broken.json:2:16: this is not JSON' 'where JSON is broken'
expect_no_match "$err" hunter2 'an error quotes no content'
expect_set 1 'x' "$work/broken.json" a
expect_exit 1 "$program" tokens list "$work/none.json"

# --- many editors at once -------------------------------------------------------------------------

many=$work/etc/many.json
editors=()
for i in {1..24}; do
  printf 't%s' "$i" | tokens set "$many" "host$i.example" &
  editors+=("$!")
done
for editor in "${editors[@]}"; do wait "$editor"; done
expect_eq "$(tokens list "$many" | grep -c example)" 24 'tokens after 24 editors at once'
expect_eq "$(find "$work/etc" -mindepth 1 | sort)" "$many
$file" 'what edits leave behind'

# --- check ----------------------------------------------------------------------------------------

expect_exit 0 "$program" tokens check "$file"
expect_match "$out" "^note: nix-access-tokens leaves out 'git.lan:3000': nix has no fetcher" 'a note'
expect_eq "$err" '' 'warnings about a private file'
chmod 604 "$file"
expect_exit 0 "$program" tokens check "$file"
expect_match "$err" 'every user of this machine' 'a warning about the mode'
chmod 600 "$file"
cp "$file" "$work/odd.json"
expect_set 0 'hun#ter2' "$work/odd.json" github.com
expect_exit 1 "$program" tokens check "$work/odd.json"
expect_match "$out" "problem: nix-access-tokens leaves out 'github.com': the token has" 'a problem'
expect_no_match "$out$err" 'ter2' 'tokens check prints no token'
expect_exit 1 "$program" tokens check --json "$work/odd.json"
expect_match "$out" '"problem": true' 'tokens check --json'

# --- git ------------------------------------------------------------------------------------------

export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$work/gitconfig GIT_TERMINAL_PROMPT=0 HOME=$work
unset GIT_ASKPASS SSH_ASKPASS

helper() { # FILE: the one that git asks from here on
  git config --global --replace-all credential.helper "!'$program' git-credential --from '$1'"
}
ask() { # KEY=VALUE...: what git knows then
  printf '%s\n' "$@" '' | git credential fill 2>"$work/err" | grep -E '^(username|password)=' || true
}

helper "$file"
expect_eq "$(ask protocol=https host=github.com)" "username=x-access-token
password=$token" 'github.com'
expect_eq "$(ask protocol=https host=git.lan:3000)" 'username=me
password=gitea-token' 'a host with a port'
expect_eq "$(ask protocol=https host=git.lan)" '' 'the same host without its port'
expect_eq "$(ask protocol=http host=github.com)" '' 'a token over http'
expect_eq "$(ask protocol=https host=github.com username=alice)" '' 'the token of another user'
git config --global credential.useHttpPath true
expect_eq "$(ask protocol=https host=gitlab.com path=group/repo.git)" 'username=oauth2
password=glpat-1' 'a path below the token'
expect_eq "$(ask protocol=https host=gitlab.com path=other/repo.git)" '' 'a path beside the token'
expect_eq "$(ask protocol=https host=github.com path=any/repo.git)" "username=x-access-token
password=$token" 'a path on a host with one token'
git config --global --unset credential.useHttpPath

# The same lines by git's own helper and by ours.
cat >"$work/lines" <<'LINES'
# https://u:comment@h1
https://u:p%40%3A%2F%25%20x@h1
https://only-user@h2
https://u:second%0aline@h3
http://u:plain@h4
https://a:1@h5
https://b:2@h5
https://u:wrong%zz@h6:8443
https://u:p@h7/path
LINES
for host in h1 h2 h3 h4 h5 h6 h6:8443 h7 h8; do
  for extra in protocol=https protocol=http username=b; do
    request=(protocol=https "host=$host" "$extra")
    git config --global --replace-all credential.helper "store --file=$work/lines"
    theirs=$(ask "${request[@]}")
    helper "$work/lines"
    expect_eq "$(ask "${request[@]}")" "$theirs" "${request[*]}"
  done
done

# What goes wrong is git's to tell the user; the helper warns and steps aside.
helper_code() { # OPERATION FILE
  local code=0
  printf 'protocol=https\nhost=github.com\nusername=u\npassword=hunter2\n' |
    "$program" git-credential --from "$2" "$1" >"$work/out" 2>"$work/err" || code=$?
  err=$(<"$work/err")
  expect_eq "$code" 0 "exit code of git-credential $1 $2"
  expect_eq "$(<"$work/out")" '' "output of git-credential $1 $2"
  expect_no_match "$err" hunter2 'a warning quotes no password'
}
helper_code get "$work/none"
expect_match "$err" '^secretfs: warning: .*/none: cannot open: no such file' 'a file that is not there'
helper_code get "$work/broken.json"
expect_match "$err" 'broken.json:2:16: this is not JSON' 'a broken file'
helper_code get "$work"
cp "$file" "$work/before"
helper_code store "$file"
expect_eq "$err" '' 'git-credential store'
helper_code erase "$file"
expect_match "$err" "refused the token for 'github.com'" 'git-credential erase'
helper_code capability "$file"
expect_eq "$err" '' 'an operation of another git'
expect_same "$file" "$work/before" 'the file after store and erase'
expect_exit 2 "$program" git-credential

# Whoever keeps the pipe open after the blank line gets an answer nevertheless.
mkfifo "$work/pipe"
exec 9<>"$work/pipe"
printf 'protocol=https\nhost=github.com\n\n' >&9
expect_eq "$(timeout 10 "$program" git-credential --from "$file" get <"$work/pipe" 9>&-)" \
  "username=x-access-token
password=$token" 'an answer before the pipe is closed'
exec 9>&-

# --- the views, as their readers read them --------------------------------------------------------

if [[ $EUID -ne 0 || ! -c /dev/fuse ]]; then
  finish 'token files are edited whole and in silence; git gets what they hold (views not mounted)'
  exit
fi
mkdir "$work/nix"
cat >"$work/config.yaml" <<'YAML'
sources:
  gitops: {tokens: views.json}
views:
  nix/access-tokens.conf: {format: nix-access-tokens, source: gitops}
  git/credentials: {format: git-credentials, source: gitops}
  netrc: {format: netrc, source: gitops}
YAML
views=$work/views.json
expect_set 0 "$token" "$views" github.com
expect_set 0 'glpat-1' "$views" gitlab.com
expect_set 0 'a "b" \\ #c' "$views" localhost --user 'me myself'
mount_start "$work/config.yaml" "$work/mnt"

expect_eq "$(<"$work/mnt/nix/access-tokens.conf")" \
  "extra-access-tokens = github.com=$token gitlab.com=PAT:glpat-1" 'the view for nix'
if command -v nix >/dev/null; then
  printf '!include %s\n' "$work/mnt/nix/access-tokens.conf" >"$work/nix/nix.conf"
  expect_match "$(NIX_CONF_DIR=$work/nix nix --extra-experimental-features nix-command show-config)" \
    "access-tokens = github.com=$token gitlab.com=PAT:glpat-1" 'what nix reads'
else
  echo 'not tested, as nix is not installed: what nix reads'
fi

git config --global --replace-all credential.helper "store --file=$work/mnt/git/credentials"
theirs=$(ask protocol=https host=localhost)
expect_eq "$theirs" 'username=me myself
password=a "b" \ #c' 'what git reads'
helper "$work/mnt/git/credentials"
expect_eq "$(ask protocol=https host=localhost)" "$theirs" 'the helper over the view'

if command -v curl >/dev/null && command -v python3 >/dev/null; then
  start "$work/http.log" python3 -u "$helpers/authorization.py" "$work/port"
  wait_until 'the server listens' test -s "$work/port"
  expect_eq "$(curl -sS --netrc-file "$work/mnt/netrc" "http://localhost:$(<"$work/port")/")" \
    'me myself:a "b" \ #c' 'what curl sends'
else
  echo 'not tested, as curl or python3 is not installed: what curl sends'
fi

finish 'token files are edited whole, one editor at a time and in silence; git, nix and curl get what they hold'
