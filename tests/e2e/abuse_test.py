#!/usr/bin/env python3
"""What the network may do to a MiniShop: hostile bytes, slow clients, too many of them. It lives, answers, counts and logs.

The generic server's own tests look at each guard by itself; here the whole program is looked at, from outside.
"""
import random
import resource
import socket
import struct
import time

import labtest
import shop as shops
from labtest import TestFailure, expect, wait_until


def status_of(raw):
    """The status of the first answer in these bytes."""
    if not raw.startswith(b"HTTP/1.1 "):
        raise TestFailure(f"no answer: {raw[:200]!r}")
    return int(raw.split(b" ", 2)[1])


def still_sells(shop):
    """It is the same process, it sells, and every line of its log is one JSON object."""
    expect("an order afterwards", shop.order().status, 201)
    if shop.process.poll() is not None:
        raise TestFailure("minishop has ended")
    shop.records()


def reset(sock):
    """Closes with a reset instead of a farewell."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def test_format_directives_in_urls_are_text(directory):
    """libmicrohttpd's message of a failed send holds the URL; taken for a format it is a remote crash."""
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
}


def test_ambiguous_requests_are_refused(directory):
    """What a proxy and a server may read differently is refused, and what hides behind it is not executed."""
    with shops.Shop(directory) as shop:
        for name, rest in SMUGGLED.items():
            hidden = b"POST /order?hidden HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
            raw = shop.raw(b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n" + rest + hidden)
            expect(name, status_of(raw), 400)
            expect(f"{name}: answers", raw.count(b"HTTP/1.1 "), 1)
        for name in ("+2", "2, 2", "1x", "-1"):
            raw = shop.raw(f"POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: {name}\r\n\r\n{{}}".encode())
            expect(f"Content-Length: {name}", status_of(raw), 400)
        expect("orders made", shop.metrics()["minishop_orders_stored"], 0)
        counted = shop.metrics()["request_total", {"route": "/order", "status": "400"}]
        expect("refused requests that are counted", counted, len(SMUGGLED))
        expect("their log lines", len([r for r in shop.records() if r.get("status") == 400 and r.get("route") == "/order"
                                      and r["message"] == "order rejected"]), len(SMUGGLED))
        still_sells(shop)


def test_library_answers_are_counted_and_logged(directory):
    """What libmicrohttpd answers by itself reaches no handler, and is counted and logged all the same."""
    cases = {"HTTP/9.9": (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505),
             "a bad Content-Length": (b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
             "a bad chunk": (b"POST /order HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", 400)}
    with shops.Shop(directory) as shop:
        for name, (raw, status) in cases.items():
            expect(name, status_of(shop.raw(raw)), status)
        wait_until("all are counted", lambda: sum(
            shop.metrics()["minishop_refused_total", {"status": str(status)}] for status in (400, 505)) == 3, 5)
        wait_until("three log lines", lambda: len([r for r in shop.records() if r["message"] == "request rejected"]) == 3, 5)
        still_sells(shop)


def test_body_above_the_limit(directory):
    """Declared or chunked: 413, without taking it in."""
    with shops.Shop(directory) as shop:
        limit = 16384
        pad = b'{"sku": "' + b"x" * (limit - 11) + b'"}'
        expect("a body of the limit", len(pad), limit)
        if shop.order(pad).status == 413:
            raise TestFailure("a body of exactly the limit is refused")
        answer = shop.order(b" " * (limit + 1))
        expect("one byte above it", (answer.status, answer.json["code"]), (413, "payload_too_large"))
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
    """A byte now and then keeps a connection from being idle; the whole request's deadline ends it."""
    with shops.Shop(directory) as shop:
        whole = b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n" + b" " * 400
        starts = {"in the request line": 0, "in a header": 30, "in the body": whole.index(b"\r\n\r\n") + 4}
        drips = []
        for name, start in starts.items():
            sock = shop.connect()
            sock.sendall(whole[:start])
            sock.setblocking(False)
            drips.append((name, sock, start, time.monotonic()))
        while drips:
            time.sleep(0.25)
            for drip in list(drips):
                name, sock, at, began = drip
                if time.monotonic() - began > 20:
                    raise TestFailure(f"dripping {name}: still connected after 20 s")
                try:
                    sock.send(whole[at:at + 1])
                    if sock.recv(4096) == b"":
                        raise ConnectionResetError
                    ended = False
                except BlockingIOError:
                    ended = False
                except OSError:
                    ended = True
                drips.remove(drip)
                if ended:
                    sock.close()
                else:
                    drips.append((name, sock, at + 1, began))
        expect("orders made", shop.metrics()["minishop_orders_stored"], 0)
        still_sells(shop)


def test_two_thousand_idle_connections(directory):
    """They cost memory and nothing else: a new customer is served at once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 4500:
        raise labtest.Skip("needs 4,500 file descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4500), hard))
    with shops.Shop(directory) as shop:
        idle = [shop.connect() for _ in range(2000)]
        try:
            wait_until("all are accepted", lambda: shop.metrics()["process_open_fds"] >= 2000, 10)
            slowest = 0
            for _ in range(50):
                began = time.monotonic()
                expect("an order beside 2,000 idle connections", shop.order().status, 201)
                slowest = max(slowest, time.monotonic() - began)
            if slowest > 1:
                raise TestFailure(f"an order took {slowest:.2f} s")
            memory = shop.metrics()["process_resident_memory_bytes"] / 1e6
            print(f"     2,000 idle connections: {memory:.0f} MB resident, slowest order {slowest * 1000:.0f} ms")
        finally:
            for sock in idle:
                sock.close()
        wait_until("they are gone", lambda: shop.metrics()["process_open_fds"] < 200, 20)
        still_sells(shop)


def test_garbage(directory):
    """Random bytes, requests cut anywhere, resets anywhere; the seed is told so that a failure can be repeated."""
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
                sock = shop.connect(2)
                sock.sendall(data[:dice.randrange(1, len(data) + 1)])
                if dice.random() < 0.5:
                    reset(sock)
                else:
                    sock.close()
            still_sells(shop)
        except Exception as error:
            raise TestFailure(f"with seed {seed}: {error}") from error


def test_nothing_can_be_written_into_the_log(directory):
    """Hostile values arrive in the log escaped and limited, and never as a line of their own."""
    with shops.Shop(directory) as shop:
        for agent in (b'"}\\n{"message":"order created","x":"', b"\xff\xfe \xc3(", b"\x1b[31m red", b"x" * 3000):
            shop.raw(b"POST /order HTTP/1.1\r\nHost: a\r\nUser-Agent: " + agent +
                     b"\r\nX-Request-Id: a b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        shop.get("/" + "x" * 3000)
        shop.raw(b"GET /\x7f\x1b[2J HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        stored = shop.metrics()["minishop_orders_stored"]
        wait_until("each order's line", lambda: len(shop.logged(message="order created")) >= stored, 10)  # the log is written later
        created = shop.logged(message="order created")
        expect("lines that tell of an order", len(created), stored)
        if any(record["request_id"] == "a b" for record in created):
            raise TestFailure("an ill-formed X-Request-Id was taken over")
        text = shop.json_log.read_bytes()
        if any(byte < 32 and byte != 10 or byte == 127 for byte in text):
            raise TestFailure("control characters in the log")
        text.decode("utf-8")
        longest = max(len(line) for line in text.split(b"\n"))
        if longest > 8192:
            raise TestFailure(f"a log line of {longest} bytes")
        still_sells(shop)


if __name__ == "__main__":
    labtest.run_tests(globals())
