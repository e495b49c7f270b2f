#!/usr/bin/env bash
# A wrong configuration gives one error with its place and a way to mend it, from `check` and from
# `mount` alike, and nothing is mounted; whatever bytes it has. No message quotes a secret.
source "$(dirname "$0")/lib.sh"
need age age-keygen jq timeout

cd "$work"
m=$work/mnt
mkdir src
printf 'x\n' >src/x

count=0
# One configuration that is refused: the text, where and what the error says, what the hint says
# ("" when there is none).
refused() { # PLACE ERROR-REGEX HINT-REGEX TEXT
  printf '%s\n' "$4" >config.yaml
  refused_file config.yaml "$1" "$2" "$3"
}
refused_file() { # FILE PLACE ERROR-REGEX HINT-REGEX
  local file=$1 place=${2:+:$2} how first
  count=$((count + 1))
  for how in "check $file" "mount $file $m"; do
    # shellcheck disable=SC2086
    expect_exit 3 timeout -s KILL 120 "$program" $how
    expect_eq "$out" '' "stdout of $how"
    first=${err%%$'\n'*}
    expect_match "$first" "^secretfs: error: ([^ ]*/)?${file##*/}$place: .*$3" "$how"
    if [[ -n $4 ]]; then
      expect_eq "$(wc -l <err)" 2 "lines of '$err'"
      expect_match "${err#*$'\n'}" "^secretfs: hint: .*$4" "$how"
    else
      expect_eq "$(wc -l <err)" 1 "lines of '$err'"
    fi
    expect_match "$err" '^[[:print:][:space:]]*$' 'characters of the message'
  done
  [[ ! -e $m ]] || fail 'the mount point was made for a configuration that is wrong'
}

# --- keys and values ---------------------------------------------------------------------------------

refused 1:1 "unknown key 'secret'" "did you mean 'secrets'\? .*identities.*views" 'secret: {}'
refused 2:7 "unknown key 'aeg'" "did you mean 'age'\?" $'secrets:\n  a: {aeg: src/x}'
refused 2:20 "unknown key 'ower'" "did you mean 'owner'\?" $'secrets:\n  a: {file: src/x, ower: root}'
refused 1:12 "unknown key 'modes'" "did you mean 'mode'\?" 'defaults: {modes: "0400"}'
refused 1:9 "unknown key 'journal-file'" 'known: file, max_size, keep, journal, required' 'audit: {journal-file: x}'
refused 3:3 "'a' stands here twice" "first at ([^ ]*/)?config.yaml:2:3" $'secrets:\n  a: {file: src/x}\n  a: {file: src/x}'
refused 3:1 "'secrets' stands here twice" "first at ([^ ]*/)?config.yaml:1:1" $'secrets:\n  a: {file: src/x}\nsecrets: {}'
refused 2:20 "'file' stands here twice" 'first at .*:2:7' $'secrets:\n  a: {file: src/x, file: src/y}'
refused 4:3 "'a' is declared twice" 'first at .*:2:3' $'secrets:\n  a: {file: src/x}\nviews:\n  a: {format: template, content: x}'
refused 2:20 "secret 'a' has two sources, 'file' and 'age'" 'keep one' $'secrets:\n  a: {file: src/x, age: src/y}'
refused 2:3 "secret 'a' has no source" 'give one of: .*age.*file' $'secrets:\n  a: {owner: root}'
refused 2:3 "secret 'a' has no source" 'give one of: ' $'secrets:\n  a:'
refused 2:13 "'file' is empty" '' $'secrets:\n  a: {file: ""}'
refused 2:13 "'file' is empty" '' $'secrets:\n  a: {file: }'
refused 2:13 "'file' must be plain text" '' $'secrets:\n  a: {file: [src/x]}'
refused 2:6 "'a' must be a mapping" '' $'secrets:\n  a: src/x'
refused 1:10 "'secrets' must be a mapping" '' 'secrets: [a, b]'
refused 1:10 "'secrets' must be a mapping" '' 'secrets: text'
refused 1:1 'the configuration must be a mapping' '' 'just text'
refused 1:1 'the configuration must be a mapping' '' '- a list'
refused 1:13 "'identities' must be a list" '' 'identities: src/x'
refused 1:14 'an identity is empty' '' 'identities: [""]'
refused 1:14 'not the name of a credential' 'credential:identity' 'identities: ["credential:../x"]'

