#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GET /debug/tracez: recent traces in the process itself, as HTML and JSON, for clients on this machine alone."""
import datetime
import html.parser
import http.client
import json
import re
import shutil
import socket
import subprocess
import threading

import labtest
import shop as shops
from labtest import TestFailure, expect

PATH = "/debug/tracez"
ON = {"traces.recent_bytes": 1 << 20}
LATENCY_CLASSES = ["0", "10us", "100us", "1ms", "10ms", "100ms", "1s", "10s"]
HOSTILE = "<script>alert('x')</script>\"&"


def must(what, condition, detail=""):
    """TestFailure unless the condition holds."""
    if not condition:
        raise TestFailure(f"{what}: not so: {detail}")


def running(directory, settings=None, **options):
    return shops.Shop(directory, {**ON, **(settings or {})}, **options)


def traces(shop, query=""):
    response = shop.get(f"{PATH}?format=json{query}")
    expect("status of the list", response.status, 200)
    return response.json


def trace(shop, trace_id):
    response = shop.get(f"{PATH}?trace_id={trace_id}", {"Accept": "application/json"})
    expect(f"status of trace {trace_id}", response.status, 200)
    return response.json


def page(shop, query=""):
    response = shop.get(PATH + query, {"Accept": "text/html,*/*;q=0.8"})
    expect("content type", response.headers["content-type"], "text/html; charset=utf-8")
    return response


def refused(response, status, code, *words):
    expect("status", response.status, status)
    expect("code", response.json["code"], code)
    for word in words:
        must(f"{word} in the detail", word in response.json["detail"], response.json["detail"])


def test_off_by_default(directory):
    with shops.Shop(directory) as shop:
        response = shop.order()
        expect("flags of a response", response.headers["traceparent"][-2:], "02")
        refused(shop.get(PATH), 404, "not_found", "traces.recent_bytes", "MINISHOP_TRACES_RECENT_BYTES")
        expect("capacity", shop.metrics()["telemetry_recent_capacity_bytes"], 0)


def test_off_without_tracing(directory):
    for name, settings, env in (("disabled", {}, {"OTEL_SDK_DISABLED": "true"}), ("traces", {"traces.enabled": False}, {})):
        (directory / name).mkdir()
        with running(directory / name, settings, env=env) as shop:
            refused(shop.get(PATH), 404, "not_found")


def test_orders_and_payments(directory):
    """Without an exporter, responses are sampled, exemplars exist, and spans, link and log line are available at once."""
    with running(directory, {"payment.failure_rate": 1, "payment.reason": "gateway_error"}) as shop:
        order = shop.order({"sku": "mug", "quantity": 2})
        payment = shop.pay(order.json["order_id"])
        expect("status", payment.status, 502)
        must("sampled", int(order.headers["traceparent"][-2:], 16) & 1, order.headers["traceparent"])
        listed = traces(shop)
        expect("traces", [entry["trace_id"] for entry in listed["traces"]], [payment.trace_id, order.trace_id])
        paid, ordered = listed["traces"]
        must("a start in UTC", re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", paid["start"]), paid["start"])
        for entry, wanted in ((ordered, ("CreateOrder", "POST", "/order", 201, "ok", None, 2)),
                              (paid, ("ProcessPayment", "POST", "/payment/pay", 502, "error", "gateway_error", 2))):
            keys = ("name", "method", "route", "status", "outcome", "error_type", "spans")
            expect("entry", tuple(entry.get(key) for key in keys), wanted)
        must("bounds", 0 < listed["held_bytes"] <= listed["capacity_bytes"] == ON["traces.recent_bytes"])

        seen = trace(shop, order.trace_id)
        expect("spans", [span["name"] for span in seen["spans"]], ["CreateOrder", "DeductInventory"])
        server, inner = seen["spans"]
        expect("parent", inner["parent_span_id"], server["span_id"])
        expect("span id of the response", server["span_id"], order.span_id)
        expect("quantity", server["attributes"]["shop.quantity"], 2)
        expect("kinds", [server["kind"], inner["kind"]], ["server", "internal"])
        seen = trace(shop, payment.trace_id)
        expect("link", [(link["trace_id"], link["span_id"]) for link in seen["spans"][0]["links"]],
               [(order.trace_id, order.span_id)])
        charge = seen["spans"][1]
        expect("status", charge["status"]["code"], "error")
        expect("event", charge["events"][0]["attributes"]["reason"], "gateway_error")
        must("the event lies in its span",
              charge["offset_ms"] <= charge["events"][0]["offset_ms"] <= charge["offset_ms"] + charge["duration_ms"])
        expect("log lines", seen["log"], shop.logged(trace_id=payment.trace_id))
        exposition = shop.get("/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"}).body.decode()
        for response in (order, payment):
            must("an exemplar", f'# {{trace_id="{response.trace_id}"' in exposition, exposition)


