#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole stack, with only Slack mocked: the test queries every request's spans, log line and metrics in Jaeger, Loki and
Prometheus, across restarts and rotations; an alert fires and resolves; each query of the project returns data.

Takes about four minutes. Loki, Tempo and Promtail are tested where they are installed (stack.py says how they are found); without Loki
a receiver of OTLP counts the lines that the collector sends, and the promises that only Loki can show are skipped by name.
Grafana does not run: its files are compared with its schema, and every query in them is sent to the running engines.
"""
import atexit
import base64
import collections
import contextlib
import importlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parent.parent / "observability")]
import labtest  # noqa: E402
import shop as shops  # noqa: E402
import stack as stacks  # noqa: E402
from labtest import OBSERVABILITY, TestFailure, expect, wait_until  # noqa: E402

try:
    import dashboards
    importlib.import_module("log_sink")  # it needs opentelemetry-proto
except ImportError as error:
    print(f"SKIP the whole stack: {error.name} is missing: python3 -m pip install -r tests/requirements.txt")
    sys.exit(labtest.SKIPPED)
stacks.need_engines()

# 200 KiB a file is a rotation every few hundred requests, and no file leaves before the test ends.
CONFIG = """seed = 3;
payment = { failure_rate = 0.1; };
log = { max_bytes = 200000; keep = 50; };
"""
CUSTOMERS = 4
SAMPLED = 1
KNOWN = 100
JOBS = {"minishop", "slack-mock", "prometheus", "alertmanager"}
Request = collections.namedtuple("Request", "kind response order")

# One stack for most tests, started by the first, stopped at the end; and everything that was sent to it.
SHARED = contextlib.ExitStack()
atexit.register(SHARED.close)
LEDGER = []
RUNNING = []


def running():
    if not RUNNING:
        directory = SHARED.enter_context(tempfile.TemporaryDirectory(prefix="minishop-stack-"))
        RUNNING.append(SHARED.enter_context(stacks.Stack(directory, shop_config=CONFIG)))
        LEDGER.extend(buy(RUNNING[0].shop, KNOWN))
    return RUNNING[0]


def buy(shop, count):
    """Orders, and pays for each order once, also if the payment fails."""
    done = []
    for _ in range(count):
        order = shop.order({"sku": "mug", "quantity": 2})
        done += [Request("order", order, order), Request("payment", shop.pay(order.json["order_id"]), order)]
    return done


class Customers:
    """Shopping in the background, about 15 requests a second, also while the shop is briefly down. A context manager."""

    def __init__(self, shop):
        self.shop = shop
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(CUSTOMERS)]

    def run(self):
        while not self.over.wait(0.4):
            with contextlib.suppress(OSError):
                order = self.remember("order", self.shop.order())
                if order.status == 201:
                    self.remember("payment", self.shop.pay(order.json["order_id"]), order)

    @staticmethod
    def remember(kind, response, order=None):
        """A request that is refused while minishop stops gets an unsampled trace id, and is not counted here."""
        if int(shops.TRACEPARENT.fullmatch(response.headers["traceparent"])[3], 16) & SAMPLED:
            LEDGER.append(Request(kind, response, order or response))
        elif response.status != 503:
            raise TestFailure(f"a response without a trace: {response}")
        return response

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def ok(*command, env=None):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=300, env=env)
    if result.returncode:
        raise TestFailure(f"{pathlib.Path(command[0]).name} {command[1]}: {(result.stdout + result.stderr)[-2000:]}")


def test_configurations_are_valid(directory):
    """The engines' own validators accept the configuration, in every combination that .env can choose."""
    collector = stacks.COLLECTOR
    storage = {**os.environ, "OTELCOL_STORAGE": str(directory)}
    for logs in sorted(collector.glob("logs-*.yaml")):
        for traces in sorted(collector.glob("traces-*.yaml")):
            ok(stacks.built("otelcol"), "validate", f"--config={collector}/config.yaml", f"--config={logs}", f"--config={traces}",
               env=storage)
    ok(stacks.built("otelcol"), "validate", *(f"--config={collector}/{name}.yaml" for name in (
        "config", "logs-collector", "traces-jaeger", "tail-sampling")), env=storage)
    ok(stacks.built("jaeger"), "validate", f"--config={OBSERVABILITY}/jaeger/config.yaml")
    rules = sorted((OBSERVABILITY / "prometheus/rules").glob("*.yml"))
    ok(stacks.built("promtool"), "check", "rules", "--lint=all", "--lint-fatal", *rules)
    for file in sorted((OBSERVABILITY / "prometheus/tests").glob("*.yml")):
        ok(stacks.built("promtool"), "test", "rules", file)
    for targets in ("native", "containers"):
        run = directory / targets
        run.mkdir()
        for name, target in (("prometheus.yml", "prometheus.yml"), ("rules", "rules"), ("targets", f"targets/{targets}")):
            (run / name).symlink_to(OBSERVABILITY / "prometheus" / target)
        ok(stacks.built("promtool"), "check", "config", run / "prometheus.yml")
    ok(stacks.built("amtool"), "check-config", OBSERVABILITY / "alertmanager/alertmanager.yml")