# --- modes, owners, times, readers ------------------------------------------------------------------------

refused 2:26 "'mode' must be in quotes" 'write "0400"' $'secrets:\n  a: {file: src/x, mode: 0400}'
for mode in 0888 44 00400 4755 1777 abc -400 0o400 '0400 '; do
  refused 2:26 'is not an octal mode' '"0400"' $'secrets:\n  a: {file: src/x, mode: "'"$mode"'"}'
done
refused 1:18 'must be in quotes' 'write "440"' 'defaults: {mode: 440}'
for owner in 'a b' 'a:b' 'a/b' 'a\nb' 'a\0b'; do
  refused 2:27 'is not the name of a user or group' '' $'secrets:\n  a: {file: src/x, owner: "'"$owner"'"}'
done
for id in 4294967295 4294967296 99999999999999999999; do
  refused 2:27 "'$id' is not a valid id" '' $'secrets:\n  a: {file: src/x, group: '"$id"'}'
done
for time in 10 -1s 2h '1 s' 5parsecs 99999999999999999999s ''; do
  refused 2:26 '(is not a time up to an hour|is empty)' "$([[ -z $time ]] || echo 'as in 10s')" $'secrets:\n  a: {file: src/x, wait: "'"$time"'"}'
done
refused 2:29 "'readers' must be a list" 'group:monitoring' $'secrets:\n  a: {file: src/x, readers: user:x}'
for reader in root 'users:x' 'user:' 'group' ':x'; do
  refused 2:30 'is not a rule' 'write user:NAME, group:NAME' $'secrets:\n  a: {file: src/x, readers: ["'"$reader"'"]}'
done

# --- names --------------------------------------------------------------------------------------------------

for name in ../a a/../b a/.. . ./a a/./b; do
  refused 2:3 "name '$name' has a component \.\.?" 'path below the mount point' $'secrets:\n  "'"$name"'": {file: src/x}'
done
for name in /a a//b //; do
  refused 2:3 "has an empty component" 'path below the mount point' $'secrets:\n  "'"$name"'": {file: src/x}'
done
refused 2:3 'ends in /' 'path below' $'secrets:\n  a/: {file: src/x}'
refused 2:3 'is empty' 'path below' $'secrets:\n  "": {file: src/x}'
refused 2:3 'has a NUL byte' 'path below' $'secrets:\n  "a\\0b": {file: src/x}'
refused 2:3 'begins with a dot' 'path below' $'secrets:\n  .secretfs/x: {file: src/x}'
refused 2:3 "begins with 'machines'" 'path below' $'secrets:\n  machines/vm: {file: src/x}'
refused 2:3 'more than 255 bytes' 'path below' $'secrets:\n  '"$(printf 'n%.0s' {1..256})"$': {file: src/x}'
refused 2:5 'longer than a path' 'path below' $'secrets:\n  ? '"$(printf 'long/%.0s' {1..900})"$'n\n  : {file: src/x}'
refused 3:3 "'a/b' makes 'a' a directory, but it is a file" 'declared at .*:2:3' $'secrets:\n  a: {file: src/x}\n  a/b: {file: src/x}'
refused 2:3 "'a/b/c' makes 'a' a directory" 'declared at .*:4:3' $'secrets:\n  a/b/c: {file: src/x}\nviews:\n  a: {format: template, content: x}'

# --- sources and views ----------------------------------------------------------------------------------------

