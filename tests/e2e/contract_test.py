#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""MiniShop's external contract, row by row: responses, error codes, headers, metrics, spans, log lines."""
import contextlib
import datetime
import gzip
import re
import time

import collector as collectors
import labtest
import shop as shops
import source_tables
from labtest import TestFailure, expect, wait_until

PROBLEM = "application/problem+json"
FIELDS = {"timestamp", "level", "severity_number", "message", "app", "version", "instance", "trace_id", "span_id", "trace_flags",
          "request_id", "method", "route", "path", "status", "duration_ms", "request_bytes", "response_bytes", "client"}
SEVERITY = {"DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17}
REASONS = {"/order": {"out_of_stock", "unavailable"},
           "/order/{order_id}": {"unavailable"},
           "/payment/pay": {*source_tables.payment_failures(), "unavailable"}}
FAILURES = {"card_declined": 402, "insufficient_funds": 402, "fraud_suspected": 402, "gateway_error": 502, "gateway_timeout": 504}
BUCKETS = ["0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.3", "0.4", "0.5", "0.6", "0.75", "1",
           "1.5", "2", "2.5", "5", "7.5", "10", "+Inf"]


@contextlib.contextmanager
def running(directory, settings=None, **more):
    with collectors.Collector() as collector, shops.Shop(directory, settings, collector.url, **more) as shop:
        yield shop, collector


def check_headers(what, response):
    if not re.fullmatch(r"[0-9A-Za-z._:/+=@~-]{1,64}", response.headers.get("x-request-id", "")):
        raise TestFailure(f"{what}: X-Request-Id is {response.headers.get('x-request-id')!r}")
    if not shops.TRACEPARENT.fullmatch(response.headers.get("traceparent", "")):
        raise TestFailure(f"{what}: traceparent is {response.headers.get('traceparent')!r}")


def check_problem(what, response, status, code):
    """The response to an error is a problem of RFC 9457, with its code, its trace id, and the next step."""
    expect(f"{what}: status", response.status, status)
    expect(f"{what}: media type", response.headers.get("content-type"), PROBLEM)
    check_headers(what, response)
    body = response.json
    expect(f"{what}: code", body.get("code"), code)
    expect(f"{what}: status in the body", body.get("status"), status)
    expect(f"{what}: trace_id", body.get("trace_id"), response.trace_id)
    for field in ("type", "title", "detail", "instance"):
        if not isinstance(body.get(field), str) or not body[field]:
            raise TestFailure(f"{what}: {field} is {body.get(field)!r}")
    if status == 503 and not response.headers.get("retry-after", "").isdigit():
        raise TestFailure(f"{what}: no Retry-After")


def check_record(shop, what, response, message, level, reason=None):
    """The log line of a request: all fields, and the message by which it is searched."""
    record = shop.logged(request_id=response.headers["x-request-id"])
    expect(f"{what}: log lines", len(record), 1)
    record = record[0]
    missing = FIELDS - set(record)
    if missing:
        raise TestFailure(f"{what}: the log line lacks {sorted(missing)}: {record}")
    expect(f"{what}: message", record["message"], message)
    expect(f"{what}: level", (record["level"], record["severity_number"]), (level, SEVERITY[level]))
    expect(f"{what}: reason", record.get("reason"), reason)
    expect(f"{what}: ids", (record["trace_id"], record["span_id"], record["status"], record["app"]),
           (response.trace_id, response.span_id, response.status, "minishop"))
    expect(f"{what}: bytes", record["response_bytes"], len(response.body))
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", record["timestamp"]):
        raise TestFailure(f"{what}: timestamp is {record['timestamp']}")
    age = time.time() - datetime.datetime.fromisoformat(record["timestamp"][:26] + "+00:00").timestamp()
    if not -1 < age < 60:
        raise TestFailure(f"{what}: the timestamp is {age} s old")
    return record


def check_spans(collector, what, response, names):
    def arrived():
        return sorted(span.name for span in collector.by_trace().get(response.trace_id, [])) == sorted(names)
    if names:
        wait_until(f"{what}: spans {names}", arrived)
    else:
        expect(f"{what}: spans", collector.by_trace().get(response.trace_id, []), [])


def test_an_order(directory):
    with running(directory) as (shop, collector):
        for what, body, sku, quantity in (("no body", None, None, 1), ("an empty object", {}, None, 1),
                                          ("a SKU", {"sku": "mug"}, "mug", 1), ("a quantity", {"quantity": 100}, None, 100),
                                          ("both", {"sku": "socks", "quantity": 2}, "socks", 2),
                                          ("2.0 for 2", b'{"sku": "socks", "quantity": 2.0}', "socks", 2)):
            response = shop.order(body)
            expect(f"{what}: status", response.status, 201)
            check_headers(what, response)
            expect(f"{what}: media type", response.headers["content-type"].split(";")[0], "application/json")
            order = response.json
            expect(f"{what}: fields", sorted(order), ["order_id", "quantity", "sku", "status"])
            expect(f"{what}: quantity", order["quantity"], quantity)
            expect(f"{what}: order status", order["status"], "created")
            if sku:
                expect(f"{what}: SKU", order["sku"], sku)
            if order["order_id"] not in response.headers["location"]:
                raise TestFailure(f"{what}: Location is {response.headers['location']}")
            record = check_record(shop, what, response, "order created", "INFO")
            expect(f"{what}: context", (record["order_id"], record["sku"], record["quantity"]),
                   (order["order_id"], order["sku"], order["quantity"]))
            check_spans(collector, what, response, ["CreateOrder", "DeductInventory"])


def test_a_payment(directory):
    with running(directory) as (shop, collector):
        order = shop.order().json["order_id"]
        response = shop.pay(order)
        expect("status", response.status, 200)
        check_headers("payment", response)
        expect("fields", sorted(response.json), ["order_id", "payment_id", "status"])
        expect("body", (response.json["order_id"], response.json["status"]), (order, "paid"))
        record = check_record(shop, "payment", response, "payment succeeded", "INFO")
        expect("context", (record["order_id"], record["payment_id"]), (order, response.json["payment_id"]))
        check_spans(collector, "payment", response, ["ProcessPayment", "ChargeCard"])
        again = shop.pay(order)
        check_problem("paid twice", again, 409, "already_paid")
        check_record(shop, "paid twice", again, "payment rejected", "WARN", "already_paid")


def test_the_state_of_an_order(directory):
    """The resource in Location exists before and after the payment, for GET and HEAD, with one span."""
    with running(directory) as (shop, collector):
        made = shop.order({"sku": "socks", "quantity": 3})
        order, path = made.json["order_id"], made.headers["location"]
        for status in ("created", "paid"):
            response = shop.get(path)
            expect(f"{status}: status", response.status, 200)
            check_headers(status, response)
            expect(f"{status}: media type", response.headers["content-type"], "application/json")
            expect(f"{status}: body", response.json, {"order_id": order, "sku": "socks", "quantity": 3, "status": status})
            record = check_record(shop, status, response, "order found", "INFO")
            expect(f"{status}: context", (record["order_id"], record["sku"], record["quantity"], record["route"], record["path"]),
                   (order, "socks", 3, "/order/{order_id}", path))
            check_spans(collector, status, response, ["GetOrder"])
            span = collector.by_trace()[response.trace_id][0]
            expect(f"{status}: span", (span.kind, span.attributes["http.route"], span.attributes["shop.order.id"]),
                   (collectors.SERVER, "/order/{order_id}", order))
            expect(f"{status}: payment", shop.pay(order).status, 200 if status == "created" else 409)
        head = shop.request("HEAD", path)
        expect("HEAD", (head.status, head.body, head.headers["content-length"]), (200, b"", str(len(response.body))))
        check_record(shop, "HEAD", head, "order found", "INFO")
        metrics = shop.metrics()
        for method, count in (("GET", 2), ("HEAD", 1)):
            labels = {"method": method, "route": "/order/{order_id}"}
            expect(f"request_total of {method}", metrics["request_total", {**labels, "status": "200"}], count)
            expect(f"durations of {method}", metrics["request_duration_seconds_count", labels], count)


def test_orders_that_are_not_there(directory):
    """The path is not decoded, does not become a label, and does not count as the shop's error."""
    with running(directory) as (shop, collector):
        made = shop.order().headers["location"]
        unknown = ["ord_00000000000000000000", "x", "..", ".", "%2e%2e", "ord_%00", made[len("/order/"):].upper(), "a;b", "a%2Fb",
                   made[len("/order/"):].replace("_", "%5F"), "pay_00000000000000000000", "x" * 3000]
        for order in unknown:
            response = shop.get(f"/order/{order}")
            check_problem(f"order {order[:30]}", response, 404, "unknown_order")
            record = check_record(shop, f"order {order[:30]}", response, "order rejected", "WARN", "unknown_order")
            expect("order_id in the log", record["order_id"], order[:24])
            check_spans(collector, f"order {order[:30]}", response, ["GetOrder"])
            if len(response.json["detail"]) > 300:
                raise TestFailure(f"a detail of {len(response.json['detail'])} characters")
        for path in ("/order/", "/order//", made + "/", made + "/items", "/" + made, "/order//x", "/order/x/"):
            response = shop.get(path)
            check_problem(path, response, 404, "not_found")
            check_spans(collector, path, response, [])
        raw = shop.raw(b"GET /order/\xff\xfe HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        if not raw.startswith(b"HTTP/1.1 404 ") or b"unknown_order" not in raw:
            raise TestFailure(f"bytes that are not UTF-8: {raw!r}")
        expect("query", shop.get(made + "?a=/b").status, 200)
        metrics = shop.metrics()
        expect("routes", {labels["route"] for labels in metrics.series("request_total")},
               {"/order", "/order/{order_id}", "/payment/pay", "unmatched"})
        expect("errors of the shop", metrics["error_total"], 0)


MANGLED = [b"{", b"[]", b'"x"', b"1", b"null", b"{} {}", b'{"sku": "mug", "sku": "mug"}', b'{"sku": 1}', b'{"quantity": "1"}',
           b'{"quantity": 1.5}', b'{"quantity": 0}', b'{"quantity": 101}', b'{"quantity": -1}', b'{"quantity": 1e30}',
           b'{"quantity": 99999999999999999999}', b'{"sku": "\xff\xfe"}', b'{"colour": "red"}', b'{"sku": null}',
           b'{"sku": "\\ud800"}', b"\xef\xbb\xbf{}", b"{" * 3000]
MANGLED_PAYMENTS = [b"{}", b'{"order_id": 7}', b'{"order_id": "x", "amount": 1}', b"[1]", b"{",
                    b'{"order_id": "a", "order_id": "b"}']


def test_client_mistakes(directory):
    """Each has its status and code, its log line and its one SERVER span, and does not count as the shop's error."""
    with running(directory) as (shop, collector):
        rows = [(f"order {body[:40]!r}", lambda body=body: shop.order(body), 400, "invalid_request", "order") for body in MANGLED]
        rows += [(f"payment {body[:40]!r}", lambda body=body: shop.request("POST", "/payment/pay", body), 400, "invalid_request",
                  "payment") for body in MANGLED_PAYMENTS]
        text = {"Content-Type": "text/plain"}
        rows += [
            ("payment without a body", lambda: shop.request("POST", "/payment/pay"), 400, "invalid_request", "payment"),
            ("order as text", lambda: shop.order(b"{}", text), 415, "unsupported_media_type", "order"),
            ("payment as text", lambda: shop.request("POST", "/payment/pay", b"{}", text), 415, "unsupported_media_type", "payment"),
            ("order too large", lambda: shop.order(b" " * 20000), 413, "payload_too_large", "order"),
            ("unknown SKU", lambda: shop.order({"sku": "unicorn"}), 404, "unknown_sku", "order"),
            ("unknown order", lambda: shop.pay("ord_00000000000000000000"), 404, "unknown_order", "payment"),
            ("an empty order id", lambda: shop.pay(""), 404, "unknown_order", "payment"),
            ("an order from elsewhere", lambda: shop.pay("x" * 300), 404, "unknown_order", "payment"),
        ]
        for what, call, status, code, kind in rows:
            response = call()
            check_problem(what, response, status, code)
            check_record(shop, what, response, f"{kind} rejected", "WARN", code)
            check_spans(collector, what, response, ["CreateOrder" if kind == "order" else "ProcessPayment"])
        expect("errors of the shop", shop.metrics()["error_total"], 0)
        json_with_parameter = shop.order(b"{}", {"Content-Type": "Application/JSON; charset=utf-8"})
        expect("JSON with a parameter", json_with_parameter.status, 201)


def test_a_refused_request_has_the_span_of_any_other(directory):
    """A guard refuses it before a handler sees it."""
    with running(directory) as (shop, collector):
        head = b"POST /order?a=b HTTP/1.1\r\nHost: shop:1\r\nUser-Agent: tester\r\nContent-Length: 2\r\nConnection: close\r\n"
        for raw in (head + b"Content-Type: text/plain\r\n\r\n{}", head + b"Content-Length: 2\r\n\r\n{}", head + b"Host: shop:1\r\n\r\n{}"):
            trace_id = re.search(rb"traceparent: 00-(\w{32})-", shop.raw(raw))[1].decode()
            span = wait_until("its span", lambda: collector.by_trace().get(trace_id))[0]  # noqa: B023
            names = {"http.request.method", "http.response.status_code", "http.route", "url.path", "url.query", "url.scheme", "network.peer.port",
                     "network.protocol.version", "client.address", "user_agent.original"}
            expect(f"attributes of {raw!r}", sorted(names - set(span.attributes)), [])
            expect("its query", span.attributes["url.query"], "a=b")


def test_paths_and_methods(directory):
    with running(directory) as (shop, collector):
        for method, path in (("GET", "/"), ("POST", "/orders"), ("GET", "/ORDER"), ("PUT", "/order/7/8"), ("BREW", "/coffee"),
                             ("GET", "/%6frder")):
            response = shop.request(method, path)
            check_problem(f"{method} {path}", response, 404, "not_found")
            check_record(shop, f"{method} {path}", response, "request rejected", "WARN", "not_found")
            check_spans(collector, f"{method} {path}", response, [])
        for method, path, allow in (("GET", "/order", "POST"), ("DELETE", "/payment/pay", "POST"), ("POST", "/metrics", "GET, HEAD"),
                                    ("POST", "/healthz", "GET, HEAD"), ("OPTIONS", "/order", "POST"), ("BREW", "/order", "POST"),
                                    ("PUT", "/order/7", "GET, HEAD"), ("POST", "/order/7", "GET, HEAD")):
            response = shop.request(method, path)
            check_problem(f"{method} {path}", response, 405, "method_not_allowed")
            expect(f"{method} {path}: Allow", response.headers.get("allow"), allow)
            if f"takes {allow}." not in response.json["detail"]:
                raise TestFailure(f"{method} {path}: {response.json['detail']}")
        expect("HEAD", (shop.request("HEAD", "/order").status, shop.request("HEAD", "/healthz").status), (405, 200))
        metrics = shop.metrics()
        expect("routes", {labels["route"] for labels in metrics.series("request_total")},
               {"/order", "/order/{order_id}", "/payment/pay", "unmatched"})
        expect("BREW is _OTHER", metrics["request_total", {"method": "_OTHER", "route": "unmatched", "status": "404"}], 1)
        methods = {labels["method"] for labels in metrics.series("request_total")}
        if methods - {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "_OTHER"}:
            raise TestFailure(f"methods of clients in labels: {methods}")


def test_out_of_stock(directory):
    """The stock can run out. That is an error of the shop, and restocking ends it."""
    with running(directory, {"inventory.stock": 2, "inventory.restock_s": 3}) as (shop, collector):
        expect("first", shop.order({"sku": "mug", "quantity": 2}).status, 201)
        expect("stock", shop.metrics()["minishop_inventory_stock", {"sku": "mug"}], 0)
        response = shop.order({"sku": "mug"})
        check_problem("out of stock", response, 409, "out_of_stock")
        check_record(shop, "out of stock", response, "order failed", "WARN", "out_of_stock")
        check_spans(collector, "out of stock", response, ["CreateOrder", "DeductInventory"])
        expect("errors", shop.metrics()["error_total", {"reason": "out_of_stock", "route": "/order", "method": "POST"}], 1)
        wait_until("the shelves are filled", lambda: shop.order({"sku": "mug"}).status == 201, interval=0.2)


def test_failed_payments(directory):
    """All kinds of failure, each with its status and reason; the order can be paid again."""
    levels = {402: "WARN", 502: "ERROR", 504: "ERROR"}
    statuses = {word: source_tables.problems()[word][0] for word in source_tables.payment_failures()}
    expect("the contract's failures", {word: statuses.get(word) for word in FAILURES}, FAILURES)
    with running(directory, {"payment.failure_rate": 0.9, "seed": 3}) as (shop, collector):
        seen = {}
        for _ in range(40):
            order = shop.order().json["order_id"]
            while (response := shop.pay(order)).status != 200:
                code = response.json["code"]
                if code not in statuses:
                    raise TestFailure(f"an unknown failure {code}")
                seen[code] = seen.get(code, 0) + 1
                if seen[code] == 1:
                    check_problem(code, response, statuses[code], code)
                    check_record(shop, code, response, "payment failed", levels[response.status], code)
                    check_spans(collector, code, response, ["ProcessPayment", "ChargeCard"])
        expect("kinds of failure", set(seen), set(statuses))
        metrics = shop.metrics()
        for code, count in seen.items():
            expect(f"error_total of {code}", metrics["error_total", {"reason": code, "route": "/payment/pay"}], count)


def test_a_seed_repeats_the_run(directory):
    def outcomes(place):
        place.mkdir()
        with shops.Shop(place, {"payment.failure_rate": 0.5, "seed": 42}) as shop:
            return [shop.pay(shop.order().json["order_id"]).status for _ in range(40)]
    expect("the second run", outcomes(directory / "a"), outcomes(directory / "b"))


def test_store_is_bounded(directory):
    """The store drops the oldest paid orders first. Without a paid order, the shop returns 503 with Retry-After."""
    with running(directory, {"orders.capacity": 16}) as (shop, _):
        first = shop.order().json["order_id"]
        expect("paid", shop.pay(first).status, 200)
        orders = [shop.order().json["order_id"] for _ in range(16)]
        expect("stored", shop.metrics()["minishop_orders_stored"], 16)
        check_problem("the oldest paid one", shop.pay(first), 404, "unknown_order")
        full = shop.order()
        check_problem("one too many", full, 503, "unavailable")
        check_record(shop, "one too many", full, "order failed", "ERROR", "unavailable")
        expect("errors", shop.metrics()["error_total", {"reason": "unavailable", "route": "/order"}], 1)
        expect("an unpaid one is still there", shop.pay(orders[0]).status, 200)
        expect("now there is room", shop.order().status, 201)


def test_request_id(directory):
    with running(directory) as (shop, _):
        response = shop.order(headers={"X-Request-Id": "my-own-id.7"})
        expect("a well formed one", response.headers["x-request-id"], "my-own-id.7")
        for bad in ("a b", "x" * 300, 'q"q', "<script>"):
            response = shop.order(headers={"X-Request-Id": bad})
            check_headers(f"X-Request-Id {bad[:10]}", response)
            if response.headers["x-request-id"] == bad:
                raise TestFailure(f"{bad!r} was taken over")
        for own in ("x" * 64, "x" * 79, "x" * 80, "x" * 128):  # also in the answer to a request that a guard refuses
            expect(f"{len(own)} characters", shop.order(headers={"X-Request-Id": own}).headers["x-request-id"], own)
            refused = shop.raw(f"POST /order HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-Request-Id: {own}\r\n\r\n".encode()).decode()
            expect(f"{len(own)} characters, refused", (refused[:13], f"\r\nX-Request-Id: {own}\r\n" in refused), ("HTTP/1.1 400 ", True))
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        head = f"Host: a\r\nX-Request-Id: mine\r\ntraceparent: 00-{trace}-00f067aa0ba902b7-01\r\n"
        for what, rest in (("a bad chunk", "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), ("a bad length", "Content-Length: x\r\n\r\n"),
                           ("an empty name", ": x\r\n\r\n")):  # libmicrohttpd finds these
            refused = shop.raw(f"POST /order HTTP/1.1\r\n{head}{rest}".encode()).decode()
            expect(f"{what}: its id and trace", (refused[:13], "\r\nX-Request-Id: mine\r\n" in refused, f"\r\ntraceparent: 00-{trace}-" in refused),
                   ("HTTP/1.1 400 ", True, True))
        wait_until("their lines have the id", lambda: len(shop.logged(request_id="mine")) == 3)
        expect("new ones differ", len({shop.order().headers["x-request-id"] for _ in range(20)}), 20)


def test_metrics_from_the_start(directory):
    """Labelled counters exist at 0 before the first event; probes are not counted."""
    with running(directory) as (shop, _):
        for path in ("/healthz", "/readyz", "/version", "/metrics"):
            expect(path, shop.get(path).status, 200)
        metrics = shop.metrics()
        for method, route, done in (("POST", "/order", "201"), ("GET", "/order/{order_id}", "200"),
                                    ("HEAD", "/order/{order_id}", "200"), ("POST", "/payment/pay", "200")):
            expect(f"request_total of {route}", metrics["request_total", {"route": route, "status": done, "method": method}], 0)
            expect(f"reasons of {route}", {labels["reason"] for labels in metrics.series("error_total")
                                          if labels["route"] == route}, REASONS[route])
            expect(f"buckets of {route}", [labels["le"] for labels in metrics.series("request_duration_seconds_bucket")
                                          if labels["route"] == route], BUCKETS)
        expect("all requests", metrics["request_total"], 0)
        expect("all errors", metrics["error_total"], 0)
        for name, labels in (("request_total", {"method", "route", "status"}), ("error_total", {"method", "route", "reason"}),
                             ("request_duration_seconds_count", {"method", "route"}), ("minishop_inventory_stock", {"sku"})):
            for series in metrics.series(name):
                expect(f"labels of {name}", set(series), labels)
        for name in ("minishop_requests_in_flight", "minishop_orders_stored", "minishop_build_info", "process_cpu_seconds_total",
                     "process_open_fds", "process_max_fds", "process_virtual_memory_bytes", "process_resident_memory_bytes",
                     "process_start_time_seconds", "process_threads"):
            metrics[name]


def test_metrics_formats(directory):
    with running(directory, {"payment.failure_rate": 1.0}) as (shop, _):
        failed = shop.pay(shop.order().json["order_id"])
        plain = shop.get("/metrics")
        expect("text", plain.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        if b" # {" in plain.body or b"# EOF" in plain.body:
            raise TestFailure("OpenMetrics in the text format")
        om = shop.get("/metrics", {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                                   "Accept-Encoding": "gzip"})
        expect("OpenMetrics", om.headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8")
        expect("encoding", om.headers.get("content-encoding"), "gzip")
        text = gzip.decompress(om.body).decode()
        if not text.endswith("# EOF\n") or "# TYPE request counter" not in text or " # {" not in text:
            raise TestFailure("no OpenMetrics")
        [exemplar] = re.findall(r'^error_total\{.*reason="(\w+)"\} 1 # \{trace_id="(\w+)"', text, re.MULTILINE)
        expect("a failure leads to its trace", exemplar, (failed.json["code"], failed.trace_id))
        from prometheus_client.openmetrics import parser as openmetrics
        from prometheus_client import parser as prometheus
        read = {family.name for family in openmetrics.text_string_to_metric_families(text)}
        expect("families that both formats have", {"request", "error", "request_duration_seconds"} - read, set())
        list(prometheus.text_string_to_metric_families(plain.body.decode()))


def test_probes(directory):
    """Probes get a response, create no span, and log only at DEBUG."""
    with running(directory, {"log.level": "debug"}) as (shop, collector):
        version = shop.get("/version").json
        expect("/version", sorted(version), ["commit", "compiler", "version"])
        response = shop.get("/healthz")
        check_headers("/healthz", response)
        record = shop.logged(path="/healthz")[-1]
        expect("level", record["level"], "DEBUG")
        shop.terminate()
        expect("spans of probes", collector.spans, [])


def test_probes_are_silent_by_default(directory):
    with shops.Shop(directory) as shop:
        shop.get("/healthz")
        shop.order()
        shop.logged(message="order created")
        expect("lines of probes", [record for record in shop.records() if record.get("path") == "/healthz"], [])


def test_signals_can_be_switched_off(directory):
    for signal, key in (("metrics", "metrics.enabled"), ("logs", "log.enabled"), ("traces", "traces.enabled")):
        place = directory / signal
        place.mkdir()
        with running(place, {key: False}) as (shop, collector):
            expect(f"an order without {signal}", shop.order().status, 201)
            expect("/metrics", shop.get("/metrics").status, 404 if signal == "metrics" else 200)
            shop.terminate()
            expect(f"spans without {signal}", len(collector.spans), 0 if signal == "traces" else 2)
            lines = shop.json_log.read_bytes().count(b"order created") if shop.json_log.exists() else 0
            expect(f"lines without {signal}", lines, 0 if signal == "logs" else 1)


def test_life_cycle_lines(directory):
    with shops.Shop(directory) as shop:
        shop.terminate()
        for record in shop.records():
            missing = {"timestamp", "level", "severity_number", "message", "app", "version", "instance"} - set(record)
            if missing:
                raise TestFailure(f"a line without {missing}: {record}")
        if len(shop.records()) < 2:
            raise TestFailure("no line tells of start and end")


if __name__ == "__main__":
    labtest.run_tests(globals())
