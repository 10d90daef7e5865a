#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Network attacks on MiniShop: hostile bytes, slow clients, too many clients. It survives, responds, counts and logs.

The tests of the server library check each guard separately; these tests check the whole program from outside.
"""
import json
import os
import pathlib
import random
import re
import resource
import socket
import struct
import time

import labtest
import shop as shops
from labtest import TestFailure, expect, wait_until


def status_of(raw):
    """The status of the first response in these bytes."""
    if not raw.startswith(b"HTTP/1.1 "):
        raise TestFailure(f"no response: {raw[:200]!r}")
    return int(raw.split(b" ", 2)[1])


def still_sells(shop):
    """The process is still the same, it accepts orders, and every line of its log is one JSON object."""
    expect("an order afterwards", shop.order().status, 201)
    if shop.process.poll() is not None:
        raise TestFailure("minishop has ended")
    shop.records()


def reset(sock):
    """Closes the connection with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_format_directives_in_urls_are_text(directory):
    """libmicrohttpd's message about a failed send contains the URL. Used as a format string, it crashes the process."""
    with shops.Shop(directory) as shop:
        for path in ("/%s%s%s%n%n%n", "/%25s%25s%25s%25n%25n", "/%n%n%n%n"):
            expect(f"GET {path}", shop.get(path).status, 404)
            for _ in range(200):
                sock = shop.connect()
                sock.sendall(f"POST {path} HTTP/1.1\r\nHost: a\r\nX-A: %n%s\r\nContent-Length: 0\r\n\r\n".encode())
                reset(sock)
        still_sells(shop)
        shop.logged(path="/%s%s%s%n%n%n", status=404, route="unmatched")


SMUGGLED = {
    "Content-Length and Transfer-Encoding": b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding and Content-Length": b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "two different Content-Lengths": b"Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
    "the same Content-Length twice": b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a blank in front of a colon": b"Content-Length : 2\r\n\r\n{}",
    "two Hosts": b"Host: b\r\nContent-Length: 0\r\n\r\n",
    "Transfer-Encoding: xchunked": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: gzip, chunked": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "LF alone after the size of a chunk": b"Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
    "CR alone in the extension of a chunk": b"Transfer-Encoding: chunked\r\n\r\n2;a\r{}\r\n0\r\n\r\n",
    "LF alone after a chunk": b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\n0\r\n\r\n",
    "CR alone after a trailer": b"Transfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\r",
}


def test_ambiguous_requests_are_refused(directory):
    """Requests that a proxy and a server may parse differently are refused, and bytes after them are not executed."""
    with shops.Shop(directory) as shop:
        for name, rest in SMUGGLED.items():
            hidden = b"POST /order?hidden HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
            raw = shop.raw(b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + rest + hidden)
            expect(name, status_of(raw), 400)
            expect(f"{name}: responses", raw.count(b"HTTP/1.1 "), 1)
        for name in ("+2", "2, 2", "1x", "-1"):
            raw = shop.raw(f"POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: {name}\r\n\r\n{{}}".encode())
            expect(f"Content-Length: {name}", status_of(raw), 400)
        expect("orders made", shop.metrics()["minishop_orders_stored"], 0)
        labtest.figure(f"{len(SMUGGLED) + 4} forms")
        counted = shop.metrics()["request_total", {"route": "/order", "status": "400"}]
        expect("refused requests that are counted", counted, len(SMUGGLED))
        wait_until("a log line each", lambda: len([
            r for r in shop.records() if r.get("status") == 400 and r.get("route") == "/order"
            and r["message"] == "order rejected"]) == len(SMUGGLED))
        still_sells(shop)


