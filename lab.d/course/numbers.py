# SPDX-License-Identifier: MIT
"""Questions whose answer is a number: one row per question. A row has the query of the true value, and the wrong numbers that have their own
hint."""
import dataclasses
import json
import time
import typing

from course.answers import COUNT, P95, RATE, SHARE, Number
from course.question import LATELY, PATIENCE_S, CannotTell, Right, Wrong, log_windows, moments, question

TWO_DAYS_H, DAY_S, WINDOWS_A_DAY = 48, 86400, 288
BURN = Number("a burn rate: a number, as in 2.5", {"": (1,), "x": (1,), "times": (1,)}, 0.05, 0.05)
HOURS = Number("a number of hours, as in 19.5 or 19.5 h", {"": (1,), "h": (1,), "hours": (1,), "hour": (1,), "d": (24,), "days": (24,)}, 0.05)
BYTES = Number("a size: a number with MB or GB, as in 0.6 GB", {"gb": (1e9,), "gib": (2 ** 30,), "mb": (1e6,), "mib": (2 ** 20,), "kb": (1e3,),
                                                                "bytes": (1,), "b": (1,), "": (1e9, 1)}, 0.2)

ALL = 'request_total{job="minishop"}'
PAID = 'request_total{job="minishop",route="/payment/pay"}'
ERRORS = 'sum(rate(error_total{job="minishop"}[5m]))'
P95_OF = "histogram_quantile({}, sum by (le) (rate(request_duration_seconds_bucket{{job=\"minishop\"{}}}[5m])))"
ORDER = ',route="/order"'
BURN_RATE = 'job_slo:burn_rate:ratio_rate5m{job="minishop",slo="errors"}'
BURN_RATE_1M = BURN_RATE.replace("5m", "1m")


@dataclasses.dataclass(frozen=True)
class Row:
    """truth, and each mistake, is PromQL, or a function of the engines that returns [numbers], the newest last."""
    number: str
    kind: Number
    truth: typing.Union[str, typing.Callable]
    says: typing.Callable          # (the newest true value): the text for a right answer
    mistakes: tuple                # of (mistaken value, hint), tried in this order
    otherwise: str                 # the hint for any other number


def values(engines, asked):
    return moments(engines, asked) if isinstance(asked, str) else asked(engines)


def check(row):
    def judge(engines, answer):
        truths = values(engines, row.truth)
        if answer.is_one_of(truths[-1:]):
            return Right(row.says(truths[-1]))
        hint = mistake(row, engines, answer)
        if not answer.is_one_of(truths):
            return Wrong(hint or row.otherwise)
        if hint or not answer.is_one_of(truths[-LATELY:]):  # as in a young lab, where all rates grow
            raise CannotTell("this number was right a short time ago, but the true value has changed since. Run the query again, and answer with the new "
                             "number")
        return Right(row.says(truths[-1]))
    return judge


def mistake(row, engines, answer):
    """The hint of the first mistake whose present value matches the answer, or None. A mistake that has no value now is skipped. The kind's
    absolute error is not allowed here, because it is larger than the difference that some mistakes make."""
    near = Number(row.kind.what, row.kind.units, row.kind.within)
    for asked, hint in row.mistakes:
        try:
            if near.is_one_of(answer.values, values(engines, asked)[-1:]):
                return hint
        except CannotTell:
            continue
    return None


def times(factor, asked):
    """The same numbers, each multiplied."""
    return lambda engines: [factor * value for value in values(engines, asked)]


def percent(value):
    return f"{100 * value:.1f} %"


def seconds(value):
    return f"{1000 * value:.1f} ms" if value < 1 else f"{value:.2f} s"


def of_log(wanted, number):
    """A number of the records of five minutes, for each window that ended in the last minutes."""
    return lambda engines: [number(window) for window in reversed(log_windows(engines, wanted))]


def message(text):
    return lambda record: record.get("message") == text


def order_durations(record):
    return record.get("route") == "/order" and "duration_ms" in record


def true_p95(records):
    durations = sorted(record["duration_ms"] / 1000 for record in records)
    return durations[min(len(durations) - 1, int(len(durations) * 0.95))]


def order_ids(records):
    return len({record["order_id"] for record in records})


def hours_at(burn_rate):
    """The hours that the budget lasts at this burn rate."""
    def hours(engines):
        found = [TWO_DAYS_H / rate for rate in moments(engines, burn_rate) if rate > 0]
        if not found:
            raise CannotTell("nothing was spent in the last five minutes, so the budget does not run out. Ask again in a minute")
        return found
    return hours


def bytes_a_day(engines):
    now = time.time()
    records = engines.log(now - PATIENCE_S, now)
    if len(records) < 10:
        raise CannotTell("the log has fewer than ten lines of the last five minutes. Does traffic run (./lab status)?")
    mean = sum(len(json.dumps(record, separators=(",", ":"))) + 1 for record in records) / len(records)
    return times(mean * DAY_S, 'sum(rate(telemetry_log_lines_written_total{job="minishop"}[5m]))')(engines)