def test_with_a_collector(directory):
    import collector as collectors
    with collectors.Collector() as collector, running(directory, collector=collector.url) as shop:
        order = shop.order()
        collector.wait_for(2)
        exported = {span.span_id: span for span in collector.by_trace()[order.trace_id]}
        for span in trace(shop, order.trace_id)["spans"]:
            same = exported[span["span_id"]]
            expect("span", (span["name"], span["start_time_unix_nano"], span["end_time_unix_nano"], span["attributes"]),
                   (same.name, same.start, same.end, same.attributes))


def test_probe(directory):
    """The page's requests are not in the request metrics or in a trace, and are at DEBUG in the log; HEAD works."""
    with running(directory, {"log.level": "debug"}) as shop:
        for method in ("GET", "HEAD"):
            response = shop.request(method, PATH)
            expect("status", response.status, 200)
            expect("a body", bool(response.body), method == "GET")
            must("its length", int(response.headers["content-length"]) > 0)
        expect("method", shop.request("POST", PATH).status, 405)
        shop.get(f"{PATH}?class=no")
        metrics = shop.metrics()
        must("not counted", not any(series["route"] in (PATH, "unmatched") for series in metrics.series("request_total")))
        must("no trace", not traces(shop)["traces"])
        for record in shop.logged(route=PATH):
            if record["status"] != 405:
                expect("level", record["level"], "DEBUG")


def test_headers(directory):
    with running(directory) as shop:
        order = shop.order()
        for query in ("", "?format=json", f"?trace_id={order.trace_id}", "?class=no", f"?trace_id={'1' * 32}"):
            headers = shop.get(PATH + query, {"Origin": "http://evil.example"}).headers
            expect("nosniff", headers["x-content-type-options"], "nosniff")
            expect("caching", headers["cache-control"], "no-store")
            expect("referrer", headers["referrer-policy"], "no-referrer")
            must("a policy", headers["content-security-policy"].startswith("default-src 'none';"))
            must("no CORS", not any(name.startswith("access-control-") for name in headers), headers)


def test_only_from_this_machine(directory):
    with running(directory) as shop:
        for headers in ({"Host": "evil.example"}, {"Host": f"rebound.example:{shop.port}"}, {"X-Forwarded-For": "192.0.2.1"},
                        {"Forwarded": "for=192.0.2.1"}, {"Via": "1.1 proxy"},
                        {"x-forwarded-host": "shop.example"}, {"X-Forwarded-Proto": "https"}, {"X-Original-Forwarded-For": "192.0.2.1"},
                        {"True-Client-IP": "192.0.2.1"}, {"CF-Connecting-IP": "192.0.2.1"}, {"X-Client-IP": "192.0.2.1"}):
            refused(shop.get(PATH, headers), 403, "forbidden", "127.0.0.1")
        for host in ("localhost", f"127.0.0.1:{shop.port}", "[::1]:80"):
            expect(host, shop.get(PATH, {"Host": host}).status, 200)


def get_at(address, port, source=None):
    connection = http.client.HTTPConnection(address, port, timeout=10, source_address=(source, 0) if source else None)
    try:
        connection.request("GET", PATH)
        return connection.getresponse().status
    finally:
        connection.close()


def test_loopback_addresses(directory):
    with running(directory) as shop:
        expect("from 127.0.0.2", get_at("127.0.0.1", shop.port, "127.0.0.2"), 200)
    port = labtest.free_port()
    try:
        socket.create_server(("::1", port), family=socket.AF_INET6).close()
    except OSError:
        return  # this machine has no IPv6
    shop = shops.Shop(directory, ON)
    argv = shop.argv
    shop.argv = [f"[::1]:{port}" if part.endswith(f":{shop.port}") else part for part in map(str, argv)]
    shop.ready_url = f"http://[::1]:{port}/readyz"
    with shop:
        expect("over ::1", get_at("::1", port), 200)


def test_bad_queries(directory):
    with running(directory) as shop:
        for query, *words in (("?x=1", "'x'", "trace_id", "route", "class", "outcome", "format"),
                              ("?class=2ms", "'2ms'", *LATENCY_CLASSES), ("?class=", "10ms"), ("?class", "10ms"),
                              ("?outcome=bad", "'bad'", "ok", "error"), ("?route=/nothing", "/order", "/payment/pay"),
                              ("?format=xml", "json", "html"), ("?outcome=ok&outcome=error", "outcome"),
                              ("?trace_id=12", "32 hexadecimal"), ("?trace_id=", "32"),
                              (f"?trace_id={'g' * 32}", "hexadecimal"), (f"?trace_id={'1' * 33}", "32"),
                              (f"?trace_id={'1' * 32}&class=1", "10s"), ("?%3Cb%3E=1", "parameter"),
                              ("?class=%FF%00", "10ms")):
            refused(shop.get(PATH + query), 400, "invalid_request", *words)


