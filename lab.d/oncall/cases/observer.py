# SPDX-License-Identifier: MIT
"""Monitoring is broken. The shop is healthy, but the next outage would go unnoticed."""
from ..engines import timestamp
from ..faults import JOB, LONGEST_CASE, Fault, Look, shell

ALERTS = ("MiniShopHighErrorRate", "MiniShopDown", "MiniShopHighLatency", "MiniShopTelemetryDropped", "SlackDeliveryFailing")
SCRAPED = {"slack-mock": "slack", "alertmanager": "alertmanager"}
AUTHORS = ("maria", "on-call", "deploy-bot", "tom")


def sees_missing_rule(engines, p, begin, end):
    missing = set(p.base["rules"]) - set(engines.rules())
    return tuple(missing), {"rule_missing"} if missing else set()


def silenced_alerts(engines, state="active"):
    """(alert, silence) of each silence that holds back one of the lab's alerts."""
    rules = engines.rules()
    for silence in engines.silences(state):
        for matcher in silence["matchers"]:
            if matcher["name"] == "alertname" and matcher["value"] in rules:
                yield matcher["value"], silence


def sees_silence(engines, p, begin, end):
    held = {alert for alert, _ in silenced_alerts(engines)}
    return tuple(held), {"alert_silenced"} if held else set()


def silence_lasts(engines, p, begin, end):
    spans = [(timestamp(silence["startsAt"]), timestamp(silence["endsAt"])) for _, silence in silenced_alerts(engines, None)]
    return [(start, until) for start, until in spans if until > begin and start < end]


def sees_lost_target(engines, p, begin, end):
    scraped = {target["labels"]["job"] for target in engines.targets()}
    lost = {component for job, component in SCRAPED.items() if job not in scraped}
    return tuple(lost), {"target_lost"} if lost else set()


def sees_quiet_log(engines, p, begin, end):
    lines = engines.number(f"sum(rate(telemetry_log_lines_written_total{{{JOB}}}[20s]))", end)
    requests = engines.number(f"sum(rate(request_total{{{JOB}}}[20s]))", end)
    return ("log",), {"logs_stopped"} if requests and lines is not None and lines < requests / 2 else set()


def sees_dropped_spans(engines, p, begin, end):
    exported = engines.number(f"sum(rate(telemetry_spans_exported_total{{{JOB}}}[20s]))", end)
    started = engines.number(f"sum(rate(telemetry_spans_started_total{{{JOB}}}[20s]))", end)
    return ("collector",), {"collector_away"} if started and exported is not None and exported < started / 4 else set()


FAULTS = (
    Fault(10, "rule-missing", ("observer",), ("rule_missing",),
          "Prometheus had not loaded the rule of {alert}.",
          (shell("{ curl -s PROMETHEUS/api/v1/rules | jq -r '.data.groups[].rules[] | select(.type == \"alerting\").name'; "
                 "sed -n 's/.*- alert: //p' observability/prometheus/rules/*.yml; } | sort | uniq -u", lambda p: (p.alert,)),),
          draw=lambda rng: {"alert": rng.choice(ALERTS)},
          unloads=lambda p: p.alert,
          effect=lambda p, base: f"sum(prometheus_rule_group_rules) < bool {base['rule_count']:.0f}",
          where=lambda p: (p.alert,), broad=lambda p: ("prometheus",), witness=sees_missing_rule, mends=lambda p: ("reload-prometheus",)),
    Fault(21, "alert-silenced", ("observer",), ("alert_silenced",),
          "{author} had silenced {alert} for {hours} hours.",
          (shell("curl -s ALERTMANAGER/api/v2/silences | jq -r '.[] | select(.status.state == \"active\") | .matchers[] | .value'",
                 lambda p: (p.alert,)),),
          draw=lambda rng: {"alert": rng.choice(ALERTS), "author": rng.choice(AUTHORS), "hours": rng.randint(2, 12)},
          silences=lambda p: p.alert,
          effect=lambda p, base: "", lasting=silence_lasts,
          where=lambda p: (p.alert,), broad=lambda p: ("alertmanager",), witness=sees_silence, mends=lambda p: ("expire-silences",)),
    Fault(17, "target-lost", ("observer",), ("target_lost",),
          "Prometheus no longer scraped {job}.",
          (Look(f"count by (job) (max_over_time(up[{LONGEST_CASE}])) unless count by (job) (up)", lambda p: (p.job,)),),
          draw=lambda rng: {"job": rng.choice(list(SCRAPED))},
          unscrapes=lambda p: p.job,
          effect=lambda p, base: f'(sum(absent(up{{job="{p.job}"}})) or vector(0))',
          where=lambda p: (SCRAPED[p.job],), broad=lambda p: ("prometheus",), witness=sees_lost_target,
          mends=lambda p: ("reload-prometheus",)),
    Fault(24, "logs-stopped", ("observer", "deploy"), ("logs_stopped",),
          "Somebody had raised log.level to {level}: the shop logged almost nothing.",
          (Look("sum(rate(telemetry_log_lines_written_total[1m])) / sum(rate(request_total[1m])) < 0.5"),),
          draw=lambda rng: {"level": "error"},
          config=lambda p: {"log.level": p.level},
          effect=lambda p, base: f"sum(rate(telemetry_log_lines_written_total{{{JOB}}}[20s])) "
                                 f"/ (sum(rate(request_total{{{JOB}}}[20s])) > 0) < bool 0.5",
          where=lambda p: ("log",), broad=lambda p: ("minishop",), witness=sees_quiet_log, mends=lambda p: ("reload-config",)),
    Fault(26, "collector-away", ("observer",), ("collector_away",),
          "The collector was stopped: no span arrived any more.",
          (Look("sum(rate(telemetry_spans_exported_total[1m])) / sum(rate(telemetry_spans_started_total[1m])) < 0.5"),),
          stops=lambda p: "otel-collector", native=False,
          effect=lambda p, base: f"sum(rate(telemetry_spans_exported_total{{{JOB}}}[20s])) "
                                 f"< bool 0.25 * sum(rate(telemetry_spans_started_total{{{JOB}}}[20s]))",
          where=lambda p: ("collector",), witness=sees_dropped_spans, mends=lambda p: ("restart-collector",)),
)
