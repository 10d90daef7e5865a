#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""slack-mock has the guards of the service: it refuses or cuts ambiguous, oversized or slow requests, and counts them. It also refuses
requests that a web page of another site makes a browser send."""
import socket
import time

import labtest
import shop as shops
import slack_mock_test
from abuse_test import SMUGGLED, status_of
from labtest import TestFailure, expect
from slack_mock_test import FORM, HELLO, HOOK, JSON, Mock

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
            if time.monotonic() - began > 60:
                raise TestFailure("still connected after a minute")
        expect("counted", mock.metric('slack_mock_refused_total{status="408"}'), 1)
        labtest.figure(f"a client that drips is cut after {time.monotonic() - began:.1f} s")


def test_pages_of_other_sites_cannot_write(_):
    """The headers are those that browsers send. A form needs no permission of the server, so the headers are what tells it apart."""
    forms = ((HOOK, FORM, b"payload=%7B%22text%22%3A%22forged%22%7D"), (HOOK, "text/plain", HELLO), (HOOK, JSON, HELLO),
             ("/messages", JSON, HELLO), ("/control", JSON, b'{"mode":"outage"}'))
    with Mock() as mock:
        own = f"127.0.0.1:{mock.port}"
        foreign = ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
                   {"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1"},
                   {"Origin": f"http://{own}0"}, {"Origin": f"http://evil.example/{own}"}, {"Origin": f"http://localhost:{mock.port}"})
        for headers in foreign:
            for path, kind, body in forms:
                expect(f"POST {path} as {kind} with {headers}", mock.ask("POST", path, body, kind, headers=headers)[0], 403)
            expect(f"DELETE with {headers}", mock.ask("DELETE", "/messages", headers=headers)[0], 403)
            expect(f"GET with {headers}", mock.ask("GET", "/healthz", headers=headers)[0], 200)
        status, _, text = mock.ask("POST", HOOK, HELLO, JSON, headers=foreign[0])
        expect("the response says why", "a web page of another site" in text, True)
        refused = len(foreign) * (len(forms) + 1) + 1
        expect("refused", mock.metric('slack_mock_refused_total{status="403"}'), refused)
        expect("messages and mode", (mock.messages()["messages"], mock.messages()["control"]["mode"]), ([], "ok"))
        for headers in ({}, {"Origin": f"http://{own}"}, {"Origin": f"http://{own.upper()}"}, {"Sec-Fetch-Site": "none"},
                        {"Sec-Fetch-Site": "same-origin", "Origin": "https://slack-mock.example"}):
            expect(f"the webhook with {headers}", mock.ask("POST", HOOK, HELLO, JSON, headers=headers)[0], 200)
            expect(f"the page's example with {headers}", mock.ask("POST", "/messages", HELLO, JSON, headers=headers)[0], 200)
        labtest.figure(f"{refused} forged requests refused")


if __name__ == "__main__":
    labtest.run_tests(globals())
