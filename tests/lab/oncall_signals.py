# SPDX-License-Identifier: MIT
"""The signals that show each fault on call, and those that stay quiet. Also follows the printed ways to find a fault, as a learner does.

The queries here differ from those of the cases, so that a case is checked independently.
"""
import pathlib
import subprocess
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
from labtest import TestFailure, wait_until  # noqa: E402
from oncall.engines import Away

JOB = 'job="minishop"'
STEP_S, IN_A_ROW = 2, 2
LEAST_RATE, USUAL_RATE = 6, 18  # requests a second: half of the shoppers'; all callers


def failed(route, reasons):
    return (f'sum(rate(error_total{{{JOB},route="{route}",reason=~"{reasons}"}}[40s])) / (sum(rate(request_total{{{JOB},route="{route}"}}[40s])) > 0)')


def above(route, bound):
    return (f'1 - sum(rate(request_duration_seconds_bucket{{{JOB},route="{route}",le="{bound}"}}[40s])) '
            f'/ (sum(rate(request_duration_seconds_count{{{JOB},route="{route}"}}[40s])) > 0)')


def responses(route, status):
    return f'sum(rate(request_total{{{JOB},route="{route}",status="{status}"}}[30s]))'


# name: PromQL that has a series while the signal shows a fault. {busy}, {fds}, {rules}, {jobs}, {version}: the values before the fault.
SIGNALS = {
    "provider errors": failed("/payment/pay", "gateway_error|gateway_timeout") + " > 0.05",
    "cards refused": failed("/payment/pay", "card_declined|insufficient_funds|fraud_suspected") + " > 0.16",
    "orders refused": failed("/order", "out_of_stock|unavailable") + " > 0.2",
    "payments slow": above("/payment/pay", "0.5") + " > 0.03",
    "orders slow": above("/order", "0.25") + " > 0.05",
    "400 on orders": responses("/order", 400) + " > 1.4",
    "404 on orders": responses("/order", 404) + " > 1.4",
    "409 on payments": responses("/payment/pay", 409) + " > 1.4",
    "many requests": f"sum(rate(request_total{{{JOB}}}[20s])) > {{busy}}",
    "descriptors": f"max(process_open_fds{{{JOB}}}) > {{fds}} + 60",
    "connections busy": f"max(avg_over_time(minishop_payment_connections_used{{{JOB}}}[20s]) / minishop_payment_connections_limit{{{JOB}}}) > 0.7",
    "reload rejected": f"minishop_config_last_reload_successful{{{JOB}}} == 0",
    "other build": f'minishop_build_info{{{JOB},version!="{{version}}"}}',
    "stock": f"abs(-sum by (sku) (delta(minishop_inventory_stock{{{JOB}}}[30s])) "
             f"/ (sum by (sku) (increase(minishop_ordered_units_total{{{JOB}}}[30s])) > 5) - 1) > 0.4",
    "lines missing": f"sum(rate(telemetry_log_lines_written_total{{{JOB}}}[20s])) / sum(rate(request_total{{{JOB}}}[20s])) < 0.5",
    "messages refused": 'increase(alertmanager_notifications_failed_total{integration="slack"}[70s]) > 0',
    "rule missing": "sum(prometheus_rule_group_rules) < {rules}",
    "target missing": "count(count by (job) (up)) < {jobs}",
    "spans lost": f"sum(rate(telemetry_spans_exported_total{{{JOB}}}[20s])) < 0.25 * sum(rate(telemetry_spans_started_total{{{JOB}}}[20s]))",
}
BEFORE = {"rate": f"sum(rate(request_total{{{JOB}}}[20s]))", "fds": f"max(process_open_fds{{{JOB}}})", "rules": "sum(prometheus_rule_group_rules)",
          "jobs": "count(count by (job) (up))"}
TIMEOUTS = {"payments slow"}  # a timeout of the provider takes 0.4 s, and more on a busy machine
SILENCED = "alert silenced"  # Alertmanager shows it, no metric does
# fault: (the signals that show it, those that may change too). All others stay quiet.
TELLS = {
    "provider-errors": ({"provider errors"}, TIMEOUTS),
    "card-declines": ({"cards refused"}, set()),
    "out-of-stock": ({"orders refused"}, {"stock"}),  # the stock is set to almost 0
    "provider-slow": ({"payments slow"}, set()),
    "inventory-slow": ({"orders slow"}, set()),
    "traffic-spike": ({"many requests"}, {"descriptors"}),
    "pool-exhausted": ({"connections busy"}, {"payments slow", "descriptors", "orders refused"}),
    "descriptors": ({"descriptors"}, {"many requests"}),
    "broken-json": ({"400 on orders"}, set()),
    "retry-storm": ({"409 on payments"}, set()),
    "unknown-sku": ({"404 on orders"}, set()),
    "config-rejected": ({"reload rejected"}, set()),
    "wrong-build": ({"other build"}, {"stock", "lines missing"}),  # it starts with full shelves, and counts from 0
    "provider-credentials": ({"provider errors"}, set()),
    "slack-webhook": ({"messages refused"}, set()),
    "one-sku": ({"provider errors"}, TIMEOUTS),
    "one-caller": ({"provider errors"}, TIMEOUTS),
    "one-instance": (set(), {"provider errors", *TIMEOUTS}),  # an average hides it: the effect of the case looks at each instance
    "tail": ({"payments slow"}, set()),
    "deducted-twice": ({"stock"}, set()),
    "not-deducted": ({"stock"}, set()),
    "rule-missing": ({"rule missing"}, set()),
    "alert-silenced": ({SILENCED}, set()),
    "target-lost": ({"target missing"}, set()),
    "logs-stopped": ({"lines missing"}, set()),
    "collector-away": ({"spans lost"}, set()),
}


