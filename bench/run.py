#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the cost of telemetry, and of MiniShop compared with a bare Ulfius service that does the same work.

Each round runs each leg once. The legs are MiniShop with telemetry on, with one signal alone, with no span sampled and with
telemetry off, and the bare service (bare_ulfius.c). All of them run with a thread for each connection and with a pool, for orders
and for orders that are then paid. Each leg starts a new process and warms it up for a second. Ratios compare legs of the same
round, and the report has the medians of the rounds. It goes to $LAB_DIR/bench/benchmark.md, with a picture in images/.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/e2e"))
import labtest  # noqa: E402
import report  # noqa: E402
import shop as shops  # noqa: E402
import where  # noqa: E402

# The store never fills: a full one returns 503, and an error is cheap. No log file is rotated.
ALWAYS = {"log.max_bytes": 0, "orders.capacity": 2000000}
SIGNALS = ("log", "metrics", "traces")
# Name: (the signals that are on, environment), or None for the bare service.
LEGS = {
    "bare Ulfius": None,
    "off": ((), {}),
    "metrics alone": (("metrics",), {}),
    "logs alone": (("log",), {}),
    "traces alone": (("traces",), {}),
    "traces, none sampled": (("traces",), {"OTEL_TRACES_SAMPLER": "always_off"}),
    "on": (SIGNALS, {}),
}
WORKLOADS = {"order": "orders.lua", "order, then pay": "order_and_pay.lua"}
MODES = {"a thread for each connection": 0, "a pool of 2 threads": 2}
CONNECTIONS = 16
ORDERS = 10000  # while memory is measured
OVERHEAD_S = 2.2  # start, warm-up and stop of a leg
PROFILE_S = 4
ROUNDS_MAX = 5
OTHERS_S = 60  # operations, memory and profiles


class Bare(labtest.Engine):
    """The bare service on a free port."""

    def __init__(self, directory, pool):
        self.port = labtest.free_port()
        super().__init__("bare_ulfius", [shops.program("bench/bare_ulfius"), self.port, pool], directory)

    def __enter__(self):
        self.start()
        with labtest.wait_until("bare_ulfius listens", lambda: shops.socket.create_connection(("127.0.0.1", self.port))):
            return self

    @property
    def pid(self):
        return self.process.pid

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


def service(directory, leg, pool, sink_url):
    """The process under test of a leg."""
    if LEGS[leg] is None:
        return Bare(directory, pool)
    signals, env = LEGS[leg]
    settings = {**ALWAYS, "server.pool": pool, **{f"{signal}.enabled": signal in signals for signal in SIGNALS}}
    return shops.Shop(directory, settings, sink_url if "traces" in signals else None, {"OTEL_BSP_SCHEDULE_DELAY": "5000", **env})


def wrk(url, workload, seconds):
    """Loads a leg: returns requests, seconds, p99 in ms. TestFailure if a response is an error or missing."""
    out = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s", HERE / WORKLOADS[workload], url],
                         capture_output=True, text=True, timeout=seconds + 60, check=True).stdout
    line = next(line for line in out.splitlines() if line.startswith("RESULT "))
    requests, microseconds, failed, broken, _, p99 = (int(word) for word in line.split()[1:])
    if failed or broken or not requests:
        raise labtest.TestFailure(f"{failed} of {requests} responses were errors and {broken} were missing: errors are cheap, so these"
                                  f" figures would mean nothing ({workload})")
    return requests, microseconds / 1e6, p99 / 1e3


