# SPDX-License-Identifier: MIT
"""Questions that Prometheus answers with a name or a few values: chapters 4, 5, 10 and 12."""
from course.answers import COUNT, DURATION, Number, Route, Word
from course.numbers import percent
from course.question import LATELY, CannotTell, Right, Wrong, moments, question

ORDER_BUCKETS = 'sum by (le) (rate(request_duration_seconds_bucket{job="minishop",route="/order"}[5m]))'
ORDER_P95 = f"histogram_quantile(0.95, {ORDER_BUCKETS})"
METRIC = Word("the name of a metric, as in request_total")


@question("4.3", Route("a route, as in POST /order or /order"))
def failing_route(engines, answer):
    shares = {labels["route"]: value for labels, value in engines.query(
        'sum by (route) (rate(error_total{job="minishop"}[5m])) / (sum by (route) (rate(request_total{job="minishop"}[5m])) > 0)')}
    if not any(shares.values()):
        raise CannotTell("no request has failed in the last five minutes. Does traffic run (./lab status)?")
    worst = max(shares, key=shares.get)
    if answer.is_one_of([worst]):
        return Right(f"{percent(shares[worst])} of the requests to {worst} fail.")
    routes = [labels["route"] for labels, _ in engines.query('sum by (route) (rate(request_total{job="minishop"}[5m])) > 0')]
    if not answer.is_one_of(routes):
        return Wrong(f"The shop has no such route. The routes with traffic are {', '.join(sorted(routes))}.")
    return Wrong("Divide errors by requests for each route: sum by (route) on both sides.")


def bucket_bounds(engines):
    """The bound of the bucket that contains the orders' P95, at each moment of the last minutes."""
    bounds = sorted({float(labels["le"]) for labels, _ in engines.query(ORDER_BUCKETS)})
    return {next(bound for bound in bounds if bound >= value) for value in moments(engines, ORDER_P95)}


@question("5.3", Number(DURATION.what, DURATION.units, 0.001))
def bucket_of_p95(engines, answer):
    truths = bucket_bounds(engines)
    if answer.is_one_of(truths):
        return Right("The estimate lies in that bucket, wherever the true value is in it.")
    return Wrong("Take the estimate of question 5.1. The bucket is the one with the smallest le that is not below it.")


@question("10.1", METRIC)
def largest_metric(engines, answer):
    # Without the recording rules and the collector's span metrics.
    counts = {labels["__name__"]: value for labels, value in engines.query(
        'count by (__name__) ({job="minishop",__name__!~".*:.*|ALERTS.*|traces_span_metrics_.*|scrape_.*|up"})')}
    if not counts:
        raise CannotTell("Prometheus has no series of MiniShop. Is it scraped? See ./lab status")
    largest = [name for name, count in counts.items() if count == max(counts.values())]
    if answer.is_one_of(largest + [name.removesuffix("_bucket") for name in largest]):
        return Right(f"{max(counts.values()):.0f} series: one for each route, each method and each bucket.")
    if not answer.is_one_of([*counts, *(name.removesuffix("_bucket") for name in counts)]):
        return Wrong("MiniShop has no such metric. Run the command of step 1 again.")
    return Wrong("Another metric has more series. Sort the counts: topk(3, ...).")


@question("12.1", COUNT)
def targets_up(engines, answer):
    # Of the last minute, because a target that has just restarted misses a scrape.
    if answer.value in moments(engines, "sum(up)")[-LATELY:]:
        return Right(f"{answer.value:.0f} of {len(engines.targets())} targets respond.")
    return Wrong("Count the series of up that are 1: sum(up), or look at the page Status, Targets.")


@question("12.2", Word("the reason of a drop: one word, as in queue_full"))
def drop_reason(engines, answer):
    lost = {labels["reason"]: value for labels, value in engines.query(
        'sum by (reason) (increase(telemetry_spans_dropped_total{job="minishop"}[30m])) > 0')}
    if not lost:
        raise CannotTell("no span was dropped in the last 30 minutes. Do step 3 first: ./lab incident collector-down")
    if answer.is_one_of(lost):
        return Right(f"About {sum(lost.values()):.0f} spans were lost.")
    return Wrong("Look at the label reason: sum by (reason) (increase(telemetry_spans_dropped_total[30m])) > 0.")
