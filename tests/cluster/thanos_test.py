#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Metrics in a real Thanos: three MiniShops, two Prometheuses, three receivers. The dashboards' queries give the same numbers through
Thanos as from one Prometheus; each part is killed in turn under load, and no series has a gap; an alert of two Prometheuses is one
message; and data in the bucket survive the receivers. Takes about five minutes."""
import math
import signal
import sys
import tempfile
import time

from control_plane import need
import labtest
from labtest import TestFailure, claim, expect, wait_until

try:
    import thanos
except ImportError as error:
    print(f"SKIP thanos: {error.name} missing (tests/requirements.txt)")
    sys.exit(labtest.SKIPPED)
sys.path.insert(0, str(labtest.TOP / "tests/observability"))
import dashboards  # noqa: E402
from loop_test import Customers  # noqa: E402

WARM_UP_S = 75  # the rules look back one minute
LONGEST_WINDOW_S = 300  # of the dashboard's queries
OUTAGE_S = 20
SCRAPES_A_MINUTE = 30
# Two Prometheuses scrape at different moments, and Thanos may take one series from one and the next series from the other. A rate over
# one minute then differs by at most one scrape of thirty, or, where little happens, by the events of each shop at the edges of the minute.
TOLERANCE = 1 / SCRAPES_A_MINUTE
EDGES = 2 / 60
ALERT = "MiniShopHighErrorRate"
ORDERS = {"route": "/order", "status": "201"}
ANY = {"instance": ".*", "route": ".*", "slow_ms": "50"}


def value(cluster, expression, base=None, when=None):
    """The value of an expression with one series, None without a series."""
    result = thanos.ask(base or cluster.querier, "query", query=expression, **({"time": when} if when else {}))["result"]
    if len(result) > 1:
        raise TestFailure(f"{expression}: {len(result)} series, not one: {result}")
    return float(result[0]["value"][1]) if result else None


def results(base, expression, when):
    """{labels without the replica's: number} of an instant query."""
    found = {}
    for series in thanos.ask(base, "query", query=expression, time=when)["result"]:
        labels = {name: text for name, text in series["metric"].items() if name not in (thanos.SCRAPER, thanos.COPY, "cluster", "tenant_id")}
        found[tuple(sorted(labels.items()))] = float(series["value"][1])
    return found


def close(expression, through, direct):
    """Whether a number lies between those of the Prometheuses, within the error at the edges. A quantile covers all shops."""
    edges = EDGES if "quantile" in expression else EDGES * thanos.SHOPS
    numbers = [number for number in direct if number is not None and not math.isnan(number)]
    if not numbers or math.isnan(through):
        return math.isnan(through) and not numbers
    return min(numbers) <= through <= max(numbers) or any(
        math.isclose(through, number, rel_tol=TOLERANCE, abs_tol=edges) for number in numbers)


def shop_queries():
    """The dashboards' queries about MiniShop: those of other jobs have one scraper here, and Grafana's own need Grafana."""
    return [query for query in dashboards.board_queries() if query.kind == "prometheus" and query.where.startswith("minishop:")]


def differences(cluster):
    """Compares all queries of the dashboard now. Returns how many have data, and what differs."""
    when = time.time()
    newest = "min(timestamp(request_total{job='minishop'}))"
    wait_until("all samples until then have arrived", lambda: (value(cluster, newest) or 0) > when, 60)
    different, with_data = [], 0
    for query in shop_queries():
        expression = dashboards.substitute(query.text, ANY)
        through, direct, other = (results(base, expression, when) for base in (cluster.querier, *cluster.prometheuses))
        with_data += bool(direct)
        if through.keys() != direct.keys():
            different.append(f"{query.where}: missing through Thanos: {set(direct) - set(through)}, too many: {set(through) - set(direct)}")
        different += [f"{query.where} {dict(labels)}: {through[labels]} through Thanos, {number} from Prometheus"
                      for labels, number in direct.items() if labels in through and not close(expression, through[labels], (number, other.get(labels)))]
    return with_data, different


def test_the_same_numbers(cluster):
    """Until the first sample is older than the longest window, each Prometheus extrapolates from a window of another length. So a
    difference counts only if it is still there then."""
    began = time.time()
    with_data, different = differences(cluster)
    while different and time.time() < began + LONGEST_WINDOW_S:
        with_data, different = differences(cluster)
    claim(f"{with_data} queries of the dashboard give the same through Thanos as from one Prometheus", with_data >= 10 and not different,
          "\n".join(different[:10]))


def counts(base, shop, since, until):
    """{moment: samples of the minute before} of one series of this shop."""
    expression = f'count_over_time(request_total{{instance="127.0.0.1:{shop.port}",route="/order",status="201"}}[1m])'
    result = thanos.ask(base, "query_range", query=expression, start=since, end=until, step=5)["result"]
    return {when: int(float(number)) for series in result for when, number in series["values"]}


def gaps(cluster, shop, since, until):
    """The moments at which the deduplicated series lacked samples of the minute before. Samples that neither Prometheus could scrape are not
    Thanos's fault, but at most a third may be missing. The querier switches to the other scraper after five seconds: three samples."""
    scraped = [counts(base, shop, since, until) for base in cluster.prometheuses]
    through = counts(cluster.querier, shop, since, until)
    wanted = {when: max(max(one.get(when, 0) for one in scraped), SCRAPES_A_MINUTE * 2 // 3) for when in {*scraped[0], *scraped[1]}}
    return [(when, through.get(when, 0), number) for when, number in sorted(wanted.items()) if through.get(when, 0) < number - 3]


def expect_no_gaps(cluster, who, what, since):
    """Waits for samples in transit; a real gap would stay."""
    until = time.time() - 5
    try:
        wait_until("", lambda: not any(gaps(cluster, shop, since, until) for shop in who), 120, 2)
    except TestFailure:
        pass
    missing = {shop.port: gaps(cluster, shop, since, until) for shop in who}
    claim(what, not any(missing.values()), missing)


def test_killed(cluster, name):
    """kill -9, a pause, and a restart."""
    engine = cluster.engines[name]
    began = time.time()
    engine.process.kill()
    time.sleep(OUTAGE_S)  # the outage itself
    engine.stop()
    engine.start(60)
    wait_until(f"{name}: a minute later", lambda: time.time() > began + OUTAGE_S + 60, OUTAGE_S + 90, 1)
    expect_no_gaps(cluster, cluster.shops, f"{name} killed and restarted: no deduplicated series has a gap", began)


def test_a_shop_is_killed(cluster):
    """The counters restart at 0, and the sum of increases counts each order once."""
    began = time.time()
    victim, others = cluster.shops[2], cluster.shops[:2]
    before = victim.metrics()["request_total", ORDERS]
    victim.process.kill()
    victim.stop()
    victim.start()
    wait_until("a minute later", lambda: time.time() > began + 65, 90, 1)
    expect_no_gaps(cluster, others, "a MiniShop killed and restarted: the other two have no gap", began)
    window = int(time.time() - began) + 20
    seen = value(cluster, f'sum(increase(request_total{{instance="127.0.0.1:{victim.port}",route="/order",status="201"}}[{window}s]))')
    after = victim.metrics()["request_total", ORDERS]
    claim("its counter was reset, and increase() counts across that", before > after > 0 and seen >= after * (1 - TOLERANCE), (before, after, seen))


def stop_customers(customers):
    for one in customers:
        one.over.set()
    for one in customers:
        one.join()


def test_counters(cluster):
    """Without traffic, the last values in Thanos equal those of the shops."""
    def both():
        told = {shop.port: shop.metrics()["request_total", ORDERS] for shop in cluster.shops}
        seen = {shop.port: value(cluster, f'request_total{{instance="127.0.0.1:{shop.port}",route="/order",status="201"}}')
                for shop in cluster.shops}
        return told == seen and told
    claim("every order is counted once, in each shop and in Thanos", wait_until("the last scrape has arrived", both, 30))


def test_one_alert(cluster):
    """Both Prometheuses send the alert, and one of them is killed meanwhile."""
    cluster.reload("payment: { failure_rate = 1.0; };\n")
    wait_until("the message", lambda: cluster.slack.said(ALERT, "FIRING"), 120, 1)
    for base in cluster.prometheuses:
        wait_until("it fires in both", lambda base=base: value(cluster, f'count(ALERTS{{alertname="{ALERT}",alertstate="firing"}})', base), 60)
    cluster.engines["prometheus-1"].process.kill()
    cluster.engines["prometheus-1"].stop()
    cluster.engines["prometheus-1"].start(60)
    cluster.reload("")
    wait_until("all is well", lambda: cluster.slack.said(ALERT, "RESOLVED"), 180, 1)
    fired, resolved = (len(cluster.slack.said(ALERT, word)) for word in ("FIRING", "RESOLVED"))
    expect("messages: it fires, it is over", (fired, resolved), (1, 1))
    claim("an alert of two Prometheuses is one message, also when one of them dies", True)


def test_bucket(cluster):
    """A receiver that stops uploads its head block to the bucket."""
    when = time.time() - 30
    expression = 'sum by (instance) (request_total{job="minishop",route="/order",status="201"})'
    before = results(cluster.querier, expression, when)
    for number in range(thanos.RECEIVERS):
        cluster.engines[f"receive-{number}"].stop(signal.SIGTERM, 60)
    blocks = [path for path in cluster.bucket.iterdir() if (path / "meta.json").exists()]
    claim(f"the receivers left {len(blocks)} blocks in the bucket", len(blocks) >= thanos.RECEIVERS)
    after = wait_until("the store gateway has found them", lambda: results(cluster.querier, expression, when), 60)
    expect("counters from the bucket", after, before)
    claim("without any receiver, the store gateway returns the same", True)
    cluster.compact()
    claim("the compactor takes the bucket", results(cluster.querier, expression, when) == before)


def main():
    for engine in ("thanos", "prometheus", "alertmanager"):
        need("metrics were not sent to a real Thanos", engine, engine)
    with tempfile.TemporaryDirectory(prefix="minishop-") as directory, thanos.Cluster(directory) as cluster:
        customers = [Customers(shop) for shop in cluster.shops]
        for one in customers:
            one.start()
        began = time.time()
        wait_until("a minute of traffic", lambda: time.time() > began + WARM_UP_S, WARM_UP_S + 30, 1)
        test_the_same_numbers(cluster)
        for name in ("prometheus-0", "receive-0"):
            test_killed(cluster, name)
        test_a_shop_is_killed(cluster)
        test_one_alert(cluster)
        stop_customers(customers)
        test_counters(cluster)
        test_bucket(cluster)


if __name__ == "__main__":
    labtest.run_main(main)
