#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the headers in src/. No headers include each other in a cycle. Only tests and files below the same folder of src/ include
NAME_private.h, and the headers of src/telemetry that are neither public nor in SHARED. A function of NAME.c is declared in NAME.h or
NAME_private.h beside it; in src/telemetry, in a header of its folder or a public one. Prints the errors."""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
# The headers of src/telemetry that other layers may include, besides the public ones (include/tel).
SHARED = r"core/left_behind|http/describe|logs/log_clock|metrics/(exposition|process)|otlp/(endpoint|proxy)|recent/recent|settings/(otel_variables|tracing_settings)|traces/(span_clock|tracing)"
# Exceptions: replacements of functions of libc and libmicrohttpd, and handlers, which the route table's header declares.
ELSEWHERE = r"accept4|recv|epoll_ctl|MHD_start_daemon|http_handle_\w+|main"
INCLUDE = re.compile(r'^#include "([\w/-]+\.h)"', re.M)
DEFINITION = re.compile(r"^(?!static|typedef|struct \w+ \{|enum|union)[a-z][^;={}#]*?\b(\w+)\([^;{}]*\) \{$", re.M)


def cycles(path, above=()):
    """The cycles of headers that begin at this one."""
    if path in above:
        yield " -> ".join(str(step.relative_to(TOP / "src")) for step in (*above[above.index(path):], path))
        return
    for name in INCLUDE.findall(path.read_text()):
        if (TOP / "src" / name).exists():
            yield from cycles(TOP / "src" / name, (*above, path))


def foreign_private():
    """Private headers that another folder includes."""
    for path in sorted(TOP.glob("src/**/*.[ch]")):
        folder = path.relative_to(TOP / "src").parts[0]
        for name in INCLUDE.findall(path.read_text()):
            private = name.endswith("_private.h") or (name.startswith("telemetry/") and not re.fullmatch(rf"telemetry/({SHARED})\.h", name))
            if private and name.split("/")[0] != folder:
                yield f"{path.relative_to(TOP)} includes {name}"


def undeclared():
    """Functions that a header with another name declares."""
    for path in sorted(TOP.glob("src/*/**/*.c")):
        if path.is_relative_to(TOP / "src/telemetry"):
            beside = [*path.parent.glob("*.h"), *(TOP / "src/telemetry/include/tel").glob("*.h")]
        else:
            beside = [header for header in (path.with_suffix(".h"), path.with_name(f"{path.stem}_private.h")) if header.exists()]
        headers = "".join(header.read_text() for header in beside)
        for name in DEFINITION.findall(path.read_text()):
            if not re.fullmatch(ELSEWHERE, name) and not re.search(rf"\b{name}\(", headers):
                yield f"{path.relative_to(TOP)}: {name}() is declared in another header"


found = [*sorted({f"cycle: {cycle}" for header in TOP.glob("src/**/*.h") for cycle in cycles(header)}), *foreign_private(), *undeclared()]
print("\n".join(found), end="\n" if found else "")
sys.exit(bool(found))
