#!/usr/bin/env python3
"""Runs a command on a terminal of its own, and types a line at each prompt.

    typed.py LINES COMMAND [ARG...]

LINES is a file; one of its lines is typed whenever the output ends with ": " or "? ". All output
goes to standard output; the exit code is the command's.
"""

import os
import pty
import sys

lines = open(sys.argv[1], "rb").read().splitlines(keepends=True)
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown = b""
while True:
    try:
        part = os.read(terminal, 4096)
    except OSError:  # the last one who had the terminal open has closed it
        break
    if not part:
        break
    shown += part
    if lines and shown.endswith((b": ", b"? ")):
        os.write(terminal, lines.pop(0))
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
