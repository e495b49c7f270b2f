#!/usr/bin/env bash
# `edit` and `rekey` by rules: what they write, real age opens; what is unchanged is not touched; a
# failure leaves the old file; and while an editor has it, the plaintext is on a ramfs that nobody
# else sees. As root and as an ordinary user.
source "$(dirname "$0")/lib.sh"
need age age-keygen ssh-keygen script setpriv findmnt python3

cd "$work"
umask 022
export HOME=$work/nobodys-home
unset VISUAL EDITOR XDG_RUNTIME_DIR AGE_PASSPHRASE
for name in alice bob; do age-keygen -o "$name.key" 2>/dev/null; done
ssh-keygen -q -N '' -C 'root@web' -t ed25519 -f web.key
alice=$(age-keygen -y alice.key) bob=$(age-keygen -y bob.key)
chmod 644 alice.key bob.key

rules() { # RECIPIENTS of the secrets
  cat >repo/secretfs.rules.yaml <<YAML
recipients:
  alice: $alice
  bob: $bob
  web: {file: ../web.key.pub}
rules:
  - {files: "armored/*.age", recipients: [alice], armor: true}
  - {files: "**/*.age", recipients: $1}
identities: [../alice.key]
YAML
}
mkdir -p repo/sub/deep repo/armored
rules '[alice, web]'

# A file that must not be touched keeps its inode and times.
stamp() { stat -c '%i %s %y' -- "$1"; }
opened() { age -d -i "$1" "$2"; } # KEY FILE
leftovers() { find repo -name '*.age.*' -o -name '*.yaml.*'; }
stanzas() { sed -n 's/^-> \([^ ]*\).*/\1/p' "$1" | sort | tr '\n' ' '; }

# --- edit from standard input ---------------------------------------------------------------------------

edit() { # CONTENT FILE [OPTIONS...]
  local content=$1 file=$2
  shift 2
  printf %s "$content" | "$program" edit "$@" "$file" >"$work/out" 2>"$work/err"
}
umask 027
edit 'first secret' repo/db.age
expect_eq "$(cat out)" 'repo/db.age: saved for 2 recipients' 'the answer to a new file'
expect_eq "$(stat -c %a repo/db.age)" 640 'the mode of a new file'
umask 022
for key in alice.key web.key; do expect_eq "$(opened "$key" repo/db.age)" 'first secret' "what $key opens"; done
opened bob.key repo/db.age 2>/dev/null && fail 'a file is open to one who is no recipient'
expect_eq "$(stanzas repo/db.age)" 'X25519 secretfs-recipients ssh-ed25519 ' 'the stanzas of a new file'

before=$(stamp repo/db.age)
umask 027
edit 'first secret' repo/db.age
expect_eq "$(cat out)" 'repo/db.age: unchanged' 'the answer to the same content'
expect_eq "$(stamp repo/db.age)" "$before" 'a file with the same content'

chmod 640 repo/db.age
ln -s ../db.age repo/sub/link.age
edit 'second secret' repo/sub/link.age
expect_eq "$(readlink repo/sub/link.age)" ../db.age 'a link that was edited through'
expect_eq "$(opened alice.key repo/db.age)" 'second secret' 'the content behind the link'
expect_eq "$(stat -c %a repo/db.age)" 640 'the mode of an old file'

edit 'in armor' repo/armored/a.age
expect_match "$(head -n 1 repo/armored/a.age)" 'BEGIN AGE ENCRYPTED FILE' 'what a rule with armor makes'
age -a -r "$alice" -o repo/sub/old.age <<<'was in armor'
(cd repo/sub && edit 'still in armor' old.age)
expect_match "$(head -n 1 repo/sub/old.age)" 'BEGIN AGE ENCRYPTED FILE' 'armor without a word in the rule'
expect_eq "$(opened web.key repo/sub/old.age)" 'still in armor' 'a file of age, edited'

