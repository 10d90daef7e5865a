#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""slack-mock has the guards of the service: it refuses or cuts ambiguous, oversized or slow requests, and counts them."""
import socket
import time

import labtest
import shop as shops
import slack_mock_test
from abuse_test import SMUGGLED, status_of
from labtest import TestFailure, expect
from slack_mock_test import HELLO, HOOK, JSON, Mock

slack_mock_test.PROGRAM = str(shops.program("slack-mock"))
HEAD = f"POST {HOOK} HTTP/1.1\r\nHost: a\r\nContent-Type: {JSON}\r\n".encode()


def ask(mock, data):
    with socket.create_connection(("127.0.0.1", mock.port), 20) as sock:
        sock.sendall(data)
        return shops.read_all(sock)


def test_ambiguous_requests_are_refused_too(_):
    hidden = HEAD + b"Content-Length: %d\r\n\r\n" % len(HELLO) + HELLO
    with Mock() as mock:
        for name, rest in SMUGGLED.items():
            raw = ask(mock, HEAD + rest + hidden)
            expect(name, (status_of(raw), raw.count(b"HTTP/1.1 ")), (400, 1))
        expect("refused", mock.metric('slack_mock_refused_total{status="400"}'), len(SMUGGLED))
        expect("messages", mock.messages()["messages"], [])
        for size in (9000, 40000):
            expect(f"a header of {size} bytes", status_of(ask(mock, HEAD + b"X-Long: " + b"x" * size + b"\r\n\r\n")), 431)
        expect("it serves on", mock.post(HELLO), (200, "ok"))
        labtest.figure(f"{len(SMUGGLED)} ambiguous forms refused")


def test_dripping_clients_are_cut_too(_):
    with Mock() as mock, socket.create_connection(("127.0.0.1", mock.port), 20) as sock:
        began = time.monotonic()
        sock.sendall(HEAD)
        sock.settimeout(0.25)
        while True:
            try:
                sock.sendall(b"X")
                if sock.recv(100) == b"":
                    break
            except TimeoutError:
                pass
            except OSError:
                break
            if time.monotonic() - began > 20:
                raise TestFailure("still connected after 20 s")
        expect("counted", mock.metric('slack_mock_refused_total{status="408"}'), 1)
        labtest.figure(f"a client that drips is cut after {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    labtest.run_tests(globals())
