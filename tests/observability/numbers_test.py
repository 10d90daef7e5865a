#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The alert rules define limits and durations; the test compares every other place that repeats one.

The test finds a number in prose by the words around it: PLACES has a row for each wording. If the wording is new, the last test
still finds the number in the files of the alerts, and asks for a row.
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
    return float(text[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[text[-1]]


ALERTS = {rule["alert"]: rule for group in load(RULES / "alerts.yml")["groups"] for rule in group["rules"]}


def limit(alert):
    return float(ALERTS[alert]["expr"].rsplit(">", 1)[1])


def burn(alert):
    """(window, factor) of an alert of the error budget."""
    [(text, factor)] = re.findall(r"^job_slo:burn_rate:ratio_rate(\w+)\{[^}]*\} > ([\d.]+)$", ALERTS[alert]["expr"], re.MULTILINE)
    return seconds(text), float(factor)


def wait(alert):
    return seconds(ALERTS[alert]["for"])


def window(alert):
    [text] = set(re.findall(r"\[(\w+)\]", ALERTS[alert]["expr"]))
    return seconds(text)


ERRORS, SLOW = limit("MiniShopHighErrorRate"), limit("MiniShopHighLatency")
RECORDED = {rule["record"]: rule["expr"] for group in load(RULES / "recording.yml")["groups"] for rule in group["rules"]}


def bound(*records):
    """The bucket bound at which these rules count."""
    [found] = {float(le) for record in records for le in re.findall(r'le="([\d.]+)"', RECORDED[record])}
    return found


BOUND, OBJECTIVE = bound("job_route:request_slow:ratio_rate1m", "job:request_slow:ratio_rate1m"), bound("job_slo:bad_request:rate1m")
ALLOWED = {slo: float(share) for share, slo in re.findall(r'vector\(([\d.]+)\), "slo", "(\w+)"', RECORDED["slo:allowed:ratio"])}
[PERIOD] = {seconds(text) for text in re.findall(r"\[(\w+)\]", RECORDED["job_slo:budget_left:ratio_rate2d"])}
FAST, MEDIUM, SLOW_BURN = (burn(f"MiniShopBudgetBurn{name}") for name in ("Fast", "Medium", "Slow"))
ROUTE = load(OBSERVABILITY / "alertmanager/alertmanager.yml")["route"]
PROMETHEUS = load(OBSERVABILITY / "prometheus/prometheus.yml")["global"]


def percent(text):
    return float(text) / 100


def milliseconds(text):
    return float(text) / 1000


def minutes(text):
    return 60.0 * NUMBER_WORDS[text]


# (meaning, value, parser of the text, wordings, minimum number of places)
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
    ("share that may be an error", ALLOWED["errors"], percent, [
        r"counted \(allowed: ([\d.]+) %", r"(0[\d.]+) % of the requests may", r"a budget of ([\d.]+) % of the requests"], 5),
    ("share that may take long", ALLOWED["latency"], percent, [r"ms \(allowed: ([\d.]+) %", r"(?<![\d.])(\d+) % of the requests may"], 5),
    ("objective of errors", 1 - ALLOWED["errors"], percent, [r"([\d.]+) % (?:of the requests )?without an error"], 2),
    ("objective of latency", 1 - ALLOWED["latency"], percent, [r"([\d.]+) % (?:of the requests )?within 0?[\d.]+ m?s"], 2),
    ("what the latency objective allows", OBJECTIVE, milliseconds, [r"more\s+than ([\d.]+) ms", r"within ([\d.]+) ms"], 8),
    ("what the latency objective allows", OBJECTIVE, float, [r"% within ([\d.]+) s\b", r"objective counts at ([\d.]+\d)"], 3),
    ("period of the budget", PERIOD / 86400, lambda text: float(NUMBER_WORDS[text]), [
        r"budget of ([a-z]+) days", r"(\w+) days' budget", r"[Oo]bjectives over (\w+) days", r"itself keeps (\w+) days"], 10),
    ("limit of the fast burn", FAST[1], float, [r"more than (1[\d.]+) times as fast", r"allowed\s+\(limit (1[\d.]+)\)", r"limits: ([\d.]+) over"], 3),
    ("limit of the medium burn", MEDIUM[1], float, [r"more than ([6-9][\d.]*) times as fast", r"allowed\s+\(limit ([6-9][\d.]*)\)", r" ([\d.]+) over 30 minutes"], 3),
    ("limit of the slow burn", SLOW_BURN[1], float, [r"more than ([2-5][\d.]*) times as fast", r"allowed\s+\(limit ([2-5][\d.]*)\)", r" ([\d.]+) over 2 hours"], 3),
    ("for how long an instance is away", wait("MiniShopDown"), float, [r"scrape an instance for (\d+) seconds"], 1),
    ("window of dropped telemetry", window("MiniShopTelemetryDropped"), minutes, [r"were dropped in (\w+) minutes"], 1),
    ("window of failed deliveries", window("SlackDeliveryFailing"), minutes, [r"Failed attempts in (\w+) minutes"], 1),
    ("promise of a message", float(alert_loop_test.FIRING_WITHIN), minutes, [
        r"message(?: comes)? within (\w+) minutes", r"within (\w+) minutes the alert", r"The promise is (\w+) minutes",
        r"it takes about (\w+) minutes"], 4),
    ("promise of a message that it is over", float(alert_loop_test.RESOLVED_WITHIN), minutes, [
        r"resolved comes within (\w+)", r"a second one within (\w+)", r"[Ww]ithin (\w+) minutes the (?:Slack )?channel shows"], 3),
    ("promise in the tests", float(alert_loop_test.FIRING_WITHIN), float, [r"(?m)^FIRING_WITHIN = (\d+)"], 2),
    ("promise in the tests", float(alert_loop_test.RESOLVED_WITHIN), float, [r"(?m)^RESOLVED_WITHIN = (\d+)"], 2),
    ("evaluation interval", seconds(PROMETHEUS["evaluation_interval"]), float, [r"then at most (\d+) s here", r"computes these every (\d+) s"], 2),
    ("for of MiniShopHighErrorRate", wait("MiniShopHighErrorRate"), float, [r"s here, `for: (\d+)s`"], 1),
    ("group_wait", seconds(ROUTE["group_wait"]), float, [r"group_wait (\d+) s", r"first message after (\d+) s"], 2),
    ("group_interval", seconds(ROUTE["group_interval"]), float, [r'changes \(also "resolved"\) after (\d+) s'], 1),
]


def texts(*patterns):
    """{path: text} of the project's files; continued comment lines are joined."""
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
    """Without a bucket at the limit, the rules could not count."""
    default = re.search(r"#buckets = \[([^\]]*)\]", (TOP / "etc/minishop.conf").read_text())[1]
    for limit_ in (BOUND, OBJECTIVE):
        if limit_ not in [float(bucket) for bucket in re.sub(r"[\s#]", "", default).split(",")]:
            raise TestFailure(f"{limit_} is not among the default buckets: {default}")


def test_the_budget_counts_samples(_):
    """The rule of the remaining budget counts samples, each for the interval of its group, over the retention of Prometheus."""
    [group] = [group for group in load(RULES / "recording.yml")["groups"] if group["name"] == "minishop-slo"]
    interval, days = re.search(r"\* (\d+) / \((\d+) \* 86400\)", RECORDED["job_slo:budget_left:ratio_rate2d"]).groups()
    expect("seconds a sample", float(interval), seconds(group["interval"]))
    expect("days", float(days) * 86400, PERIOD)
    for path in ("lab.d/up.sh", "docker-compose.yml", "deploy/kubernetes/overlays/clusters/prometheus.yaml"):
        [kept] = re.findall(r"retention(?:\.time)?[=:] *(\w+)", (TOP / path).read_text())
        expect(f"{path}: what Prometheus keeps", seconds(kept), PERIOD)


def test_the_collector_refuses_above_its_soft_limit(_):
    limiter = load(OBSERVABILITY / "otel-collector/config.yaml")["processors"]["memory_limiter"]
    said = re.findall(r"refuses data while its heap is above (\d+) MiB", (OBSERVABILITY / "grafana/dashboards/pipeline.json").read_text())
    expect("the dashboard says", said, [str(limiter["limit_mib"] - limiter["spike_limit_mib"])])


def test_refused_cards_spend_no_budget(_):
    """They are the errors with status 402, in the rule, the runbook's query and the document."""
    refused = {reason for reason, status in re.findall(r"^\| `(\w+)` \| (\d+) \| yes", (TOP / "docs/telemetry.md").read_text(), re.MULTILINE) if status == "402"}
    said = [set(words.split("|")) for words in re.findall(r'reason!~"([^"]*)"', RECORDED["job_slo:bad_request:rate1m"] +
                                                          (OBSERVABILITY / "runbook.md").read_text())]
    said.append(set(re.findall(r"`(\w+)`", re.search(r"\| the card was refused: (.*?) \|", (TOP / "docs/slo.md").read_text())[1])))
    expect("reasons that spend no budget", said, 3 * [refused])


def numbers(cell):
    return [float(number) for number in re.findall(r"[\d.]*\d", cell)]


def test_the_table_of_burn_rates(_):
    """docs/slo.md works out what the pairs of windows mean, and the runbook repeats it."""
    rows = {row[0]: row[1:] for row in re.findall(
        r"^\| `(MiniShopBudgetBurn\w+)`, (\w+) \| (\S+ \S+) and (\S+ \S+) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|",
        (TOP / "docs/slo.md").read_text(), re.MULTILINE)}
    expect("alerts of the table", set(rows), {alert for alert in ALERTS if "BudgetBurn" in alert})
    runbook = (OBSERVABILITY / "runbook.md").read_text()
    for alert, (severity, long, short, factor, errors, slow, spent) in rows.items():
        window, limit_ = burn(alert)
        expect(f"{alert}: severity", severity, ALERTS[alert]["labels"]["severity"])
        texts_ = [re.sub(r"^(\d+) (\w).*", r"\1\2", text) for text in (long, short)]
        expect(f"{alert}: windows", texts_, re.findall(r"ratio_rate(\w+)\{", ALERTS[alert]["expr"]))
        shares = [100 * limit_ * ALLOWED[slo] for slo in ("errors", "latency")]
        for what, cell, value in (("burn rate", factor, limit_), ("errors", errors, shares[0]), ("latency", slow, shares[1]),
                                  ("spent", spent, 100 * limit_ * window / PERIOD)):
            if abs(numbers(cell)[0] - value) > 1e-9:
                raise TestFailure(f"{alert}: {what} is {value:g}, docs/slo.md says {cell}")
        section = runbook.split(f"\n## {alert}\n")[1].split("\n**See")[0]
        said = [float(text) for text in re.findall(r"above ([\d.]+) %", section)]
        if [round(share, 9) for share in shares] != said:
            raise TestFailure(f"{alert}: the limits are {shares}, the runbook says {said}")


def test_no_copy_is_unknown(_):
    """The files of an alert have no limit in a wording that PLACES does not know."""
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