src=$'sources:\n  gitops: {tokens: src/t.json}\n'
refused 4:15 "unknown source 'gitop'" "did you mean 'gitops'\? defined: gitops" "$src"$'secrets:\n  a: {source: gitop, key: x}'
refused 4:15 "which secret of source 'gitops'" 'add .key: ' "$src"$'secrets:\n  a: {source: gitops}'
refused 4:25 "'key' does not go with file" '' "$src"$'secrets:\n  a: {file: src/x, key: x}'
refused 2:12 "unknown key 'token'" "did you mean 'tokens'\?" $'sources:\n  gitops: {token: src/t.json}'
refused 2:3 "source 'gitops' says nothing" 'kinds: tokens' $'sources:\n  gitops: {}'
refused 2:32 'has more than one kind' '' $'sources:\n  gitops: {tokens: src/t.json, age: x}'
refused 2:3 "view 'v' has no 'format'" 'formats: .*netrc' $'views:\n  v: {content: x}'
refused 2:15 "unknown format 'netrcs'" "did you mean 'netrc'\?" $'views:\n  v: {format: netrcs}'
refused 4:3 "view 'v' has no 'source'" 'name a source' "$src"$'views:\n  v: {format: netrc}'
refused 2:6 "'content' is missing" '' $'views:\n  v: {format: template}'
refused 4:38 "unknown key 'content'" 'known: ' "$src"$'views:\n  v: {format: netrc, source: gitops, content: x}'
refused 2:3 "view 'v' needs 'nope', which is not declared" '(secrets|views): ' $'views:\n  v: {format: template, content: "{{ nope }}"}'
refused 4:3 "view 'v' needs 'db/pasword', which is not declared" "did you mean 'db/password'\?" $'secrets:\n  db/password: {file: src/x}\nviews:\n  v: {format: template, content: "{{ db/pasword }}"}'
refused 2:3 "view 'v' needs itself" '' $'views:\n  v: {format: template, content: "{{ v }}"}'
refused '[234]:3' "view '[abc]' needs itself" '' $'views:\n  a: {format: template, content: "{{ b }}"}\n  b: {format: template, content: "{{ c }}"}\n  c: {format: template, content: "{{ a }}"}'
refused 2:3 "line 1, column 3 of the content: '\{\{' is never closed" 'braces' $'views:\n  v: {format: template, content: "x {{ y"}'
refused 2:3 "line 2, column 8 of the content: unknown filter 'bas64'" "did you mean 'base64'\?" $'views:\n  v: {format: template, content: "x\\n{{ y | bas64 }}"}'
refused 2:3 'column 4 of the content: no name of a secret' 'braces' $'views:\n  v: {format: template, content: "{{ }}"}'

# --- not YAML ---------------------------------------------------------------------------------------------------

refused 2:1 '' '' 'secrets: ['
refused 2:1 'cannot start any token' '' $'secrets:\n\ta: x'
refused '[12]:[0-9]+' '' '' "secrets: 'never closed"
refused 2:1 'more than one document' '' $'secrets: {}\n---\nsecrets: {}'
refused 1:10 'anchor' '' 'secrets: *nowhere'
refused 1:1 'a key must be plain text' '' '[a, b]: c'
printf 'secrets:\n  a: {file: "\377\376"}\n' >bytes.yaml
refused_file bytes.yaml '' 'UTF-8' 'UTF-8'
printf 'secrets:\0\n' >nul.yaml
refused_file nul.yaml '' '' 'UTF-8'
# 10 MB of noise of several kinds: of bytes, of text, of brackets, of references to references.
head -c 10000000 /dev/urandom >noise.yaml
refused_file noise.yaml '' 'larger than' ''
head -c 8000000 /dev/urandom >noise8.yaml
refused_file noise8.yaml '' '' 'UTF-8'
head -c 6000000 /dev/urandom | base64 -w 76 >text.yaml
refused_file text.yaml '[0-9]+:[0-9]+' '' ''
printf '[%.0s' {1..100000} >brackets.yaml
refused_file brackets.yaml '1:[0-9]+' 'nested too deeply' ''
printf -- '- %.0s' {1..100000} >dashes.yaml
refused_file dashes.yaml '1:[0-9]+' 'nested too deeply' ''
{
  printf 'a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n'
  for i in {1..12}; do printf 'a%s: &a%s [%s]\n' "$i" "$i" "$(printf "*a$((i - 1)), %.0s" {1..9})*a$((i - 1))"; done
} >laughs.yaml
refused_file laughs.yaml '[0-9]+:[0-9]+' 'too many values' ''

# --- files ----------------------------------------------------------------------------------------------------------