class Watch:
    """The signals of one case. faults: their rows, or none if nothing is wrong."""

    def __init__(self, engines, faults):
        self.engines, self.faults = engines, faults
        told = [TELLS[fault.name] for fault in faults]
        self.telling = {name for tells, _ in told for name in tells}
        self.allowed = self.telling.union(*(may for _, may in told))

    def asked(self, before):
        values = {name: self.engines.number(text, before) for name, text in BEFORE.items()}
        values["busy"] = 2.2 * max(values["rate"], USUAL_RATE)
        values["version"] = self.engines.query(f"minishop_build_info{{{JOB}}}", before)[0][0]["version"]
        # The native lab exports nothing without a collector, so spans show nothing there.
        names = [name for name in SIGNALS if name != "spans lost" or not self.engines.native]
        return {name: fill(SIGNALS[name], values) for name in names}

    def seen(self, begin, end, before):
        """The signals that showed a fault between two moments: twice in a row, because one sample may be noise."""
        found = {name for name, text in self.asked(before).items()
                 if any(in_a_row([when for when, _ in samples]) for _, samples in self.engines.query_range(text, begin, end, STEP_S))}
        if any(matcher["value"].startswith(("MiniShop", "Slack")) for silence in self.engines.silences() for matcher in silence["matchers"]):
            found.add(SILENCED)
        return found

    def check(self, began):
        """From the beginning of the fault until now."""
        [seen] = wait_until(f"{self.telling} tell", lambda: self.everything(began), interval=2)
        loud = seen - self.allowed - self.seen(began - 4 * STEP_S, began, began - STEP_S)  # the case before this one still shows
        if loud:
            raise TestFailure(f"{[fault.name for fault in self.faults]}: {sorted(loud)} should stay quiet")

    def everything(self, began):
        """[The signals that show the fault], once they include all expected ones."""
        try:
            seen = self.seen(began, time.time(), began - STEP_S)
        except Away as away:
            raise OSError(str(away)) from away  # not yet
        return [seen] if self.telling <= seen else None

    def wait_until_quiet(self, began):
        """Waits until no signal shows the fault: the rates here look back further than those of the lab. Returns the time."""
        def quiet():
            now = time.time()
            return now if not self.seen(now - 3 * STEP_S, now, began - STEP_S) else None
        return wait_until(f"{[fault.name for fault in self.faults]}: the signals are quiet after the mending", quiet, 90, 2)

    def stays_quiet(self, began, since):
        """Checks that since then no signal showed a fault, and that there was traffic."""
        now = time.time()
        seen = self.seen(since, now, began - STEP_S)
        if seen:
            raise TestFailure(f"{[fault.name for fault in self.faults]}: all was well again, and then there was {sorted(seen)}")
        [(_, rates)] = self.engines.query_range(BEFORE["rate"], since, now, STEP_S)
        if min(rate for _, rate in rates) < LEAST_RATE:
            raise TestFailure(f"too few requests came: {rates}")


def fill(text, values):
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def in_a_row(times):
    return any(after - when <= STEP_S * 1.5 for when, after in zip(times, times[IN_A_ROW - 1:]))


def follow(look, params, lab, engines):
    """Runs the commands that the lab prints at the end of a case, until they show the expected words."""
    wanted, last = look.shows(params), [""]

    def shown():
        last[0] = run(look, lab, engines)
        return last[0].strip() and all(word in last[0] for word in wanted)
    try:
        wait_until(look.text, shown, interval=2)
    except TestFailure:
        raise TestFailure(f"{look.put(engines.addresses())} should show {wanted}, and shows:\n{last[0][-1500:]}") from None


def run(look, lab, engines):
    if look.shell:
        command = look.put(engines.addresses()).replace("./lab", str(lab.program))
        return subprocess.run(["sh", "-c", command], cwd=labtest.TOP, env={**lab.env, "no_proxy": "127.0.0.1"}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False).stdout
    url = f"{engines.urls['prometheus']}/api/v1/query?query={urllib.parse.quote(look.text)}"
    found = labtest.http_json(url)["data"]["result"]
    return "\n".join(" ".join(f'{name}="{value}"' for name, value in series["metric"].items()) + f" {series['value'][1]}" for series in found)
