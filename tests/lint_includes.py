#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the headers in src/. No headers include each other in a circle; only files of the same folder and their tests include
NAME_private.h; a function is declared in NAME.h or NAME_private.h beside its NAME.c. Prints the errors."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
ROOMS = ("base", "server", "shop", "http", "app", "slack-mock")
# Exceptions: replacements of functions of libc and libmicrohttpd, and handlers, which the route table's header declares.
ELSEWHERE = r"accept4|recv|epoll_ctl|MHD_start_daemon|http_handle_\w+|main"
INCLUDE = re.compile(r'^#include "([\w/-]+\.h)"', re.M)
DEFINITION = re.compile(r"^(?!static|typedef|struct \w+ \{|enum|union)[a-z][^;={}#]*?\b(\w+)\([^;{}]*\) \{$", re.M)


def circles(path, above=()):
    """The circles of headers that begin at this one."""
    if path in above:
        yield " -> ".join(str(step.relative_to(TOP / "src")) for step in (*above[above.index(path):], path))
        return
    for name in INCLUDE.findall(path.read_text()):
        if (TOP / "src" / name).exists():
            yield from circles(TOP / "src" / name, (*above, path))


def strangers():
    """Private headers that another folder includes."""
    for path in sorted(TOP.glob("src/**/*.[ch]")):
        room = path.relative_to(TOP / "src").parts[0]
        for name in INCLUDE.findall(path.read_text()):
            if name.endswith("_private.h") and name.split("/")[0] != room:
                yield f"{path.relative_to(TOP)} includes {name}"


def undeclared():
    """Functions that a header with another name declares."""
    for path in (path for room in ROOMS for path in sorted((TOP / "src" / room).glob("*.c"))):
        headers = "".join(header.read_text() for header in (path.with_suffix(".h"), path.with_name(f"{path.stem}_private.h")) if header.exists())
        for name in DEFINITION.findall(path.read_text()):
            if not re.fullmatch(ELSEWHERE, name) and not re.search(rf"\b{name}\(", headers):
                yield f"{path.relative_to(TOP)}: {name}() is declared in another header"


found = [*sorted({f"circle: {circle}" for header in TOP.glob("src/**/*.h") for circle in circles(header)}), *strangers(), *undeclared()]
print("\n".join(found), end="\n" if found else "")
sys.exit(bool(found))
