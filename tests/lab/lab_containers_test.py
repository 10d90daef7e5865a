#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The lab's commands with containers instead of the native lab: status, logs, trace, incident. The shop and slack-mock are real;
docker-compose is a stand-in on the PATH that controls these processes as Compose would control containers."""
import contextlib
import gzip
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
import shop as shops  # noqa: E402
from labtest import TestFailure, contains, expect, wait_until, without  # noqa: E402

# Asks the test what to do. Commands for a container run here, with the test's folders as its volumes.
STAND_IN = """#!/usr/bin/env python3
import json, os, sys, urllib.request
words = [word.replace("/var/log/minishop", os.environ["FAKE_LOGS"]).replace("/etc/minishop/incident", os.environ["FAKE_INCIDENT"])
         for word in sys.argv[1:]]
request = urllib.request.Request(os.environ["FAKE_COMPOSE"], json.dumps([os.path.basename(sys.argv[0])] + words).encode())
response = json.load(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request))
if response["run"]:
    os.execvp("sh", words[words.index("sh"):])
sys.stdout.write(response["out"])
sys.stderr.write(response["err"])
sys.exit(response["status"])
"""
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ORDER_TRACE = "0af7651916cd43dd8448eb211c80319c"
SERVICES = ["minishop", "slack-mock", "traffic", "otel-collector", "prometheus", "jaeger"]


def tags(**values):
    return [{"key": key.replace("__", "."), "value": value} for key, value in values.items()]


def jaeger_trace(trace_id=TRACE):
    def span(span_id, name, start, duration, references, values, logs=()):
        return {"traceID": trace_id, "spanID": span_id, "operationName": name, "startTime": 1764201600000000 + start, "duration": duration,
                "references": references, "tags": tags(**values), "logs": list(logs), "processID": "p1"}
    return {"traceID": trace_id, "processes": {}, "spans": [
        span("b" * 16, "ChargeCard", 1000, 400000, [{"refType": "CHILD_OF", "traceID": trace_id, "spanID": "a" * 16}],
             {"error": True, "error__type": "gateway_timeout", "otel__status_description": "The payment provider did not answer in time."},
             [{"timestamp": 1764201600401000, "fields": tags(event="charge failed", reason="gateway_timeout")}]),
        span("a" * 16, "ProcessPayment", 0, 402000, [{"refType": "FOLLOWS_FROM", "traceID": ORDER_TRACE, "spanID": "c" * 16}],
             {"span__kind": "server", "http__response__status_code": 504, "shop__order__id": "ord_1", "client__address": "10.0.0.1"})]}


class Backends(labtest.HttpThread):
    """A Jaeger and a Loki that have one trace, and the programs that only need to return 200."""

    def __init__(self):
        backends = self
        self.alerts = ["MiniShopHighErrorRate"]

        class Handler(labtest.Handler):
            def do_GET(self):
                path, _, query = self.path.partition("?")
                if path == f"/api/traces/{TRACE}":
                    content = {"data": [jaeger_trace()]}
                elif path.startswith("/api/traces/"):
                    return self.respond(404, b"{}")
                elif path == "/api/traces":
                    content = {"data": [jaeger_trace()]}
                elif path == "/loki/api/v1/query_range":
                    line = json.dumps({"timestamp": "2025-11-27T00:00:00.402Z", "level": "ERROR", "message": "payment failed", "trace_id": TRACE,
                                       "reason": "gateway_timeout", "status": 504, "detail": "Pay the order again in a moment."})
                    content = {"data": {"result": [{"stream": {}, "values": [["1", line]]}]}}
                elif path == "/api/v2/alerts":
                    content = [{"labels": {"alertname": name}} for name in backends.alerts]
                else:
                    content = {}
                self.respond(200, json.dumps(content).encode(), "application/json")

        super().__init__(Handler)


class Containers:
    """A clone of the project with processes in place of its containers, and a stand-in for Compose. name: the stand-in's name."""

    def __init__(self, directory, name="docker-compose"):
        self.clone = directory / "clone"
        self.clone.mkdir()
        for entry in ("lab", "lab.d", "observability", "etc"):
            source = labtest.TOP / entry
            (shutil.copytree if source.is_dir() else shutil.copy)(source, self.clone / entry)
        self.active = directory / "incident/incident.conf"
        self.active.parent.mkdir()
        self.logs = directory / "logs"
        self.logs.mkdir()
        self.calls = []
        self.deaf = False  # Compose reports that it sent the signal, but it did not
        self.refused = None  # the error of Docker
        self.running = set(SERVICES)
        bin_directory = directory / "bin"
        bin_directory.mkdir()
        stand_in = bin_directory / name.split()[0]
        stand_in.write_text(STAND_IN)
        stand_in.chmod(0o755)
        self.name = name
        stack = self.stack = contextlib.ExitStack()
        containers = self

        class Compose(labtest.Handler):
            def do_POST(self):
                words = json.loads(self.body())
                containers.calls.append(words)
                out, err, status = containers.compose(words[1:] if containers.name == "docker-compose" else words[2:])
                self.respond(200, json.dumps({"out": out, "err": err, "status": status, "run": "sh" in words}).encode(), "application/json")

        server = stack.enter_context(labtest.HttpThread(Compose))
        self.backends = stack.enter_context(Backends())
        # In the file, not in the environment: an incident cannot override a variable.
        (directory / "minishop.conf").write_text("payment = { failure_rate = 0.0; latency_ms = 0.0; };\n")
        self.shop = stack.enter_context(shops.Shop(directory, {"incident_file": self.active, "seed": 7}, log=self.logs / "c0ffee.log", calm=False,
                                                   config=directory / "minishop.conf"))
        self.slack_port = labtest.free_port()
        self.slack = stack.enter_context(labtest.Engine(
            "slack-mock", [shops.program("slack-mock"), "--listen", f"127.0.0.1:{self.slack_port}"], directory,
            f"http://127.0.0.1:{self.slack_port}/healthz"))
        ports = {"MINISHOP": self.shop.port, "SLACK_MOCK": self.slack_port,
                 **dict.fromkeys(("PROMETHEUS", "ALERTMANAGER", "GRAFANA", "LOKI", "JAEGER"), self.backends.port)}
        (self.clone / ".env").write_text("TRACE_STORE=jaeger\n" + "".join(f"{key}_PORT={port}\n" for key, port in ports.items()))
        clean = {key: value for key, value in os.environ.items()
                 if not key.startswith(("LAB_", "OTEL_", "MINISHOP_", "COMPOSE_")) and key not in (*(f"{key}_PORT" for key in ports), "TRACE_STORE")}
        self.env = {**clean, "PATH": f"{bin_directory}:{clean['PATH']}", "FAKE_COMPOSE": server.url, "FAKE_LOGS": str(self.logs), "FAKE_INCIDENT": str(self.active.parent),
                    "http_proxy": "http://127.0.0.1:9", "no_proxy": ""}

    def compose(self, words):
        """Simulates Compose: (standard output, standard error, exit status)."""
        if self.refused:
            return "", self.refused, 1
        if words[0] == "version":
            return "", "", 0
        if words[:2] == ["ps", "-q"]:
            return "".join(f"{name}\n" for name in sorted(self.running) if name in (words[2:] or [name])), "", 0
        if words[0] == "ps":
            return "".join(f"{name}\n" for name in sorted(self.running)), "", 0
        if words[0] == "kill":
            if not self.deaf:
                self.shop.process.send_signal(getattr(__import__("signal"), "SIG" + words[2]))
        elif words[0] == "stop":
            self.running.discard(words[1])
            if words[1] == "minishop":
                self.shop.stop()
        elif words[0] == "start":
            self.running.add(words[1])
            if words[1] == "minishop":
                self.shop.start()
        elif words[0] not in ("exec", "run") or (words[0] == "exec" and words[2] not in self.running):
            return "", f"no such command or container: {words}", 1
        return "", "Killing clone_minishop_1 ... done\n", 0

    def __call__(self, *words, status=0, timeout=120, **env):
        return labtest.run_lab(self.clone / "lab", words, {**self.env, **env}, status, timeout)

    def pay(self):
        return self.shop.pay(self.shop.order().json["order_id"])

    def slack_mode(self):
        return labtest.http_json(f"{self.slack.ready_url.removesuffix('/healthz')}/control")["mode"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stack.close()


def test_status(directory):
    with Containers(directory) as lab:
        lab.running.add("grafana")
        text = lab("status", status=1)  # Alertmanager and Loki do not run
        contains(text, "run (docker-compose)", f"minishop       healthy, {lab.shop.url}", "prometheus     healthy", "grafana        healthy",
                 "loki           does not run", "traffic        runs", "incident       none", "jaeger")
        lab.running |= {"alertmanager", "loki"}
        without(lab("status"), "does not run", "NOT READY")
        contains(lab("status", status=1, LOG_SHIPPER="alloy"), "alloy          does not run")
        lab.running.add("alloy")
        contains(lab("status", LOG_SHIPPER="alloy"), "alloy          runs")


def test_compose_v2_is_found(directory):
    with Containers(directory, "docker compose") as lab:
        # If docker-compose is installed too, ./lab asks it first, and it finds nothing.
        (directory / "bin/docker-compose").write_text("#!/bin/sh\nexit 1\n")
        (directory / "bin/docker-compose").chmod(0o755)
        contains(lab("status", status=1), "run (docker compose)", "minishop       healthy")


def test_incidents_take_effect(directory):
    with Containers(directory) as lab:
        expect("before", lab.pay().status, 200)
        said = lab("incident", "payment-outage")
        contains(said, "What to watch", "the Slack channel", "/alerts (pending, then firing)")
        without(said, "Killing", "/classic")  # Prometheus 3 has no classic pages
        contains(lab("status", status=1), "incident       payment-outage")
        codes = {response.json["code"] for response in (lab.pay() for _ in range(40)) if response.status != 200}
        expect("what an outage of the provider looks like", codes, {"gateway_error", "gateway_timeout"})
        contains(lab("incident", "card-declines"), "payment-outage ends: card-declines takes its place")
        statuses = {lab.pay().status for _ in range(40)}
        expect("what declined cards look like", statuses, {200, 402})
        contains(lab("incident", "clear"), "card-declines is over. MiniShopHighErrorRate still fires; within three minutes the Slack channel shows it as resolved")
        expect("the file is gone", lab.active.exists(), False)
        lab("incident", "card-declines")
        lab.backends.alerts = ["MiniShopHighErrorRate", "MiniShopDown", "MiniShopHighErrorRate"]
        contains(lab("incident", "clear"), "MiniShopDown and MiniShopHighErrorRate still fire; within three minutes the Slack channel shows them as resolved")
        contains(lab("incident", "clear"), "Nothing was broken")

        contains(lab("incident", "slack-outage"), "silent as long as Slack is broken")
        expect("slack-mock", lab.slack_mode(), "outage")
        lab("incident", "clear")
        expect("slack-mock afterwards", lab.slack_mode(), "ok")

        contains(lab("incident", "collector-down"), "otel-collector stopped")
        expect("the collector", "otel-collector" in lab.running, False)
        contains(lab("status", status=1), "exported to the collector, which does NOT run")
        lab("incident", "clear")
        expect("the collector afterwards", "otel-collector" in lab.running, True)


def test_the_shop_stops_and_comes_back(directory):
    with Containers(directory) as lab:
        old = lab.pay().trace_id
        contains(lab("incident", "service-down"), "minishop       stopped", "To end it: ./lab incident clear")
        contains(lab("status", status=1), "minishop       does not run", "incident       service-down")
        contains(lab("logs", old), "payment succeeded", old)  # in a container that ends with it
        contains(lab("logs"), "minishop does not run", "service stopped")
        contains(lab("incident", "clear"), "minishop       started")
        expect("it responds", lab.pay().status, 200)
        lab.compose(["stop", "minishop"])  # changed by hand, not as an incident
        contains(lab("incident", "clear"), "minishop       started")


def test_what_was_not_confirmed_is_not_claimed(directory):
    with Containers(directory) as lab:
        lab.deaf = True
        contains(lab("incident", "payment-outage", status=1), "has not confirmed the change within 15 s")
        expect("the file", lab.active.exists(), False)
        lab.deaf = False
        conf = lab.clone / "observability/incidents/payment-outage.conf"
        conf.write_text("# Nonsense\npayment = { failure_rate = 7.0; };\n")
        contains(lab("incident", "payment-outage", status=1), "minishop refused the change", "payment.failure_rate takes a number from 0 to 1")
        expect("the file", lab.active.exists(), False)


def test_logs(directory):
    with Containers(directory) as lab:
        record = {"timestamp": "2026-01-01T00:00:00.000000000Z", "level": "WARN", "message": "payment failed", "order_id": "ord_old", "status": 402,
                  "trace_id": TRACE, "reason": "card_declined", "duration_ms": 12.34, "request_id": "caller-1"}
        (lab.logs / "c0ffee.log.1").write_text(json.dumps(record) + "\n")
        older = {**record, "timestamp": "2025-01-01T00:00:00.000000000Z", "message": "order created"}
        with gzip.open(lab.logs / "gone.log.2.gz", "wt") as packed:
            packed.write(json.dumps(older) + "\n")
        text = lab("logs", TRACE)
        expect("lines", [line.split()[2] for line in text.splitlines()], ["order", "payment"])
        contains(text, "payment failed order_id=ord_old reason=card_declined status=402 duration_ms=12.3", f" trace_id={TRACE}\n")
        for name in (TRACE[:8], "ord_old", "caller-1"):
            expect(f"lines of {name}", len(lab("logs", name).splitlines()), 2)
        expect("raw", json.loads(lab("logs", "--raw", "caller-1").splitlines()[1]), record)
        contains(lab("logs", "caller", status=1), "no line of the log has the id caller")
        trace_id = lab.pay().trace_id
        with subprocess.Popen([lab.clone / "lab", "logs"], env=lab.env, stdout=subprocess.PIPE, text=True, start_new_session=True) as logs:
            try:
                wait_until("the newest lines come", lambda: trace_id in logs.stdout.readline(), interval=0)
            finally:
                os.killpg(logs.pid, 15)


def test_trace(directory):
    with Containers(directory) as lab:
        for words in ((), ("failed",), ("slow",), (TRACE,), (TRACE[:8].upper(),)):
            text = lab("trace", *words)
            contains(text, TRACE, "ProcessPayment", "  ChargeCard", "402.0 ms", "error: The payment provider did not answer in time.",
                     "error.type=gateway_timeout", "at 401.0 ms: charge failed reason=gateway_timeout", f"linked to {ORDER_TRACE}",
                     "payment failed reason=gateway_timeout", "Pay the order again", f"./lab logs {TRACE}", f"./lab trace {ORDER_TRACE}")
            wide = [line for line in text.splitlines() if len(line) > 80 and "http://" not in line]
            expect("lines beyond 80 columns", wide, [])
            without(text, "client.address", "\x1b")
        contains(lab("trace", ORDER_TRACE, status=1), f"no trace {ORDER_TRACE}")
        contains(lab("trace", "0af76519", status=1), "no recent trace begins with 0af76519")
        contains(lab("trace", "4bf92", status=2), "is not a trace id")
        (lab.clone / ".env").write_text("TRACE_STORE=tempo\n")
        contains(lab("trace", status=1), "Tempo keeps the traces")


def test_docker_that_may_not_be_used(directory):
    with Containers(directory) as lab:
        lab.refused = "PermissionError: [Errno 13] Permission denied\n"
        for command in ("status", "logs", "trace", ("incident", "clear")):
            text = lab(*([command] if isinstance(command, str) else command), status=1)
            contains(text, "./lab up first", "docker-compose up -d", "may not use Docker")
            expect(f"lines of {command}", len(text.splitlines()), 2)


def test_docker_that_is_not_there(directory):
    with Containers(directory) as lab:
        lab.env["PATH"] = lab.env["PATH"].split(":", 1)[1]
        lab.env["DOCKER_HOST"] = "unix:///nonexistent"
        began = time.monotonic()
        contains(lab("status", status=1), "the lab does not run: ./lab up first, or docker-compose up -d")
        if time.monotonic() - began > 20:  # Docker's own deadlines are longer
            raise TestFailure("that took long")


if __name__ == "__main__":
    labtest.need("jq", "curl", "python3")
    labtest.run_tests(globals())
