#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a program and writes its standard output to a file of limited size. A full file becomes FILE.1, and a new one begins.

Usage: rotated.py FILE BYTES PROGRAM [ARGUMENT...]
"""
import os
import signal
import sys


def write(source, path, limit):
    """Copies until the end of the source; changes to a new file only between two lines."""
    out = open(path, "wb", buffering=0)
    while data := os.read(source, 65536):
        end = data.rfind(b"\n") + 1
        out.write(data[:end])
        if end and out.tell() >= limit:
            out.close()
            os.replace(path, f"{path}.1")
            out = open(path, "wb", buffering=0)
        out.write(data[end:])


def main():
    path, limit, *command = sys.argv[1:]
    source, sink = os.pipe()
    if os.fork() == 0:
        # It ends when the program has closed its output, not when the program's group gets a signal.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        os.close(sink)
        write(source, path, int(limit))
        sys.exit()
    os.close(source)
    os.dup2(sink, 1)
    os.close(sink)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
