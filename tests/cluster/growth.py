#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cost of growth: measures series, samples, spans, log bytes, memory and disk at 1, 3 and 30 replicas of MiniShop, and at one replica with
5,000 requests a second; checks the constants of the formulas; and computes the rest of the tables of docs/scaling.md.

    tests/cluster/growth.py [--write]     --write puts the tables into docs/scaling.md

The engines are the lab's Prometheus and collector, with the lab's own configuration. Takes about four minutes.
"""
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
import shop as shops  # noqa: E402
import stack as stacks  # noqa: E402
from control_plane import need  # noqa: E402
from labtest import claim, wait_until  # noqa: E402

try:
    import yaml
except ImportError:
    print("SKIP growth.py: yaml missing (tests/requirements.txt): what growth costs was not measured")
    sys.exit(labtest.SKIPPED)

DOCUMENT = labtest.TOP / "docs/scaling.md"
BEGIN, END = "<!-- tests/cluster/growth.py --write: from here -->", "<!-- to here -->"
CALM, BUSY = 12, 5000  # requests a second of a replica
MEASURED, COMPUTED = (1, 3, 30), (1, 3, 30, 3000)
CONNECTIONS = {CALM: 8, BUSY: 64}
SECONDS = 40
SCRAPE_S = 15  # the interval of the cluster's Prometheus
HEAD_SAMPLES = 3 * 3600 // SCRAPE_S  # Prometheus keeps up to three hours in memory before it writes a block
KIB, MIB, GIB, DAY = 1 << 10, 1 << 20, 1 << 30, 86400


@dataclasses.dataclass
class Figures:
    """The results of one run: bytes, counts, and means per request, line, span or sample."""
    replicas: int
    requests_s: float
    series: float  # of one replica
    spans_request: float
    otlp_span: float
    log_line: float
    shop_rss: float
    prometheus_rss: float
    prometheus_series: float
    chunk_sample: float
    index_series: float
    collector_rss: float


class Sink(labtest.HttpThread):
    """Receives OTLP and counts its uncompressed bytes."""

    def __init__(self):
        sink = self
        self.bytes = 0
        self.lock = threading.Lock()

        class SinkHandler(labtest.Handler):
            def do_POST(self):
                size = len(self.body())
                with sink.lock:
                    sink.bytes += size
                self.respond(200, b"", "application/x-protobuf")

        super().__init__(SinkHandler)


def shoppers(running, rate):
    """The lab's shoppers, with this rate at each replica."""
    connections = CONNECTIONS[rate]
    crowds = [subprocess.Popen(["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", labtest.OBSERVABILITY / "traffic/shoppers.lua", shop.url],
                               env={**os.environ, "SHOPPERS_RATE": str(rate), "SHOPPERS_CONNECTIONS": str(connections)},
                               stdout=subprocess.DEVNULL) for shop in running]
    for crowd in crowds:
        crowd.wait(SECONDS + 60)


def rss(engine):
    return int(re.search(r"^VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{engine.process.pid}/status").read_text(), re.MULTILINE)[1]) * KIB


def prometheus(directory, running):
    """Prometheus with the lab's configuration, for only these replicas."""
    [port] = labtest.free_ports(1)
    home = directory / "prometheus"
    (home / "targets").mkdir(parents=True)
    (home / "rules").symlink_to(labtest.OBSERVABILITY / "prometheus/rules")
    config = yaml.safe_load((labtest.OBSERVABILITY / "prometheus/prometheus.yml").read_text())
    config["alerting"] = {}
    # More samples in the same time: chunks as a running Prometheus fills them are longer still.
    config["global"] |= {"scrape_interval": "1s", "scrape_timeout": "1s"}
    (home / "prometheus.yml").write_text(json.dumps(config))
    (home / "targets/minishop.yml").write_text(json.dumps([{"targets": [f"127.0.0.1:{shop.port}" for shop in running]}]))
    engine = labtest.Engine("prometheus", [
        stacks.built("prometheus"), f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
        f"--web.listen-address=127.0.0.1:{port}", "--web.enable-admin-api", "--enable-feature=exemplar-storage"],
        home, f"http://127.0.0.1:{port}/-/ready")
    engine.url = f"http://127.0.0.1:{port}"
    return engine


def asked(engine, expression):
    """The value of a query with one series; 0 if it has none yet."""
    result = stacks.get(f"{engine.url}/api/v1/query", query=expression)["data"]["result"]
    return float(result[0]["value"][1]) if result else 0


