#!/usr/bin/env python3
"""Ten minutes of load on one MiniShop, all telemetry on: memory, threads and descriptors stay what they are, nothing is lost.

Not a part of `./lab test` without --full. SOAK_S=600 is how long.
"""
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import labtest  # noqa: E402
import shop as shops  # noqa: E402
from labtest import TestFailure  # noqa: E402

SECONDS = int(os.environ.get("SOAK_S", "600"))
CONNECTIONS = 16
# Small enough to be full soon: from then on the service is as large as it ever gets. Orders whose payment failed make room after a
# moment: else there are only those in the end, and a shop that can take no order. Of the pool of log records a busy machine
# touches ever more, up to this limit; with the usual one that alone would be 20 MB.
SETTINGS = {"orders.capacity": 20000, "orders.unpaid_ttl_s": 2, "log.queue": 1024, "payment.latency_ms": 5, "payment.failure_rate": 0.05, "inventory.latency_ms": 2,
            "log.max_bytes": 20000000, "log.keep": 2}
GAUGES = ("process_resident_memory_bytes", "process_threads", "process_open_fds")


def sample(shop):
    metrics = shop.metrics()
    return {name: metrics[name] for name in GAUGES}


def test_nothing_grows(directory):
    labtest.need("wrk")
    port = labtest.free_port()
    sink = labtest.Engine("otlp_sink", [shops.program("bench/otlp_sink"), port], directory, f"http://127.0.0.1:{port}/stats")
    with sink, shops.Shop(directory, SETTINGS, f"http://127.0.0.1:{port}") as shop:
        load = subprocess.Popen(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", labtest.TOP / "bench/order_and_pay.lua",
                                 shop.url], stdout=subprocess.DEVNULL)
        try:
            time.sleep(SECONDS / 4)
            early = sample(shop)
            load.wait(SECONDS + 30)
        finally:
            load.kill()
        late = sample(shop)
        metrics = shop.metrics()
        print(f"     {metrics['request_total']:.0f} requests; resident {early[GAUGES[0]] / 1e6:.0f}, then {late[GAUGES[0]] / 1e6:.0f} MB")
        if late[GAUGES[0]] > early[GAUGES[0]] * 1.25 + 10e6:
            raise TestFailure(f"memory has grown: {early} {late}")
        if late[GAUGES[1]] > early[GAUGES[1]] or late[GAUGES[2]] > early[GAUGES[2]]:
            raise TestFailure(f"threads or descriptors have grown: {early} {late}")
        if metrics["error_total", {"reason": "unavailable"}]:
            raise TestFailure("the shop was unavailable")
        for name in ("telemetry_spans_dropped_total", "telemetry_log_lines_dropped_total", "telemetry_metric_series_dropped_total"):
            if metrics[name]:
                raise TestFailure(f"{name} is {metrics[name]:.0f}")
        status, _ = shop.terminate()
        if status:
            raise TestFailure(f"it ended with {status}")


if __name__ == "__main__":
    labtest.run_tests(globals())
