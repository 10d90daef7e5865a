# SPDX-License-Identifier: MIT
"""The whole stack as processes on free ports of 127.0.0.1, with the project's own configurations: minishop, slack-mock, Prometheus,
Alertmanager, the collector and Jaeger; Loki, Tempo, Promtail and Alloy where they are installed; and the queries of the tests.

The engines that Debian does not package come from $MINISHOP_ENGINES or the user's cache, where tests/engines/build.sh puts them. Loki,
Tempo, Promtail and Alloy are found in the folder that $MINISHOP_ENGINES_PATH names, then on $PATH. Without Loki, log_sink.py takes the lines.
"""
import functools
import json
import os
import pathlib
import shutil
import signal
import sys
import time
import urllib.parse
import urllib.request

import labtest
import shop as shops
from labtest import OBSERVABILITY, Skip, TestFailure, wait_until
from loop_test import HOOK, Slack

BUILD = labtest.TOP / "tests/engines/build.sh"
BUILT = {"otelcol": "otelcol", "jaeger": "jaeger", "prometheus": "prometheus", "promtool": "prometheus",
         "alertmanager": "alertmanager", "amtool": "alertmanager"}
COLLECTOR = OBSERVABILITY / "otel-collector"
NS = 1_000_000_000
REQUESTS = '{app="minishop"} | trace_id != ""'
FAILED = '{app="minishop"} |= "payment failed"'


@functools.cache
def built(name):
    """The path of a program that was built for this checkout, independent of other checkouts on this machine."""
    return labtest.engine_folder(BUILT[name]) / name


def installed(name):
    """The path of a program that this project does not build, or None."""
    places = [os.environ.get("MINISHOP_ENGINES_PATH", ""), os.environ.get("PATH", "")]
    return shutil.which(name, path=os.pathsep.join(filter(None, places)))


def need_installed(promise, *names):
    """Skips the tests that need these programs, and prints the untested promise."""
    missing = [name for name in names if not installed(name)]
    if missing:
        raise Skip(f"{promise}: {' and '.join(missing)} not installed (PATH or MINISHOP_ENGINES_PATH)")


def need_engines(*names):
    """Ends the test as skipped, and says how to build the programs, unless all of these exist; without names, all programs of the stack."""
    missing = [name for name in names or BUILT if not os.access(built(name), os.X_OK)]
    if missing:
        print(f"SKIP {pathlib.Path(sys.argv[0]).name}: no {', '.join(missing)} (looked in {built(missing[0]).parent}); "
              "tests/engines/build.sh builds them, where go is installed")
        sys.exit(labtest.SKIPPED)
    labtest.need(labtest.ALERTMANAGER, labtest.PROMETHEUS)


def get(url, **query):
    """A JSON response; TestFailure with the program's message if it refuses."""
    if query:
        url = f"{url}?{urllib.parse.urlencode(query)}"
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise TestFailure(f"{url}: {error.code} {error.read().decode(errors='replace')[:400]}") from error