def test_library_answers_are_counted_and_logged(directory):
    """Requests to which libmicrohttpd itself responds reach no handler, but are counted and logged."""
    cases = {"HTTP/9.9": (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505),
             "a bad Content-Length": (b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
             "a bad chunk": (b"POST /order HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", 400)}
    with shops.Shop(directory) as shop:
        for name, (raw, status) in cases.items():
            expect(name, status_of(shop.raw(raw)), status)
        wait_until("all are counted", lambda: sum(
            shop.metrics()["minishop_refused_total", {"status": str(status)}] for status in (400, 505)) == 3)
        wait_until("three log lines", lambda: len([r for r in shop.records() if r["message"] == "request rejected"]) == 3)
        still_sells(shop)


def head_of(raw):
    """Status and headers of the only response in these bytes."""
    expect(f"responses in {raw[:300]!r}", len(re.findall(rb"HTTP/1\.1 \d{3} ", raw)), 1)
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
    expect(f"length of the body of {raw[:300]!r}", len(body), int(headers.get("content-length", 0)))
    return int(lines[0].split(" ")[1]), headers, body


CHUNKED = b"POST /order HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
MISTAKES = {
    "a Content-Length of letters": (b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n{}", 400),
    "an empty Content-Length": (b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", 400),
    "a huge Content-Length": (b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n", 413),
    "a chunk extension of a megabyte": (CHUNKED + b"2;a=" + b"x" * (1 << 20) + b"\r\n{}\r\n0\r\n\r\n", 413),
    "a bad chunk size": (CHUNKED + b"zz\r\n{}\r\n", 400),
    "a huge chunk size": (CHUNKED + b"f" * 20 + b"\r\n{}\r\n", 413),
    "a bad end of a chunk": (CHUNKED + b"2\r\n{}xx0\r\n\r\n", 400),
    "no Host": (b"GET /order HTTP/1.1\r\n\r\n", 400),
    "another version": (b"GET /order HTTP/9.9\r\nHost: a\r\n\r\n", 505),
    "no version": (b"GET /order\r\nHost: a\r\n\r\n", 400),
    "control bytes in the version": (b"GET /order HTTP/\x01.1\r\nHost: a\r\n\r\n", 400),
    "a long target": (b"GET /" + b"x" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "a very long target": (b"GET /" + b"x" * 50000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "a very long header": (b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"x" * 50000 + b"\r\n\r\n", 431),
    "a header without a colon": (b"GET / HTTP/1.1\r\nHost: a\r\nnonsense\r\n\r\n", 400),
    "tabs": (b"GET\t/order\tHTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "garbage": (b"garbage\r\n\r\n", 400),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x5a" * 32, 400),
    "CONNECT": (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "the authority as target": (b"GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "an asterisk as target": (b"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "TRACE": (b"TRACE /order HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405),
}


def test_mistakes_of_clients(directory):
    """Each request gets one complete response with the reason, and is counted once, but not as a failure of the shop."""
    with shops.Shop(directory) as shop:
        for name, (raw, expected) in MISTAKES.items():
            status, headers, body = head_of(shop.raw(raw))
            expect(name, status, expected)
            expect(f"{name}: type", headers["content-type"], "application/problem+json")
            problem = json.loads(body)
            expect(f"{name}: status in the body", problem["status"], expected)
            shop.logged(trace_id=problem["trace_id"], status=expected)
        metrics = shop.metrics()
        total = metrics["minishop_refused_total"] + metrics["request_total", {"status": "400"}]
        total += sum(metrics["request_total", {"status": status}] for status in ("405", "413", "414", "431")
                     if any(labels["status"] == status for labels in metrics.series("request_total")))
        expect("counted", total, len(MISTAKES))
        expect("errors of the shop", metrics["error_total"], 0)
        for name in ("request_total", "minishop_refused_total"):
            for status in ("500", "502", "503", "504"):
                if any(labels["status"] == status for labels in metrics.series(name)):
                    expect(f"{name} with status {status}", metrics[name, {"status": status}], 0)
        expect("lines at ERROR", [record for record in shop.records() if record["level"] == "ERROR"], [])
        labtest.figure(f"{len(MISTAKES)} malformed requests, each with a response, counted and logged once")
        still_sells(shop)


def test_forms_of_the_target(directory):
    with shops.Shop(directory) as shop:
        for target, status in (("http://shop.example/order", 201), ("HTTPS://[::1]:443/order?a=b", 201), ("http://a/nothing", 404),
                               ("http://a", 404), ("http://a?b=c", 404), ("/order", 201)):
            raw = shop.raw(f"POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            expect(target, head_of(raw)[0], status)
        expect("orders", shop.metrics()["request_total", {"route": "/order", "status": "201"}], 3)
        expect("their paths", {record["path"] for record in shop.logged(message="order created")}, {"/order"})
        status, headers, body = head_of(shop.raw(b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        expect("OPTIONS *", (status, sorted(headers["allow"].split(", ")), body), (204, ["GET", "HEAD", "OPTIONS", "POST"], b""))
        status, headers, _ = head_of(shop.raw(b"OPTIONS /order HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
        expect("OPTIONS of a path", (status, "POST" in headers["allow"]), (405, True))
        still_sells(shop)


def test_blanks_around_header_values(directory):
    """RFC 9110: blanks around a value are not part of it."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with shops.Shop(directory) as shop:
        for blanks in (" ", "\t", " \t ", ""):
            fields = {"Host": "a", "traceparent": f"00-{trace}-00f067aa0ba902b7-01", "tracestate": "a=b", "X-Request-Id": "me",
                      "Content-Type": "application/json", "Content-Length": "15", "User-Agent": "tester",
                      "Connection": "close"}
            lines = "".join(f"{name}:{blanks}{value}{blanks}\r\n" for name, value in fields.items())
            status, headers, _ = head_of(shop.raw(f'POST /order HTTP/1.1\r\n{lines}\r\n{{"quantity": 1}}'.encode()))
            expect(f"status with {blanks!r}", status, 201)
            expect("trace and request id", (headers["traceparent"].split("-")[1], headers["x-request-id"]), (trace, "me"))
            chunked = lines.replace(f"Content-Length:{blanks}15", f"Transfer-Encoding:{blanks}chunked")
            raw = shop.raw(f'POST /order HTTP/1.1\r\n{chunked}\r\nf\r\n{{"quantity": 1}}\r\n0\r\n\r\n'.encode())
            expect(f"chunked with {blanks!r}", head_of(raw)[0], 201)
        wait_until("all are logged", lambda: len(shop.logged(user_agent="tester", request_id="me")) == 8)
        raw = shop.raw(b"GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: application/openmetrics-text \t\r\nAccept-Encoding: gzip \r\n"
                       b"Connection: close \r\n\r\n")
        status, headers, _ = head_of(raw)
        expect("coding", (status, headers.get("content-encoding")), (200, "gzip"))
        expect("type", headers["content-type"].split(";")[0], "application/openmetrics-text")
        still_sells(shop)


def ask_all(connect, count):
    """Opens this many connections at the same time, each with a request. Returns the statuses, 0 without a response."""
    socks = [connect() for _ in range(count)]
    try:
        for sock in socks:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        raws = []
        for sock in socks:
            sock.settimeout(20)
            try:
                raws.append(sock.recv(65536))
            except OSError:
                raws.append(b"")
        return [int(raw.split(b" ", 2)[1]) if raw else 0 for raw in raws]
    finally:
        for sock in socks:
            sock.close()


def refused_until_served(shop):
    """Asks until the shop serves again. Returns how many of these requests got 503."""
    asked = []

    def served():
        asked.append(shop.get("/healthz").status)
        return asked[-1] == 200
    wait_until("it serves again", served)
    return asked.count(503)


def test_threads_used_up(directory):
    """With a system limit below the service's own, each client gets a response and is counted, and the log is not flooded."""
    if os.geteuid() != 0:
        raise labtest.Skip("needs root, for a user whose threads are all minishop's")
    shop = shops.Shop(directory)
    shop.argv = ["prlimit", "--nproc=24:24", *shop.argv, "--user", "games"]
    with shop:
        statuses = ask_all(shop.connect, 60)
        expect("statuses", sorted(set(statuses)), [200, 503])
        refused = statuses.count(503) + refused_until_served(shop)
        expect("counted", shop.metrics()["minishop_refused_total", {"status": "503"}], refused)
        labtest.figure(f"without threads, {statuses.count(503)} of {len(statuses)} got 503")
        lines = wait_until("the log tells", lambda: [record for record in shop.records() if record["message"] in ("request rejected", "http library")])
        if len(lines) > 40:
            raise TestFailure(f"{len(lines)} log lines about {statuses.count(503)} refusals")
        still_sells(shop)


def seconds_used(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_descriptors_used_up(directory):
    """Other files use up the descriptors. The service responds with its last descriptor, then waits, and never spins."""
    with shops.Shop(directory) as shop:
        hard = resource.prlimit(shop.pid, resource.RLIMIT_NOFILE)[1]
        used = max(int(fd) for fd in os.listdir(f"/proc/{shop.pid}/fd")) + 1
        resource.prlimit(shop.pid, resource.RLIMIT_NOFILE, (used, hard))
        before = seconds_used(shop.pid)
        statuses = ask_all(shop.connect, 10)
        if 0 in statuses or 503 not in statuses:
            raise TestFailure(f"statuses: {statuses}")
        resource.prlimit(shop.pid, resource.RLIMIT_NOFILE, (4, hard))
        with shop.connect():
            shop.logged(message="http library", level="WARN")
            time.sleep(2)  # long enough for spinning to show
            used = seconds_used(shop.pid) - before
        if used > 0.5:
            raise TestFailure(f"{used:.2f} s of CPU for nothing")
        resource.prlimit(shop.pid, resource.RLIMIT_NOFILE, (hard, hard))
        refused = statuses.count(503) + refused_until_served(shop)
        expect("counted", shop.metrics()["minishop_refused_total", {"status": "503"}], refused)
        labtest.figure(f"without descriptors, {statuses.count(503)} of {len(statuses)} got 503")
        still_sells(shop)


def test_body_above_the_limit(directory):
    """A declared or chunked body above the limit gets 413, and is not read."""
    with shops.Shop(directory) as shop:
        limit = 16384
        pad = b'{"sku": "' + b"x" * (limit - 11) + b'"}'
        expect("a body of the limit", len(pad), limit)
        if shop.order(pad).status == 413:
            raise TestFailure("a body of exactly the limit is refused")
        response = shop.order(b" " * (limit + 1))
        expect("one byte above it", (response.status, response.json["code"]), (413, "payload_too_large"))
        began = time.monotonic()
        raw = shop.raw(b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
        expect("declared only, nothing sent", status_of(raw), 413)
        if time.monotonic() - began > 5:
            raise TestFailure("413 waited for a body that need not be read")
        raw = shop.raw(b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
                       b"Content-Length: 1000000\r\n\r\n")
        expect("with Expect: not invited", status_of(raw), 413)
        chunk = b"1000\r\n" + b"x" * 4096 + b"\r\n"
        raw = shop.raw(b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                       + chunk * 5)
        expect("chunked", status_of(raw), 413)
        expect("counted", shop.metrics()["request_total", {"route": "/order", "status": "413"}], 4)
        expect("no error of the shop", shop.metrics()["error_total"], 0)
        still_sells(shop)


def test_header_block_above_the_limit(directory):
    with shops.Shop(directory) as shop:
        for size in (5000, 9000, 16020, 40000):
            raw = shop.raw(b"POST /order HTTP/1.1\r\nHost: a\r\nX-Long: " + b"x" * size + b"\r\nContent-Length: 0\r\n\r\n")
            expect(f"a header of {size} bytes", status_of(raw), 431)
        expect("orders made", shop.metrics()["minishop_orders_stored"], 0)
        still_sells(shop)


def test_dripping_clients_are_cut(directory):
    """A byte at intervals keeps a connection from being idle; the deadline of the whole request ends it, with a response."""
    with shops.Shop(directory) as shop:
        whole = b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n" + b" " * 400
        starts = {"in the request line": 0, "in a header": 30, "in the body": whole.index(b"\r\n\r\n") + 4}
        drips, longest = [], 0
        for name, start in starts.items():
            sock = shop.connect()
            sock.sendall(whole[:start])
            sock.setblocking(False)
            drips.append((name, sock, start, time.monotonic()))
        while drips:
            time.sleep(0.25)
            for drip in list(drips):
                name, sock, at, began = drip
                if time.monotonic() - began > 60:
                    raise TestFailure(f"dripping {name}: still connected after a minute")
                try:
                    sock.send(whole[at:at + 1])
                    raw = sock.recv(4096)
                except BlockingIOError:
                    raw = None
                drips.remove(drip)
                if raw is not None:
                    status, headers, body = head_of(raw)
                    expect(f"dripping {name}", (status, headers["connection"], json.loads(body)["code"]), (408, "close", "request_timeout"))
                    shop.logged(trace_id=json.loads(body)["trace_id"], reason="request_timeout", level="WARN")
                    longest = max(longest, time.monotonic() - began)
                    sock.close()
                else:
                    drips.append((name, sock, at + 1, began))
        metrics = shop.metrics()
        expect("counted", metrics["minishop_refused_total", {"status": "408"}], len(starts))
        expect("orders made", metrics["minishop_orders_stored"], 0)
        labtest.figure(f"after {longest:.1f} s at most")
        still_sells(shop)


def test_two_thousand_idle_connections(directory):
    """Idle connections cost only memory: the service serves a new client at once."""
    labtest.need_files(4500)
    with shops.Shop(directory) as shop:
        idle = [shop.connect() for _ in range(2000)]
        try:
            wait_until("all are accepted", lambda: shop.metrics()["process_open_fds"] >= 2000)
            slowest = 0
            with labtest.Lateness() as machine:
                for _ in range(50):
                    began = time.monotonic()
                    expect("an order beside 2,000 idle connections", shop.order().status, 201)
                    slowest = max(slowest, time.monotonic() - began)
            machine.expect_quick("an order", slowest, 1)
            memory = shop.metrics()["process_resident_memory_bytes"] / 1e6
            labtest.figure(f"2,000 connections, {memory:.0f} MB resident: slowest of 50 orders {slowest * 1000:.0f} ms")
        finally:
            for sock in idle:
                sock.close()
        wait_until("they are gone", lambda: shop.metrics()["process_open_fds"] < 200)
        still_sells(shop)


def test_garbage(directory):
    """Random bytes, requests cut anywhere, resets anywhere; the seed is printed so that a failure can be repeated."""
    seed = random.SystemRandom().randrange(1 << 32)
    dice = random.Random(seed)
    request = (b'POST /payment/pay HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\ntraceparent: 00-' + b"a" * 32 + b"-"
               + b"b" * 16 + b'-01\r\nContent-Length: 21\r\n\r\n{"order_id": "ord_1"}')
    with shops.Shop(directory) as shop:
        try:
            for _ in range(600):
                data = bytearray(request)
                for _ in range(dice.randrange(4)):
                    data[dice.randrange(len(data))] = dice.randrange(256)
                if dice.random() < 0.3:
                    data = bytearray(dice.randbytes(dice.randrange(1, 600)))
                sock = shop.connect()
                sock.sendall(data[:dice.randrange(1, len(data) + 1)])
                if dice.random() < 0.5:
                    reset(sock)
                else:
                    sock.close()
            still_sells(shop)
            labtest.figure("600 connections with garbage")
        except Exception as error:
            raise TestFailure(f"with seed {seed}: {error}") from error


def test_nothing_can_be_written_into_the_log(directory):
    """Hostile values arrive in the log escaped and limited, and never as a line of their own."""
    with shops.Shop(directory) as shop:
        agents = (b'"}\\n{"message":"order created","x":"', b"\xff\xfe \xc3(", b"\x1b[31m red", b"x" * 3000)
        for agent in agents:
            shop.raw(b"POST /order HTTP/1.1\r\nHost: a\r\nUser-Agent: " + agent +
                     b"\r\nX-Request-Id: a b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        shop.get("/" + "x" * 3000)
        shop.raw(b"GET /\x7f\x1b[2J HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        stored = shop.metrics()["minishop_orders_stored"]
        wait_until("each order's line", lambda: len(shop.logged(message="order created")) >= stored)  # the log is written later
        created = shop.logged(message="order created")
        expect("lines that report an order", len(created), stored)
        if any(record["request_id"] == "a b" for record in created):
            raise TestFailure("an ill-formed X-Request-Id was taken over")
        text = shop.json_log.read_bytes()
        if any(byte < 32 and byte != 10 or byte == 127 for byte in text):
            raise TestFailure("control characters in the log")
        text.decode("utf-8")
        longest = max(len(line) for line in text.split(b"\n"))
        if longest > 8192:
            raise TestFailure(f"a log line of {longest} bytes")
        labtest.figure(f"{len(agents) + 2} hostile values, longest line {longest} bytes")
        still_sells(shop)


def test_pages_of_other_sites_can_only_order(directory):
    """Without a permission of the server, a browser sends no JSON for a page of another site, and shows it no response. The permission would be
    a header Access-Control-Allow-*. An order without a body needs no JSON."""
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    asks = {**foreign, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    forms = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain")
    with shops.Shop(directory, {"traces.recent_bytes": 1 << 20}) as shop:
        made = shop.order(headers=foreign)
        expect("an order without a body", made.status, 201)
        body = json.dumps({"order_id": made.json["order_id"]}).encode()
        responses = [made] + [shop.request("OPTIONS", path, headers=asks) for path in ("/order", "/payment/pay", "/debug/tracez")]
        for kind in forms:
            for path, data in (("/payment/pay", body), ("/order", b'{"quantity":1}')):
                responses.append(shop.request("POST", path, data, {**foreign, "Content-Type": kind}))
                expect(f"POST {path} as {kind}", responses[-1].status, 415)
        responses += [shop.get(path, foreign) for path in ("/metrics", "/debug/tracez", f"/order/{made.json['order_id']}")]
        expect("permissions", [name for response in responses for name in response.headers if name.startswith("access-control-")], [])
        expect("the order", responses[-1].json["status"], "created")


if __name__ == "__main__":
    labtest.run_tests(globals())
