#!/usr/bin/env bash
# Plaintext and keys are in locked memory that no core dump holds, and nowhere else: not in a core of
# the running daemon, not in any other page of it, not in argv, the environment, the log, the page
# cache or swap. Every kind of secret is read through the mount first, and every kind of failure with
# a secret in hand is gone through.
# shellcheck disable=SC2016,SC2094 # conditions for wait_until are evaluated later; files are read, then written
source "$(dirname "$0")/lib.sh"
need_root
[[ -z $sanitize ]] || skip "a program built with -fsanitize=$sanitize keeps copies of what it frees"
need age age-keygen ssh-keygen openssl gcore gdb jq fincore setpriv useradd perl "${CXX:-g++}"
perl -MMIME::Base64 -MDigest::SHA -e 1 2>/dev/null || skip "perl's MIME::Base64 and Digest::SHA are not installed"

cd "$work"
"${CXX:-g++}" -std=c++20 -O2 -Wall -Wextra -Werror -o memory_scan "$helpers/memory_scan.cpp"
mkdir src

# --- secrets, and what to look for ----------------------------------------------------------------------

: >needles
# Windows of 16 bytes, since what is left over may be a part: of the start, the middle and the end.
needle() { # NAME, the bytes on standard input
  perl -e '
    local $/; my ($name) = @ARGV; my $bytes = <STDIN>; my $n = length $bytes;
    die "$name: too short\n" if $n < 16;
    for my $at (0, int($n / 2) - 8, $n - 16) { print "$name\@$at ", unpack("H*", substr($bytes, $at, 16)), "\n" }' "$1" >>needles
}
secret() { # NAME: 40 random characters, in $text
  text=$(head -c 60 /dev/urandom | base64 -w 0 | tr -dc A-Za-z0-9 | head -c 40)
  [[ ${#text} == 40 ]] || secret "$1"
  printf %s "$text" | needle "$1"
  # As a view may write it; without the ends, whose base64 depends on what is beside them.
  printf %s "${text:0:39}" | base64 -w 0 | needle "$1-base64"
}

age-keygen -o src/x25519 2>/dev/null
ssh-keygen -q -N '' -C c -t ed25519 -f src/ed25519
ssh-keygen -q -N '' -C c -t rsa -b 2048 -f src/rsa
ssh-keygen -q -N '' -C c -t rsa -b 2048 -m PEM -f src/rsa-pem
# The text of an identity, and its 32 bytes.
identity_numbers() { # NAME FILE
  grep -o 'AGE-[A-Z-]*-1[0-9A-Z]*' "$2" | sed 's/.*-1//' | tr -d '\n' | needle "$1-text"
  grep -o 'AGE-[A-Z-]*-1[0-9A-Z]*' "$2" | perl -e '
    my %value; my $i = 0; $value{$_} = $i++ for split //, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L";
    my $data = <STDIN>; chomp $data; $data =~ s/.*1//; my $bits = join "", map { sprintf "%05b", $value{$_} } split //, $data;
    print pack("B256", $bits)' | needle "$1-scalar"
}
identity_numbers identity src/x25519
# The seed of an Ed25519 key, and the X25519 scalar that comes of it.
ed25519_numbers() { # NAME FILE
  perl -MMIME::Base64 -e '
    local $/; my $text = <STDIN>; $text =~ s/-----.*?-----//g; my $key = decode_base64($text);
    my $at = rindex($key, pack("N", 64)); my $seed = substr($key, $at + 4, 32);
    print $seed' <"$2" | needle "$1-seed"
  perl -MMIME::Base64 -MDigest::SHA=sha512 -e '
    local $/; my $text = <STDIN>; $text =~ s/-----.*?-----//g; my $key = decode_base64($text);
    my $at = rindex($key, pack("N", 64)); print substr(sha512(substr($key, $at + 4, 32)), 1, 30)' <"$2" | needle "$1-scalar"
}
ed25519_numbers ed25519 src/ed25519
sed -n '4,5p' src/ed25519 | tr -d '\n' | needle ed25519-text
# The secret numbers of an RSA key, with the most and with the least significant byte first.
for name in rsa rsa-pem; do
  cp "src/$name" pem
  [[ $name != rsa ]] || ssh-keygen -q -p -N '' -m PEM -f pem >/dev/null
  for number in privateExponent prime1 prime2 exponent1 exponent2 coefficient; do
    openssl rsa -in pem -noout -text 2>/dev/null |
      perl -e 'local $/; my ($name) = @ARGV; my $t = <STDIN>; $t =~ /^$name:\n((?:\s+[0-9a-f:]+\n)+)/m or die "no $name\n";
        my $hex = $1; $hex =~ s/[\s:]//g; $hex =~ s/^00//; print pack "H*", $hex' "$number" >number
    needle "$name-$number" <number
    perl -e 'local $/; print scalar reverse <STDIN>' <number | needle "$name-$number-reversed"
  done
  sed -n '14,16p' "src/$name" | tr -d '\n' | needle "$name-text"
done
rm pem number

# What is under a passphrase: a key and an identity file; and what a plugin opens.
secret ssh-passphrase && printf '%s\n' "$text" >src/ssh-passphrase
ssh-keygen -q -N '' -C c -t ed25519 -f src/locked
ed25519_numbers locked src/locked
ssh-keygen -q -p -N "$text" -f src/locked >/dev/null
secret file-passphrase && printf '%s\n' "$text" >src/file-passphrase
age-keygen -o inner 2>/dev/null
inner=$(age-keygen -y inner)
identity_numbers inner inner
AGE_PASSPHRASE=$text "$program" encrypt -p -o src/inner.age inner
mkdir -m 755 plugins
install -m 755 "$helpers/age-plugin-stub" plugins/age-plugin-stub
printf 'plain\n' >plugins/mode
plugins/age-plugin-stub --keygen >src/plugin
plugged=$(sed -n 's/^# public key: //p' src/plugin)
identity_numbers plugin src/plugin
rm inner

seal() { # NAME SECRET-NAME OPTIONS...
  local name=$1
  secret "$2"
  shift 2
  printf '%s\n' "$text" | age "$@" -o "src/$name.age"
}
seal age age-x25519 -r "$(age-keygen -y src/x25519)"
seal armored age-armored -a -r "$(age-keygen -y src/x25519)"
seal ssh-ed25519 age-ed25519 -R src/ed25519.pub
seal ssh-rsa age-rsa -R src/rsa.pub
seal ssh-rsa-pem age-rsa-pem -R src/rsa-pem.pub
seal locked age-locked -R src/locked.pub
seal inner-sealed age-inner -r "$inner"
PATH=$PWD/plugins:$PATH seal plugged age-plugged -r "$plugged"
# Over several chunks, with a secret in each.
{
  for i in 1 2 3 4; do
    secret "large-$i"
    printf '%s' "$text"
    head -c 70000 /dev/zero | tr '\0' .
  done
} | age -r "$(age-keygen -y src/x25519)" -o src/large.age
secret file && printf '%s\n' "$text" >src/file
secret github && github=$text
secret gitlab && gitlab=$text
secret odd && odd="${text:0:20} \"#$text"
printf %s "${text:0:20}" | needle odd-begin
jq -n --arg a "$github" --arg b "glpat-$gitlab" --arg c "$odd" \
  '{"github.com": $a, "gitlab.com": {token: $b, user: "me"}, "odd.example": {"token": $c}}' >src/tokens.json
# Failures with a secret in hand.
secret cut && printf '%s' "$text" | age -r "$(age-keygen -y src/x25519)" | head -c -1 >src/cut.age
{
  head -c 65536 /dev/zero | tr '\0' ,
  secret cut-later
  printf '%s' "$text"
} | age -r "$(age-keygen -y src/x25519)" >src/cut-later.age
truncate -s -1 src/cut-later.age
i=0
while IFS= read -r json; do
  i=$((i + 1))
  secret "broken-json-$i"
  printf '%s' "${json//@/$text}" >"src/broken-$i.json"
done <<'JSON'
{"github.com": "@"
{"github.com": "@}
{"github.com": "@", "gitlab.com": 1}
{"github.com": {"token": "@", "@": "x"}}
{"github.com": {"token": "@", "kind": "@"}}
{"github.com": "@\u00"}
{"github.com": "\u0041@\n\ud83d"}
{"github.com": "@", "github.com": "@"}
["@"]
"@"
@
JSON
broken=$i
# What others get by a socket, and what changes while it is served: to another secret, and to one that
# cannot be parsed.
secret by-socket && printf '%s\n' "$text" >src/by-socket
secret rotated-away && printf '%s\n' "$text" >src/rotating
secret kept-token && printf '{"github.com": "%s"}' "$text" >src/rotating.json
secret broken-identity
printf 'AGE-SECRET-KEY-1%s\n' "${text^^}" >src/broken-identity
printf %s "${text^^}" | needle broken-identity-upper
secret broken-ssh
printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----\n' "$text" >src/broken-ssh
secret binary && printf '\377%s' "$text" >src/binary
# More than is held in memory: two that are read by offset, and one that cannot be.
filler() { head -c 9000000 /dev/zero; }
secret over-plain && { filler && printf '%s' "$text" && filler; } >src/over
secret over-age && { filler && printf '%s' "$text" && filler; } | age -r "$(age-keygen -y src/x25519)" >src/over.age
secret too-many && { printf '%s' "$text" && filler && filler; } | age -a -r "$(age-keygen -y src/x25519)" >src/too-large.age

control=control-$(head -c 15 /dev/urandom | od -An -tx1 | tr -d ' \n')
printf '%s' "$control" | needle CONTROL
{
  printf 'identities: [src/broken-identity, src/broken-ssh, src/x25519, src/ed25519, src/rsa, src/rsa-pem, src/plugin,\n'
  printf '  {file: src/locked, passphrase: src/ssh-passphrase}, {file: src/inner.age, passphrase: src/file-passphrase}]\n'
  printf 'plugins: {dir: plugins}\n'
  printf 'audit: {file: audit.jsonl}\ncredentials: {socket: %s/socket}\n' "$work"
  printf 'sources:\n  tokens: {tokens: src/tokens.json}\n  rotating: {tokens: src/rotating.json}\n'
  for ((i = 1; i <= broken; i++)); do printf '  broken%s: {tokens: src/broken-%s.json}\n' "$i" "$i"; done
  cat <<'YAML'
views:
  view/nix: {format: nix-access-tokens, source: tokens}
  view/git: {format: git-credentials, source: tokens}
  view/netrc: {format: netrc, source: tokens}
  view/template: {format: template, content: "{{ age }}{{ file | trim }}{{ token }}{{ large }}"}
  view/filters: {format: template, content: "{{ age | trim | json }} {{ age | base64 }} {{ ssh-rsa | urlencode }} {{ file | shell | json | urlencode }} {{ token | base64 | base64 }}"}
  view/of-view: {format: template, content: "{{ view/filters }}{{ view/git }}"}
  bad/template: {format: template, content: "{{ age }}{{ binary | json }}"}
  bad/template2: {format: template, content: "{{ age }}{{ bad/cut }}"}
YAML
  for ((i = 1; i <= broken; i++)); do printf '  bad/git%s: {format: git-credentials, source: broken%s}\n' "$i" "$i"; done
  printf 'secrets:\n  token: {source: tokens, key: github.com}\n  odd: {source: tokens, key: odd.example}\n  no-host: {source: tokens, key: no.example}\n'
  for name in age armored ssh-ed25519 ssh-rsa ssh-rsa-pem large locked inner-sealed plugged; do printf '  %s: {age: src/%s.age}\n' "$name" "$name"; done
  printf '  by-socket: {file: src/by-socket, readers: ["unit:memory.service"]}\n'
  printf '  rotating: {file: src/rotating}\n  rotating-token: {source: rotating, key: github.com}\n'
  printf '  file: {file: src/file}\n  binary: {file: src/binary}\n'
  printf '  over/plain: {file: src/over}\n  over/age: {age: src/over.age}\n  bad/too-large: {age: src/too-large.age}\n'
  printf '  bad/cut: {age: src/cut.age}\n  bad/cut-later: {age: src/cut-later.age}\n'
  printf '  %s: {file: src/file}\n' "$control"
} >config.yaml

# --- serve and read it all ---------------------------------------------------------------------------------

user=$(unique u)
add_user "$user"
m=$work/mnt
mount_start config.yaml "$m"
for _ in 1 2 3; do
  # The values never pass through this shell.
  find "$m" -type f -not -path '*/bad/*' -exec cat {} + >/dev/null 2>&1 || true
  find "$m" -type f -path '*/bad/*' -exec cat {} + >/dev/null 2>&1 || true
  as "$user" find "$m" -type f -exec cat {} + >/dev/null 2>&1 || true
  expect_exit 6 "$program" status --json "$m"
done
dd if="$m/over/age" of=/dev/null bs=40 skip=225000 count=1 status=none # the chunk of a part is kept
grep -c . "$m/view/template" >/dev/null || fail 'the template cannot be read'
cp out status
expect_eq "$(jq '[.secrets[] | select(.state == "ready")] | length' status)" 25 'secrets that are ready'
expect_eq "$(jq '[.secrets[] | select(.state == "failed")] | length' status)" "$((broken + 6))" 'secrets that failed'

# As systemd asks for LoadCredential=by-socket:SOCKET.
if make_slice; then
  add_unit memory.service
  in_unit memory.service perl -MSocket -e '
    my ($path, $id) = @ARGV;
    socket my $to, AF_UNIX, SOCK_STREAM, 0 or die "$!\n";
    bind $to, pack "S a*", AF_UNIX, "\0" . "0123456789abcdef/unit/memory.service/$id" or die "$!\n";
    connect $to, pack_sockaddr_un $path or die "$!\n";
    print while <$to>' "$work/socket" by-socket | cmp - src/by-socket || fail 'the socket gives something else'
else
  echo 'no cgroup can be made: nothing is read by the credential socket'
fi

# Rotation; who had the old one open reads on until he closes it.
exec 9<"$m/rotating"
secret rotated-to && printf '%s\n' "$text" >src/new && mv src/new src/rotating
wait_until 'the new secret is served' cmp -s "$m/rotating" src/rotating
exec 9<&-
secret broken-rotated && printf '{"github.com": "%s", "github.com": 1' "$text" >src/new && mv src/new src/rotating.json
wait_until 'the broken one was tried' eval '"$program" status --json "$m" >status.rotated; jq -e ".secrets[] | select(.name == \"rotating-token\" and .state == \"stale\")" status.rotated >/dev/null'
cat "$m/rotating-token" >/dev/null || fail 'the last good token is not kept'

found() { ./memory_scan needles "$@" || fail "the scan itself failed: $*"; }
secrets_in() { grep -v '^CONTROL@' <<<"$1" || true; }

# The scan can find what is there: the needles in the sources.
cat src/file src/tokens.json src/x25519 src/ed25519 >sources
expect_match "$(found sources)" 'file@.*github@' 'the scan of the sources'

# (a) a core dump
gcore -o core "$daemon" >gcore.log 2>&1 || skip "gcore does not work here: $(tail -n 1 gcore.log)"
core=core.$daemon
in_core=$(found "$core")
expect_match "$in_core" 'CONTROL@' 'what a core dump holds (the scan can fail)'
expect_eq "$(secrets_in "$in_core")" '' 'secrets in a core dump'
rm "$core"

# (b) every page that is not of the pool
in_open=$(found --open "$daemon")
expect_match "$in_open" 'CONTROL@' 'what open memory holds (the scan can fail)'
expect_eq "$(secrets_in "$in_open")" '' 'secrets in memory that may be swapped or dumped'

# What is in the pool is locked there.
in_pool=$(found --pool "$daemon")
for name in age-x25519 age-armored age-ed25519 age-rsa age-rsa-pem large-4 file github gitlab odd identity-scalar over-age; do
  expect_match "$in_pool" "$name@" 'what the locked pool holds'
done
expect_no_match "$in_pool" 'not-locked' 'the pool'
for name in rotated-to kept-token by-socket; do expect_match "$in_pool" "$name@" 'what the locked pool holds'; done
expect_no_match "$in_pool" '(rotated-away|broken-rotated)@' 'what nobody can read any more is wiped'

# (c) argv, environment, log, audit, status
cat "/proc/$daemon/cmdline" "/proc/$daemon/environ" "$log" audit.jsonl status >said
expect_eq "$(secrets_in "$(found said)")" '' 'secrets in argv, environment, log, audit or status'
expect_match "$(found audit.jsonl)" 'CONTROL@' 'what the audit holds (the scan can fail)'

# (d) the page cache
expect_eq "$(find "$m" -type f -not -path '*/bad/*' -not -name no-host -exec fincore --bytes --noheadings --output PAGES {} + | sort -u | tr -d ' \n')" 0 'pages of secrets in the page cache'

# (e), (f) no core, no swap
expect_eq "$(awk '/^Max core file size/ { print $5 $6 }' "/proc/$daemon/limits")" 11 'limits on core files'
expect_eq "$(awk '/^VmSwap/ { print $2 }' "/proc/$daemon/status")" 0 'kB of the daemon in swap'
expect_match "$(awk '/^VmLck/ { print $2 }' "/proc/$daemon/status")" '^[1-9]' 'kB of the daemon that are locked'
kill -SEGV "$daemon"
code=0
wait "$daemon" 2>/dev/null || code=$?
expect_eq "$code" 139 'end by SIGSEGV'
expect_eq "$(find . -maxdepth 1 -name 'core*' | wc -l)" 0 'cores of a crash'
umount -l "$m"

# --- a supervisor, which knows nothing, and its server ------------------------------------------------------

m=$work/supervised
mounts+=("$m")
start "$work/supervise.log" "$program" supervise config.yaml "$m"
mount_ready
examine_supervised() {
  local process fd states=0
  server=$(pgrep -P "$daemon")
  find "$m" -type f -exec cat {} + >/dev/null 2>&1 || true
  as "$user" find "$m" -type f -exec cat {} + >/dev/null 2>&1 || true
  dd if="$m/over/age" of=/dev/null bs=40 skip=225000 count=1 status=none
  for process in "$daemon" "$server"; do
    # The server stands still while it is looked at, which its supervisor would end it for.
    [[ $process == "$daemon" ]] || kill -STOP "$daemon"
    gcore -o core "$process" >gcore.log 2>&1 || fail "gcore: $(tail -n 1 gcore.log)"
    expect_eq "$(secrets_in "$(found "core.$process")")" '' "secrets in a core dump of $process, the supervisor being $daemon"
    rm "core.$process"
    expect_eq "$(secrets_in "$(found --open "$process")")" '' 'secrets in memory that may be swapped or dumped'
    cat "/proc/$process/cmdline" "/proc/$process/environ" "$log" >said
    expect_eq "$(secrets_in "$(found said)")" '' 'secrets in argv, environment or log'
  done
  in_pool=$(found --pool "$server")
  for name in age-x25519 over-age; do expect_match "$in_pool" "$name@" 'what the locked pool of the server holds'; done
  kill -CONT "$daemon"
  expect_eq "$(secrets_in "$(found --pool "$daemon")" | grep -v '^not-locked' || true)" '' 'secrets that the supervisor knows'
  # What outlives the server holds requests only.
  for fd in "/proc/$daemon/fd"/*; do
    [[ $(readlink "$fd") == /memfd:* ]] || continue
    cat "$fd" >state
    states=$((states + 1))
    expect_eq "$(secrets_in "$(found state)")" '' 'secrets in what outlives the server'
  done
  expect_eq "$states" 1 'states that the supervisor holds'
  expect_eq "$(find "$m" -type f -not -path '*/bad/*' -not -name no-host -not -name rotating-token -exec fincore --bytes --noheadings --output PAGES {} + | sort -u | tr -d ' \n')" 0 'pages of secrets in the page cache'
}
examine_supervised
# Its successor has what was open before from its own source again.
exec 9<"$m/large"
kill -KILL "$server"
cat <&9 | cmp - "$m/large" || fail 'what was open reads otherwise after a restart'
exec 9<&-
examine_supervised
mount_stop TERM "$daemon" "$m"

# --- the keeper, which makes copies ---------------------------------------------------------------------------

copies=$work/copies
mkdir "$copies" kept-state kept-run
mount -t ramfs ramfs "$copies"
undo+=("umount -l '$copies'")
export STATE_DIRECTORY=$work/kept-state RUNTIME_DIRECTORY=$work/kept-run
secret copied-first && printf '%s\n' "$text" >src/copied
sed "s|^  file: {file: src/file}|  file: {file: src/file, copies: $copies/file}\n  copied: {file: src/copied, copies: $copies/copied}|
  s|^  age: {age: src/age.age}|  age: {age: src/age.age, copies: $copies/age}|
  s|^  view/template: {|&copies: $copies/view, |
  s|^  $control: {|&copies: $copies/control, |" config.yaml >keeper.yaml
m=$work/kept
are_copied() {
  local name
  for name in file copied age view; do [[ -s $copies/$name ]] || return 1; done
  cmp -s "$copies/copied" src/copied
}
is_keeper() { [[ $(tr '\0' ' ' <"/proc/$1/cmdline") == *' keeper '* ]]; }
find_keeper() {
  for keeper in $(pgrep -P "$daemon"); do if is_keeper "$keeper"; then return 0; fi; done
  return 1
}
is_settled() { grep -qE '^State:\sS' "/proc/$keeper/status"; }
examine_keeper() { # WHAT happened before
  wait_until "the keeper has made the copies, $1" are_copied
  wait_until "there is a keeper, $1" find_keeper
  wait_until "the keeper is done, $1" is_settled
  gcore -o core "$keeper" >gcore.log 2>&1 || fail "gcore: $(tail -n 1 gcore.log)"
  expect_match "$(found "core.$keeper")" 'CONTROL@' "what a core dump of the keeper holds (the scan can fail), $1"
  expect_eq "$(secrets_in "$(found "core.$keeper")")" '' "secrets in a core dump of the keeper, $1"
  rm "core.$keeper"
  expect_eq "$(secrets_in "$(found --open "$keeper")")" '' "secrets in memory of the keeper that may be swapped or dumped, $1"
  expect_eq "$(secrets_in "$(found --pool "$keeper")")" '' "secrets that the keeper still has, $1"
  cat "/proc/$keeper/cmdline" "/proc/$keeper/environ" "$log" >said
  find kept-state kept-run -type f -exec cat {} + >>said
  expect_eq "$(secrets_in "$(found said)")" '' "secrets in argv, environment, log or records of the keeper, $1"
  expect_eq "$(awk '/^Max core file size/ { print $5 $6 }' "/proc/$keeper/limits")" 11 "limits on core files of the keeper, $1"
  expect_eq "$(stat -c %U "/proc/$keeper/environ")" root "owner of the keeper in /proc, $1"
}
mount_start keeper.yaml "$m"
examine_keeper 'at first'
secret copied-second && printf '%s\n' "$text" >src/new && mv src/new src/copied
examine_keeper 'after a change'
mount_stop TERM "$daemon" "$m"
mount_start keeper.yaml "$m"
examine_keeper 'after it compared what was there'
mount_stop TERM "$daemon" "$m"

# --- decrypt, in the middle of a file that nobody reads on ---------------------------------------------------

mkfifo -m 666 unread
exec 8<>unread
install -o "$user" -m 600 src/x25519 key-of-user
as_words "$user"
log=$work/decrypt.log
"${as_user[@]}" "$program" decrypt -i "$work/key-of-user" "$work/src/large.age" >unread 2>"$log" &
decrypting=$!
pids+=("$decrypting")
blocked() { [[ $(cat "/proc/$decrypting/wchan" 2>/dev/null) =~ pipe ]] || grep -qE '^State:\sS' "/proc/$decrypting/status"; }
wait_until 'decrypt waits for its reader' eval '[[ $(readlink "/proc/$decrypting/exe") == "$program" ]] && blocked'
# Whoever is not dumpable belongs to root, for ptrace and /proc.
expect_eq "$(stat -c %U "/proc/$decrypting/environ")" root 'owner of the process in /proc (not dumpable)'
gcore -o core "$decrypting" >gcore.log 2>&1 || fail "gcore: $(tail -n 1 gcore.log)"
expect_eq "$(secrets_in "$(found "core.$decrypting")")" '' 'secrets in a core dump of decrypt'
in_pool=$(found --pool "$decrypting")
expect_match "$in_pool" 'large-[12]@' 'what the locked pool of decrypt holds'
kill "$decrypting"
exec 8<&-

finish "$(wc -l <needles) parts of secrets and keys are found in the locked pool at most; none in a core dump, another page, argv, environment, log, audit, the page cache or swap"
