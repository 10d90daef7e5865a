# SPDX-License-Identifier: MIT
"""The benchmark's report: Markdown, and a picture as SVG."""
import os
import pathlib
import statistics
import time

import picture
import where

# A row for each aim: name, comparison, bound, unit.
OPERATION_AIMS = (
    ("counter", "<=", 5, "ns"),
    ("counter, two threads against one", ">=", 1.7, "times"),
    ("histogram with exemplar", "<=", 20, "ns"),
    ("span of 14 attributes, request's thread", "<=", 300, "ns"),
    ("span of 14 attributes, other thread", "<=", 60, "ns"),
    ("log line of 16 fields, request's thread", "<=", 400, "ns"),
    ("log line of 16 fields, other thread", "<=", 60, "ns"),
    ("exposition of 10,000 series", "<=", 5e6, "ns"),
)
RSS_AIM_MIB = 24
BUSY = (" **Other programs used the machine at the same time.** Do not rely on throughput, P99 and dropped spans. CPU per request and its ratios"
        " are less affected.")
# Experiments and their results, written by hand.
TRIED = pathlib.Path(__file__).resolve().parent / "tried.md"


def median(results, key):
    return statistics.median(result[key] for result in results)


def ratio(above, below, key):
    """The median over all rounds of the ratio within each round."""
    return statistics.median(a[key] / b[key] for a, b in zip(above, below))


def met(value, comparison, bound):
    if comparison is None:
        return ""
    return "met" if (value <= bound if comparison == "<=" else value >= bound) else "**missed**"


def ratio_aims(legs):
    """(aim, comparison, bound, value) of one mode and workload; legs: results by leg."""
    on, off = legs["on"], legs["off"]
    return (
        ("CPU on/off", "<=", 1.10, ratio(on, off, "cpu")),
        ("throughput on/off", ">=", 0.95, ratio(on, off, "rate")),
        ("P99 on/off", "<=", 1.2, ratio(on, off, "p99")),
        ("CPU none sampled/off", "<=", 1.02, ratio(legs["traces, none sampled"], off, "cpu")),
        ("CPU on/bare Ulfius", "<=", 1.10, ratio(on, legs["bare Ulfius"], "cpu")),
        ("CPU off/bare Ulfius", None, None, ratio(off, legs["bare Ulfius"], "cpu")),
        ("spans dropped", "<=", 0, sum(result["dropped"] for result in on)),
        ("log lines dropped", "<=", 0, sum(result["lines_dropped"] for result in on)),
    )


def number(value, unit=""):
    text = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.2f}" if value < 10 else f"{value:.1f}"
    return f"{text} {unit}".strip()


def groups(measured):
    """{(mode, workload): {leg: results}}"""
    found = {}
    for (mode, workload, leg), results in measured["legs"].items():
        found.setdefault((mode, workload), {})[leg] = results
    return found


def leg_table(legs):
    rows = ["| leg | requests/s | CPU per request, µs | user | system | CPU / off | CPU / bare | P99, ms |", "|---|---:|---:|---:|---:|---:|---:|---:|"]
    for leg, results in legs.items():
        rows.append(f"| {leg} | {median(results, 'rate'):,.0f} | {median(results, 'cpu'):.1f} | {median(results, 'user'):.1f} | "
                    f"{median(results, 'system'):.1f} | {ratio(results, legs['off'], 'cpu'):.2f} | "
                    f"{ratio(results, legs['bare Ulfius'], 'cpu'):.2f} | {median(results, 'p99'):.2f} |")
    return rows


def aims_table(found):
    names = list(found)
    rows = ["| aim | " + " | ".join(f"{workload}; {mode}" for mode, workload in names) + " |", "|---|" + "---:|" * len(names)]
    columns = [ratio_aims(legs) for legs in found.values()]
    for aims in zip(*columns):
        what, comparison, bound, _ = aims[0]
        cells = [f"{value:,.0f} {met(value, comparison, bound)}" if "dropped" in what else f"{value:.2f} {met(value, comparison, bound)}"
                 for _, _, _, value in aims]
        head = f"{what} {'≤' if comparison == '<=' else '≥'} {bound:g}" if comparison else f"{what} (no aim)"
        rows.append(f"| {head} | " + " | ".join(cell.strip() for cell in cells) + " |")
    return rows


