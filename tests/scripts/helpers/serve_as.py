#!/usr/bin/python3 -I
"""serve_as.py SUPERVISOR USER PROGRAM ARGUMENT...: runs a server as USER without capabilities, with the
descriptors that the process SUPERVISOR (which is stopped) holds; prints what it says, one letter a line."""
import ctypes, os, socket, sys

libc = ctypes.CDLL(None, use_errno=True)
supervisor, user, program = int(sys.argv[1]), sys.argv[2], sys.argv[3:]


def taken(number):
    pidfd = os.pidfd_open(supervisor)
    fd = libc.syscall(438, pidfd, number, 0)  # pidfd_getfd
    if fd < 0:
        sys.exit("pidfd_getfd: " + os.strerror(ctypes.get_errno()))
    return fd


found = {}
for name in os.listdir(f"/proc/{supervisor}/fd"):
    where = os.readlink(f"/proc/{supervisor}/fd/{name}")
    if where == "/dev/fuse":
        found["device"] = int(name)
    elif where.startswith("/memfd:"):
        found["state"] = int(name)
    elif where == "/":
        found.setdefault("root", int(name))
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
high = {n: os.dup2(fd, 40 + n) for n, fd in ((3, taken(found["device"])), (4, taken(found["state"])),
                                            (5, theirs.fileno()), (6, taken(found["root"])))}
child = os.fork()
if child == 0:
    for number, fd in high.items():
        os.dup2(fd, number, inheritable=True)
    os.closerange(7, 100)
    words = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--bounding-set", "-all",
             "--inh-caps", "-all", "--"] + program
    os.execvp(words[0], words)
theirs.close()
print("pid", child, flush=True)
ours.send(b"g")
while word := ours.recv(1):
    print(word.decode(), flush=True)
print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