# What must change nothing.
cp -a repo saved
refused() { # CODE MESSAGE COMMAND...
  local code=$1 message=$2
  shift 2
  expect_exit "$code" "$@"
  expect_match "$err" "$message" "the words of: $*"
  diff -r repo saved || fail "something was changed by: $*"
}
refused 1 'is empty, and nothing was changed' "$program" edit repo/db.age
refused 1 'no rule fits' bash -c 'echo x | "$0" edit repo/no.txt' "$program"
refused 10 'no identity matched' bash -c 'echo x | "$0" edit -i bob.key repo/db.age' "$program"
refused 3 'no secretfs.rules.yaml here or above' bash -c 'echo x | "$0" edit alice.age' "$program"
refused 3 'wrong.yaml:1:1: unknown key' bash -c \
  'echo "rule: []" >wrong.yaml; echo x | "$0" edit --rules wrong.yaml repo/db.age' "$program"
refused 1 'is not below the folder of the rules' bash -c \
  'mkdir -p elsewhere; echo x | "$0" edit --rules repo/secretfs.rules.yaml elsewhere/x.age' "$program"
head -c -1 repo/db.age >saved/cut.age
cp saved/cut.age repo/cut.age
refused 13 'cut.age' bash -c 'echo x | "$0" edit repo/cut.age' "$program"
rm repo/cut.age saved/cut.age

# Rules that another could have written are not taken, unless they are named.
chmod 666 repo/secretfs.rules.yaml saved/secretfs.rules.yaml
refused 4 'other users may write these rules' bash -c 'echo x | "$0" edit repo/db.age' "$program"
edit 'second secret' repo/db.age --rules repo/secretfs.rules.yaml
chmod 644 repo/secretfs.rules.yaml

# --- edit in an editor ------------------------------------------------------------------------------------

cat >changes <<'SH'
#!/bin/sh
printf ' and more' >>"$1"
SH
cat >replaces <<'SH'
#!/bin/sh
sed -i s/more/less/ "$1"
SH
printf '#!/bin/sh\nexit 0\n' >looks
printf '#!/bin/sh\nprintf garbage >"$1"\nexit 3\n' >fails
printf '#!/bin/sh\nexit 3\n' >aborts
printf '#!/bin/sh\nrm "$1"\n' >removes
cat >grows <<'SH'
#!/bin/sh
# First more than can be taken, and the next time less.
if [ "$(stat -c %s "$1")" -gt 17000000 ]; then
  printf '%s of a shortened text' SECRET >"$1"
else
  head -c 17825792 /dev/zero | tr '\0' x >"$1"
