#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Log lines for people: standard input has minishop's JSON lines, standard output one short line for each.

  logs.py [--raw] [--find ID]

--raw leaves the lines unchanged. --find reads all of the input and prints the lines of this trace, span, order, payment or request,
sorted by time (eight characters of an id are enough). The exit status is 1 if there are none.
"""
import signal

if __name__ == "__main__":  # before the other imports, so that Ctrl-C shows no traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import json
import sys

ID_FIELDS = ("trace_id", "span_id", "order_id", "payment_id", "request_id")
SHORTEST_PREFIX = 8
COLOURS = {"ERROR": "31", "WARN": "33", "INFO": "32"}
# These fields say what a line is about and what happened. The short form omits the other fields of a request.
FACTS = ("order_id", "reason", "status", "duration_ms")
REJECTED = ("method", "path")
HIDDEN = ("timestamp", "level", "severity_number", "message", "app", "version", "instance", "trace_id", "span_id", "trace_flags")


def plain(value):
    """Text for a terminal, without control characters."""
    return "".join(char if char.isprintable() else "?" for char in str(value))


def paint(text, code, colour):
    return f"\x1b[{code}m{text}\x1b[0m" if colour and code else text


def facts(record):
    if "request_id" in record or "status" in record:
        names = (REJECTED if "rejected" in record.get("message", "") else ()) + FACTS
        values = {name: record[name] for name in names if record.get(name) not in (None, "")}
    else:
        values = {name: value for name, value in record.items() if name not in HIDDEN}
    if isinstance(values.get("duration_ms"), (int, float)):
        values["duration_ms"] = f"{values['duration_ms']:.1f}"
    return [f"{name}={plain(value)}" for name, value in values.items()]


def short(record, colour=False):
    """One line: time, level, message, fields, and the trace id at the end."""
    level = plain(record.get("level", ""))
    words = [plain(record.get("timestamp", ""))[11:23], paint(f"{level:5}", COLOURS.get(level, "2"), colour),
             paint(plain(record.get("message", "")), "1", colour), *facts(record)]
    if record.get("trace_id"):
        words.append(f"trace_id={plain(record['trace_id'])}")
    return " ".join(words)


def parse(line):
    """The record, or None if the line is not a record."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def has_id(record, wanted):
    return any(value == wanted or (len(wanted) >= SHORTEST_PREFIX and str(value).startswith(wanted))
               for value in map(record.get, ID_FIELDS) if value)


def show(line, record, raw, colour):
    print(line if raw else short(record, colour) if record else plain(line), flush=True)


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    sys.stdout.reconfigure(errors="replace")  # for what the terminal's encoding does not have
    parser = argparse.ArgumentParser()
    parser.add_argument("--raw", action="store_true")
    parser.add_argument("--find")
    options = parser.parse_args()
    lines = ((line.rstrip("\n"), parse(line)) for line in sys.stdin)
    if options.find is None:
        for line, record in lines:
            show(line, record, options.raw, sys.stdout.isatty())
        return 0
    found = sorted(((line, record) for line, record in lines if record and has_id(record, options.find)),
                   key=lambda pair: str(pair[1].get("timestamp")))
    for line, record in found:
        show(line, record, options.raw, sys.stdout.isatty())
    if not found:
        print(f"lab: no line of the log has the id {options.find}: not of a trace, span, order, payment or request "
              f"(the first {SHORTEST_PREFIX} characters of one are enough)", file=sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
