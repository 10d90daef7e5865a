#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Crashes and pauses: kill -9 at random moments under load, SIGSTOP for ten seconds, and a limit of 32 MiB of memory.

Options: --kills=N (20 by default), --seed=N (random by default; printed, so that a failure can be repeated).
"""
import contextlib
import http.client
import json
import pathlib
import random
import re
import resource
import signal
import statistics
import threading
import time

import collector as collectors
import labtest
import shop as shops
from abuse_test import ask_all, still_sells
from labtest import TestFailure, expect, figure, wait_until
from loop_test import Slack
from shutdown_test import leaves

KILLS = labtest.option("kills", 20)
SEED = labtest.option("seed", random.SystemRandom().randrange(1 << 32))
START_WITHIN_S = 1
STOPPED_S = 10
MEMORY_MIB = 32


class Crowd:
    """A context manager: threads that order and pay on connections of their own until it ends. .responses has each status;
    .cut counts the requests whose connection ended before a response. keep: a connection for all requests of a thread."""

    def __init__(self, port, threads=8, keep=True):
        self.port, self.keep = port, keep
        self.responses, self.cut = [], 0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]

    def _run(self):
        while not self.over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                self._shop(connection)
            except (OSError, http.client.HTTPException):
                self.cut += 1
                time.sleep(0.005)
            finally:
                connection.close()

    def _shop(self, connection):
        while not self.over.is_set():
            order = self._ask(connection, "/order", None)
            if order:
                self._ask(connection, "/payment/pay", {"order_id": order["order_id"]})
            if not self.keep:
                return

    def _ask(self, connection, path, body):
        connection.request("POST", path, body and json.dumps(body), {"Content-Type": "application/json"} if body else {})
        response = connection.getresponse()
        text = response.read()
        self.responses.append(response.status)
        return json.loads(text) if response.status == 201 else None

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join(70)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.end()


def ready(engine):
    """Starts the program, which must be ready in time. Returns the seconds."""
    with labtest.Lateness() as machine:
        began = time.monotonic()
        engine.start(wait=False)
        wait_until(f"{engine.name} is ready again", engine._ready, interval=0.004)
        seconds = time.monotonic() - began
    machine.expect_quick(f"a start after kill -9 (seed {SEED})", seconds, START_WITHIN_S)
    return seconds


def torn_lines(directory):
    """The number of incomplete lines in all its log files. TestFailure for one that is followed by a line of the same process."""
    torn = 0
    for path in directory.glob("minishop.json*"):
        cut = None
        for line in path.read_bytes().split(b"\n"):
            try:
                record = json.loads(line) if line else None
            except ValueError:
                torn, cut = torn + 1, line
                continue
            if cut and record and record["message"] not in ("configuration warning", "service ready"):
                raise TestFailure(f"{path.name}: {record['message']!r} follows a cut line: {cut[-200:]!r}")
            cut = cut if record is None else None
    return torn


def crash(shop, dice):
    """kill -9 under load, during the start, during a reload or during the end."""
    when = dice.choice(("load", "load", "start", "reload", "end"))
    if when == "start":
        shop.stop(signal.SIGKILL)
        shop.start(wait=False)
        time.sleep(dice.uniform(0, 0.03))
    else:
        time.sleep(dice.uniform(0, 0.3))
    if when in ("reload", "end"):
        shop.process.send_signal(signal.SIGHUP if when == "reload" else signal.SIGTERM)
        time.sleep(dice.uniform(0, 0.02))
    shop.stop(signal.SIGKILL)


def test_kill_at_random_moments(directory):
    """The next start takes less than a second, and takes over the pid file and the port. Only the last log line of a killed process may be cut."""
    print(f"     seed {SEED}")
    dice = random.Random(SEED)
    pid_file = directory / "minishop.pid"
    settings = {"pid_file": pid_file, "log.max_bytes": 300000, "log.keep": 1000, "payment.failure_rate": 0.05, "inventory.latency_ms": 1}
    with collectors.Collector() as collector, shops.Shop(directory, settings, collector.url) as shop, Crowd(shop.port) as crowd:
        starts = []
        for _ in range(KILLS):
            crash(shop, dice)
            starts.append(ready(shop))
            expect("pid file", pid_file.read_text(), f"{shop.pid}\n")
        expect("an order afterwards", shop.order().status, 201)
        crowd.end()
        leaves(shop)
        torn = torn_lines(directory)
        if torn > KILLS:
            raise TestFailure(f"{torn} lines are not whole after {KILLS} kills (seed {SEED})")
        # 404: the order was made before the crash.
        expect("statuses", set(crowd.responses) - {200, 201, 402, 404, 502, 503, 504}, set())
        figure(f"{KILLS} kills under load, {len(crowd.responses)} responses: next start after {statistics.median(starts) * 1000:.0f} ms, "
               f"{max(starts) * 1000:.0f} ms at most; {torn} cut log lines")


def tell(port, name, over, told):
    """Posts messages until the mock is killed. Adds the text of each acknowledged message to told."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        for number in range(200):
            text = f"{name} {number}"
            connection.request("POST", "/services/T0/B0/x", json.dumps({"text": text}), {"Content-Type": "application/json"})
            response = connection.getresponse()
            if response.status == 200 and response.read() == b"ok":
                told.append(text)
            if over.is_set():
                return


