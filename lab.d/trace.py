#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Traces in a terminal: a list of traces, or one trace as a waterfall with its events.

  trace.py (--page URL... | --jaeger URL --loki URL) [ID | slow | failed]

--page, once for each shop, reads its own recent traces (/debug/tracez). --jaeger reads traces from Jaeger, and their log lines from Loki. ID may be the
first eight digits or more. Exit status: 0, 1 if the trace is unknown or no service responds, 2 for an invalid ID.
"""
import signal

if __name__ == "__main__":  # before the other imports, so that Ctrl-C shows no traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import datetime
import http.client
import json
import re
import shutil
import sys
import textwrap
import urllib.error
import urllib.parse
import urllib.request

from logs import paint, parse, plain, short

LISTED = 10
SEARCHED = 1000
TIMEOUT_S = 5
RESPONSE_LIMIT = 64 << 20
ID = re.compile(r"[0-9a-f]{8,32}")
# Attributes that every span has in common, or that its name and bar already show.
DULL = ("client.", "network.", "server.", "user_agent.", "url.", "http.request.", "http.route", "otel.", "span.kind", "internal.", "error")
TELLING = ("error.type",)


class Trouble(Exception):
    """A message for the user instead of a trace."""


def ask(url):
    """The JSON behind a URL of this machine, never through a proxy; None for 404."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=TIMEOUT_S) as response:
            return json.loads(response.read(RESPONSE_LIMIT))
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise Trouble(f"{url} returns {error.code}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Trouble(f"{url.split('?')[0]} cannot be read ({getattr(error, 'reason', error)}); see ./lab status") from error


class Pages:
    """The pages of recent traces of one or several shops."""

    def __init__(self, urls):
        self.urls, self.url = urls, ", ".join(urls)

    def ask(self, query):
        """Yields (page, response) of each shop that responds. Then it raises Trouble if one does not respond."""
        trouble = None
        for url in self.urls:
            page = f"{url}/debug/tracez{query}"
            try:
                response = ask(f"{page}{'&' if query else '?'}format=json")
            except Trouble as error:
                trouble = error
            else:
                yield page, response
        if trouble:
            raise trouble

    def list(self):
        traces = []
        try:
            for _, response in self.ask(""):
                if response is None:
                    raise Trouble("the page of recent traces is off: minishop runs with traces.recent_bytes = 0. "
                                  "./lab up switches it on, unless MINISHOP_TRACES_RECENT_BYTES=0 is in your environment")
                traces += response["traces"]
        except Trouble as trouble:
            if not traces:
                raise
            print(f"lab: {trouble}", file=sys.stderr)
        return traces

    def get(self, trace_id):
        return next(({**response, "page": page} for page, response in self.ask(f"?trace_id={trace_id}") if response), None)


class Jaeger:
    """The API of a Jaeger; log lines come from a Loki."""

    def __init__(self, url, loki):
        self.url, self.loki = url, loki

    def list(self):
        # Jaeger's search for error=true finds nothing in its memory store.
        words = urllib.parse.urlencode({"service": "minishop", "limit": SEARCHED, "lookback": "1h"})
        return [self.summary(trace) for trace in (ask(f"{self.url}/api/traces?{words}") or {}).get("data") or []]

    @staticmethod
    def summary(trace):
        spans = [Jaeger.span(span, 0) for span in trace["spans"]]
        first = min(spans, key=lambda span: int(span["start_time_unix_nano"]))
        return {"trace_id": trace["traceID"], "name": first["name"], "status": first["attributes"].get("http.response.status_code"),
                "outcome": "error" if any(span["status"]["code"] == "error" for span in spans) else "ok",
                "start": int(first["start_time_unix_nano"]), "duration_ms": max(span["duration_ms"] for span in spans), "spans": len(spans)}

    @staticmethod
    def span(span, start_us):
        tags = {tag["key"]: tag["value"] for tag in span.get("tags") or []}
        links, parent = [], ""
        for reference in span.get("references") or []:
            if reference["refType"] == "CHILD_OF" and reference["traceID"] == span["traceID"]:
                parent = reference["spanID"]
            else:
                links.append({"trace_id": reference["traceID"], "span_id": reference["spanID"], "attributes": {}})
        events = []
        for log in span.get("logs") or []:
            fields = {field["key"]: field["value"] for field in log["fields"]}
            events.append({"name": fields.pop("event", "event"), "offset_ms": (log["timestamp"] - start_us) / 1000, "attributes": fields})
        return {"span_id": span["spanID"], "parent_span_id": parent, "name": span["operationName"], "kind": tags.get("span.kind", ""),
                "start_time_unix_nano": span["startTime"] * 1000, "offset_ms": (span["startTime"] - start_us) / 1000,
                "duration_ms": span["duration"] / 1000, "attributes": tags, "events": events, "links": links,
                "status": {"code": "error" if tags.get("error") else "unset", "message": tags.get("otel.status_description", "")}}

    def get(self, trace_id):
        response = ask(f"{self.url}/api/traces/{trace_id}")
        if not response or not response.get("data"):
            return None
        spans = response["data"][0]["spans"]
        start_us = min(span["startTime"] for span in spans)
        return {"trace_id": trace_id, "spans": [self.span(span, start_us) for span in spans],
                "log": self.log(trace_id, start_us), "page": f"{self.url}/trace/{trace_id}"}

    def log(self, trace_id, start_us):
        query = urllib.parse.urlencode({"query": f'{{app="minishop"}} |= "{trace_id}"', "limit": LISTED,
                                        "start": (start_us - 60_000_000) * 1000, "end": (start_us + 600_000_000) * 1000})
        try:
            streams = (ask(f"{self.loki}/loki/api/v1/query_range?{query}") or {}).get("data", {}).get("result", [])
        except Trouble:
            return []
        return [line for stream in streams for _, line in stream["values"]]


def clock(start):
    """The time of day, UTC as in the log, from RFC 3339 or from nanoseconds."""
    text = str(start)
    if not text.isdigit():
        return plain(text)[11:23]
    return datetime.datetime.fromtimestamp(int(text) / 1e9, datetime.timezone.utc).strftime("%H:%M:%S.%f")[:-3]


def took(milliseconds):
    return f"{milliseconds / 1000:.2f} s" if milliseconds >= 10000 else f"{milliseconds:.1f} ms"


class Terminal:
    """The width of the terminal, and whether it can show colours and block characters."""

    def __init__(self):
        self.colour = sys.stdout.isatty()
        self.width = max(60, min(shutil.get_terminal_size((80, 24)).columns, 200))
        self.block = "█" if "utf" in (sys.stdout.encoding or "").lower() else "#"

    def red(self, text, bad):
        return paint(text, "31" if bad else "", self.colour)

    def wrapped(self, text, indent, bad=False):
        for line in textwrap.wrap(text, self.width - indent, break_long_words=True, break_on_hyphens=False):
            print(self.red(" " * indent + line, bad))


def show_list(terminal, traces):
    print(f"{'when (UTC)':12} {'':5} {'':3} {'took':>9} {'what':14} trace")
    for trace in traces:
        name = plain(trace["name"])[:14]
        line = (f"{clock(trace['start']):12} {plain(trace['outcome']):5} {plain(trace.get('status') or ''):3} "
                f"{took(trace['duration_ms']):>9} {name:14} {plain(trace['trace_id'])}")
        print(terminal.red(line, trace["outcome"] == "error"))


def in_order(spans):
    """(depth, span): each after its parent, siblings sorted by time. Spans whose parent is not in the trace are roots."""
    ids = {span["span_id"] for span in spans}
    children = {}
    for span in sorted(spans, key=lambda span: span["offset_ms"]):
        parent = span.get("parent_span_id") or ""
        children.setdefault(parent if parent in ids and parent != span["span_id"] else None, []).append(span)
    waiting = [(0, span) for span in reversed(children.get(None, []))]
    while waiting:
        depth, span = waiting.pop()
        yield depth, span
        waiting += [(depth + 1, child) for child in reversed(children.get(span["span_id"], []))]


def told(attributes):
    return " ".join(f"{plain(key)}={plain(value)}" for key, value in attributes.items()
                    if key in TELLING or not key.startswith(DULL))


def show_span(terminal, depth, span, start, total):
    indent = 2 + 2 * min(depth, 8)
    bad = str(span["status"].get("code", "")).lower() in ("error", "2", "status_code_error")
    name = (" " * indent + plain(span["name"]))[:26]
    room = terminal.width - 26 - 12 - 2
    before = min(room - 1, round(room * (span["offset_ms"] - start) / total))
    length = max(1, min(room - before, round(room * span["duration_ms"] / total)))
    print(terminal.red(f"{name:26} {took(span['duration_ms']):>10}  {' ' * before}{terminal.block * length}", bad))
    if bad:
        terminal.wrapped(f"error: {plain(span['status'].get('message') or 'no message')}", indent + 2, bad)
    if told(span.get("attributes") or {}):
        terminal.wrapped(told(span["attributes"]), indent + 2)
    for event in span.get("events") or []:
        terminal.wrapped(f"at {took(event['offset_ms'] - start)}: {plain(event['name'])} {told(event.get('attributes') or {})}".rstrip(), indent + 2, bad)
    for link in span.get("links") or []:
        terminal.wrapped(f"linked to {plain(link['trace_id'])}", indent + 2)


def show_log(terminal, lines):
    for line in lines:
        record = parse(line) if isinstance(line, str) else line
        if not isinstance(record, dict):
            terminal.wrapped(plain(line), 2)
            continue
        terminal.wrapped(short({name: value for name, value in record.items() if name != "trace_id"}), 2, record.get("level") == "ERROR")
        if record.get("detail"):
            terminal.wrapped(plain(record["detail"]), 4)


def show_trace(terminal, trace):
    spans = list(in_order(trace["spans"]))
    if not spans:
        raise Trouble(f"the trace {plain(trace['trace_id'])} has no spans")
    trace_id = plain(trace["trace_id"])
    start = min(span["offset_ms"] for _, span in spans)
    total = max(max(span["offset_ms"] - start + span["duration_ms"] for _, span in spans), 0.001)
    print(f"Trace {paint(trace_id, '1', terminal.colour)}")
    print(f"{clock(spans[0][1]['start_time_unix_nano'])} UTC, {took(total)}, {len(spans)} span{'s' * (len(spans) != 1)}\n")
    for depth, span in spans:
        show_span(terminal, depth, span, start, total)
    if trace.get("log"):
        print("\nLog:")
        show_log(terminal, trace["log"])
    print("\nNext:")
    print(f"  ./lab logs {trace_id}")
    for linked in dict.fromkeys(plain(link["trace_id"]) for _, span in spans for link in span.get("links") or []):
        print(f"  ./lab trace {linked}   what it is linked to")
    print(f"  {trace['page']}")


def find(source, prefix):
    """The whole id that begins with this prefix."""
    if len(prefix) == 32:
        return prefix
    ids = sorted({trace["trace_id"] for trace in source.list() if trace["trace_id"].startswith(prefix)})
    if not ids:
        raise Trouble(f"no recent trace begins with {prefix}; ./lab trace lists the newest")
    if len(ids) > 1:
        raise Trouble(f"{len(ids)} traces begin with {prefix}: {', '.join(ids[:LISTED])}")
    return ids[0]


def show(source, what):
    terminal = Terminal()
    if what in (None, "slow", "failed"):
        traces = source.list()
        if what == "failed":
            traces = [trace for trace in traces if trace["outcome"] == "error"]
        traces = sorted(traces, key=lambda trace: trace["duration_ms"] if what == "slow" else str(trace["start"]), reverse=True)[:LISTED]
        if not traces:
            raise Trouble("no failed trace yet; about 5 % of payments fail, and ./lab incident payment-outage makes more" if what == "failed"
                          else "no trace yet; POST /order makes one")
        show_list(terminal, traces)
        print()
        trace_id = traces[0]["trace_id"]
    else:
        trace_id = find(source, what)
    trace = source.get(trace_id)
    if not trace:
        raise Trouble(f"no trace {trace_id} at {source.url}: never seen, not sampled, too old and dropped, or lost in a restart; "
                      f"its log line may be there: ./lab logs {trace_id}")
    show_trace(terminal, trace)


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdout.reconfigure(errors="replace")  # for what the terminal's encoding does not have
    parser = argparse.ArgumentParser()
    parser.add_argument("--page", action="append")
    parser.add_argument("--jaeger")
    parser.add_argument("--loki")
    parser.add_argument("what", nargs="?")
    options = parser.parse_args()
    what = options.what and options.what.lower()
    if what not in (None, "slow", "failed") and not ID.fullmatch(what):
        print(f"lab: '{plain(options.what)}' is not a trace id: 8 to 32 hexadecimal digits, or slow, or failed (see ./lab help)", file=sys.stderr)
        return 2
    try:
        show(Pages(options.page) if options.page else Jaeger(options.jaeger, options.loki), what)
    except Trouble as trouble:
        print(f"lab: {trouble}", file=sys.stderr)
        return 1
    except (KeyError, TypeError, AttributeError) as error:
        print(f"lab: the response has an unexpected format ({type(error).__name__}: {error})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