def operations_table(measured):
    rows = ["| operation | measured | aim | |", "|---|---:|---:|---|"]
    for what, comparison, bound, unit in OPERATION_AIMS:
        value = measured["operations"][what]
        aim = f"{'≤' if comparison == '<=' else '≥'} {number(bound, unit)}" if comparison else ""
        rows.append(f"| {what} | {number(value, unit)} | {aim} | {met(value, comparison, bound)} |")
    rows.append(f"| resident memory with 10,000 orders | {measured['rss']:.1f} MiB | ≤ {RSS_AIM_MIB} MiB | {met(measured['rss'], '<=', RSS_AIM_MIB)} |")
    return rows


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), "unknown processor")
    return f"{os.cpu_count()} cores ({model})"


def spans_line(found):
    on = [result for legs in found.values() for result in legs["on"]]
    started, exported, dropped = (sum(result[key] for result in on) for key in ("started", "exported", "dropped"))
    return f"Spans of all legs with telemetry on: {started:,.0f} started, {exported:,.0f} exported, {dropped:,.0f} dropped."


def text(measured):
    found = groups(measured)
    day = time.strftime("%Y-%m-%d", time.gmtime(measured["began"]))
    lines = ["# Benchmark", "",
             f"Written by `./lab bench` on {day}: medians of {measured['rounds']} rounds with {measured['seconds']} s per leg, on {machine()}."
             f" Client, service and collector share these cores. At the end, the load average over 15 minutes was {measured['load']:.1f}."
             + (BUSY if measured["load"] > 3 * os.cpu_count() else ""), "",
             "A *leg* is a service under load: MiniShop with some of its signals on, or bare Ulfius. *Bare Ulfius* is `bench/bare_ulfius.c`: a service"
             " in ordinary C with the same routes, JSON and responses, but without telemetry and guards. Each round runs all legs one after the"
             " other. A ratio compares two legs of the same round. The tables have the median of these ratios, which can differ from the ratio of two"
             " medians. So ratios of different legs do not multiply exactly: CPU on/bare can be below CPU on/off although CPU off/bare is above 1."
             " CPU is the user and system time of the service's process. The simulated latencies and payment failures are off, and the"
             " order store has room for all orders. One failed request ends the whole run.", "",
             "![CPU per request, by leg](images/benchmark.svg)", "", "## Aims", "", *aims_table(found), "", spans_line(found), "",
             "## Operations", "", "Nanoseconds, the minimum of several runs. *Other thread* is the mean CPU time of the exporter or the log writer."
             " *Two threads against one* is the number of additions per second by two threads, divided by that of one thread.", "", *operations_table(measured)]
    lines += ["", "## Where the time goes", "", "The tables split the CPU time of an order with telemetry on by thread and library, in microseconds."
              " `perf record -e cpu-clock` measured the share of each thread and library. Each share is multiplied by the CPU time per request."]
    for mode, shares in measured["profiles"].items():
        cpu = median(found[mode, "order"]["on"], "cpu")
        lines += ["", f"With {mode}:", "", *(where.table(shares, cpu) if shares else ["perf is missing, or may not sample here."])]
    lines += ["", TRIED.read_text(encoding="utf-8").rstrip()]
    for (mode, workload), legs in found.items():
        lines += ["", f"## {workload[0].upper()}{workload[1:]}; {mode}", "", *leg_table(legs)]
    return "\n".join(lines) + "\n"


def divided(results):
    """The median CPU, divided into user and system, whose own medians may come from other rounds."""
    cpu, user, system = (median(results, key) for key in ("cpu", "user", "system"))
    return cpu * user / (user + system), cpu * system / (user + system)


def write(measured, target):
    """Writes benchmark.md and images/benchmark.svg below target."""
    (target / "images").mkdir(parents=True, exist_ok=True)
    (target / "benchmark.md").write_text(text(measured), encoding="utf-8")
    bars = {f"{workload}; {mode}": {leg: (*divided(results), ratio(results, legs["off"], "cpu")) for leg, results in legs.items()}
            for (mode, workload), legs in groups(measured).items()}
    (target / "images/benchmark.svg").write_text(picture.draw(bars), encoding="utf-8")
