#!/usr/bin/env bash
# Without root: an ordinary user mounts through fusermount3, for himself alone unless /etc/fuse.conf
# says otherwise. Runs in a mount namespace of its own, so that it may choose /etc/fuse.conf; where
# there can be none (in a chroot, say) it tries what needs no other /etc/fuse.conf.
# shellcheck disable=SC2016 # conditions for wait_until are evaluated later
if [[ -z ${SECRETFS_OWN_NAMESPACE:-} && $EUID -eq 0 ]]; then
  if unshare --mount --propagation private true 2>/dev/null; then
    SECRETFS_OWN_NAMESPACE=yes exec unshare --mount --propagation private bash "$0"
  fi
fi
own_namespace=${SECRETFS_OWN_NAMESPACE:-no}
source "$(dirname "$0")/lib.sh"
need_root
need setpriv useradd fusermount3

user=$(unique u) other=$(unique o)
add_user "$user"
add_user "$other"
as_words "$user"
home=$work/home
install -d -o "$user" -m 700 "$home" "$home/run" "$home/.config" "$home/.config/secretfs"
export HOME=$home XDG_RUNTIME_DIR=$home/run
unset XDG_CONFIG_HOME
fuse_conf() { # TEXT
  printf '%s' "$1" >"$work/fuse.conf"
  chmod 644 "$work/fuse.conf"
}
if [[ $own_namespace == yes && -e /etc/fuse.conf ]]; then
  fuse_conf ''
  mount --bind "$work/fuse.conf" /etc/fuse.conf
elif grep -qsx 'user_allow_other *' /etc/fuse.conf; then
  skip '/etc/fuse.conf lets users share their mounts, and cannot be replaced here'
else
  own_namespace=no
  printf 'not tried, without a mount namespace of its own: other texts of /etc/fuse.conf, no fusermount3\n'
fi
# udev lets everybody open it; a machine without udev gets a node that does.
if ! as "$user" test -w /dev/fuse; then
  [[ $own_namespace == yes ]] || skip 'users may not open /dev/fuse here'
  mkdir "$work/dev"
  mount -t tmpfs -o mode=755 secretfs-test "$work/dev"
  mknod -m 666 "$work/dev/fuse" c 10 229
  mount --bind "$work/dev/fuse" /dev/fuse
  undo+=("umount -l /dev/fuse '$work/dev'")
fi

printf 'of the user\n' >"$home/mine"
chown "$user" "$home/mine"
chmod 600 "$home/mine"
printf 'of root\n' >"$work/roots"
chmod 600 "$work/roots"
config=$home/.config/secretfs/config.yaml
cat >"$config" <<YAML
secrets:
  mine: {file: $home/mine}
  a/b:  {file: $home/mine, mode: "0444"}
  roots: {file: $work/roots}
YAML
chown "$user" "$config"

# --- for himself alone -----------------------------------------------------------------------------

m=$home/run/secrets # the default, as is the configuration's place
mounts+=("$m")
start "$work/user.log" "${as_user[@]}" "$program" mount
mount_ready
expect_eq "$(as "$user" cat "$m/mine")" 'of the user' 'his own secret'
expect_eq "$(as "$user" stat -c '%A %U %G %s' "$m/mine")" "-r-------- $user $user 12" 'whose file it is'
expect_eq "$(as "$user" stat -c '%A %U' "$m/a")" "drwxr-xr-x $user" 'whose folder it is'
chmod 755 "$home" "$home/run" # so that only the mount itself keeps others out
expect_errno "$m/a/b" EACCES 'root looks in' env
expect_errno "$m/a/b" EACCES 'another user looks in' as "$other"
if as "$other" ls "$m" 2>/dev/null; then fail 'another user can list it'; fi
wait_until 'the log says that it is private' grep -q '^info event=private_mount' "$log"
options=$(awk -v at="$m" '$5 == at { print $6 "," $NF }' /proc/self/mountinfo)
for option in ro nosuid nodev noexec "user_id=$(id -u "$user")"; do expect_match ",$options," ",$option," 'mount options'; done
expect_no_match "$options" allow_other 'mount options'
expect_errno "$m/roots" EIO 'a source that he may not read' as "$user"
# shellcheck disable=SC2016
expect_exit 2 as "$user" sh -c 'echo x >"$1"' - "$m/mine"
expect_match "$err" 'Read-only file system' 'writing'

