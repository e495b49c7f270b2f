#!/usr/bin/env bash
# Real nix reads its access tokens from the served view: who may read it gets exactly the tokens that
# nix can carry, who may not gets none, and in no case is any other line of nix.conf lost. Real curl
# and nix send what the netrc view says.
source "$(dirname "$0")/lib.sh"
need_root
need nix curl node openssl git jq setpriv useradd

user=$(unique u) outsider=$(unique x) group=$(unique g)
add_group "$group"
add_user "$user" --groups "$group"
add_user "$outsider"
cd "$work"
unset NIX_CONFIG NIX_USER_CONF_FILES NIX_PATH NIX_SSL_CERT_FILE CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY
install -d -m 1777 home
export HOME=$work/home XDG_CONFIG_HOME=$work/home/.config XDG_CACHE_HOME=$work/home/.cache
export NIX_CONF_DIR=$work/nix

# --- a server, since the port is part of a host ----------------------------------------------------------

openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj '/CN=test' \
  -addext 'subjectAltName=DNS:localhost,DNS:github.com,DNS:gitlab.com,DNS:quoted.example' 2>/dev/null
mkdir repositories
git -c init.defaultBranch=main init -q --bare repositories/infra.git
git -C repositories/infra.git -c user.name=test -c user.email=test@localhost \
  commit-tree -m A "$(git -C repositories/infra.git mktree </dev/null)" |
  xargs git -C repositories/infra.git update-ref refs/heads/main
printf '{}' >expected.json
: >seen
start "$work/server.log" node "$helpers/git_server.mjs" "$work/repositories" cert.pem key.pem expected.json seen
wait_until 'the server listens' grep -q '^port [0-9]' "$work/server.log"
port=$(sed -n 's/^port //p' "$work/server.log")

# --- access tokens ------------------------------------------------------------------------------------------

quoted='a "quoted" \word\ '"'x' #y"
jq -n --arg quoted "$quoted" '{
  "github.com": "ghp_first0123456789abcdef",
  "github.com/our-organisation": "ghp_second0123456789abcdef",
  "gitlab.com": "glpat-third0123456789abc",
  "gitlab.example.com": {token: "fourth0123456789", kind: "gitlab-oauth"},
  "gitlab.example.org": {token: "PAT:fifth0123456789", kind: "gitlab-pat"},
  "git.sr.ht": "sixth+/==0123456789",
  "ghe.example.com": {token: "seventh0123456789", kind: "github"},
  "git.home.lan": {token: "gitea0123456789", kind: "gitea"},
  "github.example.com": "cut#off0123456789",
  "github.example.org": "two words0123456789",
  "localhost": {token: "of-localhost0123456789", user: "me"},
  "quoted.example": {token: $quoted, user: "me too"}
}' >tokens.json
cat >config.yaml <<YAML
sources:
  gitops: {tokens: tokens.json}
defaults: {group: $group, mode: "0440"}
views:
  nix/access-tokens.conf: {format: nix-access-tokens, source: gitops}
  netrc: {format: netrc, source: gitops}
YAML
m=$work/mnt
mount_start config.yaml "$m"
mkdir nix
ln -s "$m/nix/access-tokens.conf" nix/access-tokens.conf
cat >nix/nix.conf <<'CONF'
max-jobs = 3
access-tokens = earlier.example=kept
!include access-tokens.conf
connect-timeout = 77
CONF

