#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Half of the maximum rate for minutes, all telemetry on. Each minute the collector is killed, the log is rotated and the configuration is
reloaded. Memory, threads and descriptors stay constant, and requests, log lines and spans add up.

A step of `./lab test --full`. Options: --minutes=N (5 by default; 60 for the hour). Draws soak.svg beside the report.
"""
import mmap
import os
import pathlib
import re
import signal
import statistics
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import labtest  # noqa: E402
import plot  # noqa: E402
import shop as shops  # noqa: E402
from labtest import TestFailure, expect, figure, wait_until  # noqa: E402

MINUTES = labtest.option("minutes", 5)
PICTURE = pathlib.Path(os.environ.get("LAB_DIR") or labtest.TOP / ".lab") / "soak.svg"
CONNECTIONS = 64
GROWTH_MAX_MIB = 1  # after the warm-up: in an hour, or in the whole run if that is shorter
WARM_UP_MIN = 3  # an absent collector fills the queue, which then has its final size
BATCH = 512  # spans of a request at most
# The store is small enough to be full soon. From then on the service does not grow. Orders whose payment failed make room after a
# moment. Otherwise the store would fill with them, and the shop could accept no order. A busy machine touches more and more of the
# pool of log records, up to this limit; with the default limit that would be 20 MB.
SETTINGS = {"orders.capacity": 20000, "orders.unpaid_ttl_s": 2, "log.queue": 1024, "payment.latency_ms": 5, "inventory.latency_ms": 2,
            "log.max_bytes": 0}


def wrk(shop, seconds, pause_ms=None):
    """Starts the load, a process that prints its counts when it ends. pause_ms: the pause of each connection after each response."""
    env = {**os.environ, **({"WRK_PAUSE_MS": str(pause_ms)} if pause_ms is not None else {})}
    return subprocess.Popen(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", labtest.TOP / "bench/order_and_pay.lua", shop.url],
                            stdout=subprocess.PIPE, text=True, env=env)


def rate(load):
    """Requests per second. Call it after the load has ended."""
    requests, micros, *_ = map(int, re.search(r"^RESULT (.*)$", load.communicate()[0], re.M)[1].split())
    return requests / micros * 1e6


def half_rate(shop):
    """(maximum rate, the pause that halves it): measured with an estimated pause, and corrected by the time of a response."""
    top = rate(wrk(shop, 5))
    cycle_s = 2 * CONNECTIONS / top
    response_s = CONNECTIONS / rate(wrk(shop, 5, round(1000 * cycle_s))) - round(1000 * cycle_s) / 1000
    return top, max(1, round(1000 * (cycle_s - response_s)))


class Sink(labtest.Engine):
    """The OTLP receiver; its counts are in a file and outlive it."""

    def __init__(self, directory):
        self.port = labtest.free_port()
        self.counts = directory / "counts"
        super().__init__("otlp_sink", [shops.program("bench/otlp_sink"), self.port, self.counts], directory, f"http://127.0.0.1:{self.port}/stats")

    def spans(self):
        with open(self.counts, "rb") as file, mmap.mmap(file.fileno(), 24, prot=mmap.PROT_READ) as counts:
            return struct.unpack("=3Q", counts)[2]


class Log:
    """The JSON log, rotated as logrotate does it. .requests: lines of requests in the files that were rotated away."""

    def __init__(self, shop):
        self.shop, self.requests = shop, 0

    def count(self, path):
        with open(path, "rb") as file:
            for line in file:
                if not (line.startswith(b"{") and line.endswith(b"}\n")):
                    raise TestFailure(f"{path.name}: a line that is not whole: {line[:200]!r}")
                self.requests += b'"request_id"' in line
        path.unlink()

    def rotate(self):
        moved = self.shop.json_log.with_suffix(".old")
        self.shop.json_log.rename(moved)
        self.shop.process.send_signal(signal.SIGHUP)
        wait_until("the log is opened again", self.shop.json_log.exists, interval=0.02)
        time.sleep(1)  # longer than the writer gathers lines
        self.count(moved)


def sample(pid):
    """Resident MiB, threads, descriptors."""
    proc = pathlib.Path(f"/proc/{pid}")
    threads = int(re.search(r"^Threads:\s+(\d+)", (proc / "status").read_text(), re.M)[1])
    return int((proc / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20), threads, len(os.listdir(proc / "fd"))


def disturb(shop, sink, log, config, second):
    """The disturbance in this second of a minute."""
    if second == 10:
        sink.stop(signal.SIGKILL)
    elif second == 13:
        sink.start(wait=False)
    elif second == 30:
        log.rotate()
    elif second == 50:
        rates = ("0.05", "0.1")
        config.write_text(f"payment = {{ failure_rate = {rates[rates[0] in config.read_text()]}; }};\n")
        shop.process.send_signal(signal.SIGHUP)


def watch(shop, sink, log, config, load):
    """Samples each second, with their time in minutes, until the load ends. Scrapes each five seconds, as Prometheus would."""
    began, samples, last = time.monotonic(), [], -1
    while load.poll() is None:
        now = int(time.monotonic() - began)
        for second in range(last + 1, now + 1):
            disturb(shop, sink, log, config, second % 60)
            if second % 5 == 0:
                shop.get("/metrics")
        last = now
        time.sleep(0.5)
        samples.append(((time.monotonic() - began) / 60, *sample(shop.pid)))
        time.sleep(0.5)
    return samples[:-2]  # at the end the connections are closed one by one


def judge(samples):
    """TestFailure for a value that grows after the warm-up; returns MiB per hour, and the smallest and the largest MiB. The slope is the median of
    those from each sample to the one half of that time later: a single step, of a queue that has never been as full, does not count."""
    end = samples[-1][0]
    steady = [one for one in samples if one[0] > max(end / 4, min(WARM_UP_MIN, end / 2))]
    half = len(steady) // 2
    slope = statistics.median((later[1] - one[1]) / (later[0] - one[0]) * 60 for one, later in zip(steady, steady[half:]))
    hours = min(1, (steady[-1][0] - steady[0][0]) / 60)
    if slope * hours > GROWTH_MAX_MIB:
        raise TestFailure(f"memory grows by {slope:.2f} MiB an hour; in this run, {slope * hours:.2f} MiB")
    for number, name in ((2, "threads"), (3, "descriptors")):
        parts = [statistics.median(one[number] for one in steady[at:]) for at in (0, half)]
        expect(f"{name} after the warm-up, and in the second half of that", *parts)
    return slope, min(one[1] for one in steady), max(one[1] for one in steady)


def accounts(shop, sink, log):
    """Each request has a log line; each span is exported or dropped. The exporter resends spans that a killed collector accepted without a response."""
    wait_until("the queues are empty", lambda: shop.metrics()["telemetry_span_queue_size"] == shop.metrics()["telemetry_log_queue_size"] == 0)
    time.sleep(1)
    metrics = shop.metrics()
    spans = metrics["telemetry_spans_exported_total"] + metrics["telemetry_spans_dropped_total"]
    expect("spans exported or dropped", spans, metrics["telemetry_spans_started_total"])
    twice = sink.spans() - metrics["telemetry_spans_exported_total"]
    if not 0 <= twice <= MINUTES * BATCH:
        raise TestFailure(f"the collector has {twice:.0f} spans more than were exported")
    status, _ = shop.terminate()
    expect("exit status", status, 0)
    log.count(shop.json_log)
    expect("log lines, written or dropped", log.requests + metrics["telemetry_log_lines_dropped_total"], metrics["request_total"])
    expect("unavailable", metrics["error_total", {"reason": "unavailable"}], 0)
    return (f"{metrics['request_total']:.0f} requests, {metrics['telemetry_log_lines_dropped_total']:.0f} log lines and "
            f"{metrics['telemetry_spans_dropped_total']:.0f} of {spans:.0f} spans dropped, all counted; {twice:.0f} spans sent twice")


def test_nothing_grows(directory):
    labtest.need("wrk")
    config = directory / "soak.conf"
    config.write_text("payment = { failure_rate = 0.05; };\n")
    sink = Sink(directory)
    shop = shops.Shop(directory, SETTINGS, f"http://127.0.0.1:{sink.port}", config=config, calm=False)
    with sink, shop:
        top, pause = half_rate(shop)
        log = Log(shop)
        log.rotate()
        load = wrk(shop, MINUTES * 60, pause)
        try:
            samples = watch(shop, sink, log, config, load)
            seen = rate(load)
        finally:
            load.kill()
        names = ("resident memory, MiB", "threads", "descriptors")
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_text(plot.draw(f"MiniShop for {MINUTES} minutes at {seen:.0f} requests a second", {
            name: [(one[0], one[number]) for one in samples] for number, name in enumerate(names, 1)}))
        slope, least, most = judge(samples)
        figure(f"{MINUTES} minutes at {seen:.0f} requests a second ({100 * seen / top:.0f} % of the top rate): {least:.1f} to {most:.1f} MiB, "
               f"{slope:+.2f} MiB an hour, {samples[-1][2]} threads, {samples[-1][3]} descriptors; {accounts(shop, sink, log)}")


if __name__ == "__main__":
    labtest.run_tests(globals())