expect_exit 6 as "$user" "$program" status # one secret is root's
expect_match "$out" 'mine +ready +file' 'status'
expect_match "$out" "roots +failed .*$work/roots: cannot open: permission denied" 'status of the one that failed'
expect_exit 4 "$program" status "$m"

# A second one at the same place, also by root.
expect_exit 1 as "$user" timeout -s KILL 120 "$program" mount "$config" "$m"
expect_match "$err" 'already mounted' 'a second mount'
expect_eq "$(as "$user" cat "$m/mine")" 'of the user' 'the first mount after the second was refused'

mount_stop TERM "$daemon" "$m"

# --- other ends, and a beginning after a bad end -------------------------------------------------------

mount_start "$config" "$m" "${as_user[@]}"
as "$user" fusermount3 -u "$m"
wait_exit "$daemon" || fail "the exit code after fusermount3 -u: expected 0, got $?"
mount_start "$config" "$m" "${as_user[@]}"
as "$user" ls -l "$m" >/dev/null
mount_crash
mount_start "$config" "$m" "${as_user[@]}"
expect_eq "$(as "$user" cat "$m/mine")" 'of the user' 'a secret after the dead mount is gone'
expect_eq "$(awk -v at="$m" '$5 == at' /proc/self/mountinfo | wc -l)" 1 'mounts at the place of the dead one'
mount_stop INT "$daemon" "$m"

# --- what cannot work says so ---------------------------------------------------------------------------

install -d -m 755 "$work/not-his"
expect_exit 1 as "$user" timeout -s KILL 120 "$program" mount "$config" "$work/not-his"
expect_match "$err" 'secretfs: error: ' "a folder that is not the user's"
is_unmounted "$work/not-his" || fail 'mounted over a folder that is not his'
expect_exit 4 as "$user" timeout -s KILL 120 "$program" mount "$config" "$work/not-his/below"
expect_match "$err" "error: $work/not-his.*: permission denied" 'a mount point that cannot be made'

# --- for others too, if fuse.conf allows it ----------------------------------------------------------------

if [[ $own_namespace == no ]]; then
  finish 'an ordinary user mounts for himself through fusermount3, others (root included) stay out, and it ends cleanly'
  exit
fi

fuse_conf $'# a comment\nuser_allow_other\n'
mount_start "$config" "$m" "${as_user[@]}"
expect_eq "$(cat "$m/a/b")" 'of the user' 'root with user_allow_other'
expect_errno "$m/a/b" ok 'another user with user_allow_other' as "$other"
expect_errno "$m/mine" EACCES 'another user reads what is not his' as "$other"
expect_errno "$m/.secretfs/status.json" EACCES 'the status by another user' as "$other"
expect_eq "$(count_in event=private_mount "$log")" 0 'lines that say it is private'
mount_stop TERM "$daemon" "$m"
fuse_conf $'#user_allow_other\n'
mount_start "$config" "$m" "${as_user[@]}"
expect_errno "$m/a/b" EACCES 'root looks in, user_allow_other being commented out' env
mount_stop TERM "$daemon" "$m"

# --- without fusermount3 -------------------------------------------------------------------------------------

helper=$(realpath "$(command -v fusermount3)")
mkdir "$work/upper" "$work/overlay"
if mount -t overlay -o "lowerdir=${helper%/*},upperdir=$work/upper,workdir=$work/overlay" overlay "${helper%/*}" 2>/dev/null; then
  rm "$helper"
else
  mount --bind /dev/null "$helper"
fi
expect_exit 1 as "$user" timeout -s KILL 120 "$program" mount "$config" "$m"
expect_match "$err" 'secretfs: error: .*fusermount3 cannot be run' 'without fusermount3'
expect_match "$err" 'secretfs: hint: .*fuse3' 'without fusermount3'
expect_eq "$(wc -l <"$work/err")" 2 'lines of the error without fusermount3'

finish 'an ordinary user mounts for himself through fusermount3, others (root included) stay out unless fuse.conf lets them in, and it ends cleanly'
