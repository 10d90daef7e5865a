#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The three signals of a request agree: its spans (decoded by independent code), its log line, its metrics.

A few hundred orders and payments, some of which fail, with a fixed seed.
"""
import collections
import re

import collector as collectors
import labtest
import shop as shops
from collector import ERROR, INTERNAL, SERVER, UNSET
from labtest import TestFailure, expect

ORDERS = 120
SETTINGS = {"payment.failure_rate": 0.3, "payment.latency_ms": 4, "inventory.latency_ms": 2, "seed": 7}
BUYERS = 8


def buy(shop, orders):
    """Orders, then pays until it is paid. Returns ("order" or "payment", response, response to the order) of each request."""
    done = []
    for _ in range(orders):
        order = shop.order({"sku": "mug", "quantity": 2})
        done.append(("order", order, order))
        while done[-1][1].status != 200:
            done.append(("payment", shop.pay(order.json["order_id"]), order))
    return done


def shopping(shop):
    """Requests of several clients at the same time."""
    done = []
    labtest.at_once([lambda: done.extend(buy(shop, ORDERS // BUYERS))] * BUYERS)
    return done


def run(directory):
    """A whole run: (requests, spans by trace, log records by trace, metrics in both formats)."""
    with collectors.Collector() as collector, shops.Shop(directory, SETTINGS, collector.url) as shop:
        requests = shopping(shop)
        metrics = shop.metrics()
        openmetrics = shop.get("/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"}).body.decode()
        collector.wait_for(2 * len(requests))
        status, _ = shop.terminate()
        expect("exit status", status, 0)
        records = collections.defaultdict(list)
        for record in shop.records():
            if "trace_id" in record:
                records[record["trace_id"]].append(record)
        return requests, collector.by_trace(), records, metrics, openmetrics


def parts(spans, names):
    """The SERVER span and the inner one, which must have these names; there are no others."""
    if sorted(span.name for span in spans) != sorted(names):
        raise TestFailure(f"spans {[span.name for span in spans]} instead of {names}")
    by_name = {span.name: span for span in spans}
    outer, inner = (by_name[name] for name in names)
    expect("kind of the outer span", outer.kind, SERVER)
    expect("kind of the inner span", inner.kind, INTERNAL)
    expect("parent of the inner span", inner.parent_id, outer.span_id)
    expect("parent of the outer span", outer.parent_id, "")
    expect("sampled", (outer.flags & 1, inner.flags & 1), (1, 1))
    if not outer.start <= inner.start <= inner.end <= outer.end:
        raise TestFailure(f"the inner span is not within the outer one: {outer} {inner}")
    return outer, inner


def check_order(response, spans):
    outer, inner = parts(spans, ("CreateOrder", "DeductInventory"))
    order = response.json
    for span in (outer, inner):
        for key, wanted in (("shop.sku", "mug"), ("shop.quantity", 2)):
            expect(f"{span.name}'s {key}", span.attributes.get(key), wanted)
    expect("shop.order.id", outer.attributes.get("shop.order.id"), order["order_id"])
    return outer, inner


def check_payment(response, order, spans):
    outer, inner = parts(spans, ("ProcessPayment", "ChargeCard"))
    expect("links to the order's span", [link[:2] for link in outer.links], [(order.trace_id, order.span_id)])
    expect("shop.order.id", outer.attributes.get("shop.order.id"), order.json["order_id"])
    failed = response.status != 200
    expect("status of ChargeCard", inner.status, ERROR if failed else UNSET)
    expect("status of ProcessPayment", outer.status, ERROR if response.status >= 500 else UNSET)
    if failed:
        expect("error.type", inner.attributes.get("error.type"), response.json["code"])
        if not inner.events:
            raise TestFailure("a failed charge without an event that says why")
    else:
        expect("shop.payment.id", outer.attributes.get("shop.payment.id"), response.json["payment_id"])
    return outer, inner


def check_http(span, response, path):
    wanted = {"http.request.method": "POST", "url.path": path, "url.scheme": "http", "http.route": path,
              "http.response.status_code": response.status, "client.address": "127.0.0.1"}
    for key, value in wanted.items():
        expect(f"{span.name}'s {key}", span.attributes.get(key), value)
    if response.status >= 500:
        expect("error.type", span.attributes.get("error.type"), response.json["code"])


def check_record(records, response, outer, inner, kind):
    expect("log lines of a request", len(records), 1)
    record = records[0]
    messages = {("order", True): "order created", ("payment", True): "payment succeeded", ("payment", False): "payment failed"}
    expect("message", record["message"], messages[kind, response.status < 300])
    for field, wanted in (("span_id", outer.span_id), ("status", response.status), ("request_id", response.headers["x-request-id"]),
                          ("response_bytes", len(response.body)), ("route", outer.attributes["http.route"]), ("trace_flags", f"{outer.flags & 0xff:02x}"),
                          ("order_id", outer.attributes["shop.order.id"])):
        expect(f"the log's {field}", record.get(field), wanted)
    if response.status >= 300:
        expect("the log's reason", record["reason"], response.json["code"])
    span_ms = (outer.end - outer.start) / 1e6
    if abs(record["duration_ms"] - span_ms) > 0.01:
        raise TestFailure(f"the log says {record['duration_ms']} ms, the span {span_ms} ms")
    field = "inventory_ms" if kind == "order" else "charge_ms"
    if abs(record[field] - (inner.end - inner.start) / 1e6) > 1:
        raise TestFailure(f"{field} is {record[field]}, the inner span took {(inner.end - inner.start) / 1e6} ms")


def check_counts(requests, records, metrics):
    for route, kind in (("/order", "order"), ("/payment/pay", "payment")):
        responses = [response for which, response, _ in requests if which == kind]
        for status, count in collections.Counter(response.status for response in responses).items():
            expect(f"request_total of {route} {status}", metrics["request_total", {"route": route, "status": str(status)}], count)
        for code, count in collections.Counter(response.json["code"] for response in responses if response.status >= 300).items():
            expect(f"error_total of {code}", metrics["error_total", {"route": route, "reason": code}], count)
        expect(f"durations of {route}", metrics["request_duration_seconds_count", {"route": route}], len(responses))
        logged = sum(r["duration_ms"] for rs in records.values() for r in rs if r.get("route") == route) / 1e3
        summed = metrics["request_duration_seconds_sum", {"route": route}]
        if abs(logged - summed) > 0.001 + 1e-5 * len(responses):
            raise TestFailure(f"{route}: the log's durations add up to {logged} s, the histogram's to {summed} s")
    expect("dropped spans", metrics["telemetry_spans_dropped_total"], 0)
    expect("dropped log lines", metrics["telemetry_log_lines_dropped_total"], 0)


def check_exemplars(openmetrics, spans):
    found = 0
    for line in openmetrics.splitlines():
        if " # {" not in line:
            continue
        labels = dict(shops.Metrics.LABEL.findall(line.split(" # {", 1)[1].split("}", 1)[0]))
        if labels["span_id"] not in [span.span_id for span in spans.get(labels["trace_id"], [])]:
            raise TestFailure(f"an exemplar of no span: {line}")
        found += 1
    if found < 2:
        raise TestFailure(f"{found} exemplars only")


def test_signals_agree(directory):
    requests, spans, records, metrics, openmetrics = run(directory)
    expect("traces", len(spans), len(requests))
    failures = 0
    for kind, response, order in requests:
        own = spans.get(response.trace_id, [])
        if kind == "order":
            expect("status of an order", response.status, 201)
            outer, inner = check_order(response, own)
            check_http(outer, response, "/order")
        else:
            outer, inner = check_payment(response, order, own)
            check_http(outer, response, "/payment/pay")
            failures += response.status != 200
        expect("the response's traceparent", response.span_id, outer.span_id)
        check_record(records[response.trace_id], response, outer, inner, kind)
    if not failures:
        raise TestFailure("not one payment failed: this test has not tested that")
    check_counts(requests, records, metrics)
    check_exemplars(openmetrics, spans)
    labtest.figure(f"{len(requests)} requests, {failures} failed payments, {sum(map(len, spans.values()))} spans")


def test_resource_and_parent(directory):
    """MiniShop continues a caller's trace and keeps its tracestate. An unsampled trace has a log line but no span."""
    caller = "4bf92f3577b34da6a3ce929d0e0e4736"
    with collectors.Collector() as collector, shops.Shop(directory, None, collector.url,
                                                         {"OTEL_RESOURCE_ATTRIBUTES": "shop.place=here"}) as shop:
        response = shop.order(headers={"traceparent": f"00-{caller}-00f067aa0ba902b7-01", "tracestate": "vendor=1,other=2"})
        expect("trace id", response.trace_id, caller)
        unsampled = shop.order(headers={"traceparent": f"00-{caller[::-1]}-00f067aa0ba902b7-00"})
        expect("unsampled trace id", unsampled.trace_id, caller[::-1])
        spans = {span.name: span for span in collector.wait_for(2)}
        expect("parent", spans["CreateOrder"].parent_id, "00f067aa0ba902b7")
        expect("tracestate", spans["CreateOrder"].trace_state, "vendor=1,other=2")
        expect("parent of the inner span", spans["DeductInventory"].parent_id, spans["CreateOrder"].span_id)
        resource = spans["CreateOrder"].resource
        for key, wanted in (("service.name", "minishop"), ("telemetry.sdk.language", "c"), ("process.pid", shop.pid),
                            ("shop.place", "here")):
            expect(key, resource.get(key), wanted)
        path, headers = collector.requests[0]
        expect("path", path, "/v1/traces")
        expect("media type", headers["Content-Type"], "application/x-protobuf")
        shop.logged(trace_id=caller[::-1], trace_flags="00", message="order created")
        shop.terminate()
        expect("spans in the end", len(collector.spans), 2)
        expect("instance", shop.records()[0]["instance"], resource["service.instance.id"])


