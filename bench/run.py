#!/usr/bin/env python3
"""What telemetry costs: the same minishop with all of it on and with all of it off, in turns, in one run.

On: every request has its metrics, its exemplar, its two spans, sent to a sink that costs next to nothing, and its log line
in a file; it is scraped every two seconds. Off: log.enabled, metrics.enabled and traces.enabled are false. Each leg is a
process of its own, with a second of warm-up. The report is a Markdown table, printed and written to $LAB_DIR/bench/report.md.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests/e2e"))
import labtest  # noqa: E402
import shop as shops  # noqa: E402

# All lines in one file, so that they can be counted.
ALWAYS = {"log.max_bytes": 0}
OFF = {"log.enabled": False, "metrics.enabled": False, "traces.enabled": False}
# title, script, connections, settings
WORKLOADS = (
    ("orders, nothing sleeps", "orders.lua", 16, {"orders.capacity": 1000000}),
    ("order and pay, nothing sleeps", "order_and_pay.lua", 16, {"orders.capacity": 100000}),
    ("order and pay, default latencies", "order_and_pay.lua", 128,
     {"orders.capacity": 100000, "inventory.latency_ms": 8, "payment.latency_ms": 25}),
)


def wrk(shop, script, connections, seconds):
    """The numbers of the script's RESULT line."""
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", HERE / script, shop.url],
                         capture_output=True, text=True, timeout=seconds + 30, check=True).stdout
    line = next(line for line in out.splitlines() if line.startswith("RESULT "))
    return [int(word) for word in line.split()[1:]]


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scrape(shop, over):
    while not over.wait(2):
        shop.get("/metrics", {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"})


def leg(workload, telemetry, sink_url, seconds):
    """One process under load: what it did and what it cost."""
    _, script, connections, settings = workload
    with tempfile.TemporaryDirectory(prefix="minishop-bench-") as directory:
        env = {"OTEL_BSP_SCHEDULE_DELAY": "1000"}
        with shops.Shop(directory, {**ALWAYS, **settings, **({} if telemetry else OFF)}, sink_url if telemetry else None, env) as shop:
            wrk(shop, script, connections, 1)
            over = threading.Event()
            scraper = threading.Thread(target=scrape, args=(shop, over))
            if telemetry:
                scraper.start()
            cpu = cpu_seconds(shop.pid)
            requests, microseconds, failed, broken, p50, p99 = wrk(shop, script, connections, seconds)
            cpu = cpu_seconds(shop.pid) - cpu
            over.set()
            result = {"rate": requests / microseconds * 1e6, "p50": p50 / 1e3, "p99": p99 / 1e3, "cpu": cpu / requests * 1e6,
                      "failed": failed + broken}
            if telemetry:
                scraper.join()
                result.update(lost(shop))
            return result


def lost(shop):
    """What the whole leg answered, warm-up included, and how many of those have no log line after the service has ended."""
    # wrk leaves while answers are still being made.
    labtest.wait_until("the last request ends", lambda: shop.metrics()["minishop_requests_in_flight"] <= 1)
    answered = shop.metrics()["request_total"]
    shop.terminate()
    with shop.json_log.open("rb") as log:
        lines = sum(b'"route"' in line for line in log)
    return {"answered": answered, "lines_lost": answered - lines}


def spans_of(sink_url):
    return labtest.http_json(f"{sink_url}/stats")["spans"]


def measure(workload, pairs, seconds, sink_url):
    """Alternating legs; the order within a pair alternates too."""
    on, off = [], []
    for number in range(pairs):
        for telemetry in ((True, False) if number % 2 == 0 else (False, True)):
            spans = spans_of(sink_url)
            result = leg(workload, telemetry, sink_url, seconds)
            if telemetry:
                result["spans_lost"] = 2 * result["answered"] - (spans_of(sink_url) - spans)
            (on if telemetry else off).append(result)
            print(f"  {workload[0]:34} {'on ' if telemetry else 'off'} {result['rate']:9.0f} req/s", flush=True)
    return on, off


def row(title, on, off):
    def median(side, key):
        return statistics.median(result[key] for result in side)
    ratio = statistics.median(a["rate"] / b["rate"] for a, b in zip(on, off))
    answered = sum(result["answered"] for result in on)
    lines = []
    for name, side in (("on", on), ("off", off)):
        losses = (f"{sum(r['spans_lost'] for r in on):.0f} of {2 * answered:.0f} | {sum(r['lines_lost'] for r in on):.0f} of {answered:.0f}"
                  if name == "on" else "- | -")
        lines.append(f"| {title} | {name} | {median(side, 'rate'):,.0f} | {f'{ratio:.2f}' if name == 'on' else ''} | "
                     f"{median(side, 'p50'):.2f} | {median(side, 'p99'):.2f} | {median(side, 'cpu'):.1f} | {losses} | "
                     f"{sum(r['failed'] for r in side)} |")
    return lines


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "unknown processor")
    return f"{os.cpu_count()} cores ({model}), client and service on the same machine"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--pairs", type=int, default=5)
    options.add_argument("--seconds", type=int, default=5)
    options.add_argument("--only", type=int, help="number of a workload, from 0")
    options = options.parse_args()
    labtest.need("wrk")
    report = [f"Telemetry on and off in turns, {options.pairs} pairs of {options.seconds} s each; medians. {machine()}.", "",
              "| workload | telemetry | requests/s | on/off | p50 ms | p99 ms | CPU µs/request | spans lost | log lines lost | failed |",
              "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    port = labtest.free_port()
    with tempfile.TemporaryDirectory() as directory, \
            labtest.Engine("otlp_sink", [shops.program("bench/otlp_sink"), port], directory, f"http://127.0.0.1:{port}/stats"):
        for workload in WORKLOADS if options.only is None else [WORKLOADS[options.only]]:
            report += row(workload[0], *measure(workload, options.pairs, options.seconds, f"http://127.0.0.1:{port}"))
    text = "\n".join(report) + "\n"
    target = pathlib.Path(os.environ.get("LAB_DIR", labtest.TOP / ".lab")) / "bench/report.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    print(f"\n{text}\nwritten to {target}")


if __name__ == "__main__":
    main()
