"""Takes a copy of a process's /dev/fuse connection and holds it until it is killed, as systemd's store of descriptors
does: argument PID. Prints "holding" when it has it."""
import ctypes
import os
import signal
import sys

pid = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
numbers = [int(n) for n in os.listdir(f"/proc/{pid}/fd") if os.readlink(f"/proc/{pid}/fd/{n}") == "/dev/fuse"]
process = os.pidfd_open(pid)
held = libc.syscall(438, process, numbers[0], 0)  # pidfd_getfd
if held < 0:
    sys.exit(os.strerror(ctypes.get_errno()))
print("holding", flush=True)
signal.pause()
