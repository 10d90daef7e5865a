# SPDX-License-Identifier: MIT
"""The type of a fault, and the queries to Prometheus and the log that faults share.

A fault is one row of a table in cases/. Its parameters are drawn from the case's seed; every function of the row takes them. The row
alone does not decide what is right: `effect` and `witness` query the engines, and the grader needs both the row and the engines.
"""
import dataclasses
import re
import typing

JOB = 'job="minishop"'
ORDER, PAY = "/order", "/payment/pay"
ROUTES = {ORDER: "POST /order", PAY: "POST /payment/pay", "/order/{order_id}": "GET /order/{order_id}"}
PROVIDER = ("gateway_error", "gateway_timeout")
LONGEST_CASE = "3h"  # a case ends by itself after this time, so a query that looks back this far shows the level before the fault
ENOUGH = 5  # requests that make a pattern


class Params(dict):
    """The parameters drawn from the seed: p.sku is p["sku"]."""
    __getattr__ = dict.__getitem__


def nothing(_):
    return ()


@dataclasses.dataclass(frozen=True)
class Look:
    """One way to find a fault, for people; a test follows it. A shell command has LOG, PROMETHEUS and ALERTMANAGER as placeholders for the
    log file and the addresses."""
    text: str
    shows: typing.Callable = nothing  # (p): words in its output
    shell: bool = False               # a command; else PromQL that returns at least one series

    def put(self, addresses):
        """The text with {word: replacement} applied."""
        return re.sub("|".join(addresses) or "$^", lambda word: addresses[word[0]], self.text)


def shell(text, shows):
    return Look(text, shows, True)


def most(field, where=""):
    """A command that counts the newest log lines by a field. It prints the most frequent value."""
    chosen = f"select({where}) | " if where else ""
    return f"tail -n 2000 LOG | jq -r '{chosen}.{field}' | sort | uniq -c | sort -rn | head -n 1"


TOP_REASON = "topk(1, sum by (route, reason) (rate(error_total[1m])))"


@dataclasses.dataclass(frozen=True)
class Fault:
    """One row. p: its parameters, base: values measured before it began (rate, rules, fds)."""
    number: int                       # the neutral number of ./lab oncall NUMBER
    name: str                         # for tests and for the end of a case
    families: tuple                   # each of them is a right class
    reasons: tuple                    # each of them may be the right reason: the witness decides
    says: str                         # the description at the end; {name}: a parameter
    found_by: tuple                   # of Look: ways to find it, printed at the end
    effect: typing.Callable           # (p, base): PromQL that is 1 while it lasts and 0 otherwise
    where: typing.Callable            # (p): right places
    witness: typing.Callable          # (engines, p, begin, end): (places, reasons) that the engines show now
    mends: typing.Callable            # (p): the actions that end it; one is enough
    draw: typing.Callable = lambda rng: {}
    broad: typing.Callable = nothing  # (p): true places that are too wide
    near: tuple = ()                  # true reasons that are not the cause
    config: typing.Callable = lambda p: {}       # settings of minishop
    rejected: typing.Callable = lambda p: ""     # a line for which minishop rejects its configuration
    misbehaves: typing.Callable = nothing        # callers: (name, habit, calls per second, threads)
    slack: typing.Callable = lambda p: None      # the mode of slack-mock
    silences: typing.Callable = lambda p: None   # an alert that the case silences
    unloads: typing.Callable = lambda p: None    # an alert's rule that Prometheus does not load
    unscrapes: typing.Callable = lambda p: None  # a job that Prometheus does not scrape
    stops: typing.Callable = lambda p: None      # a container that the case stops
    build: typing.Callable = lambda p: None      # the version of a wrong build that the case deploys
    worse: tuple = ()                 # actions that make it worse
    native: bool = True               # possible in the native lab
    containers: bool = True           # possible in containers
    lasting: typing.Callable = None   # (engines, p, begin, end): [(from, until)], for faults that no metric shows

    def told(self, params):
        """What the fault was, with "52 %" for a share, as everywhere in the project."""
        return re.sub(r"(\d)%", r"\1 %", self.says.format(**params))

    def held(self, p):
        """Whether the case keeps the fault in place until an action ends it. A user may undo other faults, such as a silence, without an action."""
        return bool(self.config(p) or self.rejected(p) or self.build(p) or self.misbehaves(p))


# PromQL.

def failing(route, reasons, window=20):
    """The share of a route's requests that end in one of these reasons."""
    pattern = "|".join(reasons)
    return (f'(sum(rate(error_total{{{JOB},route="{route}",reason=~"{pattern}"}}[{window}s])) '
            f'/ (sum(rate(request_total{{{JOB},route="{route}"}}[{window}s])) > 0))')


def slower(route, bound, window=20):
    """The share of a route's requests that take longer than the bound of a bucket, in seconds."""
    return (f'(1 - sum(rate(request_duration_seconds_bucket{{{JOB},route="{route}",le="{bound}"}}[{window}s])) '
            f'/ (sum(rate(request_duration_seconds_count{{{JOB},route="{route}"}}[{window}s])) > 0))')


def responses(status, route):
    """Responses per second with this status, on this route."""
    return f'sum(rate(request_total{{{JOB},route="{route}",status="{status}"}}[30s]))'


def a_second(series):
    return f"sum(rate({series}[1m])) or vector(0)"


def of_ordered(worst):
    return (f"{worst}(-sum by (sku) (delta(minishop_inventory_stock{{{JOB}}}[1m])) "
            f"/ (sum by (sku) (increase(minishop_ordered_units_total{{{JOB}}}[1m])) > 0))")