def cpu_seconds(pid):
    """(user, system) of all threads of the process, including those that have ended."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return [int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:13]]


def scrape(shop, over):
    while not over.wait(2):
        shop.get("/metrics", {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"})


def run_leg(leg, pool, workload, seconds, sink_url):
    """Runs a process under load: requests a second, p99 in ms, user and system CPU of a request in microseconds."""
    with tempfile.TemporaryDirectory(prefix="minishop-bench-") as directory, service(directory, leg, pool, sink_url) as process:
        wrk(process.url, workload, 1)
        over = threading.Event()
        scraper = threading.Thread(target=scrape, args=(process, over))
        if LEGS[leg] and "metrics" in LEGS[leg][0]:
            scraper.start()
        before = cpu_seconds(process.pid)
        requests, took, p99 = wrk(process.url, workload, seconds)
        user, system = ((after - start) / requests * 1e6 for start, after in zip(before, cpu_seconds(process.pid)))
        over.set()
        if scraper.is_alive():
            scraper.join()
        result = {"rate": requests / took, "p99": p99, "user": user, "system": system, "cpu": user + system}
        return {**result, **(accounts(process) if leg == "on" else {})}


def accounts(shop):
    """The spans and dropped log lines of a whole leg, after its queues are empty."""
    def settled():
        metrics = shop.metrics()
        return metrics["telemetry_span_queue_size"] == 0 and metrics["minishop_requests_in_flight"] <= 1 and \
            metrics["telemetry_spans_started_total"] == metrics["telemetry_spans_exported_total"] + metrics["telemetry_spans_dropped_total"] \
            and metrics
    metrics = labtest.wait_until("all spans are exported or dropped", settled, 20)
    return {"started": metrics["telemetry_spans_started_total"], "exported": metrics["telemetry_spans_exported_total"],
            "dropped": metrics["telemetry_spans_dropped_total"], "lines_dropped": metrics["telemetry_log_lines_dropped_total"]}


def measure(rounds, seconds, sink_url):
    """{(mode, workload, leg): [a result for each round]}. Every second round runs the legs in reverse order."""
    results = {}
    total = rounds * len(MODES) * len(WORKLOADS) * len(LEGS)
    done = 0
    for number in range(rounds):
        for mode, pool in MODES.items():
            for workload in WORKLOADS:
                for leg in list(LEGS)[::-1 if number % 2 else 1]:
                    result = run_leg(leg, pool, workload, seconds, sink_url)
                    results.setdefault((mode, workload, leg), []).append(result)
                    done += 1
                    print(f"[{done:3}/{total}] {mode}, {workload}, {leg}: {result['rate']:,.0f} requests/s, {result['cpu']:.1f} µs CPU a"
                          " request", flush=True)
    return results


def memory(sink_url):
    """The resident MiB with the default settings, telemetry on, and ORDERS orders in the store."""
    with tempfile.TemporaryDirectory(prefix="minishop-bench-") as directory, shops.Shop(directory, {}, sink_url) as shop:
        connections = [shop.connect() for _ in range(CONNECTIONS)]
        request = shops.post("/order", b'{"sku": "mug", "quantity": 1}')
        for _ in range(ORDERS // CONNECTIONS):
            for sock in connections:
                sock.sendall(request)
            for sock in connections:
                if not sock.recv(4096).startswith(b"HTTP/1.1 201 "):
                    raise labtest.TestFailure("an order was refused")
        stored = shop.metrics()["minishop_orders_stored"]
        labtest.expect("the number of orders stored", stored, ORDERS)
        status = pathlib.Path(f"/proc/{shop.pid}/status").read_text()
        return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def operations(sink_url):
    """{operation: nanoseconds}, as bench_operations prints them."""
    done = subprocess.run([shops.program("bench/bench_operations")], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          env=labtest.environment({"OTEL_EXPORTER_OTLP_ENDPOINT": sink_url, "OTEL_BSP_SCHEDULE_DELAY": "100"}), timeout=300)
    labtest.expect("the exit status of bench_operations", done.returncode, 0)
    return {name: float(value) for value, name in (line.split("\t") for line in done.stderr.splitlines())}


def profile(pool, sink_url):
    """Profiles orders with telemetry on, in a run of its own."""
    with tempfile.TemporaryDirectory(prefix="minishop-bench-") as directory, service(directory, "on", pool, sink_url) as process:
        wrk(process.url, "order", 1)
        recording = where.recorder(process.pid, PROFILE_S, f"{directory}/perf.data")
        wrk(process.url, "order", PROFILE_S + 1)
        return where.shares(recording, f"{directory}/perf.data")


def plan(options):
    """(rounds, seconds of a leg, seconds in total)"""
    budget = 60 * (2 if options.quick else options.minutes) - OTHERS_S
    legs = len(MODES) * len(WORKLOADS) * len(LEGS)
    rounds = max(1, min(ROUNDS_MAX, int(budget / legs / (1 + OVERHEAD_S))))
    seconds = max(1, round(budget / legs / rounds - OVERHEAD_S))
    return rounds, seconds, rounds * legs * (seconds + OVERHEAD_S) + OTHERS_S


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=int, default=15, help="the time in total (default: 15)")
    options.add_argument("--quick", action="store_true", help="take two minutes: shows that the benchmark works; the figures are too noisy to quote")
    options = options.parse_args()
    labtest.need("wrk")
    rounds, seconds, altogether = plan(options)
    print(f"takes about {altogether / 60:.0f} minutes: {rounds} rounds of {len(MODES) * len(WORKLOADS) * len(LEGS)} legs, {seconds} s each",
          flush=True)
    port = labtest.free_port()
    sink_url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as directory, \
            labtest.Engine("otlp_sink", [shops.program("bench/otlp_sink"), port], directory, f"{sink_url}/stats"):
        began = time.time()
        measured = {"operations": operations(sink_url), "rss": memory(sink_url), "legs": measure(rounds, seconds, sink_url),
                    "profiles": {mode: profile(pool, sink_url) for mode, pool in MODES.items()},
                    "rounds": rounds, "seconds": seconds, "load": os.getloadavg()[2], "began": began}
    target = pathlib.Path(os.environ.get("LAB_DIR", labtest.TOP / ".lab")) / "bench"
    report.write(measured, target)
    print(f"\n{(target / 'benchmark.md').read_text()}\nwritten to {target}/benchmark.md and {target}/images/benchmark.svg")


if __name__ == "__main__":
    labtest.run_main(main)