def test_loki_takes_its_configuration(_):
    stacks.need_installed("observability/loki/loki.yaml is valid", "loki")
    ok(stacks.installed("loki"), f"-config.file={OBSERVABILITY}/loki/loki.yaml", "-config.expand-env=true", "-verify-config")


def every_program_is_scraped(stack):
    wait_until("every program is scraped", lambda: {
        labels["job"] for labels, value in stack.query("up") if value == 1} == JOBS | set(stack.jobs))


def test_everything_is_up(_):
    every_program_is_scraped(running())


def tags(span):
    return {tag["key"]: tag["value"] for tag in span["tags"]}


def check_trace(spans, request):
    """Exactly the two spans of an order or a payment, as docs/telemetry.md has them."""
    names = ["CreateOrder", "DeductInventory"] if request.kind == "order" else ["ProcessPayment", "ChargeCard"]
    expect("spans", sorted(span["operationName"] for span in spans), sorted(names))
    outer, inner = (next(span for span in spans if span["operationName"] == name) for name in names)
    expect("the outer span", outer["spanID"], request.response.span_id)
    child_of = [reference for reference in inner["references"] if reference["refType"] == "CHILD_OF"]
    expect("the inner span's parent", [reference["spanID"] for reference in child_of], [outer["spanID"]])
    expect("kinds", (tags(outer)["span.kind"], tags(inner).get("span.kind", "internal")), ("server", "internal"))
    if outer["startTime"] > inner["startTime"] or inner["startTime"] + inner["duration"] > outer["startTime"] + outer["duration"] + 1:
        raise TestFailure(f"{inner} is not within {outer}")
    route = "/order" if request.kind == "order" else "/payment/pay"
    for key, wanted in (("http.route", route), ("http.request.method", "POST"), ("http.response.status_code", request.response.status),
                        ("shop.order.id", request.order.json["order_id"])):
        expect(f"{outer['operationName']}'s {key}", tags(outer).get(key), wanted)
    if request.kind == "payment":
        links = [reference for reference in outer["references"] if reference["refType"] == "FOLLOWS_FROM"]
        expect("the payment's link", [(link["traceID"], link["spanID"]) for link in links], [(request.order.trace_id, request.order.span_id)])
    if request.response.status >= 300:
        expect("error.type", tags(inner).get("error.type"), request.response.json["code"])
        expect("the inner span's error", tags(inner).get("error"), True)


def test_traces_in_jaeger(_):
    stack = running()
    known = LEDGER[:2 * KNOWN]
    wait_until("all spans are in Jaeger", lambda: all(len(stack.trace(request.response.trace_id)) == 2 for request in known))
    for request in known:
        check_trace(stack.trace(request.response.trace_id), request)
    resource = stack.resource(known[0].response.trace_id)
    for key, wanted in (("service.name", "minishop"), ("process.pid", stack.shop.pid), ("os.type", "linux"), ("deployment.environment.name", "test")):
        expect(f"the resource's {key}", resource.get(key), wanted)


def failed_payments():
    return sorted((request.response.trace_id, request.response.json["code"]) for request in LEDGER
                  if request.kind == "payment" and request.response.status != 200)