refused_file missing.yaml '' 'no such file' 'secretfs.yaml\(5\)'
mkdir folder.yaml
refused_file folder.yaml '' 'is a directory' ''
mkfifo fifo.yaml
refused_file fifo.yaml '' 'is not a regular file' ''
# config.d/*.yaml beside it, in name order, belongs to it.
mkdir -p with/config.d
printf 'secrets:\n  a: {file: ../src/x}\n' >with/config.yaml
printf 'secrets:\n  b: {file: ../../src/x}\n' >with/config.d/10-b.yaml
printf 'not: read' >with/config.d/other.yml
printf 'not: read' >with/config.d/.hidden.yaml
expect_exit 0 "$program" check --decrypt with/config.yaml
expect_match "$out" $'\na +ready .*\nb +ready ' 'secrets of two files, with paths relative to each'
printf 'secrets:\n  a: {file: ../src/x}\n' >with/config.d/20-c.yaml
expect_exit 3 "$program" check with/config.yaml
expect_match "$err" "error: $work/with/config.d/20-c.yaml:2:3: .*'a' is declared twice" 'a duplicate in another file'
expect_match "$err" 'hint: first at with/config.yaml:2:3' 'a duplicate in another file'
printf 'secrets: {"c": {"file": 3' >with/config.d/20-c.yaml
expect_exit 3 "$program" check with/config.yaml
expect_match "$err" "error: $work/with/config.d/20-c.yaml:[0-9]+:[0-9]+: " 'an error in another file'
if [[ $EUID -eq 0 ]]; then
  printf 'secrets: {}\n' >closed.yaml
  chmod 600 closed.yaml
  expect_exit 4 setpriv --reuid 65534 --regid 65534 --clear-groups "$program" check "$work/closed.yaml"
  expect_match "$err" "error: $work/closed.yaml: cannot open: permission denied" 'a configuration that may not be read'
fi

# --- what is right ---------------------------------------------------------------------------------------------------

for text in '' '# only a comment' '---' '{}' 'secrets:' $'secrets: {}\nviews: {}\n...'; do
  printf '%s\n' "$text" >config.yaml
  expect_exit 0 "$program" check config.yaml
  expect_match "$out" 'config.yaml: valid; 0 secrets, 0 views' "an empty configuration ($text)"
  expect_eq "$err" '' 'stderr of a valid configuration'
done
printf '{"secrets": {"a": {"file": "src/x", "mode": "0440"}}, "views": {"v": {"format": "template", "content": "{{ a }}"}}}' >config.yaml
expect_exit 0 "$program" check --decrypt config.yaml
expect_match "$out" $'^SECRET +STATE +FROM +REMARKS\na +ready +file\nv +ready +view template$' 'the table of a configuration in JSON'

# --- arguments --------------------------------------------------------------------------------------------------------

for wrong in '' 'mout' 'check --no-such config.yaml' 'check a b' 'check --json config.yaml' 'mount a b c' 'status a b' 'decrypt x y'; do
  # shellcheck disable=SC2086
  expect_exit 2 "$program" $wrong
  expect_match "$err" '^secretfs: error: ' "wrong usage '$wrong'"
  expect_eq "$out" '' "stdout of wrong usage '$wrong'"
done
expect_exit 2 "$program" inspct x.age
expect_match "$err" "unknown command 'inspct'" 'an unknown command with an argument'
for option in --no-such=hunter2 -Zhunter2; do
  expect_exit 2 "$program" decrypt "$option" x
  expect_match "$err" "unknown option '(--no-such|-Z)'" 'an unknown option'
  [[ $err != *hunter2* ]] || fail "the value of $option was told"
done
expect_exit 0 "$program" --version
expect_match "$out" $'^secretfs [0-9]+\\.[0-9]+[^\n]*\npost-quantum keys: (yes|no) \\(libsodium [^\n]*\\)$' '--version'
expect_exit 0 "$program" check --help
expect_exit 5 "$program" status "$work/nowhere"
expect_match "$err" 'error: .*no secretfs is mounted' 'status of nothing'

# --- no message quotes a secret -----------------------------------------------------------------------------------------

