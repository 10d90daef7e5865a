#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""From MiniShop's log files to the log store: the real minishop, the real logrotate with the project's own file, the real collector with
the project's configuration, and a store that counts.
"""
import collections
import contextlib
import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
import shop as shops  # noqa: E402
import stack as stacks  # noqa: E402
from labtest import OBSERVABILITY, Skip, TestFailure, wait_until  # noqa: E402

CLOCK_REALTIME_COARSE = 5  # from linux/time.h, because Python has no name for it

# The folder of Debian's logrotate, which is not in the PATH of ordinary users.
SBIN = "/usr/sbin:/sbin"
BATCH_MAX = 2000


class Store(labtest.HttpThread):
    """Stands in for Loki's OTLP endpoint. .lines: how often each line came; .batches: lines of each request; .status: its response."""

    def __init__(self):
        store = self
        self.lines = collections.Counter()
        self.batches = []
        self.status = 200

        class StoreHandler(labtest.Handler):
            def do_POST(self):
                body = self.body()
                body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
                records = [record["body"]["stringValue"] for resource in json.loads(body)["resourceLogs"]
                           for scope in resource["scopeLogs"] for record in scope["logRecords"]]
                store.batches.append(len(records))
                if store.status == 200:
                    store.lines.update(records)
                self.respond(store.status, b"{}", "application/json")

        super().__init__(StoreHandler)


def collector(directory, store, logs):
    """The project's collector for LOG_SHIPPER=collector; to this store, and in JSON, which needs no library here."""
    program = stacks.built("otelcol")
    if not program.exists():
        raise Skip(f"the collector is not built: every log line reaches the store once, whatever rotates the files (looked for {program})")
    json_log = directory / "json.yaml"
    json_log.write_text("exporters: {otlp_http/loki: {encoding: json}}\n")
    storage = directory / "storage"
    storage.mkdir(exist_ok=True)
    otlp, grpc, health, metrics = labtest.free_ports(4)
    files = [OBSERVABILITY / "otel-collector" / name for name in ("config.yaml", "logs-collector.yaml", "traces-tempo.yaml")] + [json_log]
    env = {**os.environ, "MINISHOP_LOGS": str(logs), "LOKI_OTLP": store.url, "OTELCOL_STORAGE": str(storage),
           "OTELCOL_HTTP_LISTEN": f"127.0.0.1:{otlp}", "OTELCOL_GRPC_LISTEN": f"127.0.0.1:{grpc}",
           "OTELCOL_HEALTH_LISTEN": f"127.0.0.1:{health}", "OTELCOL_METRICS_HOST": "127.0.0.1", "OTELCOL_METRICS_PORT": str(metrics),
           "TEMPO_OTLP": "http://127.0.0.1:1", "PROMETHEUS_OTLP": "http://127.0.0.1:1"}
    engine = labtest.Engine("collector", [program, *(f"--config={file}" for file in files)], directory,
                            f"http://127.0.0.1:{health}/", env)
    engine.metrics_url = f"http://127.0.0.1:{metrics}/metrics"
    return engine


class Logrotate:
    """The project's etc/minishop.logrotate, for these files and this process."""

    def __init__(self, directory, logs, pid):
        program = shutil.which("logrotate") or shutil.which("logrotate", path=SBIN)
        if not program:
            raise Skip("logrotate is missing: no line is lost when the project's own logrotate file rotates the log")
        pid_file = directory / "minishop.pid"
        pid_file.write_text(str(pid))
        text = (labtest.TOP / "etc/minishop.logrotate").read_text()
        text = text.replace("/var/log/minishop/", f"{logs}/").replace("/run/minishop/minishop.pid", str(pid_file))
        self.file = directory / "minishop.logrotate"
        self.file.write_text(text)
        self.file.chmod(0o644)
        self.argv = [program, "--force", "--state", str(directory / "logrotate.state"), str(self.file)]
        self.logs = logs

    def rotate(self, shop):
        """Rotates once and returns when the new file exists. The name of a rotated file holds a second, so each rotation needs a
        second of its own, on the clock that logrotate's time() reads. That clock is a few milliseconds behind time.time()."""
        last = max((int(path.name.removesuffix(".gz").rpartition("-")[2]) for path in self.logs.glob("minishop.log.*")), default=0)
        wait_until("the next second", lambda: time.clock_gettime(CLOCK_REALTIME_COARSE) >= last + 1)
        done = subprocess.run(self.argv, capture_output=True, text=True, check=False)
        if done.returncode != 0 or "error" in done.stderr:
            raise TestFailure(f"logrotate: {done.stderr}")
        wait_until("minishop writes into a new file", shop.json_log.exists)


def written(logs):
    """Every line in every file, compressed ones too."""
    lines = collections.Counter()
    for path in logs.iterdir():
        opened = gzip.open(path, "rt") if path.suffix == ".gz" else path.open()
        with opened as file:
            lines.update(line.rstrip("\n") for line in file)
    return lines


def everything_once(store, logs):
    """Waits until the store has every line; it may have no line twice, and nothing else."""
    wait_until("all lines in the store", lambda: not written(logs) - store.lines)
    more = store.lines - written(logs)
    if more:
        raise TestFailure(f"{sum(more.values())} of {sum(store.lines.values())} lines are not in a file, or twice: {list(more)[:1]}")


def log_folder(directory):
    """Makes a folder that logrotate accepts: others cannot write to it."""
    logs = directory / "logs"
    logs.mkdir()
    os.chmod(directory, 0o755)
    os.chmod(logs, 0o755)
    return logs


