#!/usr/bin/env bash
# A repository as agenix has it becomes ours: rules from its secrets.nix, by which files are edited and
# rekeyed for a new host, and a configuration by which they are served; real age opens all of it.
source "$(dirname "$0")/lib.sh"
need nix-instantiate age age-keygen ssh-keygen

cd "$work"
# A nix of its own, so that this works for any user and leaves nothing.
export HOME=$work/home NIX_STATE_DIR=$work/nix/state NIX_LOG_DIR=$work/nix/log NIX_CONF_DIR=$work/nix/conf \
  NIX_STORE_DIR=$work/nix/store
unset NIX_REMOTE NIX_PATH NIX_CONFIG
mkdir home

# --- a repository as agenix makes it ------------------------------------------------------------------------

age-keygen -o alice.key 2>/dev/null
for host in web mail; do ssh-keygen -q -N '' -C "root@$host" -t ed25519 -f "$host"; done
mkdir -p repo/hosts
cat >repo/keys.nix <<NIX
{ alice = "$(age-keygen -y alice.key)"; web = "$(cat web.pub)"; }
NIX
cat >repo/secrets.nix <<'NIX'
let
  keys = import ./keys.nix;
  all = [ keys.alice keys.web ];
in
{
  "wifi.age".publicKeys = [ keys.alice ];
  "hosts/db [1].age".publicKeys = all;
  "hosts/tls.age".publicKeys = all;
  "hosts/armored.age" = { publicKeys = all; armor = true; };
}
NIX
seal() { # FILE OPTIONS...: as agenix calls age
  age "${@:2}" -o "repo/$1" <<<"content of $1"
}
both=(-r "$(age-keygen -y alice.key)" -R web.pub)
seal wifi.age "${both[@]:0:2}"
seal 'hosts/db [1].age' "${both[@]}"
seal hosts/tls.age "${both[@]}"
seal hosts/armored.age -a "${both[@]}"
files=(wifi.age 'hosts/db [1].age' hosts/tls.age hosts/armored.age)

# --- keys that cannot be encrypted to are told of ---------------------------------------------------------------

cat >bad.nix <<'NIX'
{ "a.age".publicKeys = [ "age1garbage" ]; "b.age".publicKeys = [ "ssh-ed25519 AAAA" ]; }
NIX
expect_exit 0 "$program" import agenix bad.nix
expect_match "$err" 'warning: a\.age: a key cannot be encrypted to' 'a key of age that is none'
expect_match "$err" 'warning: b\.age: a key cannot be encrypted to' 'a key of SSH that is none'

# --- import ---------------------------------------------------------------------------------------------------

expect_exit 0 "$program" import agenix repo/secrets.nix -o repo/secretfs.rules.yaml
[[ $err != *'cannot be encrypted to'* ]] || fail "good keys are warned of: $err"
expect_eq "$(cat repo/secretfs.rules.yaml)" "# From agenix's secrets.nix, by \`secretfs import agenix\`. It is meant to stand beside
# that file, as secretfs.rules.yaml. Nix does not tell the names that keys had there.
recipients:
  key1: \"$(age-keygen -y alice.key)\"
  root@web: \"$(cat web.pub)\"
  group1: [key1, root@web]
rules:
  - files:
      - \"hosts/armored.age\"
    recipients: group1
    armor: true
  - files:
      - \"hosts/db \\\\[1\\\\].age\"
      - \"hosts/tls.age\"
    recipients: group1
  - files:
      - \"wifi.age\"
    recipients: [key1]" 'the rules'

# --- edit and rekey by them -------------------------------------------------------------------------------------

opened() { age -d -i "$1" "repo/$2"; } # KEY FILE
echo 'new content' | "$program" edit -i alice.key 'repo/hosts/db [1].age' >/dev/null
for key in alice.key web; do expect_eq "$(opened "$key" 'hosts/db [1].age')" 'new content' "what $key opens"; done

printf 'identities: [../alice.key]\n' >>repo/secretfs.rules.yaml
cd repo
expect_exit 0 "$program" rekey
expect_match "$out" '3 rekeyed, 1 unchanged, 0 failed' 'the first rekey'
sed -i "s,^rules:,  mail: $(cat ../mail.pub)\n&,; s/^  group1: \[/&mail, /" secretfs.rules.yaml
expect_exit 0 "$program" rekey
expect_match "$out" '3 rekeyed, 1 unchanged, 0 failed' 'a rekey for a new host'
cd ..
expect_eq "$(opened mail hosts/tls.age)" 'content of hosts/tls.age' 'a file for the new host'
expect_eq "$(opened mail 'hosts/db [1].age')" 'new content' 'an edited file for the new host'
expect_match "$(head -n 1 repo/hosts/armored.age)" 'BEGIN AGE' 'a file with armor'
opened mail wifi.age 2>/dev/null && fail 'the new host opens a file that is not for it'
stamps() { for file in "${files[@]}"; do stat -c '%i %s %y' "repo/$file"; done; }
before=$(stamps)
expect_exit 0 "$program" rekey --rules repo/secretfs.rules.yaml
expect_match "$out" '0 rekeyed, 4 unchanged, 0 failed' 'a rekey without a change'
expect_eq "$(stamps)" "$before" 'files whose recipients are the same'

# --- a configuration -----------------------------------------------------------------------------------------------

{
  "$program" import agenix --config repo/secrets.nix 2>/dev/null
  printf 'identities: [%s]\n' "$work/alice.key"
} >config.yaml
expect_match "$(cat config.yaml)" "\"hosts/tls\": \{age: \"$work/repo/hosts/tls.age\"\}" 'a secret'
expect_exit 0 "$program" check --decrypt config.yaml
expect_eq "$(grep -c ready <<<"$out")" 4 'secrets that can be had'

# --- what is wrong ----------------------------------------------------------------------------------------------------

wrong() { # NIX MESSAGE
  printf '%s\n' "$1" >wrong.nix
  expect_exit 1 "$program" import agenix wrong.nix -o wrong.out
  expect_match "$err" "$2" "the words for $1"
  [[ ! -e wrong.out ]] || fail "something was written for $1"
}
wrong '{ a = ' 'wrong.nix: nix-instantiate cannot evaluate it'
wrong '[]' 'wrong.nix: does not give an attribute set of files'
wrong '{ "a.age" = 1; }' "wrong.nix: 'a.age' is no attribute set"
wrong '{ "a.age".publicKey = [ ]; }' "wrong.nix: 'a.age' has no list 'publicKeys'"
wrong '{ "a.age".publicKeys = [ ]; }' "wrong.nix: 'a.age' has no public key"
wrong '{ "a.age".publicKeys = [ "AGE-SECRET-KEY-1QQQQ" ]; }' "'a.age' has a public key that is neither"
expect_no_match "$err" QQQQ 'a secret key, given by mistake'
wrong '{ "../a.age".publicKeys = [ "age1x" ]; }' "'../a.age' is not the path of a file below"
expect_exit 1 "$program" import agenix missing.nix
expect_match "$err" 'missing.nix: .*no such file' 'a file that is not there'
expect_exit 1 env PATH=/nowhere "$program" import agenix repo/secrets.nix
expect_match "$err" 'nix-instantiate is not in /nowhere' 'no nix'

finish 'a repository of agenix is taken over: its rules, its files and its configuration'
