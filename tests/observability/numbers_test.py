#!/usr/bin/env python3
"""Limits and durations stand in one place, the alert rules; every other place that repeats one is compared with it.

A number in prose is found by the words around it: PLACES has a row for each wording. Where the wording is new, the last test
finds the number all the same, in the files that belong to an alert, and asks for a row.
"""
import json
import pathlib
import re
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import alert_loop_test  # noqa: E402
from labtest import OBSERVABILITY, TOP, TestFailure, expect, run_tests  # noqa: E402

RULES = OBSERVABILITY / "prometheus/rules"
NUMBER_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}


def load(path):
    return yaml.safe_load(path.read_text())


def seconds(text):
    return float(text[:-1]) * {"s": 1, "m": 60}[text[-1]]


ALERTS = {rule["alert"]: rule for group in load(RULES / "alerts.yml")["groups"] for rule in group["rules"]}


def limit(alert):
    return float(ALERTS[alert]["expr"].rsplit(">", 1)[1])


def wait(alert):
    return seconds(ALERTS[alert]["for"])


def window(alert):
    [text] = set(re.findall(r"\[(\w+)\]", ALERTS[alert]["expr"]))
    return seconds(text)


ERRORS, SLOW = limit("MiniShopHighErrorRate"), limit("MiniShopHighLatency")
# The bound that the share of slow requests is counted at.
[BOUND] = {float(le) for le in re.findall(r'le="([\d.]+)"', (RULES / "recording.yml").read_text())}
ROUTE = load(OBSERVABILITY / "alertmanager/alertmanager.yml")["route"]
PROMETHEUS = load(OBSERVABILITY / "prometheus/prometheus.yml")["global"]


def percent(text):
    return float(text) / 100


def milliseconds(text):
    return float(text) / 1000


def minutes(text):
    return 60.0 * NUMBER_WORDS[text]


# (what, its value, how a text is read, the wordings, the least number of places)
PLACES = [
    ("limit of the error rate", ERRORS, percent, [
        r"of its requests \(limit ([\d.]+) %", r"error rate is below ([\d.]+) %", r"Error rate \(bad above ([\d.]+) %",
        r"more than ([\d.]+) % of all requests failed", r"red line at ([\d.]+) %", r"the rate passes ([\d.]+) %"], 6),
    ("limit of the error rate", ERRORS, float, [r'id="chart-errors" data-limit="([\d.]+)"', r'error_rate:ratio_rate1m\{job="minishop"\} > ([\d.]+)'], 2),
    ("share that may be slow", SLOW, percent, [
        r"ms \(limit ([\d.]+) %", r"[Aa]t most ([\d.]+) % (?:of|should)", r"ms \(bad above ([\d.]+) %", r"more than ([\d.]+) % (?:of the requests )?(?:take|took)"], 5),
    ("what is slow", BOUND, milliseconds, [
        r"(?:longer|[Ss]lower) than ([\d.]+) ms", r"requests above ([\d.]+) ms", r"red line \(([\d.]+) ms", r"duration_ms > (\d+)"], 8),
    ("what is slow", BOUND, float, [
        r"longer than ([\d.]+) s\b", r"requests above ([\d.]+) s\b", r"P95 is above ([\d.]+) s\b", r'id="chart-latency" data-limit="([\d.]+)"',
        r"[Kk]eep (?:the bound )?(\d[\d.]*\d)", r"MiniShopHighLatency needs ([\d.]+)", r"exactly when .* longer than\n([\d.]+) s\b",
        r"([\d.]+) s is a bucket's bound", r"([\d.]+) is the bound of a bucket"], 7),
    ("for how long an instance is away", wait("MiniShopDown"), float, [r"scrape an instance for (\d+) seconds"], 1),
    ("window of dropped telemetry", window("MiniShopTelemetryDropped"), minutes, [r"were dropped in (\w+) minutes"], 1),
    ("window of failed deliveries", window("SlackDeliveryFailing"), minutes, [r"Failed attempts in (\w+) minutes"], 1),
    ("promise of a message", float(alert_loop_test.FIRING_WITHIN), minutes, [
        r"message(?: comes)? within (\w+) minutes", r"within (\w+) minutes the alert", r"The promise is (\w+) minutes",
        r"it takes about (\w+) minutes"], 4),
    ("promise of a message that it is over", float(alert_loop_test.RESOLVED_WITHIN), minutes, [
        r"over comes within (\w+)", r"and a second one, within (\w+)", r"[Ww]ithin (\w+) minutes the (?:Slack )?channel says"], 3),
    ("promise in the tests", float(alert_loop_test.FIRING_WITHIN), float, [r"(?m)^FIRING_WITHIN = (\d+)"], 2),
    ("promise in the tests", float(alert_loop_test.RESOLVED_WITHIN), float, [r"(?m)^RESOLVED_WITHIN = (\d+)"], 2),
    ("evaluation interval", seconds(PROMETHEUS["evaluation_interval"]), float, [r"then (\d+) s here at most", r"computes these every (\d+) s"], 2),
    ("for of MiniShopHighErrorRate", wait("MiniShopHighErrorRate"), float, [r"here at most, `for: (\d+)s`"], 1),
    ("group_wait", seconds(ROUTE["group_wait"]), float, [r"group_wait (\d+) s", r"[Aa] first message after (\d+) s"], 2),
    ("group_interval", seconds(ROUTE["group_interval"]), float, [r'changes \(also "resolved"\) after (\d+) s'], 1),
]