def head_series(engine):
    return float(re.search(r"^prometheus_tsdb_head_series (\S+)", labtest.http_get(f"{engine.url}/metrics"), re.MULTILINE)[1])


def disk(engine):
    """(bytes of a sample in the chunks, bytes of a series in the index) of a block with all samples of this Prometheus."""
    request = urllib.request.Request(f"{engine.url}/api/v1/admin/tsdb/snapshot", b"", method="POST")
    with urllib.request.urlopen(request, timeout=60) as response:
        name = json.load(response)["data"]["name"]
    [block] = [path.parent for path in (engine.directory / "data/snapshots" / name).glob("*/meta.json")]
    stats = json.loads((block / "meta.json").read_text())["stats"]
    return (sum(file.stat().st_size for file in (block / "chunks").iterdir()) / stats["numSamples"],
            (block / "index").stat().st_size / stats["numSeries"])


def collector(directory, sink):
    """The agent of overlays/clusters, which sends to the counting receiver."""
    otlp, grpc, health, metrics = labtest.free_ports(4)
    home = directory / "collector"
    home.mkdir()
    files = [labtest.OBSERVABILITY / "otel-collector" / name for name in ("config.yaml", "logs-promtail.yaml", "traces-tempo.yaml")]
    plain = directory / "plain.yaml"
    plain.write_text("exporters: {otlp_http/tempo: {compression: none}}\n")
    argv = [stacks.built("otelcol"), *(f"--config={file}" for file in (*files, plain))]
    engine = labtest.Engine("collector", argv, home, f"http://127.0.0.1:{health}/", {
        "OTELCOL_HTTP_LISTEN": f"127.0.0.1:{otlp}", "OTELCOL_GRPC_LISTEN": f"127.0.0.1:{grpc}", "OTELCOL_HEALTH_LISTEN": f"127.0.0.1:{health}",
        "OTELCOL_METRICS_HOST": "127.0.0.1", "OTELCOL_METRICS_PORT": str(metrics), "OTELCOL_STORAGE": str(home), "TEMPO_OTLP": sink.url,
        "PROMETHEUS_OTLP": "http://127.0.0.1:1"})
    engine.otlp = f"http://127.0.0.1:{otlp}"
    return engine


def measure(replicas, rate):
    """One run."""
    with tempfile.TemporaryDirectory(prefix="minishop-") as name, contextlib.ExitStack() as exits:
        directory = pathlib.Path(name)
        sink = exits.enter_context(Sink())
        agent = exits.enter_context(collector(directory, sink))
        running = []
        for number in range(replicas):
            home = directory / f"shop-{number}"
            home.mkdir()
            running.append(exits.enter_context(shops.Shop(home, {"payment.failure_rate": 0.05, "log.max_bytes": 0}, agent.otlp)))
        engine = exits.enter_context(prometheus(directory, running))
        began = time.monotonic()
        shoppers(running, rate)
        seconds = time.monotonic() - began
        exported = wait_until("the spans have arrived", lambda: settled(running), 60)
        wait_until("Prometheus has scraped all", lambda: asked(engine, 'sum(request_total{job="minishop"})') == sum(
            shop.metrics()["request_total"] for shop in running), 60)
        chunk_sample, index_series = disk(engine)
        metrics = [shop.metrics() for shop in running]
        requests = sum(one["request_total"] for one in metrics)
        lines = sum(one["telemetry_log_lines_written_total"] for one in metrics)
        return Figures(
            replicas=replicas, requests_s=requests / seconds / replicas,
            series=asked(engine, 'avg(scrape_samples_post_metric_relabeling{job="minishop"})'),
            spans_request=sum(one["telemetry_spans_started_total"] for one in metrics) / requests, otlp_span=sink.bytes / exported,
            log_line=sum(shop.json_log.stat().st_size for shop in running) / lines, shop_rss=sum(map(rss, running)) / replicas,
            prometheus_rss=rss(engine), prometheus_series=head_series(engine), chunk_sample=chunk_sample, index_series=index_series,
            collector_rss=rss(agent))


def settled(running):
    """The number of exported spans, once every span is exported or dropped."""
    totals = [shop.metrics() for shop in running]
    ended = sum(one["telemetry_spans_exported_total"] + one["telemetry_spans_dropped_total"] for one in totals)
    return ended >= sum(one["telemetry_spans_started_total"] for one in totals) and sum(one["telemetry_spans_exported_total"] for one in totals)