def expect_few_labels(stack):
    labels = stacks.get(f"{stack.loki_url}/loki/api/v1/labels", start=time.time_ns() - 600 * stacks.NS)["data"]
    expect("the only labels", sorted(labels), ["app", "level", "service_name"])


def check_failed_payments(lines, wanted):
    """Each failed payment is in Loki once, with the few labels and with the ids of its span."""
    expect("failed payments", sorted((record["trace_id"], record["reason"]) for record in (json.loads(line) for _, line in lines)), wanted)
    for labels, line in lines:
        record = json.loads(line)
        expect("the labels", (labels["app"], labels["level"], labels["service_name"]), ("minishop", record["level"], "minishop"))
        expect("the ids", (labels["trace_id"], labels["span_id"]), (record["trace_id"], record["span_id"]))


def test_every_line_leaves_the_collector_once(_):
    """The output to Loki: each request's complete line with its trace id, none twice."""
    stack = running()
    wanted = failed_payments()
    if len(wanted) < 3:
        raise TestFailure(f"{len(wanted)} payments failed: too few to test that")
    wait_until("all lines have arrived", lambda: len(stack.request_lines()) >= len(LEDGER))
    expect("the lines of requests", sorted(json.loads(line)["trace_id"] for _, line in stack.request_lines()),
           sorted(request.response.trace_id for request in LEDGER))
    check_failed_payments(stack.failed_lines(), wanted)


def test_failed_payments_in_loki(_):
    stacks.need_installed(f"{stacks.FAILED} finds each failed payment once; Loki has the labels app, level and service_name alone", "loki")
    stack = running()
    wanted = failed_payments()
    wait_until("all failed payments are in Loki", lambda: len(stack.lines(stacks.FAILED)) >= len(wanted))
    check_failed_payments(stack.lines(stacks.FAILED), wanted)
    expect_few_labels(stack)


def test_metrics_agree(_):
    """Prometheus counts exactly the requests that were sent; so do the collector's span metrics."""
    stack = running()
    routes = {"order": "/order", "payment": "/payment/pay"}
    inner = {"order": "DeductInventory", "payment": "ChargeCard"}
    wanted = collections.Counter((routes[request.kind], str(request.response.status)) for request in LEDGER)
    wait_until("Prometheus has counted all requests", lambda: {
        (labels["route"], labels["status"]): value for labels, value in stack.query('request_total{route!="unmatched"} > 0')} == wanted)
    reasons = collections.Counter(request.response.json["code"] for request in LEDGER if request.response.status >= 300)
    expect("errors", {labels["reason"]: value for labels, value in stack.query("sum by (reason) (error_total) > 0")}, dict(reasons))
    spans = collections.Counter(inner[request.kind] for request in LEDGER)
    wait_until("the collector has counted all inner spans", lambda: {labels["span_name"]: value for labels, value in stack.query(
        'sum by (span_name) (traces_span_metrics_calls_total{span_kind="SPAN_KIND_INTERNAL"})')} == spans)
    expect("failed charges", sum(value for _, value in stack.query(
        'traces_span_metrics_calls_total{span_name="ChargeCard", status_code="STATUS_CODE_ERROR"}')), len(failed_payments()))


def test_signals_meet_in_jaeger(_):
    """The trace id of a response's header, of a log line, of an exemplar: each leads to its trace, and the trace to its line."""
    stack = running()
    ids = {"header": LEDGER[0].response.trace_id, "log line": json.loads(stack.failed_lines()[0][1])["trace_id"]}
    wait_until("an exemplar is there", lambda: stack.exemplars("request_duration_seconds_bucket"))
    ids["exemplar"] = stack.exemplars("request_duration_seconds_bucket")[0]["trace_id"]
    wait_until("an exemplar of the inner step is there", lambda: stack.exemplars("traces_span_metrics_duration_seconds_bucket"))
    ids["exemplar of the inner step"] = stack.exemplars("traces_span_metrics_duration_seconds_bucket")[0]["trace_id"]
    for of, trace_id in ids.items():
        expect(f"spans of the trace of an {of}", len(stack.trace(trace_id)), 2)
        expect(f"lines of the trace of an {of}", sum(labels["trace_id"] == trace_id for labels, _ in stack.request_lines()), 1)