def test_negotiation(directory):
    with running(directory) as shop:
        for accept, query, json_wanted in ((None, "", False), ("*/*", "", False), ("application/json", "", True),
                                           ("text/html,application/xhtml+xml,*/*;q=0.8", "", False),
                                           ("application/json, */*", "", True), ("application/json;q=0", "", False),
                                           ("text/html;q=0.5, application/json", "", True),
                                           ("text/html, application/json; q=0.9", "", False),
                                           ("application/jsonp", "", False), ("application/*", "", True),
                                           ("text/html;q=0, */*", "", True), ("text/html", "?format=json", True),
                                           ("application/json", "?format=html", False)):
            response = shop.get(PATH + query, {"Accept": accept} if accept else {})
            expect(f"{accept} {query}", response.headers["content-type"],
                   "application/json" if json_wanted else "text/html; charset=utf-8")
            expect("vary", response.headers["vary"], "Accept")


def test_filters(directory):
    with running(directory, {"inventory.stock": 1, "inventory.restock_s": 0}) as shop:
        for _ in range(3):
            shop.order({"sku": "mug"})
        shop.pay("ord_unknown")
        expect("all", len(traces(shop)["traces"]), 4)
        expect("of /order", len(traces(shop, "&route=/order")["traces"]), 3)
        expect("of /order, encoded", len(traces(shop, "&route=%2Forder")["traces"]), 3)
        failed = traces(shop, "&outcome=error")["traces"]
        expect("failed", [entry["error_type"] for entry in failed], ["out_of_stock"] * 2)
        expect("not failed", len(traces(shop, "&outcome=ok&route=/payment/pay")["traces"]), 1)
        by_class = {name: traces(shop, f"&class={name}")["traces"] for name in LATENCY_CLASSES}
        expect("in some class", sum(map(len, by_class.values())), 4)
        bounds = [0, 0.01, 0.1, 1, 10, 100, 1000, 10000, float("inf")]
        for number, name in enumerate(LATENCY_CLASSES):
            must(name, all(bounds[number] <= entry["duration_ms"] < bounds[number + 1] for entry in by_class[name]))


def test_unknown_trace(directory):
    with running(directory) as shop:
        query = f"?trace_id={'1' * 32}"
        refused(shop.get(PATH + query, {"Accept": "application/json"}), 404, "unknown_trace", "newer")
        response = page(shop, query)
        expect("status", response.status, 404)
        must("why", b"made room for newer" in response.body)
        expect("not sampled", shop.order(headers={"traceparent": f"00-{'1' * 32}-{'2' * 16}-00"}).status, 201)
        expect("status", page(shop, query).status, 404)


class Elements(html.parser.HTMLParser):
    """Checks that elements are closed in order; collects links and text."""
    VOID = {"meta"}

    def __init__(self, text):
        super().__init__()
        self.open, self.names, self.links, self.text = [], set(), [], ""
        self.feed(text)
        self.close()
        must("all elements are closed", not self.open, self.open)

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            must("no script in attributes", not name.startswith("on"), name)
            if name in ("href", "src", "action"):
                self.links.append(value)

    def handle_endtag(self, tag):
        expect("closing tag", tag, self.open.pop())

    def handle_data(self, data):
        self.text += data


def test_html(directory):
    """Every link leads to a page; data from clients appear as text; the log line is complete."""
    with running(directory, {"payment.failure_rate": 1}) as shop:
        order = shop.order(headers={"User-Agent": HOSTILE, "X-Request-Id": "a-b"})
        shop.request("POST", "/order?<b>'\"", headers={"User-Agent": "\xff\x80<i>"})
        payment = shop.pay(order.json["order_id"], {"User-Agent": HOSTILE})
        todo, done = [PATH], set()
        while todo:
            path = todo.pop()
            response = shop.get(path)
            expect(path, response.status, 200)
            done.add(path)
            if "format=json" in path:
                continue
            elements = Elements(response.body.decode())
            must("no script", "script" not in elements.names and "i" not in elements.names, elements.names)
            todo += [link.split("#")[0] for link in elements.links if link.split("#")[0] not in done | set(todo)]
            must("all links are our own", all(link.startswith(PATH) for link in elements.links), elements.links)
        must("links to traces", {f"{PATH}?trace_id={response.trace_id}" for response in (order, payment)} <= done, done)
        elements = Elements(shop.get(f"{PATH}?trace_id={payment.trace_id}").body.decode())
        must("the order is linked", any(order.trace_id in link and link.endswith(f"#s{order.span_id}")
                                         for link in elements.links), elements.links)
        must("the user agent", elements.text.count(HOSTILE) >= 1, elements.text)
        shown = json.loads(re.search(r"\n(\{\n.*\n\})", elements.text, re.S)[1])
        expect("log line", [shown], shop.logged(trace_id=payment.trace_id))