@contextlib.contextmanager
def running(directory):
    """A shop that logs into a folder, and a store."""
    logs = log_folder(directory)
    with Store() as store, shops.Shop(directory, log=logs / "minishop.log") as shop:
        yield store, logs, shop


def orders(shop, count):
    for _ in range(count):
        shop.order()


def test_no_line_is_lost_when_logrotate_rotates(directory):
    """Once while the collector runs, and twice while it is away, as logrotate compresses one rotation later."""
    with running(directory) as (store, logs, shop):
        rotation = Logrotate(directory, logs, shop.process.pid)
        with collector(directory, store, logs):
            orders(shop, 20)
            rotation.rotate(shop)
            orders(shop, 20)
            everything_once(store, logs)
        orders(shop, 20)
        rotation.rotate(shop)
        orders(shop, 20)
        with collector(directory, store, logs):
            everything_once(store, logs)
            # Its first file is compressed now. It has no new data, and its bytes are not lines.
            rotation.rotate(shop)
            if not list(logs.glob("*.gz")):
                raise TestFailure(f"nothing was compressed: {sorted(path.name for path in logs.iterdir())}")
            orders(shop, 20)
            everything_once(store, logs)


def test_no_other_process_gets_the_signal(directory):
    """A crash left the pid file, and its number belongs to another process, which SIGHUP would end."""
    logs = log_folder(directory)
    with subprocess.Popen(["sleep", "60"]) as other:
        for pid in (other.pid, "", "x"):
            rotation = Logrotate(directory, logs, pid)
            (logs / "minishop.log").write_text("{}\n")
            done = subprocess.run(rotation.argv, capture_output=True, text=True, check=False)
            if done.returncode != 0 or "error" in done.stderr:
                raise TestFailure(f"logrotate with the pid {pid!r}: {done.stderr}")
            (logs / "minishop.log").unlink(missing_ok=True)
            for path in logs.iterdir():
                path.unlink()
        if other.poll() is not None:
            raise TestFailure("another process got the signal")
        other.terminate()


def test_no_line_is_lost_when_minishop_rotates(directory):
    logs = directory / "logs"
    logs.mkdir()
    with Store() as store, shops.Shop(directory, {"log.max_bytes": 20000, "log.keep": 50}, log=logs / "minishop.log") as shop:
        orders(shop, 100)
        with collector(directory, store, logs):
            orders(shop, 100)
            everything_once(store, logs)
    if len(list(logs.iterdir())) < 3:
        raise TestFailure("the log was not rotated")


def test_dates_of_other_logrotate_files_are_read_too(directory):
    """A user's own logrotate file: the default names, and numbered names."""
    logs = directory / "logs"
    logs.mkdir()
    for name in ("a.log-20261126", "a.log-20261126-1764201600", "a.log.1", "a.log.20261126", "replica.log"):
        (logs / name).write_text("".join(f'{{"message":"{name} {i}"}}\n' for i in range(30)))
    for name in ("a.log.2.gz", "a.log-20261125.gz", "a.log.3.xz", "a.log.4.bz2", "a.log.5.zst"):
        (logs / name).write_bytes(gzip.compress(b"old\n" * 2000) + b"\n")
    wanted = sum(1 for path in logs.glob("*") if path.suffix not in (".gz", ".xz", ".bz2", ".zst")) * 30
    with Store() as store, collector(directory, store, logs):
        wait_until(f"{wanted} lines", lambda: len(store.lines) >= wanted)
        strange = [line for line in store.lines if not line.startswith("{")]
        if strange or sum(store.lines.values()) != wanted:
            raise TestFailure(f"{sum(store.lines.values())} lines instead of {wanted}, {len(strange)} of them are none")


def test_a_backlog_comes_in_batches_that_fit(directory):
    """With a day's lines at once, no request exceeds the receivers' message sizes."""
    logs = directory / "logs"
    logs.mkdir()
    for number in range(4):
        (logs / f"minishop.log.{number + 1}").write_text("".join(f'{{"message":"line {number} {i}"}}\n' for i in range(5000)))
    with Store() as store, collector(directory, store, logs):
        wait_until("20,000 lines", lambda: sum(store.lines.values()) == 20000)
    if max(store.batches) > BATCH_MAX:
        raise TestFailure(f"a request with {max(store.batches)} lines")


def test_what_the_store_refuses_is_counted_as_the_alert_reads_it(directory):
    rule = (OBSERVABILITY / "prometheus/rules/alerts.yml").read_text()
    name = re.search(r"increase\((otelcol_exporter_send_failed_log_records\w*)", rule)[1]

    def refused():
        found = re.search(rf'^{name}{{[^}}]*otlp_http/loki[^}}]*}} (\S+)', labtest.http_get(engine.metrics_url), re.MULTILINE)
        return float(found[1]) if found else 0
    with running(directory) as (store, logs, shop):
        engine = collector(directory, store, logs)
        with engine:
            orders(shop, 10)
            everything_once(store, logs)
            labtest.expect("refused lines before", refused(), 0)
            store.status = 400
            orders(shop, 10)
            wait_until("refused lines are counted", lambda: refused() >= 10)
            for other in set(re.findall(r"otelcol_process_\w+", rule)):
                labtest.expect(f"{other} exists", len(re.findall(rf"^{other}[ {{]", labtest.http_get(engine.metrics_url), re.MULTILINE)), 1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    labtest.run_tests(globals())