class Stack(labtest.Programs):
    """A context manager; everything runs when it is entered. debian: Prometheus and Alertmanager are Debian's, not the containers'."""

    def __init__(self, directory, debian=False, shop_config=""):
        self.directory = pathlib.Path(directory)
        self.debian = debian
        ports = iter(labtest.free_ports(15))
        self.loki_port, self.jaeger_port, self.prometheus_port, self.alertmanager_port = (next(ports) for _ in range(4))
        self.otlp_port, self.collector_metrics, self.jaeger_metrics = (next(ports) for _ in range(3))
        self.ports = ports
        self.incident = self.directory / "incident.conf"
        self.incident.write_text("")
        self.logs = self.directory / "logs"
        for folder in ("logs", "collector"):
            (self.directory / folder).mkdir()
        # Settings that an incident changes are in the file: an incident cannot override a variable.
        config = self.directory / "minishop.conf"
        config.write_text(f'incident_file = "{self.incident}";\n{shop_config}')
        self.shop = shops.Shop(self.directory, collector=f"http://127.0.0.1:{self.otlp_port}", log=self.logs / "minishop.log",
                               config=config, calm=False)

    def _start(self, exits):
        self.loki = self.sink = None
        if installed("loki"):
            self.loki = self._loki().start(0)  # slow to start; the test waits for it at the end
            exits.callback(self.loki.stop)
        else:
            import log_sink  # not above: it needs opentelemetry-proto, which other users of this module do not
            self.sink = exits.enter_context(log_sink.LogSink())
        self.jaeger = exits.enter_context(self._jaeger())
        self.slack = exits.enter_context(Slack(self.directory))
        run = self._run_directory()
        self.alertmanager = exits.enter_context(self._alertmanager(run))
        self.prometheus = exits.enter_context(self._prometheus(run))
        self.collector = self._collector()
        exits.callback(self.collector.stop)
        self.collector.start()
        exits.callback(self.shop.stop)
        self.shop.start()
        self._wait_for_loki()

    @property
    def loki_url(self):
        return f"http://127.0.0.1:{self.loki_port}"

    @property
    def prometheus_url(self):
        return f"http://127.0.0.1:{self.prometheus_port}"

    @property
    def jaeger_url(self):
        return f"http://127.0.0.1:{self.jaeger_port}"

    @property
    def jobs(self):
        """What Prometheus scrapes."""
        ports = {"otel-collector": self.collector_metrics, "jaeger": self.jaeger_metrics}
        return ports | {"loki": self.loki_port} if self.loki else ports

    def _wait_for_loki(self):
        if self.loki:
            wait_until("Loki is ready", lambda: labtest.http_get(f"{self.loki_url}/ready"), 90)

    def _loki(self):
        data = self.directory / "loki"
        data.mkdir()
        return labtest.Engine("loki", [installed("loki"), f"-config.file={OBSERVABILITY}/loki/loki.yaml", "-config.expand-env=true"],
                              self.directory, None, {**os.environ, "LOKI_ADDRESS": "127.0.0.1", "LOKI_PORT": str(self.loki_port),
                                                     "LOKI_GRPC_PORT": str(next(self.ports)), "LOKI_DATA": str(data)})

    def _jaeger(self):
        names = ("JAEGER_HEALTH_PORT", "JAEGER_QUERY_GRPC_PORT", "JAEGER_OTLP_GRPC_PORT", "JAEGER_OTLP_HTTP_PORT")
        env = {name: str(next(self.ports)) for name in names}
        self.jaeger_otlp = env["JAEGER_OTLP_GRPC_PORT"]
        env |= {"JAEGER_ADDRESS": "127.0.0.1", "JAEGER_UI_PORT": str(self.jaeger_port), "JAEGER_METRICS_PORT": str(self.jaeger_metrics)}
        return labtest.Engine("jaeger", [built("jaeger"), "--config", OBSERVABILITY / "jaeger/config.yaml"], self.directory,
                              f"http://127.0.0.1:{env['JAEGER_HEALTH_PORT']}/status", {**os.environ, **env})

    def collector_engine(self, name, storage, port, metrics_port, health, *more, tempo="http://127.0.0.1:1"):
        """A collector with the project's configuration; more: further files; tempo: where that takes OTLP."""
        env = {**os.environ, "TEMPO_OTLP": tempo, "OTELCOL_HTTP_LISTEN": f"127.0.0.1:{port}", "OTELCOL_GRPC_LISTEN": "127.0.0.1:0",
               "OTELCOL_HEALTH_LISTEN": f"127.0.0.1:{health}", "OTELCOL_METRICS_HOST": "127.0.0.1",
               "OTELCOL_METRICS_PORT": str(metrics_port), "OTELCOL_STORAGE": str(storage), "MINISHOP_LOGS": str(self.logs),
               "PROMETHEUS_OTLP": f"{self.prometheus_url}/api/v1/otlp", "LOKI_OTLP": f"{self.loki_url}/otlp" if self.loki else self.sink.url,
               "JAEGER_OTLP": f"127.0.0.1:{self.jaeger_otlp}", "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test"}
        files = [COLLECTOR / file for file in ("config.yaml", *more)]
        return labtest.Engine(name, [built("otelcol"), *(f"--config={file}" for file in files)], self.directory,
                              f"http://127.0.0.1:{health}/", env)

    def _collector(self):
        return self.collector_engine("collector", self.directory / "collector", self.otlp_port, self.collector_metrics,
                                     next(self.ports), "logs-collector.yaml", "traces-jaeger.yaml")

    def _run_directory(self):
        run = labtest.run_directory(self.directory / "run", self.shop.port, self.slack.port, self.alertmanager_port,
                                    self.prometheus_port, self.slack.url + HOOK)
        (run / "prometheus/targets/stack.yml").write_text("".join(
            f'- targets: ["127.0.0.1:{port}"]\n  labels: {{job: {job}}}\n' for job, port in self.jobs.items()))
        return run

    def tempo_engine(self, directory):
        """Tempo with the project's configuration; its addresses for OTLP and for queries."""
        ports = labtest.free_ports(3)
        env = {"TEMPO_ADDRESS": "127.0.0.1", "TEMPO_DATA": str(directory), **dict(zip(
            ("TEMPO_PORT", "TEMPO_GRPC_PORT", "TEMPO_OTLP_HTTP_PORT"), map(str, ports)))}
        engine = labtest.Engine("tempo", [installed("tempo"), f"-config.file={OBSERVABILITY}/tempo/tempo.yaml", "-config.expand-env=true"], directory,
                                f"http://127.0.0.1:{ports[0]}/ready", {**os.environ, **env})
        return engine, f"http://127.0.0.1:{ports[2]}", f"http://127.0.0.1:{ports[0]}"

    def promtail_engine(self, directory, logs):
        """Promtail with the project's configuration, for the log files in this folder."""
        ports = labtest.free_ports(2)
        env = {"PROMTAIL_ADDRESS": "127.0.0.1", "PROMTAIL_PORT": str(ports[0]), "PROMTAIL_GRPC_PORT": str(ports[1]),
               "PROMTAIL_DATA": str(directory), "MINISHOP_LOGS": str(logs), "LOKI_PUSH": self.loki_url}
        return labtest.Engine("promtail", [installed("promtail"), f"-config.file={OBSERVABILITY}/promtail/promtail.yaml", "-config.expand-env=true"],
                              directory, f"http://127.0.0.1:{ports[0]}/ready", {**os.environ, **env})

    def alloy_engine(self, directory, logs):
        """Alloy with the project's configuration, for the log files in this folder."""
        [port] = labtest.free_ports(1)
        return labtest.Engine("alloy", [installed("alloy"), "run", f"--server.http.listen-addr=127.0.0.1:{port}", f"--storage.path={directory}",
                                        "--disable-reporting", OBSERVABILITY / "alloy/config.alloy"], directory,
                              f"http://127.0.0.1:{port}/-/ready", {**os.environ, "MINISHOP_LOGS": str(logs), "LOKI_PUSH": self.loki_url})

    def _alertmanager(self, run):
        engine = labtest.alertmanager_engine(run, self.alertmanager_port)
        if not self.debian:
            engine.argv[0] = str(built("alertmanager"))
        return engine

    def _prometheus(self, run):
        engine = labtest.prometheus_engine(run, self.prometheus_port)
        if not self.debian:
            engine.argv[0] = str(built("prometheus"))
            engine.argv.append("--web.enable-otlp-receiver")
        return engine

    def interrupt_logs(self, pause):
        """The destination of the lines is unavailable for this many seconds: Loki is restarted, or the sink does not respond."""
        if self.loki:
            self.loki.stop(timeout=60)
            time.sleep(pause)
            self.loki.start()
            self._wait_for_loki()
        else:
            self.sink.away = True
            time.sleep(pause)
            self.sink.away = False

    # Queries.

    def query(self, expression, when=None):
        """An instant query: [(labels, number)]."""
        response = get(f"{self.prometheus_url}/api/v1/query", query=expression, **({"time": when} if when else {}))
        return [(series["metric"], float(series["value"][1])) for series in response["data"]["result"]]

    def query_range(self, expression, seconds=300, step=5):
        """[(labels, [numbers])], without values such as NaN."""
        now = time.time()
        response = get(f"{self.prometheus_url}/api/v1/query_range", query=expression, start=now - seconds, end=now, step=step)
        return [(series["metric"], [float(value) for _, value in series["values"] if value != "NaN"])
                for series in response["data"]["result"]]

    def exemplars(self, expression, seconds=300):
        """The labels of all exemplars of the series in expression."""
        now = time.time()
        response = get(f"{self.prometheus_url}/api/v1/query_exemplars", query=expression, start=now - seconds, end=now)
        return [exemplar["labels"] for series in response["data"] for exemplar in series["exemplars"]]

    def lines(self, expression, seconds=600, limit=5000):
        """Loki's log lines, oldest first: [(labels and structured metadata, line)]."""
        now = time.time_ns()
        response = get(f"{self.loki_url}/loki/api/v1/query_range", query=expression, start=now - seconds * NS, end=now + 60 * NS,
                       limit=limit, direction="forward")
        if response["data"]["resultType"] != "streams":
            raise TestFailure(f"{expression} selects no lines")
        found = [(int(when), stream["stream"], line) for stream in response["data"]["result"] for when, line in stream["values"]]
        return [(labels, line) for _, labels, line in sorted(found, key=lambda entry: entry[0])]

    def request_lines(self):
        """[(labels, line)] of all requests that have arrived at the destination of the lines: Loki, or the sink."""
        return self.lines(REQUESTS) if self.loki else self.sink.requests()

    def failed_lines(self):
        """[(labels, line)] of all failed payments."""
        return self.lines(FAILED) if self.loki else self.sink.failed()

    def loki_metric(self, expression):
        now = time.time_ns()
        response = get(f"{self.loki_url}/loki/api/v1/query_range", query=expression, start=now - 300 * NS, end=now, step=15)
        return response["data"]["result"] if response["data"]["resultType"] == "matrix" else []

    def trace(self, trace_id):
        """The spans of a trace in Jaeger's own form, sorted by start; an empty list if it has none."""
        try:
            with urllib.request.urlopen(f"{self.jaeger_url}/api/traces/{trace_id}", timeout=30) as response:
                data = json.load(response)["data"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return []
            raise
        return sorted((span for trace in data for span in trace["spans"]), key=lambda span: span["startTime"])

    def resource(self, trace_id):
        """The attributes of the process that the trace's spans come from, as Jaeger has them."""
        [trace] = get(f"{self.jaeger_url}/api/traces/{trace_id}")["data"]
        [process] = trace["processes"].values()
        return {"service.name": process["serviceName"], **{tag["key"]: tag["value"] for tag in process["tags"]}}

    def search(self, **query):
        """Jaeger's search: a list of traces."""
        return get(f"{self.jaeger_url}/api/traces", **query)["data"]


def reload(stack, incident):
    """Sets the incident and waits until minishop's log confirms it."""
    def reloads():
        return sum(path.read_text().count('"configuration reloaded"') for path in stack.logs.glob("minishop.log*"))
    before = reloads()
    stack.incident.write_text(incident)
    stack.shop.process.send_signal(signal.SIGHUP)
    wait_until("minishop has reloaded", lambda: reloads() > before)
