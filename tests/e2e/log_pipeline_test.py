#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The path of log lines through the collector, with the project's configuration and MiniShop's own rotation: from the file to an OTLP
receiver that replaces Loki. Every line arrives once, also if one of the programs is stopped meanwhile."""
import collections
import contextlib
import json
import os
import signal

import labtest
import log_sink
import shop as shops
import stack
from labtest import OBSERVABILITY, TestFailure, expect, wait_until

stack.need_engines("otelcol")
# A rotation every hundred lines.
SETTINGS = {"log.max_bytes": 65536, "log.keep": 50}


class Pipeline:
    """MiniShop, a collector that is started by the test, and the receiver. A context manager."""

    def __init__(self, directory):
        self.logs = directory / "logs"
        for folder in ("logs", "collector"):
            (directory / folder).mkdir()
        self.exits = contextlib.ExitStack()
        self.ordered = 0
        self.sink = log_sink.LogSink()
        self.shop = shops.Shop(directory, SETTINGS, log=self.logs / "minishop.log")
        http, metrics, health = labtest.free_ports(3)
        files = [OBSERVABILITY / "otel-collector" / name for name in ("config.yaml", "logs-collector.yaml", "traces-jaeger.yaml")]
        self.collector = labtest.Engine("collector", [stack.built("otelcol"), *(f"--config={file}" for file in files)], directory,
                                        f"http://127.0.0.1:{health}/", {
            **os.environ, "MINISHOP_LOGS": str(self.logs), "LOKI_OTLP": self.sink.url, "OTELCOL_STORAGE": str(directory / "collector"),
            "OTELCOL_HTTP_LISTEN": f"127.0.0.1:{http}", "OTELCOL_GRPC_LISTEN": "127.0.0.1:0", "OTELCOL_METRICS_HOST": "127.0.0.1",
            "OTELCOL_METRICS_PORT": str(metrics), "OTELCOL_HEALTH_LISTEN": f"127.0.0.1:{health}", "JAEGER_OTLP": "127.0.0.1:1",
            "PROMETHEUS_OTLP": "http://127.0.0.1:1"})

    def __enter__(self):
        self.exits.enter_context(self.sink)
        self.exits.callback(self.collector.stop)
        self.exits.enter_context(self.shop)
        return self

    def __exit__(self, *details):
        return self.exits.__exit__(*details)

    def orders(self, count):
        for _ in range(count):
            expect("an order's status", self.shop.order().status, 201)
        self.ordered += count

    def written(self):
        return collections.Counter(line for path in self.logs.iterdir() for line in path.read_text().split("\n")[:-1])

    def arrived(self):
        return collections.Counter(line for _, line in self.sink.lines())

    def wait_for_all(self):
        wait_until("every order has its line", lambda: sum('"order created"' in line for line in self.written().elements()) == self.ordered)
        wait_until("every line has arrived", lambda: not self.written() - self.arrived(), interval=0.2)

    def expect_each_once(self, rotations):
        self.wait_for_all()
        expect("duplicate lines", self.arrived() - self.written(), collections.Counter())
        for labels, line in self.sink.requests():
            record = json.loads(line)
            expect("the ids", (labels["trace_id"], labels["span_id"]), (record["trace_id"], record["span_id"]))
        seen = len(list(self.logs.iterdir())) - 1
        if seen < rotations:
            raise TestFailure(f"{seen} rotations; this is meant to see {rotations}")


def test_rotated_while_the_collector_is_away(directory):
    with Pipeline(directory) as pipeline:
        pipeline.collector.start()
        pipeline.orders(150)
        pipeline.wait_for_all()
        expect("the collector's exit status", pipeline.collector.stop(), 0)
        pipeline.orders(300)
        pipeline.collector.start()
        pipeline.orders(50)
        pipeline.expect_each_once(4)


def backlog_on_disk(pipeline):
    """Makes the collector hold lines that its destination does not accept."""
    pipeline.collector.start()
    pipeline.orders(20)
    pipeline.wait_for_all()
    pipeline.sink.away = True
    pipeline.orders(150)
    wait_until("the collector has tried", lambda: pipeline.sink.refused)


def test_restarted_while_the_destination_is_away(directory):
    """Lines that the collector has read but could not send are on its disk."""
    with Pipeline(directory) as pipeline:
        backlog_on_disk(pipeline)
        expect("the collector's exit status", pipeline.collector.stop(), 0)
        pipeline.orders(20)
        pipeline.collector.start()
        pipeline.orders(20)
        pipeline.sink.away = False
        pipeline.expect_each_once(1)


def test_killed_while_the_destination_is_away(directory):
    """No line is lost. A line may arrive twice if the collector had not recorded its offset yet."""
    with Pipeline(directory) as pipeline:
        backlog_on_disk(pipeline)
        pipeline.collector.stop(signal.SIGKILL)
        pipeline.orders(20)
        pipeline.collector.start()
        pipeline.sink.away = False
        pipeline.wait_for_all()
        expect("lines that the shop did not write", set(pipeline.arrived()) - set(pipeline.written()), set())


if __name__ == "__main__":
    labtest.run_tests(globals())