def p95(route):
    return f'1000 * histogram_quantile(0.95, sum by (le) (rate(request_duration_seconds_bucket{{{JOB},route="{route}"}}[1m])))'


# reason: (what its signal counts, PromQL with one number). A wrong answer shows the number, now and before the fault. A third element is
# the usual number in words, where the number before says nothing: a reload refills the stock. Reasons that no metric shows are missing.
SEEN = {
    **{reason: (f"{reason} errors a second", a_second(f'error_total{{{JOB},reason="{reason}"}}'))
       for reason in (*PROVIDER, "card_declined", "insufficient_funds", "fraud_suspected", "out_of_stock", "unavailable")},
    "slow_provider": (f"P95 of {PAY} in ms", p95(PAY)),
    "slow_inventory": (f"P95 of {ORDER} in ms", p95(ORDER)),
    "traffic_spike": ("requests a second", f"sum(rate(request_total{{{JOB}}}[20s]))"),
    "pool_exhausted": ("connections to the provider in use", f"max(avg_over_time(minishop_payment_connections_used{{{JOB}}}[20s]))"),
    "too_many_connections": ("open file descriptors", f"max(process_open_fds{{{JOB}}})"),
    "config_rejected": ("minishop_config_last_reload_successful", f"min(minishop_config_last_reload_successful{{{JOB}}})"),
    "wrong_build": ("builds of minishop that run", f"count(count by (version) (minishop_build_info{{{JOB}}}))"),
    "too_much_deducted": ("units that left the stock for each ordered unit, at most", of_ordered("max"), "about 1 is usual"),
    "not_deducted": ("units that left the stock for each ordered unit, at least", of_ordered("min"), "about 1 is usual"),
    "invalid_request": ("responses 400 a second", a_second(f'request_total{{{JOB},status="400"}}')),
    "retry_storm": (f"responses 409 of {PAY} a second", a_second(f'request_total{{{JOB},route="{PAY}",status="409"}}')),
    "unknown_sku": (f"responses 404 of {ORDER} a second", a_second(f'request_total{{{JOB},route="{ORDER}",status="404"}}')),
    "slack_webhook": ("messages that Slack refused in two minutes",
                      'sum(increase(alertmanager_notifications_failed_total{integration="slack"}[2m]))'),
    "rule_missing": ("loaded rules", "sum(prometheus_rule_group_rules)"),
    "target_lost": ("targets that respond", "count(up == 1)"),
    "logs_stopped": ("log lines for each request", f"sum(rate(telemetry_log_lines_written_total{{{JOB}}}[1m])) / sum(rate(request_total{{{JOB}}}[1m]))"),
    "collector_away": ("exported spans a second", a_second(f"telemetry_spans_exported_total{{{JOB}}}")),
}


# Witnesses.

def window_of(begin, end):
    return f"{max(20, round(end - begin))}s"


def shares(engines, route, begin, end):
    """Errors of a route by reason since `begin`: {reason: number}."""
    found = engines.query(f'sum by (reason) (increase(error_total{{{JOB},route="{route}"}}[{window_of(begin, end)}]))', end)
    return {labels["reason"]: value for labels, value in found}


def main_reasons(engines, route, begin, end):
    """The reasons of at least a sixth of the route's errors."""
    counts = shares(engines, route, begin, end)
    total = sum(counts.values())
    return {reason for reason, count in counts.items() if count >= ENOUGH and count >= total / 6}


def worst_route(engines, expression, end):
    """The route with the largest share, or None."""
    best = max(engines.query(expression, end), key=lambda pair: pair[1], default=None)
    return best[0]["route"] if best and best[1] > 0.02 else None


def failed_route(engines, begin, end):
    """The route with the largest share of errors, or None."""
    window = window_of(begin, end)
    return worst_route(engines, f'sum by (route) (increase(error_total{{{JOB}}}[{window}])) '
                                f'/ (sum by (route) (increase(request_total{{{JOB}}}[{window}])) > 0)', end)


def slow_route(engines, begin, end):
    """The route with the largest share of requests slower than 250 ms, or None."""
    window = window_of(begin, end)
    return worst_route(engines, f'1 - sum by (route) (increase(request_duration_seconds_bucket{{{JOB},le="0.25"}}[{window}])) '
                                f'/ (sum by (route) (increase(request_duration_seconds_count{{{JOB}}}[{window}])) > 0)', end)


def groups(records, field, bad):
    """{value of the field: (bad ones, all)} of log records."""
    counts = {}
    for record in records:
        value = record.get(field)
        if value:
            hit, total = counts.get(value, (0, 0))
            counts[value] = (hit + bool(bad(record)), total + 1)
    return counts


def outlier(counts):
    """The value of a grouping that is affected three times as often as all others together; None without such a value."""
    for value, (hit, total) in counts.items():
        rest_hit = sum(pair[0] for other, pair in counts.items() if other != value)
        rest = sum(pair[1] for other, pair in counts.items() if other != value)
        if hit >= ENOUGH and hit / total >= 0.15 and hit / total > 3 * (rest_hit / rest if rest else 0):
            return value
    return None


def busiest(records, field, matches):
    """The most frequent value of the matching records, if more than two thirds have it."""
    counts = groups(records, field, matches)
    total = sum(pair[0] for pair in counts.values())
    for value, (hit, _) in counts.items():
        if hit >= ENOUGH and hit > total * 2 / 3:
            return value
    return None


def caller_of(agent):
    """kiosk of kiosk/2.1."""
    return agent.split("/")[0] if agent else None


def called(record, name):
    return caller_of(record.get("user_agent")) == name