def texts(*patterns):
    """{path: text} of the project's files; lines of comments that go on are joined."""
    return {path: re.sub(r"\n *# +", " ", path.read_text()) for pattern in patterns for path in sorted(TOP.glob(pattern)) if path.is_file()}


def everywhere():
    return texts("README.md", "docs/*.md", "docs/*.yaml", "man/*.8", "etc/*.conf", "lab", "lab.d/*.sh", "src/app/*.h", "src/slack-mock/page/*.html",
                 "observability/*.md", "observability/alertmanager/**/*", "observability/incidents/*.conf", "observability/grafana/dashboards/*",
                 "observability/prometheus/*.yml", "observability/prometheus/rules/*", "observability/prometheus/consoles/**/*",
                 "observability/prometheus/assets/*.js", "tests/observability/alert_loop_test.py", "tests/e2e/loop_test.py", "deploy/kubernetes/base/*")


def test_every_copy_is_the_same(_):
    files = everywhere()
    wrong = []
    for what, value, read, wordings, least in PLACES:
        found = 0
        for path, text in files.items():
            for wording in wordings:
                for match in re.finditer(wording, text):
                    found += 1
                    if abs(read(match[1]) - value) > 1e-9:
                        wrong.append(f"{path.relative_to(TOP)}: {what} is {value:g}, here: {match[0]}")
        if found < least:
            wrong.append(f"{what}: found in {found} places, not {least}: has the wording changed?")
    if wrong:
        raise TestFailure("\n       ".join(wrong))


def test_dashboards_say_when_an_alert_fires(_):
    text = json.dumps([json.loads(path.read_text()) for path in sorted((OBSERVABILITY / "grafana/dashboards").glob("*.json"))])
    said = re.findall(r"Above ([\d.]+) % for (\d+) seconds[^.]* the alert (\w+) fires", text)
    expect("alerts that a dashboard explains", {alert for *_, alert in said}, {"MiniShopHighErrorRate", "MiniShopHighLatency"})
    for share, duration, alert in said:
        expect(f"{alert} in a dashboard", (percent(share), float(duration)), (limit(alert), wait(alert)))


def test_the_limit_is_a_bucket(_):
    """Otherwise nothing is counted there."""
    default = re.search(r"#buckets = \[([^\]]*)\]", (TOP / "etc/minishop.conf").read_text())[1]
    if BOUND not in [float(bound) for bound in re.sub(r"[\s#]", "", default).split(",")]:
        raise TestFailure(f"{BOUND} is not among the default buckets: {default}")


def test_no_copy_is_unknown(_):
    """In the files of an alert no limit stands in words that PLACES does not know."""
    known = [wording for *_, wordings, _ in PLACES for wording in wordings] + [r"Above [\d.]+ % for \d+ seconds"]
    unknown = []
    for path, text in texts("observability/prometheus/rules/*", "observability/prometheus/consoles/**/*", "observability/prometheus/assets/*.js",
                            "observability/alertmanager/**/*", "observability/grafana/dashboards/minishop.json").items():
        spans = [match.span() for wording in known for match in re.finditer(wording, text)]
        for match in re.finditer(rf"(?<![\d.])(?:{100 * ERRORS:g}|{100 * SLOW:g}) ?%|(?<![\d.]){1000 * BOUND:g} ?ms", text):
            if not any(begin <= match.start() and match.end() <= end + 2 for begin, end in spans):
                unknown.append(f"{path.relative_to(TOP)}: {text[max(0, match.start() - 40):match.end() + 30]!r}")
    if unknown:
        raise TestFailure("\n       ".join(unknown))


if __name__ == "__main__":
    run_tests(globals())
