"""Questions whose truth Prometheus knows: chapters 1, 4, 5, 10, 11 and 12."""
from course.answers import COUNT, DURATION, P95, RATE, SHARE, Number, Route, Word
from course.question import CannotTell, Right, Wrong, moments, question

ERROR_SHARE = 'sum(rate(error_total{job="minishop"}[5m])) / sum(rate(request_total{job="minishop"}[5m]))'
ORDER_BUCKETS = 'sum by (le) (rate(request_duration_seconds_bucket{job="minishop",route="/order"}[5m]))'
ORDER_P95 = f"histogram_quantile(0.95, {ORDER_BUCKETS})"
METRIC = Word("the name of a metric, as in request_total")


def per_second(value):
    return f"{value:.2f} a second"


def percent(value):
    return f"{100 * value:.1f} %"


def seconds(value):
    return f"{1000 * value:.1f} ms" if value < 1 else f"{value:.2f} s"


@question("1.1", RATE)
def requests(engines, answer):
    truths = moments(engines, 'sum(rate(request_total{job="minishop"}[1m]))')
    if answer.is_one_of(truths):
        return Right(f"Prometheus says {per_second(truths[-1])} now.")
    if answer.is_one_of([60 * truth for truth in truths]):
        return Wrong("That is the number in a minute. The question asks for a second.")
    if answer.value > 100:
        return Wrong("That looks like the counter itself: all requests since the start. rate() makes a number a second of it.")
    return Wrong("Run the first command of step 2 again. Add up the routes, or ask for job:request:rate1m.")


@question("4.1", RATE)
def pay_rate(engines, answer):
    truths = moments(engines, 'sum(rate(request_total{job="minishop",route="/payment/pay"}[5m]))')
    if answer.is_one_of(truths):
        return Right(f"Prometheus says {per_second(truths[-1])}.")
    if answer.is_one_of(moments(engines, 'sum(rate(request_total{job="minishop"}[5m]))')):
        return Wrong('That is the rate of all routes. Choose one with {route="/payment/pay"}.')
    if answer.is_one_of(moments(engines, 'sum(increase(request_total{job="minishop",route="/payment/pay"}[5m]))')):
        return Wrong("That is the number in five minutes: increase(). rate() is the number a second.")
    return Wrong('Sum the rate of request_total{route="/payment/pay"} over [5m].')


@question("4.2", SHARE)
def error_share(engines, answer):
    truths = moments(engines, ERROR_SHARE)
    if answer.is_one_of(truths):
        return Right(f"Prometheus says {percent(truths[-1])}.")
    if answer.is_one_of(moments(engines, 'sum(rate(error_total{job="minishop"}[5m]))')):
        return Wrong("That is the number of errors a second. Divide it by the number of requests a second.")
    if answer.is_one_of(moments(engines, ERROR_SHARE.replace("[5m]))", '[5m]))', 1).replace(
            'request_total{job="minishop"}', 'request_total{job="minishop",route="/payment/pay"}'))):
        return Wrong("That is the share of the payments. The question is about all requests.")
    return Wrong("Errors divided by requests: both with sum(rate(...[5m])), over all routes.")


@question("4.3", Route("a route, as in POST /order or /order"))
def failing_route(engines, answer):
    shares = {labels["route"]: value for labels, value in engines.query(
        'sum by (route) (rate(error_total{job="minishop"}[5m])) / (sum by (route) (rate(request_total{job="minishop"}[5m])) > 0)')}
    if not any(shares.values()):
        raise CannotTell("no request has failed in the last five minutes. Does traffic run (./lab status)?")
    worst = max(shares, key=shares.get)
    if answer.is_one_of([worst]):
        return Right(f"{percent(shares[worst])} of the requests to {worst} fail.")
    if not answer.is_one_of(shares):
        return Wrong(f"The shop has no such route. The routes with traffic are {', '.join(sorted(shares))}.")
    return Wrong("Divide errors by requests for each route: sum by (route) on both sides.")


@question("5.1", P95)
def estimated_p95(engines, answer):
    truths = moments(engines, ORDER_P95)
    if answer.is_one_of(truths):
        return Right(f"Prometheus estimates {seconds(truths[-1])}.")
    if answer.is_one_of(moments(engines, ORDER_P95.replace("0.95", "0.5"))):
        return Wrong("That is the median, P50. Use 0.95 in histogram_quantile().")
    if answer.is_one_of(moments(engines, ORDER_P95.replace(',route="/order"', ""))):
        return Wrong('That is P95 of all routes together. Choose {route="/order"}.')
    return Wrong("Run the query of step 3 again, with [5m]. Prometheus answers in seconds.")


def bucket_bounds(engines):
    """The bound of the bucket that P95 of the orders lies in, at each moment of the last minutes."""
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
    # Not the recording rules, and not what the collector makes of spans.
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


@question("10.2", COUNT)
def scraped_series(engines, answer):
    truths = moments(engines, 'scrape_samples_scraped{job="minishop"}')
    if answer.is_one_of(truths):
        return Right(f"The last scrape brought {truths[-1]:.0f} samples, one a series.")
    return Wrong('Prometheus counts that itself: scrape_samples_scraped{job="minishop"}.')


@question("11.1", RATE)
def span_rate(engines, answer):
    truths = moments(engines, 'sum(rate(telemetry_spans_started_total{job="minishop"}[5m]))')
    if answer.is_one_of(truths):
        return Right(f"Prometheus says {per_second(truths[-1])}.")
    if answer.is_one_of(moments(engines, 'sum(rate(request_total{job="minishop"}[5m]))')):
        return Wrong("That is the number of requests. Most requests have two spans.")
    return Wrong("Use rate() of telemetry_spans_started_total over [5m].")


@question("12.1", COUNT)
def targets_up(engines, answer):
    up = sum(target["health"] == "up" for target in engines.targets())
    if answer.value == up:
        return Right(f"{up} of {len(engines.targets())} targets answer.")
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
