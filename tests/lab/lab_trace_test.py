#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The output of ./lab trace for made-up recent traces: overlong names, text that would move the cursor, spans without their
parent, and all kinds of errors. (lab_test.py uses the real page.)"""
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
from labtest import TestFailure, contains, expect  # noqa: E402

sys.path.insert(0, str(labtest.TOP / "lab.d"))
from oncall.control import remember  # noqa: E402

FAILED, ORDER, SLOW = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c", "4bf92f00000000000000000000000001"
NAUGHTY = "a\x1b[2Jb\r\nc"


def span(span_id, parent, name, offset, duration, **more):
    return {"span_id": span_id, "parent_span_id": parent, "name": name, "kind": "server", "start_time_unix_nano": 1764201600123000000,
            "end_time_unix_nano": 0, "offset_ms": offset, "duration_ms": duration, "status": {"code": "unset", "message": ""},
            "attributes": {}, "events": [], "links": [], **more}


def summary(trace_id, name, status, outcome, start, duration):
    return {"trace_id": trace_id, "name": name, "method": "POST", "route": "/order", "status": status, "outcome": outcome, "start": start,
            "duration_ms": duration, "spans": 2}


LIST = {"capacity_bytes": 4194304, "held_bytes": 1000, "traces": [
    summary(ORDER, "CreateOrder", 201, "ok", "2025-11-27T00:00:03.000Z", 8.2),
    summary(SLOW, "ProcessPayment", 200, "ok", "2025-11-27T00:00:02.000Z", 12345.6),
    summary(FAILED, "ProcessPayment", 504, "error", "2025-11-27T00:00:01.000Z", 402)]}
TRACES = {
    FAILED: {"trace_id": FAILED, "spans": [
        span("a", "ffff", "ProcessPayment", 0, 402, attributes={"shop.order.id": "ord_1", "client.address": "10.0.0.1"},
             links=[{"trace_id": ORDER, "span_id": "c", "attributes": {}}]),
        span("b", "a", "ChargeCard", 1, 400, status={"code": "error", "message": "No response in time."}, attributes={"error.type": "gateway_timeout"},
             events=[{"name": "charge failed", "time_unix_nano": 0, "offset_ms": 401, "attributes": {"reason": "gateway_timeout"}}])],
        "log": [{"timestamp": "2025-11-27T00:00:01.402Z", "level": "ERROR", "message": "payment failed", "trace_id": FAILED, "status": 504,
                 "reason": "gateway_timeout", "detail": "Pay the order again in a moment."}]},
    ORDER: {"trace_id": ORDER, "spans": [span("a", "", "CreateOrder", 0, 0, attributes={"user.text": NAUGHTY})], "log": []},
    SLOW: {"trace_id": SLOW, "spans": [span(str(n), str(n - 1), "A name that is much longer than its column", n, 12000) for n in range(30)],
           "log": ["no JSON " + NAUGHTY]},
}


class Page(labtest.HttpThread):
    """The page of a shop. lacks: the traces that it does not keep."""

    def __init__(self, responses=True, lacks=()):
        class Handler(labtest.Handler):
            def do_GET(self):
                match = re.fullmatch(r"/debug/tracez\?(?:trace_id=([0-9a-f]+)&)?format=json", self.path)
                listed = {**LIST, "traces": [one for one in LIST["traces"] if one["trace_id"] not in lacks]}
                one = match and match[1] not in lacks and TRACES.get(match[1])
                content = responses and match and (one if match[1] else listed)
                self.respond(200 if content else 404, json.dumps(content).encode(), "application/json")

        super().__init__(Handler)


def trace(urls, *words, status=0, **environment):
    pages = [word for url in urls.split() for word in ("--page", url)]
    done = subprocess.run([sys.executable, labtest.TOP / "lab.d/trace.py", *pages, *words], capture_output=True, text=True,
                          timeout=60, env={**os.environ, "http_proxy": "http://127.0.0.1:9", **environment})
    expect(f"status of {words}: {done.stdout}{done.stderr}", done.returncode, status)
    return done.stdout + done.stderr


def test_a_failed_trace_is_explained(_):
    with Page() as page:
        for words in (("failed",), (FAILED,), (FAILED[:8],), (FAILED.upper(),)):
            text = trace(page.url, *words)
            contains(text, f"Trace {FAILED}", "402.0 ms, 2 spans", "\n  ProcessPayment ", "\n    ChargeCard ", "error: No response in time.",
                     "error.type=gateway_timeout", "shop.order.id=ord_1", "at 401.0 ms: charge failed reason=gateway_timeout", f"linked to {ORDER}",
                     "00:00:01.402 ERROR payment failed reason=gateway_timeout", "Pay the order again in a moment.",
                     f"./lab logs {FAILED}", f"./lab trace {ORDER}", f"{page.url}/debug/tracez?trace_id={FAILED}")
            if "10.0.0.1" in text:
                raise TestFailure("the dull attributes are shown too")


def test_lists(_):
    with Page() as page:
        for words, first in (((), ORDER), (("slow",), SLOW), (("failed",), FAILED)):
            lines = trace(page.url, *words).splitlines()
            contains(lines[1], first)
            contains("\n".join(lines), f"Trace {first}")
        expect("failed ones", trace(page.url, "failed").count("ProcessPayment 4bf"), 1)


def test_several_shops(_):
    """All shops are asked, in any order: the lists become one, and a trace is found wherever it is."""
    with Page(lacks=(FAILED, SLOW)) as first, Page(lacks=(ORDER, SLOW)) as second, Page(lacks=(ORDER, FAILED)) as third:
        for urls in (f"{first.url} {second.url} {third.url}", f"{third.url} {second.url} {first.url}"):
            text = trace(urls)
            expect("the list", [line.split()[-1] for line in text.splitlines()[1:4]], [ORDER, SLOW, FAILED])
            for words, found, page in ((("failed",), FAILED, second), (("slow",), SLOW, third), ((ORDER[:8],), ORDER, first), ((FAILED,), FAILED, second)):
                contains(trace(urls, *words), f"Trace {found}", f"{page.url}/debug/tracez?trace_id={found}\n")
            contains(trace(urls, "f" * 32, status=1), "no trace ffffffff", first.url, second.url, third.url, "lost in a restart")


def test_one_of_several_shops_does_not_respond(_):
    """The lab reads the others. It does not call a trace missing that this shop may have."""
    port = labtest.free_port()
    with Page(lacks=(FAILED,)) as page:
        away = f"http://127.0.0.1:{port}/debug/tracez cannot be read"
        for urls in (f"{page.url} http://127.0.0.1:{port}", f"http://127.0.0.1:{port} {page.url}"):
            contains(trace(urls), f"Trace {ORDER}", away)
            contains(trace(urls, ORDER), f"Trace {ORDER}")
            text = trace(urls, FAILED, status=1)
            contains(text, away, "refused")
            if "no trace" in text:
                raise TestFailure(text)


def test_the_lab_asks_the_shops_of_a_case(directory):
    """./lab trace takes the addresses of the shops from the targets of Prometheus, and only the main one if that file is missing."""
    with Page(lacks=(FAILED,)) as main, Page(lacks=(ORDER, SLOW)) as other, subprocess.Popen(["sleep", "60"]) as process:
        run = directory / "run"
        (run / "prometheus/targets").mkdir(parents=True)
        (run / "ports").write_text(f"{main.port} 1 2 3\n")
        remember(run, "minishop", process.pid)
        lab = {"cwd": labtest.TOP, "env": {**os.environ, "LAB_DIR": str(directory)}, "capture_output": True, "text": True, "timeout": 60, "check": False}

        def said(*words):
            done = subprocess.run(["./lab", "trace", *words], **lab)
            return done.stdout + done.stderr
        try:
            contains(said("failed"), "no failed trace yet")
            contains(said(FAILED), f"no trace {FAILED} at {main.url}:")
            (run / "prometheus/targets/minishop.yml").write_text("".join(
                f'- targets: ["127.0.0.1:{page.port}"]\n  labels: {{url: "{page.url}/metrics"}}\n' for page in (main, other)))
            contains(said("failed"), f"Trace {FAILED}", f"{other.url}/debug/tracez?trace_id={FAILED}")
            contains(said(ORDER), f"Trace {ORDER}", f"{main.url}/debug/tracez?trace_id={ORDER}")
            contains(said("f" * 32), f"at {main.url}, {other.url}:")
        finally:
            process.kill()


def test_it_fits_and_harms_no_terminal(_):
    with Page() as page:
        for trace_id in TRACES:
            for columns in ("80", "120", "20"):
                text = trace(page.url, trace_id, COLUMNS=columns)
                if "\x1b" in text or "\r" in text:
                    raise TestFailure(f"control characters: {text!r}")
                limit = max(60, int(columns))
                expect("too wide", [line for line in text.split("\nNext:")[0].splitlines() if len(line) > limit], [])
        text = trace(page.url, SLOW, PYTHONIOENCODING="ascii")
        contains(text, "#")
        expect("its spans", text.count("12.00 s"), 30)


def test_what_can_be_wrong(_):
    with Page() as page:
        contains(trace(page.url, "f" * 32, status=1), "no trace ffffffff", "./lab logs ffff")
        contains(trace(page.url, "ffffffff", status=1), "no recent trace begins with ffffffff")
        for what in ("4bf92f3", FAILED + "0", "ord_1", "4bf92f3g"):
            contains(trace(page.url, what, status=2), "is not a trace id", "8 to 32 hexadecimal digits")
    with Page(False) as page:
        contains(trace(page.url, status=1), "is off", "traces.recent_bytes", "./lab up")
    contains(trace(f"http://127.0.0.1:{labtest.free_port()}", status=1), "cannot be read", "refused", "./lab status")


def test_two_of_one_beginning(_):
    with Page() as page:
        LIST["traces"].append(summary(FAILED[:8] + "0" * 24, "ProcessPayment", 200, "ok", "2025-11-27T00:00:00.000Z", 1))
        contains(trace(page.url, FAILED[:8], status=1), "2 traces begin with 4bf92f35", FAILED)


if __name__ == "__main__":
    labtest.run_tests(globals())