def size(number):
    for unit, step in (("TiB", GIB << 10), ("GiB", GIB), ("MiB", MIB), ("KiB", KIB)):
        if number >= step:
            return f"{number / step:.3g} {unit}" if number / step < 1000 else f"{number / step:.0f} {unit}"
    return f"{number:.0f} B"


def count(number):
    return f"{float(f'{number:.3g}'):,.0f}" if number >= 10 else f"{number:.2g}"


class Model:
    """The constants of the formulas: from the largest run of each kind, and the slope from the smallest to the largest."""

    def __init__(self, runs, busy):
        first, last = runs[0], runs[-1]
        self.runs, self.busy = runs, busy
        self.spans, self.log = last.spans_request, last.log_line
        # A batch names its resource once, so spans in larger batches take fewer bytes.
        self.otlp = {CALM: last.otlp_span, BUSY: busy.otlp_span}
        # Including recorded series, and the series of the target itself.
        self.stored = (last.prometheus_series - first.prometheus_series) / (last.replicas - first.replicas)
        self.series_memory = max(0, last.prometheus_rss - first.prometheus_rss) / (last.prometheus_series - first.prometheus_series)
        self.base_memory = first.prometheus_rss - first.prometheus_series * self.series_memory
        self.chunk_sample, self.index_series = last.chunk_sample, last.index_series

    def constants(self):
        yield "s", "series of a replica, stored", f"{self.stored:.0f}"
        yield "p", "spans per request", f"{self.spans:.2f}"
        yield "t", f"bytes of a span in OTLP, without compression, at {CALM} and at {count(BUSY)} requests a second", " and ".join(
            f"{one:.0f}" for one in self.otlp.values())
        yield "l", "bytes of a log line", f"{self.log:.0f}"
        yield "m0", "memory of Prometheus without series", size(self.base_memory)
        yield "m", "memory of a new series in Prometheus", size(self.series_memory)
        yield "c", "bytes of a sample on disk", f"{self.chunk_sample:.2f}"
        yield "i", "bytes of a series in the index of a block of two hours", f"{self.index_series:.0f}"

    def memory_of(self, series):
        return series * (self.series_memory + HEAD_SAMPLES * self.chunk_sample)

    def row(self, replicas, rate):
        series, requests = self.stored * replicas, replicas * rate
        samples = series / SCRAPE_S
        return (count(replicas), count(rate), count(series), count(samples), count(requests * self.spans),
                size(requests * self.spans * self.otlp[rate]), size(requests * self.log), size(self.base_memory + self.memory_of(series)),
                size(DAY * samples * self.chunk_sample + DAY / 7200 * series * self.index_series), size(DAY * requests * self.log))


def configured(path, pattern):
    """A number of one of this project's configurations."""
    return float(re.search(pattern, (labtest.TOP / path).read_text())[1])


# The default per tenant, which this project's configuration keeps. Loki counts in thousands.
LOKI_BYTES_S = 4e6


def limits(model):
    """Yields (engine, its limit, the share of a replica at a rate, the next step)."""
    overlay = "deploy/kubernetes/overlays"
    gateways = configured(f"{overlay}/gateways/gateway.yaml", r"replicas: (\d+)")
    judged = configured(f"{overlay}/gateways/collector/gateway.yaml", r"num_traces: (\d+)") / configured(
        f"{overlay}/gateways/collector/gateway.yaml", r"decision_wait: (\d+)s")
    yield ("Loki as configured here", f"{LOKI_BYTES_S / 1e6:.0f} MB/s, its default for a tenant (`ingestion_rate_mb`)", LOKI_BYTES_S,
           lambda rate: rate * model.log, "raise the limit; then the Loki cluster; then the level warn (`log.level`), since the metrics count successful requests")
    yield (f"the {gateways:.0f} gateways", f"{judged * gateways:,.0f} traces a second (`num_traces` / `decision_wait`, each)", judged * gateways,
           lambda rate: rate, "more gateways, or more memory and `num_traces`; then a smaller share at the source (`OTEL_TRACES_SAMPLER`)")
    memory = configured(f"{overlay}/clusters/prometheus.yaml", r"limits: {memory: (\d+)Mi}") * MIB
    yield ("a Prometheus of the overlays", f"{size(memory)} of memory", memory - model.base_memory, lambda _: model.memory_of(model.stored),
           "a higher limit; then one Prometheus per group of replicas (sharding), and recording rules, so that Mimir or Thanos store less")


