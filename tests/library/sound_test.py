# SPDX-License-Identifier: MIT
"""Uses that the library allows: fork before and after the start, load and unload it, start it again. With the programs of this
folder, in each build."""
import collections
import functools
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import collector
import labtest
import library_test
import public_api
import shop
from labtest import TestFailure, claim, expect, run_tests

SANITIZED = "-fsanitize=" in shop.program("Makefile").read_text()


def run(name, *arguments, endpoint=None, status=0, **more):
    """Runs a program of this folder. Returns its log lines and its standard error."""
    env = {**os.environ, "OTEL_TRACES_EXPORTER": "none", **more}
    if endpoint:
        env.update(OTEL_TRACES_EXPORTER="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint)
    ended = subprocess.run([shop.program(f"tests/library/{name}"), *map(str, arguments)], env=env, capture_output=True, text=True, timeout=300)
    if ended.returncode != status:
        raise TestFailure(f"{name} ended with {ended.returncode}:\n{ended.stderr}{ended.stdout[-2000:]}")
    return [json.loads(line) for line in ended.stdout.splitlines()], ended.stderr


def test_a_hundred_children_that_start_after_the_fork(_):
    children, work = 100, 20
    with collector.Collector() as sink:
        lines, _ = run("prefork", children, endpoint=sink.url)
    spans = collections.Counter(span.name for span in sink.spans)
    expect("spans", spans, {"before": 1, "work": children * work, "step": children * work})
    expect("span ids that differ", len({span.span_id for span in sink.spans}), len(sink.spans))
    expect("trace ids that differ", len({span.trace_id for span in sink.spans}), 1 + children * work)
    said = collections.Counter(line["message"] for line in lines)
    expect("lines", said, {"before": 1, "between": 1, "after": 1, "work": children * work})
    of_instance = collections.defaultdict(set)
    for span in sink.spans:
        if span.name == "work":
            expect("a span's process is its resource's", span.resource["process.pid"], span.attributes["process"])
            of_instance[span.resource["service.instance.id"]].add(span.attributes["process"])
    for line in lines:
        if line["message"] == "work":
            of_instance[line["instance"]].add(line["process"])
    expect("instances", len(of_instance), children)
    expect("processes of an instance", {len(processes) for processes in of_instance.values()}, {1})
    each = collections.Counter(line["instance"] for line in lines if line["message"] == "work")
    expect("lines of each", set(each.values()), {work})
    each = collections.Counter(span.resource["service.instance.id"] for span in sink.spans if span.name == "work")
    expect("spans of each", set(each.values()), {work})


def test_a_fork_after_the_start(_):
    for again in [()] if SANITIZED else [(), ("again",)]:  # the sanitizers' own locks and threads do not survive such a fork
        with collector.Collector() as sink:
            lines, told = run("forks", *again, endpoint=sink.url)
        worked = int(told.split()[-1])
        expected = {"parent": worked, "open": 20, "GET": worked, "PUT": 20, **({"again": 20} if again else {})}
        spans = collections.Counter(span.name for span in sink.spans)
        if again:
            expected["GET"] += 20
        expect("spans", spans, expected)
        expect("span ids that differ", len({span.span_id for span in sink.spans}), len(sink.spans))
        said = collections.Counter(line["message"] for line in lines)
        expect("lines", said, {**{name: count for name, count in expected.items() if name not in ("GET", "PUT")}, "request answered": expected["GET"] + 20})


def test_a_plug_in_that_is_loaded_and_unloaded_a_hundred_times(_):
    with collector.Collector() as sink:
        lines, _ = run("loads", shop.program(".libs/libtel.so"), 100, endpoint=sink.url,
                       GLIBC_TUNABLES="glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1")  # a cache looks like a leak
    expect("lines", len(lines), 100)
    expect("spans", len(sink.spans), 100)


def test_signals_standard_error_and_threads_are_left_alone(_):
    for collecting in (True, False):  # without a collector it logs export failures
        with collector.Collector() as sink:
            endpoint = sink.url if collecting else f"http://127.0.0.1:{labtest.free_port()}"
            lines, told = run("quiet", endpoint=endpoint)
            expect("standard error", told, "")
            said = collections.Counter(line["message"] for line in lines)
            expect("lines", (said["early"], said["line"]), (3, 300))
            if collecting:
                expect("spans", len(sink.spans), 300)
            else:
                claim("the log says that spans are lost", said["span export failed"] > 0, said)


def test_an_instance_is_observed_again_and_again(_):
    with collector.Collector() as sink:
        lines, told = run("restarts", *labtest.free_ports(2), endpoint=sink.url)
    expect("standard error", told, "")
    own = [line for line in lines if line.get("own") == 1]
    spans = [span for span in sink.spans if span.name == "GET /answer"]
    # per six rounds: one server is observed in four of them and serves once, the other in four and serves twice
    expect("requests observed", (len(own), len(spans)), (4 * 20 + 4 * 40,) * 2)
    expect("instances", len({span.resource["service.instance.id"] for span in spans}), 8)


def test_an_observed_server_that_forks_its_workers(_):
    workers, requests = 8, 25
    with collector.Collector() as sink:
        lines, told = run("workers", *labtest.free_ports(workers), endpoint=sink.url)
    expect("standard error", told, "")
    spans = [span for span in sink.spans if span.name == "GET /answer"]
    each = collections.Counter((span.resource["service.instance.id"], span.attributes["process"]) for span in spans)
    expect("spans of each worker", (len(each), set(each.values())), (workers, {requests}))
    each = collections.Counter((line["instance"], line["process"]) for line in lines if line.get("path") == "/answer")
    expect("lines of each worker", (len(each), set(each.values())), (workers, {requests}))
    expect("span ids that differ", len({span.span_id for span in spans}), workers * requests)


# The requests of many simultaneous clients. Without /impossible: Ulfius leaks a response that it cannot send.
BUSY = [("GET", "/returns/continue", [], b"", b" 202 "), ("POST", "/returns/continue", [], b"a=b", b" 202 "), ("GET", "/returns/ignore", [], b"", b" "),
        ("GET", "/returns/unauthorized", [], b"", b" 401 "), ("GET", "/returns/error", [], b"", b" 500 "), ("GET", "/chain/two", [], b"", b" 200 "),
        ("GET", "/borrowed", [], b"", b" 200 "), ("GET", "/auth/inside", ["Authorization: Basic YTpi"], b"", b" 202 "), ("GET", "/stream", [], b"", b" 200 "),
        ("GET", "/child", [f"traceparent: {library_test.TRACEPARENT}"], b"", b" 200 "), ("GET", "/nothing", [], b"", b" 404 ")]
CLIENTS, ROUNDS, LEAVING = 8, 20, 5


def ask(edge, failures):
    """One client: all requests of BUSY, again and again, with scrapes in between; then some streams that it aborts."""
    try:
        for _ in range(ROUNDS):
            for method, target, headers, body, status in BUSY:
                response = edge.raw(method, target, headers, body)
                if status not in response[:20]:
                    failures.append((target, response))
            edge.metrics()
        for _ in range(LEAVING):
            edge.send(b"GET /endless HTTP/1.1\r\nHost: e\r\n\r\n", 20_000, reset=True)
    except Exception as error:  # in a thread: the test reports it
        failures.append(error)


def test_the_adapter_under_load(directory):
    for level in ("observe", "start", "hooks"):
        with collector.Collector() as sink:
            env = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": sink.url, "OTEL_BSP_MAX_QUEUE_SIZE": "100000"}
            edge = library_test.Program(shop.program("tests/library/edge_app"), directory, env, level)
            failures = []
            with edge:
                labtest.at_once([functools.partial(ask, edge, failures)] * CLIENTS)
                wanted = CLIENTS * (ROUNDS * len(BUSY) + LEAVING)
                seen = lambda: [line for line in edge.lines() if line.get("message", "").startswith("request ")]
                labtest.wait_until(f"{level}: a line for each request", lambda: len(seen()) >= wanted)
                status = edge.end()
            expect(f"{level}: exit status, with {edge.output.read_text()[-3000:] if status else 'no complaint'}", status, 0)
        if failures:
            raise TestFailure(f"{level}: {failures[:3]}")
        expect(f"{level}: lines", len(seen()), wanted)
        spans = [span for span in sink.spans if span.kind == collector.SERVER]
        expect(f"{level}: spans", (len(spans), len({span.span_id for span in spans})), (wanted, wanted))
        claim(f"{level}: {wanted} requests of {CLIENTS} clients at once, each observed once", True)


def test_every_call_takes_null(_):
    run("nulls")
    functions = {name for _, name, _ in public_api.functions()}
    called = set(re.findall(r"\b(tel_\w+)\b", (HERE / "nulls.c").read_text()))
    expect("public functions that are not called with NULL", functions - called, set())


if __name__ == "__main__":
    run_tests(globals())
