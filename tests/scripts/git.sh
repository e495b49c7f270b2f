#!/usr/bin/env bash
# Real git clones over HTTPS with basic auth, its credentials coming from the served view: through
# git's own `store` helper and through `secretfs git-credential`; the names, tokens and verdicts are
# those that the server has seen.
source "$(dirname "$0")/lib.sh"
need_root
need git node openssl jq setpriv useradd

user=$(unique u) outsider=$(unique x) group=$(unique g)
add_group "$group"
add_user "$user" --groups "$group"
add_user "$outsider"

# --- a server with a repository ---------------------------------------------------------------------

cd "$work"
hosts=(github.com api.github.com gitlab.com gitlab.example.com bitbucket.org git.home.lan special.example)
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj '/CN=test' \
  -addext "subjectAltName=$(printf 'DNS:%s,' "${hosts[@]}")DNS:localhost" 2>/dev/null
export GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 GIT_CONFIG_GLOBAL=$work/gitconfig HOME=$work/home
unset GIT_ASKPASS SSH_ASKPASS GIT_SSL_CAPATH http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY
export GIT_SSL_CAINFO=$work/cert.pem
install -d -m 1777 "$HOME"
mkdir repositories
git -c init.defaultBranch=main init -q --bare repositories/infra.git
git -c init.defaultBranch=main init -q source
printf 'of the repository\n' >source/file
git -C source add file
git -C source -c user.name=test -c user.email=test@localhost commit -qm 'A file'
git -C source push -q ../repositories/infra.git HEAD:main
printf '{}' >expected.json
: >seen
start "$work/server.log" node "$helpers/git_server.mjs" "$work/repositories" cert.pem key.pem expected.json seen
wait_until 'the server listens' grep -q '^port [0-9]' "$work/server.log"
port=$(sed -n 's/^port //p' "$work/server.log")

# --- tokens, as the server expects them and as the file has them --------------------------------------

special="%41:p@ss/w+rd =&?#\"'é~\`\$(x);\\"
{
  # host, kind, user in the file, user that the server must see, token in the file, token seen
  printf '%s\t%s\t%s\t%s\t%s\t%s\n' \
    github.com - - x-access-token ghp_0123456789abcdefghijklmnopqrstuvwxyz ghp_0123456789abcdefghijklmnopqrstuvwxyz \
    api.github.com - - x-access-token ghs_0123456789abcdef ghs_0123456789abcdef \
    gitlab.com - - oauth2 glpat-0123456789_-abcdef glpat-0123456789_-abcdef \
    gitlab.example.com gitlab-job - gitlab-ci-token glcbt-64_abcdef glcbt-64_abcdef \
    bitbucket.org - - x-token-auth ATCTT3xFfGN0=1234 ATCTT3xFfGN0=1234 \
    git.home.lan gitea deploy@corp.example deploy@corp.example 0123456789abcdef0123456789abcdef01234567 0123456789abcdef0123456789abcdef01234567 \
    special.example - 'user with %20 & @' 'user with %20 & @' "$special" "$special"
} >table
jq -Rn --arg port "$port" '[inputs / "\t"] | map({key: "\(.[0]):\($port)", value:
  ({token: .[4]} + (if .[1] == "-" then {} else {kind: .[1]} end) + (if .[2] == "-" then {} else {user: .[2]} end))})
  | from_entries | map_values(if keys == ["token"] then .token else . end)' table >tokens.json
jq -Rn '[inputs / "\t"] | map({key: .[0], value: {user: .[3], token: .[5]}}) | from_entries' table >expected.json
cat >config.yaml <<YAML
audit: {file: audit.jsonl}
sources:
  gitops: {tokens: tokens.json}
views:
  git/credentials: {format: git-credentials, source: gitops, group: $group, mode: "0440"}
YAML
m=$work/mnt
mount_start config.yaml "$m"
view=$m/git/credentials
cp "$view" view.before
expect_eq "$(wc -l <"$view")" "${#hosts[@]}" 'lines of the view'

as_user=()
git_config() { # HELPER
  rm -f "$GIT_CONFIG_GLOBAL"
  for host in "${hosts[@]}"; do git config --global --add http.curloptResolve "$host:$port:127.0.0.1"; done
  git config --global credential.helper "$1"
  chmod 644 "$GIT_CONFIG_GLOBAL"
}
clone() { # CODE USER HOST
  rm -rf "$HOME/clone"
  expect_exit "$1" as "$2" git clone -q "https://$3:$port/infra.git" "$HOME/clone"
}

for helper in "store --file=$view" "$program git-credential --from $view"; do
  git_config "$helper"
  while IFS=$'\t' read -r host _ _ seen_user _ _; do
    : >seen
    clone 0 "$user" "$host"
    expect_eq "$(cat "$HOME/clone/file")" 'of the repository' "clone from $host with $helper"
    expect_eq "$(sort -u seen)" "$(printf '%s\n' "$host $seen_user granted" "$host - anonymous" | sort)" "what the server saw of $host with $helper"
    if [[ $helper == store* ]]; then
      # git wants to store what worked, and says that it cannot; the clone is whole all the same.
      expect_match "$err" 'Read-only file system' "git's complaint of a read-only store"
    else
      expect_eq "$err" '' "stderr of a clone from $host with $helper"
    fi
    expect_exit 0 as "$user" git -C "$HOME/clone" fetch -q
  done <table
  expect_same "$view" view.before "the view after clones with $helper"

  # A user who may not read the view gets no credentials, and it is on record.
  : >seen
  clone 128 "$outsider" github.com
  expect_match "$err" 'could not read Username' 'a clone by a user without rights'
  expect_eq "$(sort -u seen)" 'github.com - anonymous' "what the server saw of a user without rights"
  as "$user" rm -rf "$HOME/clone"
done
denied_opens() { jq -s --argjson uid "$(id -u "$outsider")" 'map(select(.decision == "denied" and .uid == $uid)) | length' audit.jsonl; }
two_denied() { (( $(denied_opens) >= 2 )); }
wait_until 'the refusals are in the audit' two_denied

# --- a token that the server no longer takes -----------------------------------------------------------

jq '.["github.com"].token = "ghp_changed"' expected.json >expected.new
mv expected.new expected.json
for helper in "store --file=$view" "$program git-credential --from $view"; do
  git_config "$helper"
  : >seen
  clone 128 "$user" github.com
  expect_eq "$(sed -n 2p seen)" 'github.com x-access-token refused' 'what the server saw of an old token'
  expect_same "$view" view.before "the view after a 401 with $helper"
  expect_eq "$(count_in ghp_ err)" 0 'lines that print the token'
  # Nothing was erased: the server takes others still, and the old one when it changes its mind.
  clone 0 "$user" gitlab.com
done
expect_match "$(grep -c 'refused the token for .github.com' err || true)" '^0$' 'warnings of a clone that worked'
clone 128 "$user" github.com
expect_match "$err" "secretfs: warning: the server refused the token for 'github.com:$port'" "the helper's warning"
jq '.["github.com"].token = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"' expected.json >expected.new
mv expected.new expected.json
clone 0 "$user" github.com

expect_eq "$(count_in ghp_0123456789 "$log") $(count_in ghp_0123456789 audit.jsonl)" '0 0' 'lines of log and audit that print a token'
finish "git clones from ${#hosts[@]} hosts with the user name and token that each wants, by both helpers; a 401 changes nothing; who may not read gets nothing"