fi
SH
cat >tells <<'SH'
#!/bin/bash
# Tells about itself, and waits until it has been looked for from outside.
{
  echo "path=$1"
  echo "type=$(stat -f -c %T "$1")"
  echo "modes=$(stat -c %a "$1" "${1%/*}" | tr '\n' ' ')"
  echo "propagation=$(findmnt -n -o PROPAGATION -T "$1")"
  echo "umask=$(umask)"
  echo "core=$(awk '/^Max core/ { print $5, $6 }' /proc/self/limits)"
  echo "inherited=$(readlink /proc/$$/fd/* | grep -cE 'socket:|[.]key|[.]age')"
  echo "passphrase=${AGE_PASSPHRASE-none}"
  echo "folders=$TMPDIR $XDG_STATE_HOME $XDG_CACHE_HOME"
  echo "arguments=$#"
} >"$TELL"
cat "$1" >/dev/null
until [ -e "$TELL.seen" ]; do sleep 0.05; done
SH
chmod 755 changes replaces looks fails aborts removes grows tells

at_terminal=() # words that run a command as somebody
# With a terminal for standard input; ANSWERS are typed.
edit_at_terminal() { # EDITOR FILE [ANSWERS]
  local code=0
  printf '%b' "${3:-}" | VISUAL=$1 "${at_terminal[@]}" script -qefc "$(printf '%q edit %q' "$program" "$2")" /dev/null \
    >"$work/out" 2>&1 || code=$?
  out=$(tr -d '\r' <"$work/out")
  return "$code"
}

check_editors() { # FILE, whose content is "SECRET..."
  local file=$1 before
  edit_at_terminal "$work/changes" "$file" || fail "an editor that changes: $out"
  expect_eq "$out" "$file: saved for 2 recipients" 'the answer to an editor that changes'
  expect_match "$(opened alice.key "$file")" '^SECRET.* and more$' 'what the editor wrote'
  edit_at_terminal "$work/replaces" "$file" || fail "an editor that replaces: $out"
  expect_match "$(opened alice.key "$file")" '^SECRET.* and less$' 'what the editor put in its place'
  before=$(stamp "$file")
  edit_at_terminal "$work/looks" "$file" || fail "an editor that changes nothing: $out"
  expect_eq "$out" "$file: unchanged" 'the answer to an editor that changes nothing'
  edit_at_terminal "$work/fails" "$file" && fail 'an editor that fails passes for success'
  expect_match "$out" "error: $file: the editor ended with exit code 3; nothing was changed" 'the answer to an editor that fails'
  expect_match "$out" 'drop the changes' 'the question after an editor that failed and left a text'
  edit_at_terminal "$work/aborts" "$file" && fail 'an editor that gives up passes for success'
  expect_match "$out" 'the editor ended with exit code 3; nothing was changed' 'the answer to an editor that gives up'
  expect_no_match "$out" 'drop the changes' 'the answer to an editor that gives up'
  edit_at_terminal "$work/removes" "$file" && fail 'an editor that removes the file passes for success'
  expect_match "$out" 'the editor left no file' 'the answer to an editor that removes the file'
  edit_at_terminal "$work/not-there" "$file" && fail 'an editor that is not there passes for success'
  expect_match "$out" 'exit code 127' 'the answer to an editor that is not there'
  expect_eq "$(stamp "$file")" "$before" 'a file after editors that failed'
  edit_at_terminal "sed -i -e s/less/least/" "$file" || fail "an editor with arguments: $out"
  expect_match "$(opened alice.key "$file")" '^SECRET.* and least$' 'what an editor with arguments wrote'
  before=$(stamp "$file")
  edit_at_terminal "$work/grows" "$file" 's\nd\n' && fail 'a text that is too large passes for success'
  expect_match "$out" "warning: $file: the text cannot be taken from the editor" 'the answer to a text that is too large'
  expect_no_match "$out" 's: save' 'the question about a text that cannot be saved'
  expect_eq "$(stamp "$file")" "$before" 'a file after a text that was too large'
  edit_at_terminal "$work/grows" "$file" 'e\n' || fail "a text that was made shorter: $out"
  expect_eq "$(opened alice.key "$file")" 'SECRET of a shortened text' 'a text that was made shorter'
}

told() { sed -n "s/^$1=//p" "$TELL"; }
# Every place on disk, and what a process shows of itself.
search_for_plaintext() { # TEXT
  local found
  found=$(grep -rlF --exclude-dir=sanitizer -- "$1" "$work" /tmp/secretfs-edit.* /dev/shm 2>/dev/null || true)
  expect_eq "$found" '' 'files with plaintext'
  found=$(grep -lsF -- "$1" /proc/[0-9]*/environ /proc/[0-9]*/cmdline || true)
  expect_eq "$found" '' 'processes that show plaintext'
}
check_privacy() { # FILE SECRET
  local path
  export TELL=$work/tell/$RANDOM
  (AGE_PASSPHRASE=unused edit_at_terminal "$work/tells" "$1") 7<alice.key &
  pids+=($!)
  wait_until 'the editor runs' test -s "$TELL"
  wait_until 'the editor has told all' grep -q ^arguments= "$TELL"
  path=$(told path)
  expect_eq "$(told type)" ramfs 'the file system under the editor'
  expect_eq "$(told modes)" '600 700 ' 'modes in the editor'
  expect_eq "$(told propagation)" private 'the propagation of the mount'
  expect_eq "$(told umask)" 0077 'the umask of the editor'
  expect_match "$(told core)" '^1 1$' 'the limit on cores of the editor'
  expect_eq "$(told inherited)" 0 'descriptors that the editor inherits'
  expect_eq "$(told passphrase)" none 'what the editor knows of AGE_PASSPHRASE'
  expect_eq "$(told folders)" "${path%/*} ${path%/*} ${path%/*}" 'where the editor keeps files of its own'
  expect_eq "$(told arguments)" 1 'arguments of the editor'
  [[ ! -e $path && -d ${path%/*} ]] || fail "$path is there outside of the editor's namespace"
  findmnt -n "${path%/*}" && fail 'the mount shows outside'
  search_for_plaintext "$2"
  touch "$TELL.seen"
  wait_exit "${pids[-1]}" || fail 'the edit failed'
  [[ ! -e ${path%/*} ]] || fail "${path%/*} was left over"
}

install -d -m 1777 tell
edit 'SECRET of root' repo/root.age
check_editors repo/root.age
check_privacy repo/root.age 'SECRET of'
# Where mounts pass from one namespace to the next, as systemd has it.
if unshare -m --propagation shared true 2>/dev/null; then
  at_terminal=(unshare -m --propagation shared)
  check_privacy repo/root.age 'SECRET of'
  at_terminal=()
else
  printf 'not tried, without root or in a chroot: shared mounts\n'
fi
edit_at_terminal "$work/looks" repo/new.age || fail "an editor that makes nothing: $out"
expect_eq "$out" 'repo/new.age: empty, and not made' 'the answer to an empty new file'
[[ ! -e repo/new.age ]] || fail 'an empty file was made'

# A vim, by whatever name, does not write what was copied to ~/.viminfo.
mkdir vims
printf '#!/bin/sh\nprintf "%%s|" "$@"\n' | tee vims/vim vims/vim.tiny vims/other >/dev/null
chmod 755 vims/*
ln -s vim.tiny vims/vi
for name in vim vim.tiny vi; do
  PATH=$work/vims:$PATH edit_at_terminal "$name -R" repo/root.age || fail "$name: $out"
  expect_match "$out" '^-R[|]-i[|]NONE[|]/[^|]*/root[|]' "arguments of $name"
done
edit_at_terminal "$work/vims/vi" repo/root.age || fail "a vi with a path: $out"
expect_match "$out" '^-i[|]NONE[|]/[^|]*/root[|]' 'arguments of a vi with a path'
edit_at_terminal "$work/vims/other" repo/root.age || fail "another editor: $out"
expect_match "$out" '^/[^|]*/root[|]' 'arguments of another editor'

# While the editor was open, somebody else was quicker.
printf '#!/bin/sh\nprintf mine >"$1"\ncp %q %q\n' "$work/theirs.age" "$work/repo/race.age" >raced
chmod 755 raced
race() { # ANSWERS
  edit 'old' repo/race.age
  age -r "$alice" -o theirs.age <<<theirs
  edit_at_terminal "$work/raced" repo/race.age "$1"
}
race 'd\n' && fail 'a dropped text passes for success'
expect_match "$out" 'was changed by somebody else in the meantime' 'the answer to a race'
expect_eq "$(opened alice.key repo/race.age)" theirs 'a file that another changed'
race 's\n' || fail "saving all the same: $out"
expect_eq "$(opened alice.key repo/race.age)" mine 'a file that was saved all the same'
race '' && fail 'a text that nobody answers for passes for success'
race 'x\ne\nd\n' && fail 'a text that was dropped at last passes for success'
expect_eq "$(grep -o 'back to the editor' out | wc -l)" 3 'questions'

# Where the kernel refuses, nothing is written elsewhere.
if unshare -Ur true 2>/dev/null; then
  before=$(stamp repo/root.age)
  at_terminal=(unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_mnt_namespaces && exec "$@"' sh)
  edit_at_terminal "$work/changes" repo/root.age && fail 'an edit without a private folder succeeds'
  expect_match "$out" 'the kernel allows no private folder in memory' 'the answer of a kernel that refuses'
  expect_match "$out" 'give the new content on standard input' 'the hint where the kernel refuses'
  expect_eq "$(stamp repo/root.age)" "$before" 'the file where the kernel refuses'
  at_terminal=()
fi

# --- as an ordinary user --------------------------------------------------------------------------------

if [[ $EUID -eq 0 ]]; then
  user=$(unique e)
  add_user "$user"
  as_words "$user"
  install -d -m 755 -o "$user" repo/users
  install -m 644 -o "$user" repo/secretfs.rules.yaml repo/users/
  sed -i "s,\.\./,../../,g" repo/users/secretfs.rules.yaml
  printf 'SECRET of a user' | "${as_user[@]}" "$program" edit repo/users/own.age >/dev/null
  if [[ $sanitize == thread ]]; then # its thread is one too many for a user namespace
    printf 'not tried with the thread sanitizer: the editor of an ordinary user\n'
  elif "${as_user[@]}" unshare -Ur true 2>/dev/null; then
    at_terminal=("${as_user[@]}")
    check_editors repo/users/own.age
    check_privacy repo/users/own.age 'SECRET of'
    at_terminal=()
  else
    printf 'not tried, as the kernel gives users no namespaces: the editor of an ordinary user\n'
  fi
  expect_eq "$(stat -c %U repo/users/own.age)" "$user" 'the owner of a file'
  # root's edit keeps it.
  edit 'by root' repo/users/own.age --rules repo/users/secretfs.rules.yaml
  expect_eq "$(stat -c %U repo/users/own.age)" "$user" 'the owner after an edit of root'
  chown 12345 repo/users/secretfs.rules.yaml
  expect_exit 4 "$program" rekey repo/users/own.age
  expect_match "$err" 'another user owns these rules' 'the answer to rules of another'
  rm -r repo/users
fi

# --- rekey ---------------------------------------------------------------------------------------------

rm -rf repo/*/ repo/*.age
mkdir -p repo/sub/deep repo/.git repo/own repo/armored
for file in a sub/b sub/deep/c .git/d; do edit "content of $file" "repo/$file.age"; done
edit 'armored content' repo/armored/a.age
cp repo/a.age repo/own/e.age
sed 's,\.\./,../../,' repo/secretfs.rules.yaml >repo/own/secretfs.rules.yaml
ln -s a.age repo/link.age
age -r "$alice" -o repo/foreign.age <<<'content of age'
printf 'not ours' >repo/readme.txt
mine=(a armored/a foreign sub/b sub/deep/c)

stamps() { for file in "$@"; do stamp "repo/$file.age"; done; }
cd repo
expect_exit 0 "$program" rekey --dry-run
cd ..
expect_eq "$out" "[1/5] a.age: unchanged
[2/5] armored/a.age: unchanged
[3/5] foreign.age: to be rekeyed
[4/5] sub/b.age: unchanged
[5/5] sub/deep/c.age: unchanged
1 to be rekeyed, 4 unchanged, 0 failed" 'a dry run'
expect_eq "$(stanzas repo/foreign.age)" 'X25519 ' 'a file after a dry run'

before=$(stamps a sub/b sub/deep/c armored/a)
expect_exit 0 "$program" rekey --rules repo/secretfs.rules.yaml
expect_match "$out" '1 rekeyed, 4 unchanged, 0 failed' 'a rekey of what age made'
expect_eq "$(stamps a sub/b sub/deep/c armored/a)" "$before" 'files whose recipients are the same'
expect_eq "$(opened web.key repo/foreign.age)" 'content of age' 'a file of age after a rekey'

# A new recipient.
rules '[web, alice, bob]'
others=$(stamps own/e .git/d; stat -c %i repo/link.age)
expect_exit 0 "$program" rekey --rules repo/secretfs.rules.yaml
expect_match "$out" '4 rekeyed, 1 unchanged, 0 failed' 'a rekey for a new recipient'
for file in a sub/b sub/deep/c; do
  expect_eq "$(opened bob.key "repo/$file.age")" "content of $file" "$file.age for a new recipient"
done
opened bob.key repo/armored/a.age 2>/dev/null && fail 'a file of another rule got the new recipient'
expect_eq "$(stamps own/e .git/d; stat -c %i repo/link.age)" "$others" 'what is left out'
before=$(stamps "${mine[@]}")
expect_exit 0 "$program" rekey --rules repo/secretfs.rules.yaml
expect_match "$out" '0 rekeyed, 5 unchanged' 'a second rekey'
# The order of recipients, and two names for one, make no difference.
rules '[bob, alice, web, '"$alice"']'
expect_exit 0 "$program" rekey --rules repo/secretfs.rules.yaml
expect_eq "$(stamps "${mine[@]}")" "$before" 'files after rekeys without a change'
expect_exit 0 "$program" rekey --force repo/a.age repo/armored/a.age
expect_match "$out" '2 rekeyed, 0 unchanged' 'a forced rekey of two'
expect_match "$(head -n 1 repo/armored/a.age)" 'BEGIN AGE' 'armor after a rekey'
expect_eq "$(opened alice.key repo/armored/a.age)" 'armored content' 'an armored file after a rekey'

# One is taken out, and one file fails: the others are done, and it stays as it is.
rules '[alice]'
chmod 640 repo/a.age
cp repo/sub/b.age whole
head -c -1 whole >repo/sub/b.age
age -r "$bob" -o repo/sub/bobs.age <<<'for bob'
before=$(stamps sub/b sub/bobs)
expect_exit 6 "$program" rekey --rules repo/secretfs.rules.yaml
expect_match "$out" '3 rekeyed, 1 unchanged, 2 failed' 'a rekey with failures'
expect_match "$out" $'\nFAILED +WHY\nrepo/sub/b.age +[^\n]*\nrepo/sub/bobs.age +no identity matched' 'the table of failures'
expect_eq "$(stamps sub/b sub/bobs)" "$before" 'files that failed'
opened bob.key repo/a.age 2>/dev/null && fail 'one who was taken out opens the file'
expect_eq "$(stat -c %a repo/a.age)" 640 'the mode after a rekey'
expect_exit 6 "$program" rekey repo/sub/bobs.age repo/missing.age repo/a.age
expect_match "$out" '0 rekeyed, 1 unchanged, 2 failed' 'a rekey of named files'
expect_exit 0 "$program" rekey -i bob.key repo/sub/bobs.age
expect_eq "$(opened alice.key repo/sub/bobs.age)" 'for bob' 'a file that another identity opened'
rm repo/sub/b.age

# A key that is none: no file is touched, whatever else is right.
before=$(stamps a sub/bobs)
rules '[alice, age1notakey]'
expect_exit 3 "$program" rekey --rules repo/secretfs.rules.yaml
expect_match "$err" 'secretfs.rules.yaml:7:' 'the place of a recipient that is none'
expect_match "$out" $'\nrepo/a.age +[^\n]*secretfs.rules.yaml:7:[^\n]*\n' 'the file that failed, and why'
expect_exit 3 bash -c 'echo x | "$0" edit repo/a.age' "$program"
rules '[{file: nofile}]'
expect_exit 3 "$program" rekey repo/a.age repo/sub/bobs.age
expect_match "$out" $'\nrepo/a.age +repo/nofile: cannot open[^\n]*\nrepo/sub/bobs.age +repo/nofile: cannot open' 'files that failed by one cause'
expect_exit 1 bash -c 'echo x | "$0" edit nodir/a.age' "$program"
expect_match "$err" 'nodir: no such folder' 'a file in a folder that is not there'
expect_exit 6 "$program" rekey nodir/a.age
expect_match "$out" $'\nnodir/a.age +nodir: no such folder' 'a rekey in a folder that is not there'
expect_eq "$(stamps a sub/bobs)" "$before" 'files under a rule that is wrong'
expect_eq "$(leftovers)" '' 'files left over'

# Large files go through in little memory.
rules '[alice]'
size=$((48 << 20))
head -c "$size" /dev/zero | age -r "$alice" -o repo/large.age
cat >peak.py <<'PY'
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
sys.exit(code)
PY
expect_exit 0 python3 peak.py "$program" rekey repo/large.age
expect_match "$out" 'rekeyed, 0 unchanged' 'the rekey of a large file'
peak=$(sed -n 's/^peak //p' <<<"$out")
[[ -n $sanitize ]] || ((peak < 32)) || fail "a rekey of 48 MiB took $peak MiB"
expect_eq "$(opened alice.key repo/large.age | cksum)" "$(head -c "$size" /dev/zero | cksum)" 'a large file after a rekey'
expect_exit 1 bash -c 'echo x | "$0" edit repo/large.age' "$program"
expect_match "$err" 'larger than 16 MiB' 'an edit of a large file'
rm repo/large.age

# A disk that is full leaves the old file.
before=$(stamps a)
(
  ulimit -f 0
  trap '' XFSZ
  "$program" rekey --force repo/a.age
) >out 2>err && fail 'a rekey that cannot write succeeds'
expect_eq "$(stamps a)" "$before" 'a file that could not be written'
expect_eq "$(leftovers)" '' 'files left over by a full disk'

# Nothing to do is no failure.
mkdir empty
printf 'rules: []\n' >empty/secretfs.rules.yaml
expect_exit 0 "$program" rekey --rules empty/secretfs.rules.yaml
expect_eq "$out" 'no file fits a rule' 'a rekey without files'

finish 'edit and rekey follow the rules, touch nothing that is the same, lose nothing that fails, and show plaintext to the editor alone'
