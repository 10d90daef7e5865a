#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random headers and chunked bodies, read by the server and by a strict reader of RFC 9112 below. If the two found different ends of a
request, a proxy in front of the server could be made to pass a hidden request."""
import random
import re
import socket

import labtest
import shop as shops
from labtest import TestFailure

SEEDS = range(int(labtest.option("SEEDS", 2)))
REQUESTS = 5000
NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
LINES = [b"\r\n", b"\r\n", b"\r\n", b"\r", b"\n", b"Host: a", b"Content-Length: 2", b"content-length: 2 ", b"Content-Length : 2", b"Content-Length: 0",
         b"Content-Length: +2", b"Content-Length: 2,2", b"Content-Length: 0x2", b"Content-Length:", b"Transfer-Encoding: chunked",
         b"transfer-encoding:\tChunked\t", b"Transfer-Encoding: ,chunked", b"Transfer-Encoding:", b"Expect: 100-continue", b" ", b"\t", b"X: y", b":",
         b"\0", b"A", b"\x80", b"X-A: \x0b", b"\x0c", b";"]
CHUNKS = [b"\r\n", b"\r\n", b"\r\n", b"\r", b"\n", b"0", b"1", b"2", b"5", b"a", b";a=b", b";", b" ", b"\t", b"{}", b"{ }", b"x", b"A: b", b":", b"\0",
          b'"', b"00", b"0\r\n\r\n", b"2\r\n{}\r\n", b"\x80"]


def fields(data):
    """(list of (name, value), bytes after the empty line), or None if a line is malformed or missing."""
    found = []
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end or re.search(rb"[\r\n\0]", line):
            return None
        if not line:
            return found, data
        name, colon, value = line.partition(b":")
        value = value.strip(b" \t")
        if not colon or not NAME.fullmatch(name) or re.search(rb"[\0-\x08\x0a-\x1f\x7f]", value):
            return None
        found.append((name.lower(), value))


def after_chunks(data):
    """The bytes after a chunked body and its trailers, or None."""
    while True:
        size = re.match(rb"([0-9A-Fa-f]+)(?:;[^\r\n]*)?\r\n", data)
        if not size:
            return None
        length, data = int(size[1], 16), data[size.end():]
        if length == 0:
            trailers = fields(data)
            return trailers and trailers[1]
        if length > 16384 or data[length:length + 2] != b"\r\n":
            return None
        data = data[length + 2:]


def after_request(data):
    """The bytes after the request whose headers these are, or None if it must be refused."""
    headers = fields(data)
    if not headers:
        return None
    values = {wanted: [value for name, value in headers[0] if name == wanted] for wanted in (b"host", b"content-length", b"transfer-encoding")}
    lengths, codings = values[b"content-length"], values[b"transfer-encoding"]
    if values[b"host"] != [b"a"] or len(lengths) + len(codings) > 1:
        return None
    if codings:
        return after_chunks(headers[1]) if codings[0].lower() == b"chunked" else None
    if lengths and not lengths[0].isdigit():
        return None
    length = int(lengths[0]) if lengths else 0
    return headers[1][length:] if len(headers[1]) >= length else None


def ask(shop, raw, cut):
    """(statuses without 1xx, how often the last request was answered). Sends the bytes in two pieces."""
    response = b""
    with shop.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock.sendall(raw[:cut])
            sock.sendall(raw[cut:])
            sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # refused before all of it was sent; the response has arrived
        try:
            while data := sock.recv(65536):
                response += data
        except OSError:
            pass
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([2-5]\d\d) ", response)], response.count(b'"instance":"/last"')


def make(source):
    """A request without its request line, often malformed."""
    if source.random() < 0.5:
        lines = b"".join(source.choice(LINES) + b"\r\n" * (source.random() < 0.85) for _ in range(source.randint(0, 4)))
        return b"Host: a\r\n" * (source.random() < 0.8) + lines + b"\r\n" + source.choice((b"", b"{}", b"2\r\n{}\r\n0\r\n\r\n", b"0\r\n\r\n"))
    body = b"".join(source.choice(CHUNKS) for _ in range(source.randint(1, 10)))
    return b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"2\r\n{}\r\n" * (source.random() < 0.5) + body


def compare(shop, seeds):
    """How many requests were malformed."""
    malformed = 0
    for seed in seeds:
        source = random.Random(seed)
        for _ in range(REQUESTS):
            raw = make(source) + LAST
            rest = after_request(raw)
            statuses, last = ask(shop, b"POST /order HTTP/1.1\r\n" + raw, source.randint(0, len(raw)))
            malformed += rest is None
            if rest is None:  # an incomplete body gets no response
                good = last == 0 and len(statuses) <= 1 and not any(status < 400 for status in statuses)
            else:
                good = bool(statuses) and (last == 1 or rest.lstrip(b"\r\n") != LAST)
            if not good:
                raise TestFailure(f"seed {seed}: {raw!r}: statuses {statuses}, rest {rest!r}, last request answered {last} times")
    return malformed


def test_both_find_the_same_end(directory):
    with shops.Shop(directory) as shop:
        malformed = compare(shop, SEEDS)
    labtest.figure(f"{len(SEEDS) * REQUESTS} random requests, {malformed} of them malformed")


if __name__ == "__main__":
    labtest.run_tests(globals())
