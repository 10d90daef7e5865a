# SPDX-License-Identifier: MIT
"""MiniShop as the whole-process tests run it: the real program on a free port, its responses, its log and its metrics.

Python 3's standard library only. The programs come from $LAB_BUILD, or from the first build directory that has them.
"""
import asyncio
import dataclasses
import json
import os
import pathlib
import re
import signal
import socket
import time

import labtest
from labtest import TestFailure, wait_until

BUILDS = [pathlib.Path(os.environ["LAB_BUILD"])] if os.environ.get("LAB_BUILD") else [
    labtest.TOP / place for place in ("build", ".lab/test/plain", ".lab/build")]
# Nothing is random or slow unless the test asks for it.
CALM = {"payment.failure_rate": 0, "payment.latency_ms": 0, "inventory.latency_ms": 0, "inventory.stock": 0}
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")


def program(name):
    """The path of a program of this project; TestFailure if it is not built."""
    for build in BUILDS:
        if (build / name).exists():
            return build / name
    raise TestFailure(f"{name} is not built; looked in {', '.join(map(str, BUILDS))}")


def variables(settings):
    """The environment variables of configuration keys, such as "payment.latency_ms": 25."""
    return {f"MINISHOP_{key.replace('.', '_').upper()}": str(value).lower() if isinstance(value, bool) else str(value)
            for key, value in settings.items()}


@dataclasses.dataclass
class Response:
    """A response: header names are lower-case; repeated headers are joined with a comma."""
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def trace_id(self):
        return TRACEPARENT.fullmatch(self.headers["traceparent"])[1]

    @property
    def span_id(self):
        return TRACEPARENT.fullmatch(self.headers["traceparent"])[2]


class Shop(labtest.Engine):
    """A running minishop. settings: configuration keys as in minishop.conf, "payment.latency_ms": 25; collector: the base
    address that spans go to, none without one; log: where the JSON log goes instead of its usual file here; config: a
    configuration file; calm: whether failures and latencies are off unless settings say otherwise."""

    def __init__(self, directory, settings=None, collector=None, env=None, log=None, config=None, calm=True):
        directory = pathlib.Path(directory)
        self.port = labtest.free_port()
        self.json_log = pathlib.Path(log or directory / "minishop.json")
        traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_BSP_SCHEDULE_DELAY": "200"} if collector else {
            "OTEL_TRACES_EXPORTER": "none"}
        argv = [program("minishop"), "--listen", f"127.0.0.1:{self.port}", "--log-file", self.json_log]
        if config:
            argv += ["--config", config]
        super().__init__("minishop", argv, directory, f"http://127.0.0.1:{self.port}/readyz",
                         labtest.environment(traces, variables({**(CALM if calm else {}), **(settings or {})}), env or {}))

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def request(self, method, path, body=None, headers=None, timeout=20):
        """One request on its own connection. A body that is not bytes is sent as JSON, with that media type."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        status, received, content = labtest.http_request(self.port, method, path, body, headers, timeout)
        return Response(status, joined(received.items()), content)

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def order(self, body=None, headers=None):
        return self.request("POST", "/order", body, headers)

    def pay(self, order_id, headers=None):
        return self.request("POST", "/payment/pay", {"order_id": order_id}, headers)

    def connect(self, timeout=20):
        """A plain socket that is connected to the shop."""
        return socket.create_connection(("127.0.0.1", self.port), timeout)

    def raw(self, data, timeout=20):
        """Sends these bytes and returns everything received until the connection ends or is reset."""
        with self.connect(timeout) as sock:
            sock.sendall(data)
            return read_all(sock)

    def metrics(self):
        return Metrics(self.get("/metrics").body.decode())

    def records(self):
        """All records of its log so far. TestFailure for a line that is not a JSON object."""
        records = []
        for line in self.json_log.read_bytes().split(b"\n")[:-1]:  # the last line may not be whole yet, nor its last character
            record = json.loads(line.decode("utf-8"))
            if not isinstance(record, dict):
                raise TestFailure(f"a log line that is not an object: {line}")
            records.append(record)
        return records

    def logged(self, **fields):
        """The records that have these values, once there is one; TestFailure if none arrives."""
        return wait_until(f"a log line with {fields}", lambda: [
            record for record in self.records() if all(record.get(key) == value for key, value in fields.items())])

    def terminate(self, deadline=60.0):
        """Sends SIGTERM and returns (exit status, seconds). TestFailure if the process outlives the deadline."""
        began = time.monotonic()
        process = self.process
        process.send_signal(signal.SIGTERM)
        wait_until("minishop ends after SIGTERM", lambda: process.poll() is not None, deadline, 0.02)
        self.process = None
        return process.returncode, time.monotonic() - began


class Metrics:
    """A scrape in the text format: metrics["request_total", {"route": "/order"}] is the sum of the series with these labels."""

    SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: \d+)?')
    LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')

    def __init__(self, text):
        self.text = text
        self.samples = []
        for line in text.splitlines():
            if line and not line.startswith("#"):
                match = self.SAMPLE.fullmatch(line)
                if not match:
                    raise TestFailure(f"not a sample: {line!r}")
                self.samples.append((match[1], dict(self.LABEL.findall(match[2] or "")), float(match[3])))

    def series(self, name):
        """The label sets of one name."""
        return [labels for sample, labels, _ in self.samples if sample == name]

    def __getitem__(self, key):
        name, labels = key if isinstance(key, tuple) else (key, {})
        found = [value for sample, has, value in self.samples
                 if sample == name and all(has.get(label) == value for label, value in labels.items())]
        if not found:
            raise TestFailure(f"no sample {name}{labels}")
        return sum(found)


def joined(pairs):
    headers = {}
    for name, value in pairs:
        name = name.lower()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def read_all(sock):
    data = b""
    try:
        while part := sock.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    return data


def post(path, body=b"", headers=""):
    """The bytes of a POST, for tests that vary them. headers: whole lines, each with its CRLF."""
    kind = "Content-Type: application/json\r\n" if body else ""
    return f"POST {path} HTTP/1.1\r\nHost: shop\r\n{kind}Content-Length: {len(body)}\r\n{headers}\r\n".encode() + body


async def read_response(reader):
    """One HTTP/1.1 response with a Content-Length, or None if the connection ended before it."""
    head = b""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionResetError) as error:
        if getattr(error, "partial", b""):
            raise TestFailure(f"a response was cut: {error.partial!r}") from error
        return None
    lines = head.decode("latin-1").split("\r\n")
    headers = joined(line.split(": ", 1) for line in lines[1:] if line)
    try:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    except (asyncio.IncompleteReadError, ConnectionResetError) as error:
        raise TestFailure(f"a response's body was cut: {head!r}") from error
    return Response(int(lines[0].split(" ")[1]), headers, body)