def test_bound_under_load(directory):
    """With readers and clients at the same time, the bound holds, a slow and a failed trace stay, and no response is lost."""
    settings = {"traces.recent_bytes": 65536, "inventory.latency_ms": 0}
    with running(directory, settings) as shop:
        first = shop.order({"sku": "mug"}, {"User-Agent": "x" * 3000})
        pages = []
        done = threading.Event()
        reader = threading.Thread(target=lambda: [pages.append(traces(shop)) for _ in iter(done.is_set, True)])
        reader.start()
        labtest.at_once([lambda: [shop.order() for _ in range(300)]] * 4)
        done.set()
        reader.join()
        for listed in pages:
            must("bound", listed["held_bytes"] <= 65536, listed["held_bytes"])
        metrics = shop.metrics()
        kept = len(traces(shop)["traces"])
        expect("kept", metrics["telemetry_recent_traces"], kept)
        expect("every trace is accounted for", metrics["telemetry_recent_discarded_total"] + kept, 1201)
        must("evicted", metrics["telemetry_recent_discarded_total", {"reason": "evicted"}] > 900)
        expect("requests with a response", metrics["request_total", {"route": "/order", "status": "201"}], 1201)
        expect("first", first.status, 201)


def test_bad_setting(directory):
    for value in ("1", "65535", "1073741825", "-1", "4M"):
        done = subprocess.run([shops.program("minishop"), "--check-config"], env={"MINISHOP_TRACES_RECENT_BYTES": value},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        expect(f"exit status for {value}", done.returncode, 2)
        for word in ("MINISHOP_TRACES_RECENT_BYTES", "0 (off)", "65536", "1073741824"):
            must(f"{word} is named", word in done.stdout, done.stdout)


def test_check_config(directory):
    """--check-config says whether recent traces are kept, after all settings and variables."""
    for env, kept in (({}, False), ({"MINISHOP_TRACES_RECENT_BYTES": "65536"}, True),
                      ({"MINISHOP_TRACES_RECENT_BYTES": "65536", "MINISHOP_TRACES_ENABLED": "false"}, False),
                      ({"MINISHOP_TRACES_RECENT_BYTES": "65536", "OTEL_SDK_DISABLED": "true"}, False)):
        done = subprocess.run([shops.program("minishop"), "--check-config"], env=env, cwd=directory, stdout=subprocess.PIPE,
                              text=True, timeout=60, check=True)
        expect(f"kept with {env}", "/debug/tracez\n" in done.stdout.split("# Spans go to")[1], kept)


def test_clock_is_set(directory):
    """Spans, events, log line and exemplar of a request agree, even if the wall clock is set meanwhile."""
    if not shutil.which("cc"):
        raise labtest.Skip("cc is missing")
    shim = directory / "turned_clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, labtest.TOP / "tests/e2e/turned_clock.c"], check=True, timeout=60)
    settings = {"payment.failure_rate": 1, "payment.latency_ms": 5, "inventory.latency_ms": 5}
    env = {"LD_PRELOAD": str(shim), "ASAN_OPTIONS": "verify_asan_link_order=0"}
    with running(directory, settings, env=env) as shop:
        for _ in range(5):
            order = shop.order()
            payment = shop.pay(order.json["order_id"])
            for response in (order, payment):
                seen = trace(shop, response.trace_id)
                server, inner = seen["spans"]
                begin, end = server["start_time_unix_nano"], server["end_time_unix_nano"]
                must("the child lies in its parent", begin <= inner["start_time_unix_nano"] <= inner["end_time_unix_nano"] <= end,
                      seen)
                must("durations are real", 1 < inner["duration_ms"] <= server["duration_ms"] < 60000, seen)
                for event in inner["events"]:
                    must("the event lies in its span",
                          inner["start_time_unix_nano"] <= event["time_unix_nano"] <= inner["end_time_unix_nano"], seen)
                record = seen["log"][0]
                expect("duration_ms", record["duration_ms"], server["duration_ms"])
                moment = datetime.datetime.fromisoformat(record["timestamp"][:26] + "+00:00").timestamp()
                must("the log line belongs to the trace", begin / 1e9 - 1e-3 <= moment <= end / 1e9 + 1, seen)
                exposition = shop.get("/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"}).body.decode()
                # Of a request's histogram and, if it failed, of error_total; another request's may have taken their place.
                for stamp in re.findall(rf'trace_id="{response.trace_id}",span_id="\w+"}} \S+ (\S+)', exposition):
                    must("the exemplar belongs to the trace", begin / 1e9 - 1e-3 <= float(stamp) <= end / 1e9 + 1e-3,
                         (stamp, seen))



if __name__ == "__main__":
    labtest.run_tests(globals())