def replicas_at(limit, each):
    return f"{count(limit / each)}" if limit >= each else "less than one"


def table(head, rows, right=True):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(("---:" if right else "---") for _ in head) + "|"]
    return lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]


# They are those of Model.row().
FORMULAS = (
    ("series", "*s·R*"),
    ("samples a second", f"*s·R*/{SCRAPE_S}"),
    ("spans a second", "*p·q·R*"),
    ("bytes of these spans", "*t·p·q·R*"),
    ("bytes of the log, a second", "*l·q·R*"),
    ("memory of Prometheus", f"*m0* + (*m* + {HEAD_SAMPLES}*c*)·*s·R*"),
    ("its disk for a day", f"{DAY:,}·*c·s·R*/{SCRAPE_S} + {DAY // 7200}·*i·s·R*"),
    ("log for a day, uncompressed", f"{DAY:,}·*l·q·R*"),
)


def document(model):
    lines = ["Measured:", ""]
    lines += table(("replicas", "requests/s of each", "series of each", "spans per request", "bytes per span", "bytes per log line",
                    "MiniShop's memory", "Prometheus: series", "its memory", "collector's memory"),
                   [(one.replicas, count(one.requests_s), count(one.series), f"{one.spans_request:.2f}", f"{one.otlp_span:.0f}",
                     f"{one.log_line:.0f}", size(one.shop_rss), count(one.prometheus_series), size(one.prometheus_rss), size(one.collector_rss))
                    for one in (*model.runs, model.busy)])
    lines += ["", "Constants derived from the measurements:", ""]
    lines += table(("", "constant", "value"), [(f"*{name}*", what, value) for name, what, value in model.constants()], False)
    lines += ["", f"The formulas for *R* replicas with *q* requests a second each, scraped every {SCRAPE_S} s:", ""]
    lines += table(("quantity", "formula"), FORMULAS, False)
    lines += ["", "Prometheus keeps up to three hours in memory before it writes a block. So its memory includes the samples of three hours.", ""]
    lines += table(("replicas", "requests/s of each", "series", "samples/s", "spans/s", "span bytes/s", "log bytes/s", "Prometheus: memory",
                    "disk a day", "log a day"), [model.row(replicas, rate) for rate in (CALM, BUSY) for replicas in COMPUTED])
    traces = configured("observability/jaeger/config.yaml", r"max_traces: (\d+)")
    lines += ["", f"Jaeger keeps the last {traces:,.0f} traces in memory: {count(traces / CALM / 60)} minutes of one replica at {CALM}",
              f"requests a second and {count(traces / BUSY)} seconds at {count(BUSY)}. The next step is Tempo. The other engines reach their limits at these numbers of replicas:", ""]
    lines += table(("engine", "limit", f"at {CALM} requests/s", f"at {count(BUSY)}", "next step"), [
        (name, limit, replicas_at(room, each(CALM)), replicas_at(room, each(BUSY)), step) for name, limit, room, each, step in limits(model)], False)
    return "\n".join(lines) + "\n"


def near(a, b, part):
    return abs(a - b) <= part * max(a, b)


def check(model):
    """Checks the constants of the formulas. A single replica may not have had each payment failure yet, which has 25 series of its own."""
    for one in (*model.runs[1:], model.busy):
        first = model.runs[0]
        claim(f"{one.replicas} at {one.requests_s:.0f} requests a second each: series, spans and log bytes of a replica or a request as before",
              near(one.series, first.series, 0.1) and near(one.spans_request, first.spans_request, 0.05) and near(one.log_line, first.log_line, 0.05)
              and near(one.otlp_span, first.otlp_span, 0.3), (first, one))


def main():
    need("what growth costs was not measured", "otelcol", "otelcol")
    need("what growth costs was not measured", "prometheus", "prometheus")
    labtest.need("wrk")
    model = Model([measure(replicas, CALM) for replicas in MEASURED], measure(1, BUSY))
    text = document(model)
    print(text)
    check(model)
    if sys.argv[1:] == ["--write"]:
        before, rest = DOCUMENT.read_text().split(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}{END}{rest.split(END)[1]}")


if __name__ == "__main__":
    labtest.run_main(main)