def test_links_lead_to_lines(_):
    stacks.need_installed("Grafana's links from a span find its log line in Loki", "loki")
    stack = running()
    for query in dashboards.link_queries():
        if query.kind == "loki":
            expect(query.where, len(stack.lines(dashboards.substitute(query.text, {"__trace.traceId": LEDGER[0].response.trace_id}))), 1)


def differences(stack):
    """The missing or duplicate records of all requests with a response; the empty string if there are none."""
    served = collections.Counter(request.response.trace_id for request in list(LEDGER))
    seen = collections.Counter(json.loads(line)["trace_id"] for _, line in stack.request_lines())
    spans = [trace_id for trace_id in served if len(stack.trace(trace_id)) != 2]
    found = {"lines missing": served - seen, "lines too many": seen - served, "traces without their two spans": spans}
    return ", ".join(f"{len(what)} {name} ({list(what)[0]}, ...)" for name, what in found.items() if what)


def test_nothing_is_lost_by_restarts(_):
    """Clients continue while the collector restarts, the lines' destination is down, and the log rotates; then minishop restarts under load."""
    stack = running()
    with Customers(stack.shop):
        time.sleep(3)
        expect("the collector's exit status", stack.collector.stop(), 0)
        time.sleep(3)
        stack.collector.start()
        time.sleep(2)
        stack.interrupt_logs(3)
        time.sleep(2)
        status, seconds = stack.shop.terminate()
        expect("minishop's exit status", status, 0)
        time.sleep(1)
        stack.shop.start()
        time.sleep(3)
    rotated = len(list(stack.logs.glob("minishop.log.*")))
    if not rotated:
        raise TestFailure("the log was never rotated")
    # A late record shows as missing at first; a duplicate stays.
    seen = [""]

    def complete():
        seen[0] = differences(stack)
        return not seen[0]

    with contextlib.suppress(TestFailure):
        wait_until("everything is there", complete, 120, 1)
    if seen[0]:
        raise TestFailure(f"of {len(LEDGER)} requests: {seen[0]}; {rotated} rotations")
    expect("failed payments", sorted((record["trace_id"], record["reason"]) for record in (
        json.loads(line) for _, line in stack.failed_lines())), failed_payments())
    print(f"     {len(LEDGER)} requests, {rotated} rotations, minishop ended within {seconds:.1f} s")


def span_of(stack):
    """A span that a user might click: an outer one with a route."""
    return {"__tags": 'route="/payment/pay"', "__span.name": "ChargeCard", "__trace.traceId": json.loads(stack.failed_lines()[-1][1])["trace_id"]}


def data_of(stack, query, values):
    """Whether a query returns data: a number, a line, a trace."""
    if query.kind == "jaeger":
        target = query.text
        now = int(time.time() * 1e6)
        return stack.search(service=target["service"], operation=target["operation"], limit=target["limit"], start=now - 900_000_000,
                            end=now, minDuration=dashboards.substitute(target["minDuration"], values))
    text = dashboards.substitute(query.text, values)
    if query.kind == "prometheus":
        return [labels for labels, numbers in stack.query_range(text) if numbers]
    return stack.loki_metric(text) if text.startswith("sum") else stack.lines(text)


def wait_for_data(stack, excepted):
    """Waits until each query of all dashboards, annotations, links and rules has returned data. Returns how many there are."""
    values = {"instance": f"127.0.0.1:{stack.shop.port}", "route": ".*", "slow_ms": "30"} | span_of(stack)
    queries = [query for query in [*dashboards.board_queries(), *dashboards.link_queries(), *dashboards.rule_queries()]
               if not excepted(query) and (stack.loki or query.kind != "loki" and "loki_" not in str(query.text))]
    for where, selector, label in dashboards.variable_queries():
        queries.append(dashboards.Query(where, "prometheus", f"count by ({label}) ({selector})"))
    missing = list(queries)

    def complete():  # a rate needs its window, a scrape its interval
        missing[:] = [query for query in missing if not data_of(stack, query, values)]
        if missing:
            raise LookupError(", ".join(query.where for query in missing))
        return len(queries)
    return wait_until(f"all {len(queries)} queries bring data", complete, interval=2)