canary=c4n4ry$(head -c 12 /dev/urandom | od -An -tx1 | tr -d ' \n')
CANARY=${canary^^}
i=0
{
  printf 'sources:\n'
  while IFS= read -r text; do
    i=$((i + 1))
    printf '%s' "${text//@/$canary}" >"src/tokens-$i.json"
    printf '  t%s: {tokens: src/tokens-%s.json}\n' "$i" "$i"
  done <<'JSON'
@
"@"
{"a.example": @}
{"a.example": "@"
{"a.example": "@}
{"a.example": "\@"}
{"a.example": "@\u00"}
{"a.example": ["@"]}
{"a.example": {"@": "x"}}
{"a.example": {"token": {"@": "@"}}}
{"a.example": {"token": "@", "kind": "@"}}
{"a.example": {"token": "@", "tokn": "@"}}
{"a.example": {"user": "@"}}
{"a.example": "@"} @
{"a.example": "@", "a.example": "@"}
{"a.example": "@\n"}
{"a.example": 12@}
[{"a.example": "@"}]
JSON
  printf 'views:\n'
  for ((j = 1; j <= i; j++)); do
    printf '  nix%s: {format: nix-access-tokens, source: t%s}\n' "$j" "$j"
    printf '  git%s: {format: git-credentials, source: t%s}\n' "$j" "$j"
    printf '  netrc%s: {format: netrc, source: t%s}\n' "$j" "$j"
  done
  printf '  json: {format: template, content: "{{ bytes | json }}{{ bytes | shell }}"}\n'
  printf 'secrets:\n  sealed: {age: src/sealed.age}\n  plain-as-age: {age: src/plain}\n  bytes: {file: src/bytes}\n'
  for ((j = 1; j <= i; j++)); do printf '  token%s: {source: t%s, key: a.example}\n' "$j" "$j"; done
  printf 'identities:\n'
  i=0
  while IFS= read -r text; do
    i=$((i + 1))
    printf '%b\n' "${text//@/$CANARY}" >"src/identity-$i"
    printf '  - src/identity-%s\n' "$i"
  done <<'IDENTITIES'
@
AGE-SECRET-KEY-1@
AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ@
AGE-SECRET-KEY-PQ-1@
AGE-PLUGIN-YUBIKEY-1@
# a comment\nAGE-SECRET-KEY-1@\n
-----BEGIN OPENSSH PRIVATE KEY-----\n@\n-----END OPENSSH PRIVATE KEY-----
-----BEGIN PRIVATE KEY-----\n@\n-----END PRIVATE KEY-----
-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n@\n-----END RSA PRIVATE KEY-----
-----BEGIN @-----
age1@
ssh-ed25519 @
IDENTITIES
} >config.yaml
printf '%s\377' "$canary" >src/bytes
printf 'age-encryption.org/v1\n-> X25519 %s\n%s\n--- %s\n%s' "$canary" "$canary" "$canary" "$canary" >src/plain
age-keygen 2>/dev/null >key
age -r "$(age-keygen -y key)" -o src/sealed.age src/x

# The exit code, and that none of the output has the secret, in any case.
silent() { # CODE COMMAND...
  expect_exit "$@"
  for said in out err; do
    if grep -qi -e "$canary" "$said"; then fail "'${*:2}' quotes a secret: $(grep -i -m 1 -e "$canary" "$said")"; fi
  done
}
silent 0 "$program" check config.yaml
silent 6 "$program" check --decrypt config.yaml
expect_match "$out" 'token12 +failed .*src/tokens-12.json:1:[0-9]+: unknown key' 'where a token file is wrong'
silent 6 "$program" check --decrypt --json config.yaml
for file in src/identity-*; do
  silent 1 "$program" decrypt -i "$file" src/sealed.age
  expect_match "$err" "error: $file:.*" 'decrypt with a broken identity file names it'
done
silent 11 "$program" decrypt -i key src/plain
if [[ $EUID -eq 0 && -e /dev/fuse ]]; then
  mount_start config.yaml "$m"
  cat "$m"/* >/dev/null 2>&1 || true
  silent 6 "$program" status "$m"
  silent 6 "$program" status --json "$m"
  mount_stop TERM
  expect_eq "$(grep -ci -e "$canary" "$log" || true)" 0 'lines of the log that quote a secret'
  expect_match "$(count_in event=secret_failed "$log")" "^[1-9]" "failures in the log"
fi

finish "$count wrong configurations are refused by check and by mount, each with one error at its place; noise is bounded; no message quotes a token or an identity"