def test_requests_without_a_span_continue_a_trace_like_others(directory):
    """They obey OTEL_PROPAGATORS too, and their flags say whether the trace id is random, but never that it is sampled."""
    caller = "1" * 32
    for propagators, continued in (("tracecontext", True), ("none", False), ("baggage", False), ("b3,none", False)):
        run = directory / propagators
        run.mkdir()
        with shops.Shop(run, {"log.level": "debug"}, env={"OTEL_PROPAGATORS": propagators}) as shop:
            for path in "/healthz", "/nowhere", "/version":
                for sent, flags in (("00", "00"), ("01", "00"), ("03", "02"), (None, "02")):
                    headers = {"traceparent": f"00-{caller}-00f067aa0ba902b7-{sent}"} if sent else {}
                    response = shop.get(path, headers)
                    joins = continued and sent is not None
                    what = f"{propagators}, {path}, flags {sent}"
                    expect(f"{what}: continued", response.trace_id == caller, joins)
                    expect(f"{what}: flags", response.headers["traceparent"][-2:], flags if joins else "02")
                    record = shop.logged(request_id=response.headers["x-request-id"])[0]
                    expect(f"{what}: logged", f"00-{record['trace_id']}-{record['span_id']}-{record['trace_flags']}",
                           response.headers["traceparent"])


