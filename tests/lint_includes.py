#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Rooms: checks of the headers in src/. No two include each other in a circle; NAME_private.h is for the files of its folder and
their tests; a function is declared in NAME.h or NAME_private.h beside its NAME.c. Prints what is wrong."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
ROOMS = ("base", "server", "shop", "http", "app", "slack-mock")
# Defined where their caller is another library: libc's and libmicrohttpd's functions, handlers in the route table's header.
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
    """Functions that are declared in a header of another name."""
    for path in (path for room in ROOMS for path in sorted((TOP / "src" / room).glob("*.c"))):
        headers = "".join(header.read_text() for header in (path.with_suffix(".h"), path.with_name(f"{path.stem}_private.h")) if header.exists())
        for name in DEFINITION.findall(path.read_text()):
            if not re.fullmatch(ELSEWHERE, name) and not re.search(rf"\b{name}\(", headers):
                yield f"{path.relative_to(TOP)}: {name}() is declared in another header"


found = [*sorted({f"circle: {circle}" for header in TOP.glob("src/**/*.h") for circle in circles(header)}), *strangers(), *undeclared()]
print("\n".join(found), end="\n" if found else "")
sys.exit(bool(found))