ROWS = (
    Row("1.1", RATE, f"sum(rate({ALL}[1m]))", "Prometheus says {:.2f} a second now.".format,
        ((times(60, f"sum(rate({ALL}[1m]))"), "That is the number per minute. The question asks for the number per second."),
         (f"sum({ALL})", "That is the counter itself: all requests since the start. rate() computes the number per second.")),
        "Run the first command of step 2 again. Add up the routes, or ask for job:request:rate1m."),
    Row("3.3", Number(COUNT.what, COUNT.units, 0.1, 2), of_log(message("payment failed"), len), "{} lines now.".format, (),
        'Count the lines of the last five minutes with the message "payment failed", not of the whole file.'),
    Row("4.1", RATE, f"sum(rate({PAID}[5m]))", "Prometheus says {:.2f} a second.".format,
        ((f"sum(rate({ALL}[5m]))", 'That is the rate of all routes. Choose one with {route="/payment/pay"}.'),
         (f"sum(increase({PAID}[5m]))", "That is the number in five minutes: increase(). rate() is the number per second.")),
        'Sum the rate of request_total{route="/payment/pay"} over [5m].'),
    Row("4.2", SHARE, f"{ERRORS} / sum(rate({ALL}[5m]))", lambda value: f"Prometheus says {percent(value)}.",
        ((ERRORS, "That is the number of errors per second. Divide it by the number of requests per second."),
         (f"{ERRORS} / sum(rate({PAID}[5m]))", "That is the share of the payments. The question is about all requests.")),
        "Errors divided by requests: both with sum(rate(...[5m])), over all routes."),
    Row("5.1", P95, P95_OF.format(0.95, ORDER), lambda value: f"Prometheus estimates {seconds(value)}.",
        ((of_log(order_durations, true_p95), "That is the true value, from the log. The question asks for the estimate of the histogram: step 3."),
         (P95_OF.format(0.5, ORDER), "That is the median, P50. Use 0.95 in histogram_quantile()."),
         (P95_OF.format(0.95, ""), 'That is P95 of all routes together. Choose {route="/order"}.')),
        "Run the query of step 3 again, with [5m]. Prometheus returns seconds."),
    Row("5.2", P95, of_log(order_durations, true_p95), lambda value: f"{seconds(value)}, from the durations in the log.",
        ((P95_OF.format(0.95, ORDER), "That is the estimate of the histogram. Sort the durations in the log: step 4."),),
        "Take the lines with the route /order of the last five minutes, sort by duration_ms, and read the one at 95 %."),
    Row("9.1", BURN, BURN_RATE, "Prometheus says {:.2f}.".format,
        ((BURN_RATE_1M, "That is the burn rate of one minute. The question is about five minutes."),
         ('job_slo:burn_rate:ratio_rate5m{job="minishop",slo="latency"}', 'That is the budget for slow requests. Take slo="errors".'),
         (f"{BURN_RATE} * on (slo) slo:allowed:ratio",
          "That is the share of bad requests. Divide it by the share that is allowed, 0.005.")),
        'Ask for job_slo:burn_rate:ratio_rate5m, and take the line with slo="errors".'),
    Row("9.2", HOURS, hours_at(BURN_RATE), "The budget lasts for {:.1f} hours at this rate.".format,
        ((times(1 / 24, hours_at(BURN_RATE)), "That is in days. The question asks for hours."),
         (hours_at(BURN_RATE_1M), "That is at the burn rate of one minute. Take the burn rate of five minutes, as in 9.1.")),
        "With a burn rate of 1 it lasts for 48 hours, with 2 for half of that."),
    Row("10.2", COUNT, 'scrape_samples_scraped{job="minishop"}', "The last scrape returned {:.0f} samples, one per series.".format, (),
        'Prometheus counts that itself: scrape_samples_scraped{job="minishop"}.'),
    Row("10.3", COUNT, of_log(message("order created"), order_ids), lambda value: f"{value} orders, so {value} series. In a day: about "
        f"{value * WINDOWS_A_DAY}.",
        ((times(WINDOWS_A_DAY, of_log(message("order created"), order_ids)), "That is the number per day. The question asks for five minutes."),),
        "Each order would be a series. Count the orders that the log has of the last five minutes."),
    Row("11.1", RATE, 'sum(rate(telemetry_spans_started_total{job="minishop"}[5m]))', "Prometheus says {:.2f} a second.".format,
        ((f"sum(rate({ALL}[5m]))", "That is the number of requests. Most requests have two spans."),),
        "Use rate() of telemetry_spans_started_total over [5m]."),
    Row("11.2", BYTES, bytes_a_day, lambda value: f"At the rate of the last five minutes: {value / 1e9:.2f} GB.", (),
        "Bytes a line, times lines a second, times 86,400 seconds: step 5."),
)

for each in ROWS:
    question(each.number, each.kind)(check(each))