def test_an_exemplar_names_a_recorded_span(directory):
    """The caller's trace is sampled. Its span here is recorded only if it is exported, or kept as a recent trace."""
    sampled = {"traceparent": f"00-{'1' * 32}-00f067aa0ba902b7-01"}
    on, off, kept = {}, {"traces.enabled": False}, {"traces.recent_bytes": 1 << 20}
    for env, settings, recorded in (({"OTEL_TRACES_EXPORTER": "console"}, on, True), ({"OTEL_TRACES_EXPORTER": "console"}, off, False),
                                    ({"OTEL_TRACES_EXPORTER": "none"}, on, False), ({"OTEL_TRACES_EXPORTER": "none"}, kept, True),
                                    ({"OTEL_SDK_DISABLED": "true"}, on, False), ({"OTEL_SDK_DISABLED": "true"}, kept, False)):
        with shops.Shop(directory, {**settings, "payment.failure_rate": 1}, env=env) as shop:
            made = shop.order(headers=sampled)
            expect(f"{env} {settings}: trace", made.trace_id, "1" * 32)
            failed = shop.pay(made.json["order_id"], headers=sampled)
            scrape = shop.get("/metrics", {"Accept": "application/openmetrics-text"}).body.decode()
            named = set(re.findall(r'^(?:error_total|request_duration_seconds)\S+ \d+ # .*span_id="(\w+)"', scrape, re.MULTILINE))
            expect(f"{env} {settings}: exemplars", named, {made.span_id, failed.span_id} if recorded else set())


def test_forged_trace_context(directory):
    """A client's sampling decision has precedence over a ratio, in both directions, and its tracestate is exported. Without propagators, each
    request starts a trace of its own."""
    recorded, hidden = (character * 32 for character in "12")
    forged = [{"traceparent": f"00-{recorded}-00f067aa0ba902b7-01", "tracestate": "forged=1"}, {"traceparent": f"00-{hidden}-00f067aa0ba902b7-00"}]
    for propagators, ratio, wanted in (("tracecontext", "0", [recorded]), ("tracecontext", "1", [recorded]), ("none", "1", None)):
        run = directory / f"{propagators}-{ratio}"
        run.mkdir()
        env = {"OTEL_PROPAGATORS": propagators, "OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": ratio}
        with collectors.Collector() as collector, shops.Shop(run, None, collector.url, env) as shop:
            ids = [shop.order(headers=headers).trace_id for headers in forged]
            shop.terminate()
            expect(f"{env}: traces", sorted(collector.by_trace()), sorted(wanted or ids))
            expect(f"{env}: a trace id of the client", bool({recorded, hidden} & set(ids)), wanted is not None)
            expect(f"{env}: tracestate", {span.trace_state for span in collector.spans if span.name == "CreateOrder"}, {"forged=1"} if wanted else {""})


if __name__ == "__main__":
    labtest.run_tests(globals())
