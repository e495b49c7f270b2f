#!/usr/bin/env bash
# What this Debian's own age cannot show: age 1.3 and rage from the newest suite, and what is
# post-quantum or tagged in npm's age-encryption. Each opens what secretfs makes, and the other way
# round. A build without X-Wing must refuse what is post-quantum, in words that help.
source "$(dirname "$0")/lib.sh"
need ssh-keygen

cd "$work"
mkdir keys plain
modules=$scripts/../npm/node_modules
passphrase='correct horse'
tried=()

# newer PEER: its bin/, or nothing, said with the reason.
newer() {
  local folder
  if folder=$("$scripts/../../scripts/newer-peers" --cached "$1"); then
    printf '%s/bin' "$folder"
  else
    printf 'not tried: %s\n' "$folder" >&2
  fi
}
age13=$(newer age)
rage=$(newer rage)
npm_peer() { node "$helpers/age_encryption_newer.mjs" "$modules" "$@"; }
npm=
if [[ -d $modules/age-encryption ]] && command -v node >/dev/null; then npm=yes; else
  printf 'not tried, as tests/npm/node_modules (npm ci) or node is missing: age-encryption\n' >&2
fi
[[ $age13 || $rage || $npm ]] || skip 'no newer peer is here'

xwing=
expect_exit 0 "$program" --version
[[ $out != *'post-quantum keys: yes'* ]] || xwing=yes

for size in 0 17 65536 65537; do head -c "$size" /dev/urandom >"plain/$size"; done

# opens WHAT PLAIN COMMAND...: the command writes the plaintext.
opens() {
  local what=$1 plain=$2
  shift 2
  "$@" >opened 2>opening || fail "$what: $(cat opening)"
  expect_same opened "$plain" "$what"
}
# we_open WHAT PLAIN IDENTITY FILE
we_open() { opens "$1" "$2" "$program" decrypt -i "$3" "$4"; }
# we_open_hybrid: the same for what only X-Wing opens.
we_open_hybrid() {
  if [[ $xwing ]]; then
    we_open "$@"
  else
    expect_exit 10 "$program" decrypt -i "$3" "$4"
    expect_match "$err" 'tried mlkem768x25519 \(libsodium [0-9.]+ has no X-Wing\)' "$1, why not"
    expect_match "$err" 'libsodium 1\.0\.22 or newer, or .* age-plugin-pq' "$1, what helps"
  fi
}

# --- keys of ssh-keygen, for age 1.3 and rage ---------------------------------------------------------

ssh-keygen -q -N '' -C test -t ed25519 -f keys/ed25519
ssh-keygen -q -N '' -C test -t rsa -b 2048 -f keys/rsa

# both_ways PEER-NAME PEER KIND: files to keys/KIND, whose recipient is in keys/KIND.pub.
both_ways() {
  local name=$1 peer=$2 kind=$3 size armor
  for size in 0 17 65537; do
    for armor in '' -a; do
      # shellcheck disable=SC2086
      "$peer" $armor -R "keys/$kind.pub" -o sealed "plain/$size" || fail "$name encrypts to $kind"
      we_open "a file of $name to $kind, $size bytes $armor" "plain/$size" "keys/$kind" sealed
      # shellcheck disable=SC2086
      expect_exit 0 "$program" encrypt $armor -R "keys/$kind.pub" -o sealed "plain/$size"
      opens "a file of secretfs to $kind, with $name, $size bytes $armor" "plain/$size" \
        "$peer" -d -i "keys/$kind" sealed
    done
  done
}
we_open_passphrase() { # WHAT PLAIN FILE
  printf '%s\n' "$passphrase" >passphrase
  "$program" decrypt --passphrase-fd 7 "$3" 7<passphrase >opened 2>opening || fail "$1: $(cat opening)"
  expect_same opened "$2" "$1"
}
# With the work factor that an ordinary user gets; peers open it below.
seal_with_passphrase() {
  printf '%s\n' "$passphrase" >passphrase
  "$program" encrypt -p --passphrase-fd 7 -o sealed-passphrase plain/17 7<passphrase 2>err ||
    fail "encrypt -p: $(cat err)"
}

# --- age 1.3 --------------------------------------------------------------------------------------------

# What age-inspect tells of a file, `secretfs inspect` tells too.
same_words() { # FILE
  "$age13/age-inspect" --json "$1" >theirs || fail "age-inspect of $1"
  expect_exit 0 "$program" inspect --json "$1"
  node -e '
    const [theirs, ours] = process.argv.slice(1).map((f) => JSON.parse(require("fs").readFileSync(f)));
    const compare = (what, a, b) => {
      if (JSON.stringify(a) !== JSON.stringify(b)) throw new Error(`${what}: ${JSON.stringify(b)}, not ${JSON.stringify(a)}`);
    };
    for (const key in theirs) if (key !== "sizes") compare(key, theirs[key], ours[key]);
    for (const key in theirs.sizes) compare(key, theirs.sizes[key], ours.sizes[key]);
  ' theirs "$work/out" 2>said || fail "inspect of $1: $(grep Error: said)"
}