def silent_rule(query):
    """The rules of alerts that do not fire in this test."""
    return query.where.startswith("rule MiniShop") and query.where != "rule MiniShopHighErrorRate" or query.where == "rule SlackDeliveryFailing"


def test_alert_and_every_query(_):
    """An incident reaches Slack. During it, every query of the project returns data. Its end reaches Slack too."""
    stack = running()
    with Customers(stack.shop):
        stacks.reload(stack, (OBSERVABILITY / "incidents/payment-outage.conf").read_text())
        wait_until("Slack gets the message of the error rate", lambda: stack.slack.said("MiniShopHighErrorRate"), 300, 0.5)
        count = wait_for_data(stack, silent_rule)
        if not stack.loki:
            print("SKIP the queries of Loki, and of Loki's own metrics, bring data: loki not installed", flush=True)
        for query in dashboards.board_queries():
            if query.kind == "prometheus" and "histogram_quantile" in query.text and "traces_span" not in query.text and not stack.exemplars(
                    dashboards.substitute(query.text, {"instance": ".*", "route": ".*"})) and query.where.startswith("minishop:"):
                raise TestFailure(f"{query.where}: no exemplars")
        stacks.reload(stack, "")
        wait_until("Slack gets the resolved message", lambda: any("resolved" in text.lower() for text in stack.slack.said(
            "MiniShopHighErrorRate")), 300, 0.5)
    print(f"     {count} queries")


def test_tail_sampling_keeps_what_matters(directory):
    """The documented variant keeps all failures, and a share of the rest."""
    stack = running()
    otlp, metrics, health = labtest.free_ports(3)
    (directory / "collector").mkdir()
    with stack.collector_engine("tail-sampling", directory / "collector", otlp, metrics, health, "logs-promtail.yaml", "traces-jaeger.yaml",
                                "tail-sampling.yaml"), shops.Shop(
            directory, {"payment.failure_rate": 0.3, "seed": 5}, f"http://127.0.0.1:{otlp}") as shop:
        done = buy(shop, 60)
        failures = [request for request in done if request.response.status != 200 and request.kind == "payment"]
        others = [request for request in done if request not in failures]
        wait_until("every failure is kept, whole", lambda: all(
            len(stack.trace(request.response.trace_id)) == 2 for request in failures), interval=0.5)
        kept = sum(bool(stack.trace(request.response.trace_id)) for request in others)
    if not failures or kept > len(others) / 2:
        raise TestFailure(f"{len(failures)} failures; {kept} of {len(others)} others were kept")


def expect_in_tempo(url, request):
    """Both spans, and the payment's link to its order."""
    spans = wait_until("the spans are in Tempo", lambda: labtest.tempo_spans(url, request.response.trace_id), interval=0.5)
    expect("spans", sorted(spans), ["CreateOrder", "DeductInventory"] if request.kind == "order" else ["ChargeCard", "ProcessPayment"])
    if request.kind == "payment":
        [link] = spans["ProcessPayment"]["links"]
        expect("the payment's link", base64.b64decode(link["traceId"]).hex(), request.order.trace_id)


def test_tempo(directory):
    """TRACE_STORE=tempo with the real program: it has every trace, also after a restart."""
    stacks.need_installed("TRACE_STORE=tempo: every trace is in Tempo, also after a restart, and TraceQL finds each failed charge", "tempo")
    stack = running()
    for folder in ("tempo", "collector"):
        (directory / folder).mkdir()
    tempo, otlp, url = stack.tempo_engine(directory / "tempo")
    port, metrics, health = labtest.free_ports(3)
    collector = stack.collector_engine("collector-for-tempo", directory / "collector", port, metrics, health, "logs-promtail.yaml",
                                       "traces-both.yaml", tempo=otlp)
    with tempo, collector, shops.Shop(directory, {"payment.failure_rate": 0.3, "instance": "tempos"}, f"http://127.0.0.1:{port}") as shop:
        done = buy(shop, 60)
        wait_until("all spans are in Tempo", lambda: all(len(labtest.tempo_spans(url, request.response.trace_id)) == 2 for request in done), interval=0.5)
        # After a query it does not exit on SIGTERM; its data are on disk.
        tempo.stop(timeout=3)
        tempo.start()
        done += buy(shop, 5)
        for request in done:
            expect_in_tempo(url, request)
        failed = {request.response.trace_id for request in done if request.kind == "payment" and request.response.status >= 300}
        query = urllib.parse.urlencode({"q": '{ name = "ChargeCard" && status = error }', "limit": 500})
        wait_until("TraceQL finds every failed charge", lambda: {
            found["traceID"] for found in labtest.http_json(f"{url}/api/search?{query}").get("traces", [])} == failed, interval=0.5)
    print(f"     {len(done)} requests, {len(failed)} failed payments")


