#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""slack-mock as a whole process: each of Slack's responses, limits, modes, the store over a restart, many clients, garbage.

Run it in the build directory: it starts ./slack-mock.
"""
import concurrent.futures
import gzip
import http.client
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import tempfile

import labtest
from labtest import TestFailure, expect, wait_until

PROGRAM = os.path.abspath("slack-mock")
HOOK = "/services/T000/B000/XXXXXXXX"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
HELLO = b'{"text":"hello"}'


class Mock:
    """A running slack-mock on a port that it chose."""

    def __init__(self, *options, wrapper=()):
        self.output = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen([*wrapper, PROGRAM, "--listen", "127.0.0.1:0", *options], stdout=self.output,
                                        stderr=subprocess.STDOUT)
        self.port = int(wait_until("slack-mock says where it listens", self._port))

    def _port(self):
        if self.process.poll() is not None:
            raise TestFailure(f"slack-mock ended with {self.process.returncode}: {self.log()}")
        found = re.search(r"^slack-mock: listening on http://127\.0\.0\.1:(\d+)/$", self.log(), re.M)
        return found and found.group(1)

    def log(self):
        self.output.seek(0)
        return self.output.read()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            if self.process.poll() is None:
                expect("exit code at the end of a test", self.stop(), 0)
        finally:
            self.process.kill()
            self.output.close()

    def ask(self, method, path, body=None, kind=None, timeout=30, headers=None):
        """(status, headers, body as text)"""
        status, received, text = labtest.http_request(self.port, method, path, body, {**({"Content-Type": kind} if kind else {}), **(headers or {})}, timeout)
        return status, received, text.decode()

    def post(self, payload, kind=JSON, path=HOOK):
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return self.ask("POST", path, body, kind)[::2]

    def messages(self, after=0):
        return json.loads(self.ask("GET", f"/messages?after={after}")[2])

    def mode(self, name, **more):
        expect(name, self.ask("POST", "/control", json.dumps({"mode": name, **more}), JSON)[0], 200)

    def metric(self, line):
        found = re.search(rf"^{re.escape(line)} (\d+)$", self.ask("GET", "/metrics")[2], re.M)
        return int(found.group(1)) if found else None


def test_responses(_):
    cases = [
        (HELLO, JSON, HOOK, 200, "ok"),
        (HELLO, JSON + "; charset=utf-8", HOOK, 200, "ok"),
        (b"payload=%7B%22text%22%3A%22a+b%22%7D", FORM, HOOK, 200, "ok"),
        (b"not json", JSON, HOOK, 400, "invalid_payload"),
        (HELLO, "text/plain", HOOK, 400, "invalid_payload"),
        (HELLO, None, HOOK, 400, "invalid_payload"),
        (b"", JSON, HOOK, 400, "invalid_payload"),
        (HELLO, FORM, HOOK, 400, "invalid_payload"),
        (b'{"text":"a","text":"b"}', JSON, HOOK, 400, "invalid_payload"),
        (b"[" * 100000, JSON, HOOK, 400, "invalid_payload"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, JSON, HOOK, 400, "invalid_payload"),
        (b"{}", JSON, HOOK, 400, "no_text"),
        (json.dumps({"attachments": [{"text": "x"}] * 100}).encode(), JSON, HOOK, 200, "ok"),
        (json.dumps({"attachments": [{"text": "x"}] * 101}).encode(), JSON, HOOK, 400, "too_many_attachments"),
        (json.dumps({"blocks": [{"type": "divider"}] * 51}).encode(), JSON, HOOK, 400, "invalid_blocks"),
        (b'{"text":"x","channel":"@no body"}', JSON, HOOK, 400, "user_not_found"),
        (b'{"text":"x","channel":"#no such"}', JSON, HOOK, 404, "channel_not_found"),
        (HELLO, JSON, "/services/T000/B000/", 404, "no_service"),
        (HELLO, JSON, "/services/nonsense", 404, "no_service"),
    ]
    with Mock() as mock:
        for body, kind, path, status, word in cases:
            expect(f"{body[:60]} as {kind} to {path}", mock.post(body, kind, path), (status, word))
        status, headers, _ = mock.ask("POST", HOOK, HELLO, JSON)
        expect("type of ok", headers["Content-Type"].split(";")[0], "text/plain")
        expect("delivered", mock.metric('slack_mock_messages_total{result="ok"}'), 5)
        expect("invalid", mock.metric('slack_mock_messages_total{result="invalid_payload"}'), 8)
        expect("exists from the start", mock.metric('slack_mock_messages_total{result="rate_limited"}'), 0)
        expect("stored", mock.metric("slack_mock_messages_stored"), 5)
        _, headers, _ = mock.ask("GET", "/metrics")
        expect("type of /metrics", headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        _, headers, text = mock.ask("GET", "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        expect("OpenMetrics", (headers["Content-Type"].split(";")[0], text.endswith("# EOF\n")), ("application/openmetrics-text", True))
        status, headers, _ = mock.ask("POST", HOOK, b"{}", JSON)
        if "no text" not in (headers["X-Slack-Mock-Reason"] or ""):
            raise TestFailure("a refusal without a reason in its header")


def test_content_coding(_):
    """A body with a content coding is never parsed as plain text; identity and a blank value have no effect."""
    with Mock() as mock:
        for coding in ("gzip", "GZIP", "identity, gzip", " br ", "identityx"):
            for body in (HELLO, gzip.compress(HELLO)):
                status, headers, text = mock.ask("POST", HOOK, body, JSON, headers={"content-encoding": coding})
                expect(f"Content-Encoding {coding!r}", (status, text), (400, "invalid_payload"))
            if "Content-Encoding" not in (headers["X-Slack-Mock-Reason"] or ""):
                raise TestFailure("the reason does not name the header")
            status, headers, text = mock.ask("POST", "/control", b'{"mode":"outage"}', JSON, headers={"Content-Encoding": coding})
            expect(f"a mode with Content-Encoding {coding!r}", (status, headers["Accept-Encoding"]), (415, "identity"))
        for coding in ("identity", "", "Identity , "):
            expect(f"{coding!r}", mock.ask("POST", HOOK, HELLO, JSON, headers={"Content-Encoding": coding})[::2], (200, "ok"))
        expect("invalid", mock.metric('slack_mock_messages_total{result="invalid_payload"}'), 10)


def test_limits(_):
    with Mock() as mock:
        fits = b'{"text":"' + b"x" * ((1 << 20) - 11) + b'"}'
        expect("the test's own body", len(fits), 1 << 20)
        expect("a body of 1 MiB", mock.post(fits), (200, "ok"))
        expect("the text is cut", len(mock.messages()["messages"][0]["payload"]["text"]), 40000)
        expect("a byte more, declared", mock.post(fits + b" "), (413, "payload_too_large"))
        connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=30)
        chunks = (b"x" * 65536 for _ in range(17))
        try:
            connection.request("POST", HOOK, chunks, {"Content-Type": JSON}, encode_chunked=True)
            expect("a byte more, chunked", connection.getresponse().status, 413)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before all of it was sent
        connection.close()
        expect("counted", mock.metric('slack_mock_messages_total{result="payload_too_large"}'), 2)
        for _ in range(120):  # 4.8 million characters
            mock.post(fits)
        response = mock.messages()
        size = sum(len(json.dumps(m, separators=(",", ":"))) for m in response["messages"])
        if not (4 << 20) - 50000 < size <= 4 << 20 or response["dropped"] == 0:
            raise TestFailure(f"{size} bytes are kept")
        mock.ask("DELETE", "/messages")
        for number in range(1, 1003):
            mock.post({"text": str(number)})
        response = mock.messages()
        expect("the newest thousand", (len(response["messages"]), response["dropped"], response["last_id"]), (1000, 2, 1123))
        expect("the oldest that is left", response["messages"][0]["payload"]["text"], "3")
        expect("after=", [m["id"] for m in mock.messages(after=1121)["messages"]], [1122, 1123])
        expect("after=x", mock.ask("GET", "/messages?after=x")[0], 400)


def test_routes(_):
    with Mock() as mock:
        status, headers, text = mock.ask("GET", "/")
        expect("the page", (status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        policy = headers["Content-Security-Policy"]
        if "default-src 'none'" not in policy or "unsafe" in policy or "<script>" in text or " style=" in text:
            raise TestFailure(f"the page's policy is not strict: {policy}")
        for name in re.findall(r'(?:src|href)="(/[^"]+)"', text):
            expect(f"what the page refers to: {name}", mock.ask("GET", name)[0], 200)
        expect("HEAD /", mock.ask("HEAD", "/")[0], 200)
        expect("/healthz", mock.ask("GET", "/healthz")[::2], (200, "ok\n"))
        expect("an unknown path", mock.ask("GET", "/nothing")[0], 404)
        for method, path, allow in (("GET", HOOK, "POST"), ("PUT", "/messages", "GET, HEAD, POST, DELETE"), ("POST", "/", "GET, HEAD"),
                                    ("DELETE", "/control", "GET, HEAD, POST"), ("POST", "/healthz", "GET, HEAD")):
            status, headers, _ = mock.ask(method, path)
            expect(f"{method} {path}", (status, headers["Allow"]), (405, allow))
        expect("a form of a foreign page", mock.ask("POST", "/messages", HELLO, FORM)[0], 415)
        expect("the page's example", mock.ask("POST", "/messages", HELLO, JSON)[0], 200)
        mock.post(HELLO)
        before = mock.messages()
        expect("DELETE /messages", mock.ask("DELETE", "/messages")[0], 200)
        after = mock.messages()
        expect("after DELETE", after["messages"], [])
        if before["epoch"] == after["epoch"]:
            raise TestFailure("a reader cannot see that the messages were forgotten")


def test_modes(_):
    responses = {"outage": (500, "rollup_error"), "revoked": (404, "no_service"), "invalid_token": (403, "invalid_token"),
                 "action_prohibited": (403, "action_prohibited"), "channel_not_found": (404, "channel_not_found"),
                 "channel_is_archived": (410, "channel_is_archived"), "user_not_found": (400, "user_not_found")}
    with Mock() as mock:
        expect("the modes", set(row["mode"] for row in json.loads(mock.ask("GET", "/control")[2])["modes"]), {"ok", "rate_limited", "throttled", "slow", *responses})
        for mode, response in responses.items():
            mock.mode(mode)
            expect(mode, mock.post(HELLO), response)
            expect(mode, mock.metric(f'slack_mock_mode{{mode="{mode}"}}'), 1)
        mock.mode("rate_limited")
        status, headers, text = mock.ask("POST", HOOK, HELLO, JSON)
        expect("rate limit", (status, headers["Retry-After"], json.loads(text)), (429, "1", {"retry_after": 1, "ok": False, "error": "rate_limited"}))
        mock.mode("throttled")
        seen = [mock.post(HELLO)[0] for _ in range(20)]
        if seen[:3] != [200] * 3 or 429 not in seen:
            raise TestFailure(f"throttled: {seen}")
        mock.mode("ok")
        expect("ok again", mock.post(HELLO), (200, "ok"))
        for kind, body, status in ((JSON, b'{"mode":"nonsense"}', 400), (JSON, b'{"mode":"slow","delay_s":61}', 400),
                                   (JSON, b'{"mode":"slow","delay_s":0}', 400), (JSON, b'{"mode":"slow","delay_s":"1"}', 400),
                                   (JSON, b'{"mode":"outage","x":1}', 400), (JSON, b'{"delay_s":1}', 400), (JSON, b"", 400),
                                   (JSON, b'{"mode":"outage"}' + b" " * 2000, 400), (FORM, b"mode=outage", 415),
                                   ("text/plain", b'{"mode":"outage"}', 415), (None, b'{"mode":"outage"}', 415)):
            expect(f"{body[:40]} as {kind}", mock.ask("POST", "/control", body, kind)[0], status)
        for body, *words in ((b'{"mode":"outage"}' + b" " * 2000, "more than 1024 bytes"), (b'{"mode":"slow","delay_s":1e9}', "delay_s", "integer"),
                             (b'{"mode":"slow","delay_s":61}', "delay_s", "1 to 60"), (b'{"mode":["ok"]}', "more than 1 levels"),
                             (b'{"mode":"ok","mode":"ok"}', "twice"), (b'{"mode":"ok","x":1}', "nothing else"), (b"[]", "JSON object"),
                             (b'{"mode":"ok"}\0', "NUL byte"), (b"", "ends too early")):
            text = mock.ask("POST", "/control", body, JSON)[2]
            expect(f"{body[:40]}: {text}", [word for word in words if word not in text], [])
        expect("nothing of that changed the mode", mock.messages()["control"]["mode"], "ok")


def test_slow_blocks_nobody_and_ends(_):
    with Mock() as mock, concurrent.futures.ThreadPoolExecutor() as pool:
        mock.mode("slow", delay_s=60)
        waiting = [pool.submit(mock.post, HELLO) for _ in range(5)]
        expect("others are served meanwhile", mock.ask("GET", "/healthz")[0], 200)
        expect("nothing has arrived", mock.messages()["messages"], [])
        mock.mode("ok")
        expect("the waiting requests continue", [w.result(20) for w in waiting], [(200, "ok")] * 5)
        mock.mode("slow", delay_s=60)
        waiting = [pool.submit(mock.post, HELLO) for _ in range(5)]
        wait_until("a message waits", lambda: len(mock.log().splitlines()) >= 8)
        expect("exit code with messages that wait, long before their minute is over", mock.stop(), 0)
        for w in waiting:
            try:
                w.result(20)
            except OSError:
                pass  # arrived after the end


def test_store(_):
    with tempfile.TemporaryDirectory() as directory:
        store = pathlib.Path(directory, "store.jsonl")
        with Mock("--store", store) as mock:
            for text in "abc":
                mock.post({"text": text, "channel": "#c"})
            before = mock.messages()["messages"]
            expect("exit code after SIGINT", mock.stop(signal.SIGINT), 0)
        expect("the file's mode", store.stat().st_mode & 0o777, 0o600)
        with Mock("--store", store) as mock:
            expect("after a restart", mock.messages()["messages"], before)
            mock.post({"text": "d"})
            mock.process.kill()  # the store must not depend on a clean exit
            mock.process.wait()
        with open(store, "a") as file:
            file.write('{"id":5,"received_at":"2026')
        with Mock("--store", store) as mock:
            expect("after a crash", [m["payload"]["text"] for m in mock.messages()["messages"]], list("abcd"))
            second = subprocess.run([PROGRAM, "--listen", "127.0.0.1:0", "--store", store], capture_output=True, text=True)
            expect("a second process on the same file", second.returncode, 1)
            expect(second.stderr, "in use" in second.stderr, True)
        store.write_text("hello\n")
        bad = subprocess.run([PROGRAM, "--listen", "127.0.0.1:0", "--store", store], capture_output=True, text=True)
        expect(bad.stderr, (bad.returncode, f"{store}:1: not a message" in bad.stderr), (1, True))


def test_full_disk(_):
    """Messages still arrive, the file stays readable, and the metric counts the failures. A limit on file sizes simulates the full disk."""
    with tempfile.TemporaryDirectory() as directory:
        store = pathlib.Path(directory, "store.jsonl")
        limited = ["sh", "-c", 'ulimit -f 4; exec "$@"', "sh"]
        with Mock("--store", store, wrapper=limited) as mock:
            for _ in range(40):
                expect("with a full disk", mock.post({"text": "x" * 100}), (200, "ok"))
            expect("kept in memory", len(mock.messages()["messages"]), 40)
            if not mock.metric("slack_mock_store_errors_total"):
                raise TestFailure("a file that could not be written was not counted")
        with Mock("--store", store) as mock:
            if not 1 <= len(mock.messages()["messages"]) < 40:
                raise TestFailure("the file's whole lines were not read")


def test_many_clients(_):
    with Mock() as mock, concurrent.futures.ThreadPoolExecutor(200) as pool:
        responses = list(pool.map(lambda n: mock.post({"text": str(n)}), range(400)))
        expect("200 threads", set(responses), {(200, "ok")})
        messages = mock.messages()["messages"]
        expect("numbers", [m["id"] for m in messages], list(range(1, 401)))
        expect("texts", sorted(int(m["payload"]["text"]) for m in messages), list(range(400)))


def test_garbage(_):
    inputs = [b"\x00" * 100, b"GET\r\n\r\n", b"POST " + b"/%n%s" * 200 + b" HTTP/1.1\r\n\r\n", b"A" * 100000, b"\x16\x03\x01\x02\x00",
              b"POST /services/T0/B0/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
              b"GET /messages?after=" + b"9" * 3000 + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"]
    with Mock() as mock:
        for data in inputs:
            with socket.create_connection(("127.0.0.1", mock.port), 10) as sock:
                try:
                    sock.sendall(data)
                    sock.shutdown(socket.SHUT_WR)
                    while sock.recv(65536):
                        pass
                except OSError:
                    pass  # the line may be cut off
        expect("it serves on", mock.post(HELLO), (200, "ok"))
        expect("exit code", mock.stop(), 0)
        expect("what it logs of clients that break off", mock.log().splitlines()[1:], ["slack-mock: ok: message 1"])


def raw_ask(mock, data):
    """(status, headers with lower-case names, body) of the only response to these bytes."""
    response = b""
    with socket.create_connection(("127.0.0.1", mock.port), 20) as sock:
        sock.sendall(data)
        while part := sock.recv(65536):
            response += part
    head, _, body = response.partition(b"\r\n\r\n")
    expect(f"responses to {data[:60]}: {response[:300]}", len(re.findall(rb"HTTP/1\.1 \d{3} ", response)), 1)
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
    expect(f"length of the response to {data[:60]}", len(body), int(headers.get("content-length", 0)))
    return int(lines[0].split(" ")[1]), headers, body


def test_mistakes_of_clients(_):
    chunked = f"POST {HOOK} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    cases = [(f"POST {HOOK} HTTP/1.1\r\nHost: a\r\nContent-Length: abc\r\n\r\n".encode(), 400),
             (chunked + b"2;a=" + b"x" * (1 << 20) + b"\r\n{}\r\n0\r\n\r\n", 413), (chunked + b"zz\r\n", 400),
             (b"GET / HTTP/1.1\r\n\r\n", 400), (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 505),
             (b"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n", 400), (b"garbage\r\n", 400),
             (b"GET /" + b"x" * 40000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
             (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400), (b"GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400)]
    with Mock() as mock:
        for data, expected in cases:
            expect(f"{data[:60]}", raw_ask(mock, data)[0], expected)
        for status in (400, 413, 414, 505):
            expect(f"counted with {status}", mock.metric(f'slack_mock_refused_total{{status="{status}"}}'), [case[1] for case in cases].count(status))
        expect("it serves on", mock.post(HELLO), (200, "ok"))


def test_forms_of_the_target_and_blanks(_):
    with Mock() as mock:
        for target in (f"http://a{HOOK}", f"HTTPS://a:443{HOOK}", HOOK):
            data = f"POST {target} HTTP/1.1\r\nHost: a \t\r\nContent-Type: {JSON} \r\nContent-Length: {len(HELLO)} \t\r\nConnection: close \r\n\r\n"
            expect(target, raw_ask(mock, data.encode() + HELLO)[::2], (200, b"ok"))
        expect("the page", raw_ask(mock, b"GET http://a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")[0], 200)
        status, headers, _ = raw_ask(mock, b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        expect("OPTIONS *", (status, headers["allow"]), (204, "DELETE, GET, HEAD, OPTIONS, POST"))


def test_limits_of_the_system(_):
    def ask_all(mock, count):
        socks = [socket.create_connection(("127.0.0.1", mock.port), 20) for _ in range(count)]
        for sock in socks:
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        responses = [sock.recv(65536)[:12] for sock in socks]
        for sock in socks:
            sock.close()
        refused = responses.count(b"HTTP/1.1 503")
        expect(f"responses: {responses}", (refused > 0, refused + responses.count(b"HTTP/1.1 200")), (True, count))
        return refused

    if os.geteuid() == 0:  # a user who runs only the mock
        with Mock(wrapper=["setpriv", "--reuid=54321", "--clear-groups", "prlimit", "--nproc=24:24"]) as mock:
            refused = ask_all(mock, 60)
            asked = []  # these may be refused too, until threads have ended

            def served():
                asked.append(mock.ask("GET", "/healthz")[0])
                return asked[-1] == 200

            wait_until("threads again", served)
            refused += asked.count(503)
            expect("without a thread", mock.metric('slack_mock_refused_total{status="503"}'), refused)
    with Mock() as mock:
        pid, hard = mock.process.pid, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        used = max(int(fd) for fd in os.listdir(f"/proc/{pid}/fd")) + 1
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, hard))
        refused = ask_all(mock, 10)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
        expect("without a descriptor", mock.metric('slack_mock_refused_total{status="503"}'), refused)


def test_signals_and_standard_descriptors(_):
    with Mock() as mock:
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE):
            mock.process.send_signal(number)
        expect("after SIGHUP, SIGUSR1 and SIGPIPE", mock.post(HELLO), (200, "ok"))
        expect("exit code", mock.stop(), 0)
    with tempfile.TemporaryDirectory() as directory:
        store = pathlib.Path(directory, "store.jsonl")
        for closed in ("0<&-", "1>&-", "2>&-", "0<&- 1>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"):
            port = labtest.free_port()
            process = subprocess.Popen(["sh", "-c", f'exec "$@" {closed}', "sh", PROGRAM, "--listen", f"127.0.0.1:{port}", "--store",
                                        store])
            try:
                def post():
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                    connection.request("POST", HOOK, HELLO, {"Content-Type": JSON})
                    return connection.getresponse().status
                expect("the message", wait_until(f"it responds with {closed}", post), 200)
                second = subprocess.run([PROGRAM, "--listen", "127.0.0.1:0", "--store", store], capture_output=True, text=True,
                                        timeout=60)
                expect(f"a second one with {closed}", (second.returncode, "in use" in second.stderr), (1, True))
            finally:
                process.terminate()
                expect("exit code", process.wait(60), 0)
        for line in store.read_text().splitlines():
            json.loads(line)
    with open("/dev/full", "w") as full:
        for option in ("--help", "--version"):
            for command in ([PROGRAM, option], ["sh", "-c", 'exec "$@" >&-', "sh", PROGRAM, option]):
                done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
                expect(f"{option}: {done}", (done.returncode, "cannot write to standard output" in done.stderr), (1, True))


def test_command_line(_):
    def run(*options, **environment):
        return subprocess.run([PROGRAM, *options], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **environment})

    for options, code, stream, words in (
            (["--help"], 0, "stdout", "--listen ADDR:PORT"), (["--version"], 0, "stdout", "slack-mock "),
            (["--nonsense"], 2, "stderr", "--help"), (["extra"], 2, "stderr", "unexpected argument: extra"),
            (["--listen"], 2, "stderr", "--help"), (["--listen", "nonsense"], 2, "stderr", '--listen: "nonsense" has no port'),
            (["--listen", "127.0.0.1:99999"], 2, "stderr", "99999"), (["--store", "/no/such/file"], 1, "stderr", "/no/such/file"),
            (["--store", ""], 2, "stderr", "--store requires the name of a file"), (["--hook", ""], 2, "stderr", "--hook requires"),
            (["--listen", ""], 2, "stderr", "has no port")):
        done = run(*options)
        expect(f"{options}: {done}", (done.returncode, words in getattr(done, stream)), (code, True))
    for name, value, code, says in (("SLACK_MOCK_LISTEN", "\tnonsense\r\n", 2, ': "nonsense" has no port'),
                                    ("SLACK_MOCK_STORE", " /no/such/file\n", 1, ": /no/such/file:"),
                                    ("SLACK_MOCK_HOOK", "nonsense", 2, " requires a webhook's address")):
        done = run(**{name: value})
        expect(f"{name}: {done.stderr}", (done.returncode, done.stderr.startswith(f"slack-mock: {name}{says}")), (code, True))
    with Mock() as mock:
        done = run("--listen", f"127.0.0.1:{mock.port}")
        expect(done.stderr, (done.returncode, "stop it or choose another port" in done.stderr), (1, True))


def test_hook(_):
    """One known webhook, configured in each way. Its address is a secret: the process list, the log and the page do not show it."""
    token = "canary0secret"
    known = f"/services/T0/B0/{token}"
    for name, options, environment in (("a path", ["--hook", known], {}), ("an address", ["--hook", f"http://127.0.0.1:8090{known}"], {}),
                                       ("joined", [f"--hook={known}"], {}), ("short", [f"-k{known}"], {}),
                                       ("a variable", [], {"SLACK_MOCK_HOOK": f" {known}\n"}),
                                       ("the option wins", ["--hook", known], {"SLACK_MOCK_HOOK": "/services/T0/B0/other"})):
        with Mock(*options, wrapper=["env", *(f"{key}={value}" for key, value in environment.items())]) as mock:
            for path, response in ((known, (200, "ok")), (known + "x", (403, "invalid_token")), (known[:-1], (403, "invalid_token")),
                                   (f"/services/T0/B1/{token}", (404, "no_service")), (f"/services/T1/B0/{token}", (404, "no_service")),
                                   (f"/services/T0/{token}", (404, "no_service"))):
                expect(f"{name}: POST {path}", mock.post(HELLO, JSON, path), response)
            expect(f"{name}: the page's example needs no address", mock.ask("POST", "/messages", HELLO, JSON)[0], 200)
            expect(f"{name}: messages", len(mock.messages()["messages"]), 2)
            status, headers, _ = mock.ask("POST", "/services/T0/B1/x", HELLO, JSON)
            expect(f"{name}: {headers}", "--hook" in headers["X-Slack-Mock-Reason"], True)
            seen = {path: mock.ask("GET", path)[2] for path in ("/", "/page.js", "/messages", "/control", "/metrics")}
            seen.update({"process list": pathlib.Path(f"/proc/{mock.process.pid}/cmdline").read_text(), "log": mock.log()})
            expect(f"{name}: places that show the token", [where for where, text in seen.items() if token in text], [])
            expect(f"{name}: /control", json.loads(seen["/control"])["any_hook"], False)
    with Mock() as mock:
        expect("without", (mock.post(HELLO, JSON, "/services/T9/B9/any"), json.loads(mock.ask("GET", "/control")[2])["any_hook"]), ((200, "ok"), True))
    for value in ("canary", "/services/T0/B0", "http://127.0.0.1/services/T0/B0/", "/services/T0/B0/" + "canary" * 1000, "/services/T0/B0/canary/x"):
        for name, options, environment in (("--hook", ["--hook", value], {}), ("SLACK_MOCK_HOOK", [], {"SLACK_MOCK_HOOK": value})):
            done = subprocess.run([PROGRAM, "--listen", "127.0.0.1:0", *options], env={**os.environ, **environment}, capture_output=True, text=True, timeout=60)
            expect(f"{value[:40]}: {done}", (done.returncode, f"{name} requires" in done.stderr, "canary" in done.stderr), (2, True, False))
    for word in (f"--hoook={known}", f"-z{known}", known, f"http://127.0.0.1:8090{known}", f"--help={known}"):
        done = subprocess.run([PROGRAM, "--listen", "127.0.0.1:0", word], capture_output=True, text=True, timeout=60)
        expect(f"not an option: {done}", (done.returncode, "--help" in done.stderr, token in done.stderr), (2, True, False))
    labtest.figure("5 other addresses refused, in 6 configurations")


if __name__ == "__main__":
    labtest.run_tests(globals())