settings() { # [COMMAND...]; the whole configuration as JSON
  "$@" nix --extra-experimental-features nix-command show-config --json 2>"$work/nix.err" ||
    fail "nix fails: $(cat "$work/nix.err")"
}
expect_tokens() { # WHO WANT [COMMAND...]
  local who=$1 want=$2 got
  shift 2
  got=$(settings "$@")
  expect_eq "$(jq -cS '."access-tokens".value' <<<"$got")" "$(jq -cS . <<<"$want")" "access-tokens of $who"
  expect_eq "$(jq -c '[."max-jobs".value, ."connect-timeout".value]' <<<"$got")" '[3,77]' "lines of nix.conf before and after the tokens, as $who reads them"
}
all='{
  "earlier.example": "kept",
  "github.com": "ghp_first0123456789abcdef",
  "github.com/our-organisation": "ghp_second0123456789abcdef",
  "gitlab.com": "PAT:glpat-third0123456789abc",
  "gitlab.example.com": "OAuth2:fourth0123456789",
  "gitlab.example.org": "PAT:fifth0123456789",
  "git.sr.ht": "sixth+/==0123456789",
  "ghe.example.com": "seventh0123456789"
}'
none='{"earlier.example": "kept"}'
expect_tokens root "$all" env
expect_tokens 'a user with rights' "$all" as "$user"
expect_eq "$(cat nix.err)" '' "nix's stderr"
expect_tokens 'a user without rights' "$none" as "$outsider"
wait_until 'the refusal is in the log' grep -q "event=denied secret=nix/access-tokens.conf .*uid=$(id -u "$outsider") " "$log"
expect_exit 0 "$program" status "$m"
left_out=$(grep '^nix/access-tokens.conf: ' <<<"$out")
expect_match "$left_out" "'github.example.com': .*'#'" 'why a token with # is left out'
expect_match "$left_out" "'github.example.org': .*blank" 'why a token with a blank is left out'
expect_no_match "$out$(cat "$log")" '0123456789' 'status and log'

# --- netrc ------------------------------------------------------------------------------------------------------

jq -n --arg quoted "$quoted" '{
  "localhost": {user: "me", token: "of-localhost0123456789"},
  "github.com": {user: "x-access-token", token: "ghp_first0123456789abcdef"},
  "gitlab.com": {user: "oauth2", token: "glpat-third0123456789abc"},
  "quoted.example": {user: "me too", token: $quoted}
}' >expected.json
fetch() { # HOST [COMMAND...]; the HTTP status
  local host=$1
  shift
  "$@" curl -s -o "$HOME/fetched" -w '%{http_code}' --cacert "$work/cert.pem" --netrc-file "$m/netrc" \
    --resolve "$host:$port:127.0.0.1" "https://$host:$port/infra.git/HEAD"
}
chmod 755 "$work"
for host in localhost github.com gitlab.com quoted.example; do
  : >seen
  rm -f "$HOME/fetched"
  expect_eq "$(fetch "$host" as "$user")" 200 "curl's status from $host (the server saw: $(cat seen))"
  expect_match "$(cat seen)" "^$host (me|x-access-token|oauth2|me too) granted\$" "what the server saw of $host"
done
expect_match "$(cat "$HOME/fetched")" '^ref: ' 'what curl fetched'
: >seen
fetch localhost as "$outsider" >/dev/null 2>&1 || true
expect_eq "$(count_in granted seen)" 0 'requests granted to a user without rights'

# nix itself, into a store of its own.
: >seen
expect_exit 0 env NIX_SSL_CERT_FILE="$work/cert.pem" nix --extra-experimental-features nix-command --store "$work/store" --option build-users-group "" \
  --option netrc-file "$m/netrc" eval --impure --raw --expr \
  "builtins.readFile (builtins.fetchurl \"https://localhost:$port/infra.git/HEAD\")"
expect_match "$out" '^ref: ' 'what nix fetched'
expect_match "$(cat seen)" 'localhost me granted' 'what the server saw of nix'

# --- the daemon being gone loses no line of nix.conf --------------------------------------------------------------

mount_crash
expect_eq "$(read_errno "$m/nix/access-tokens.conf")" ENOTCONN 'the view without its daemon'
expect_tokens 'root, the daemon having crashed' "$none" env
umount -l "$m"
expect_tokens 'root, nothing being mounted' "$none" env

finish 'nix has exactly the tokens it can carry, or none, and always the rest of nix.conf; curl and nix send what netrc says'