if [[ $age13 ]]; then
  age13_age() { PATH=$age13:$PATH "$age13/age" "$@"; }
  age13_asking() { AGE_PASSPHRASE=$passphrase AGE_PASSPHRASE_WORK_FACTOR=12 age13_age -j batchpass "$@"; }
  "$age13/age-keygen" -o keys/x25519 2>/dev/null
  "$age13/age-keygen" -y keys/x25519 >keys/x25519.pub
  "$age13/age-keygen" -pq -o keys/hybrid 2>/dev/null
  "$age13/age-keygen" -y keys/hybrid >keys/hybrid.pub
  for kind in x25519 ed25519 rsa; do both_ways 'age 1.3' age13_age "$kind"; done
  age13_asking -e -o sealed plain/65537
  we_open_passphrase 'a passphrase of age 1.3' plain/65537 sealed
  seal_with_passphrase
  opens 'a passphrase of secretfs, with age 1.3' plain/17 age13_asking -d sealed-passphrase
  tried+=('age 1.3')

  for size in 0 17 65536 65537; do
    for armor in '' -a; do
      # shellcheck disable=SC2086
      age13_age $armor -R keys/hybrid.pub -o "hybrid-$size$armor.age" "plain/$size"
      we_open_hybrid "a hybrid file of age 1.3, $size bytes $armor" "plain/$size" keys/hybrid "hybrid-$size$armor.age"
      if command -v node >/dev/null; then same_words "hybrid-$size$armor.age"; fi
    done
  done
  if [[ $xwing ]]; then
    both_ways 'age 1.3' age13_age hybrid
    expect_exit 0 "$program" keygen --pq -o keys/ours
    "$age13/age-keygen" -y keys/ours >keys/ours.pub
    expect_exit 0 "$program" keygen -y keys/ours
    expect_same out keys/ours.pub 'the recipient of a key of secretfs, to age-keygen'
    expect_exit 0 "$program" keygen -y keys/hybrid
    expect_same out keys/hybrid.pub 'the recipient of a key of age-keygen, to secretfs'
    both_ways 'age 1.3' age13_age ours
    expect_exit 1 "$program" encrypt -R keys/hybrid.pub -R keys/x25519.pub plain/17
    expect_match "$err" 'post-quantum' 'post-quantum and classic recipients together'
    tried+=('its post-quantum keys')
  else
    for command in 'encrypt -R keys/hybrid.pub plain/17' 'keygen --pq' 'keygen -y keys/hybrid'; do
      # shellcheck disable=SC2086
      expect_exit 1 "$program" $command
      expect_match "$err" 'libsodium 1\.0\.22 or newer' "$command without X-Wing"
    done
  fi
fi

# --- rage -------------------------------------------------------------------------------------------------

# rage asks a pinentry program; this one knows the passphrase.
cat >pinentry <<END
#!/bin/sh
echo 'OK ready'
while read -r line; do
  case \$line in
    GETPIN*) printf 'D %s\nOK\n' '$passphrase' ;;
    BYE*) echo OK; exit ;;
    *) echo OK ;;
  esac
done
END
chmod 755 pinentry
rage_asking() { PINENTRY_PROGRAM=$work/pinentry setsid -w "$rage/rage" "$@" </dev/null; }

if [[ $rage ]]; then
  "$rage/rage-keygen" -o keys/rage 2>/dev/null
  "$rage/rage-keygen" -y keys/rage >keys/rage.pub
  for kind in rage ed25519 rsa; do both_ways rage "$rage/rage" "$kind"; done
  rage_asking -p -o sealed plain/65537 2>err || fail "rage -p: $(cat err)"
  # It takes as much work as a second holds.
  factor=$(sed -n '2s/.* //p' sealed)
  if ((factor <= 20)); then
    we_open_passphrase "a passphrase of rage, work factor $factor" plain/65537 sealed
  else
    printf 'not tried: a passphrase of rage, whose work factor is %s here\n' "$factor" >&2
  fi
  seal_with_passphrase
  opens 'a passphrase of secretfs, with rage' plain/17 rage_asking -d --max-work-factor 22 sealed-passphrase
  tried+=(rage)
fi

# --- age-encryption -----------------------------------------------------------------------------------------

if [[ $npm ]]; then
  for size in 0 17 65537; do
    mkdir "npm-$size"
    npm_peer make "plain/$size" "npm-$size"
    we_open_hybrid "a hybrid file of age-encryption, $size bytes" "plain/$size" "npm-$size/identity" "npm-$size/hybrid.age"
    we_open_hybrid "one to both kinds, with the hybrid key" "plain/$size" "npm-$size/identity" "npm-$size/both.age"
    we_open "one to both kinds, with the classic key" "plain/$size" "npm-$size/x25519" "npm-$size/both.age"
    opens "one to both kinds, with both keys" "plain/$size" \
      "$program" decrypt -i "npm-$size/identity" -i "npm-$size/x25519" "npm-$size/both.age"
    we_open "one to a tag and a key" "plain/$size" "npm-$size/x25519" "npm-$size/tag_and_x25519.age"
    expect_exit 10 "$program" decrypt -i "npm-$size/x25519" "npm-$size/tag.age"
    expect_match "$err" 'encrypted to: p256tag' 'a file to a tag alone'
    expect_match "$err" 'plugin of the hardware key.*age-plugin-' 'what opens a tag'
    if [[ $xwing ]]; then
      expect_exit 0 "$program" encrypt -R "npm-$size/recipient" -o sealed "plain/$size"
      opens 'a hybrid file of secretfs, with age-encryption' "plain/$size" npm_peer open "npm-$size/identity" sealed
    fi
  done
  tried+=("age-encryption's newer recipients")
fi

printf -v all '%s, ' "${tried[@]}"
finish "both ways: ${all%, }${xwing:+, with X-Wing}"