def shipped_by(directory, name):
    """LOG_SHIPPER=name with the real programs: every line is in Loki once, across a restart and two rotations."""
    stacks.need_installed(f"LOG_SHIPPER={name}: every line is once in Loki, over a restart of {name} and rotations", "loki", name)
    stack = running()
    for folder in ("logs", name):
        (directory / folder).mkdir()
    shipper = getattr(stack, f"{name}_engine")(directory / name, directory / "logs")
    # A rotation after about 110 lines: the shipper runs both times.
    settings = {"payment.failure_rate": 0.3, "log.max_bytes": 65536, "log.keep": 50, "instance": f"with-{name}"}

    def written():
        return [record["trace_id"] for path in (directory / "logs").glob("*.log*")
                for record in map(json.loads, path.read_text().split("\n")[:-1]) if record.get("trace_id")]

    def lines():
        return stack.lines(f'{{app="minishop"}} |= `"instance":"with-{name}"` | trace_id != ""')
    with shops.Shop(directory, settings, log=directory / "logs/minishop.log") as shop:
        done = buy(shop, 20)
        with shipper:
            done += buy(shop, 40)
            wait_until("every line is in Loki", lambda: len(lines()) >= len(done), interval=0.5)
            shipper.stop()
            done += buy(shop, 20)
            shipper.start()
            done += buy(shop, 45)
            wait_until("every line is in a file", lambda: len(written()) == len(done))
            wanted = collections.Counter(written())
            wait_until("every line is in Loki, also over a restart", lambda: len(lines()) >= len(done), interval=0.5)
            expect("each line once", collections.Counter(json.loads(line)["trace_id"] for _, line in lines()), wanted)
            for labels, line in lines():
                record = json.loads(line)
                expect("labels", (labels["app"], labels["level"], labels["span_id"]), ("minishop", record["level"], record["span_id"]))
            expect_few_labels(stack)
    rotated = len(list((directory / "logs").glob("*.log.*")))
    if rotated < 2:
        raise TestFailure(f"the log was rotated {rotated} times; this is meant to see two")
    print(f"     {len(done)} requests, {rotated} rotations")


def test_promtail(directory):
    shipped_by(directory, "promtail")


def test_alloy(directory):
    shipped_by(directory, "alloy")


def test_debians_engines(directory):
    """The same stack with Debian's Prometheus 2 and Alertmanager: everything except the span metrics."""
    with stacks.Stack(directory, debian=True, shop_config=CONFIG) as stack:
        every_program_is_scraped(stack)
        for _ in range(40):
            buy(stack.shop, 5)
            time.sleep(0.5)
        orders = stack.shop.metrics()["request_total", {"route": "/order"}]
        wait_until("Prometheus has counted all orders", lambda: stack.query('sum(request_total{route="/order"})')[0][1] == orders)
        wait_until("an exemplar leads to its trace", lambda: len(stack.trace(stack.exemplars(
            "request_duration_seconds_bucket")[-1]["trace_id"])) == 2)
        stacks.reload(stack, "")
        wait_for_data(stack, lambda query: "traces_span_metrics" in str(query.text) or "firing" in str(query.text) and "annotation" in query.where or
                      query.where.startswith("rule MiniShop") or query.where == "rule SlackDeliveryFailing")


if __name__ == "__main__":
    labtest.run_tests(globals())
