"""What programs are told of files: prints a line for each event, the first one once it watches.
  watch.py inotify PATH...   "PATH MODIFY", "PATH CLOSE_WRITE NAME", ...
  watch.py poll PATH         "PATH changed" when poll(2) tells POLLPRI and POLLERR, then opens it again
  watch.py datagrams SOCKET  what is sent to the socket, which is made
"""

import ctypes
import os
import select
import socket
import struct
import sys

MASKS = {0x2: "MODIFY", 0x4: "ATTRIB", 0x8: "CLOSE_WRITE", 0x100: "CREATE", 0x200: "DELETE", 0x400: "DELETE_SELF"}


def say(line):
    print(line, flush=True)


def watch(paths):
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.inotify_init1(os.O_CLOEXEC)
    names = {}
    for path in paths:
        at = libc.inotify_add_watch(fd, os.fsencode(path), sum(MASKS))
        if at < 0:
            sys.exit(f"{path}: {os.strerror(ctypes.get_errno())}")
        names[at] = path
    say("watching")
    while True:
        data = os.read(fd, 65536)
        while data:
            at, mask, _, size = struct.unpack_from("iIII", data)
            name = data[16 : 16 + size].rstrip(b"\0").decode()
            kind = " ".join(text for bit, text in MASKS.items() if mask & bit) or hex(mask)
            say(f"{names[at]} {kind} {name}".rstrip())
            data = data[16 + size :]


def poll(path):
    fd = os.open(path, os.O_RDONLY)
    say("watching")
    while True:
        poller = select.poll()
        poller.register(fd, select.POLLPRI)
        (_, events), = poller.poll()
        os.close(fd)
        fd = os.open(path, os.O_RDONLY)
        say(f"{path} {'changed' if events == select.POLLPRI | select.POLLERR else events}")


def datagrams(path):
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(path)
    say("watching")
    while True:
        say(receiver.recv(4096).decode())


if __name__ == "__main__":
    {"inotify": watch, "poll": lambda p: poll(*p), "datagrams": lambda p: datagrams(*p)}[sys.argv[1]](sys.argv[2:])