def test_slack_mock_keeps_what_it_acknowledged(directory):
    """kill -9 while it writes: the store opens, each message that got the response "ok" is there once, the numbers have no gap."""
    print(f"     seed {SEED}")
    dice = random.Random(SEED)
    acknowledged = 0
    starts = []
    with Slack(directory, "--store", directory / "store.jsonl") as mock:
        for number in range(KILLS):
            over, told = threading.Event(), []
            threads = [threading.Thread(target=tell, args=(mock.port, f"{number} {each}", over, told)) for each in range(4)]
            for thread in threads:
                thread.start()
            time.sleep(dice.uniform(0.005, 0.2))
            mock.stop(signal.SIGKILL)
            over.set()
            for thread in threads:
                thread.join(60)
            starts.append(ready(mock))
            messages = mock.messages()
            texts = [message["payload"]["text"] for message in messages]
            lost = set(told) - set(texts)
            if lost or len(set(texts)) != len(texts):
                raise TestFailure(f"after kill {number} (seed {SEED}): lost {sorted(lost)[:5]} of {len(told)}, {len(texts) - len(set(texts))} are there twice")
            ids = [message["id"] for message in messages]
            expect("numbers", ids, list(range(ids[0], ids[0] + len(ids))) if ids else [])
            acknowledged += len(told)
    if not acknowledged:
        raise TestFailure("no message was acknowledged")
    figure(f"{KILLS} kills, {acknowledged} messages acknowledged, 0 lost; next start after {max(starts) * 1000:.0f} ms at most")


def half_sent(shop, count):
    """Connections with an order whose body is not sent yet, and the body."""
    body = b'{"quantity": 1}'
    socks = [shop.connect(60) for _ in range(count)]
    for sock in socks:
        sock.sendall(shops.post("/order", body)[:-len(body)])
    return socks, body


def accounts(shop, collector, responses):
    """Responses, counters, log lines and spans agree, and no request failed."""
    wait_until("all is counted", lambda: shop.metrics()["request_total"] == responses)
    wait_until("a line each", lambda: sum("request_id" in record for record in shop.records()) == responses)
    wait_until("the spans arrive", lambda: shop.metrics()["telemetry_spans_exported_total"] >= 2 * responses)  # counted after the collector's response
    metrics = shop.metrics()
    expect("spans", (len(collector.spans), metrics["telemetry_spans_exported_total"]), (2 * responses, 2 * responses))
    for name in ("error_total", "minishop_refused_total", "telemetry_spans_dropped_total", "telemetry_log_lines_dropped_total"):
        expect(name, metrics[name], 0)


def test_stopped_under_load(directory):
    """SIGSTOP for ten seconds, as a debugger or `docker pause` does: each request gets a response, none fails, none is counted twice."""
    with collectors.Collector() as collector, shops.Shop(directory, {"payment.latency_ms": 25, "inventory.latency_ms": 8},
                                                         collector.url) as shop:
        with Crowd(shop.port) as keep, Crowd(shop.port, 8, keep=False) as new:
            time.sleep(1)
            socks, body = half_sent(shop, 500)
            time.sleep(0.5)
            shop.process.send_signal(signal.SIGSTOP)
            for sock in socks:
                sock.sendall(body)
            time.sleep(STOPPED_S)
            shop.process.send_signal(signal.SIGCONT)
            heads = [sock.recv(12) for sock in socks]
            time.sleep(1)
        responses = keep.responses + new.responses + [int(head[9:] or 0) for head in heads]
        expect("statuses", sorted(set(responses)), [200, 201])
        expect("requests without a response", keep.cut + new.cut, 0)
        accounts(shop, collector, len(responses))
        figure(f"stopped for {STOPPED_S} s: {len(responses)} requests, all served, counted, logged and traced, 0 failures")
        leaves(shop)


def test_stopped_while_it_exports(directory):
    """The collector responds soon after the pause, later than the timeout of the export: the time of the pause does not count."""
    go_on = threading.Event()

    def behave(number):
        if number == 0:
            go_on.wait(30)
            time.sleep(0.3)
        return 200

    with collectors.Collector(behave) as collector, shops.Shop(directory, None, collector.url, {"OTEL_EXPORTER_OTLP_TIMEOUT": "2000"}) as shop:
        expect("an order", shop.order().status, 201)
        wait_until("the export begins", lambda: collector.requests, interval=0.01)
        shop.process.send_signal(signal.SIGSTOP)
        time.sleep(4)
        shop.process.send_signal(signal.SIGCONT)
        go_on.set()
        accounts(shop, collector, 1)
        figure("stopped for 4 s during an export: 2 of 2 spans arrived, once")
        leaves(shop)


def test_little_memory(directory):
    """With 32 MiB of memory, some requests get 503, the service does not exit, and later it recovers. RLIMIT_DATA counts reserved memory,
    such as whole thread stacks. So the test sets it after the start: to the reserved size at that moment plus the rest of the 32 MiB."""
    with shops.Shop(directory) as shop:
        pid = shop.pid
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        data, resident = (int(re.search(rf"^Vm{name}:\s+(\d+) kB$", status, re.M)[1]) << 10 for name in ("Data", "RSS"))
        limit = data + (MEMORY_MIB << 20) - resident
        resource.prlimit(pid, resource.RLIMIT_DATA, (limit, limit))
        statuses = ask_all(shop.connect, 600)
        expect("statuses", sorted(set(statuses)), [200, 503])
        wait_until("it serves again", lambda: shop.order().status == 201)
        expect("process", shop.pid, pid)
        refused = shop.metrics()["minishop_refused_total", {"status": "503"}]
        still_sells(shop)
        figure(f"{resident >> 20} MiB at the start, {MEMORY_MIB} at most: {statuses.count(200)} of {len(statuses)} clients at a time are served, {statuses.count(503)} get 503")
        leaves(shop)
    if refused < statuses.count(503):
        raise TestFailure(f"{refused} refusals are counted of {statuses.count(503)}")


if __name__ == "__main__":
    labtest.run_tests(globals())
