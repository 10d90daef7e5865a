#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""New features need only rows in tables. The test adds rows for two routes, a problem, a payment failure, a counter and a gauge,
and a line for a log field, to a copy of the project. It builds the copy, and the service treats them like all others."""
import contextlib
import os
import re
import shutil
import subprocess

import collector as collectors
import labtest
import shop as shops
from labtest import TestFailure, expect, wait_until

labtest.need("autoreconf", "make")

# The place of each row: the line before it.
ROWS = {
    ("src/http/routes.h", r"#define HTTP_ROUTES\(X\) *\\\n"): """\
  X("DELETE", "/order/{order_id}", http_handle_cancel, .status = 202, .span = "CancelOrder", .done = "order cancelled", \\
    .failed = "order failed", .rejected = "order rejected", .problems = HTTP_MAY(HTTP_TOO_EARLY)) \\
  X("GET", "/debug/{page}", http_handle_page, .status = 200, .vary = "Accept") \\
""",
    ("src/http/problem.h", r"#define HTTP_PROBLEMS\(X\) *\\\n"): """\
  X(HTTP_TOO_EARLY, "too_early", 425, TEL_WARN, true, "Too early", "Cancel later.") \\
""",
    ("src/shop/reason.h", r"#define SHOP_PAYMENT_FAILURES\(X\) *\\\n"): """\
  X(CARD_STOLEN, "card_stolen", CARD, 3, "The card was stolen", "The card's issuer reports it as stolen.") \\
""",
    ("src/shop/shop.c", r"enum sku_counter \{ "): "RETURNED_UNITS, ",
    ("src/shop/shop.c", r"sku_counters\[SKU_COUNTERS\] = \{\n"): """\
    [RETURNED_UNITS] = {.name = "minishop_returned_units_total", .help = "Units.", .labels = sku_label, .label_count = 1},
""",
    ("src/shop/shop.c", r"\} gauges\[\] = \{\n"): """\
    {{.name = "minishop_orders_kept", .help = "Orders."}, read_stored},
""",
    ("src/http/handle_order.c", None): """
void http_handle_cancel(struct http_exchange *exchange) {
  static const struct tel_key CANCELLED_BY = TEL_KEY("cancelled_by");
  char order_id[64];
  http_route_parameter(exchange->route, exchange->path, "order_id", order_id, sizeof order_id);
  http_note_text(exchange, &ORDER_ID, order_id);
  http_note_text(exchange, &CANCELLED_BY, exchange->headers[HTTP_USER_AGENT]);
  if (strcmp(order_id, "young") == 0) {
    http_reply_problem(exchange, HTTP_TOO_EARLY, "This order is young.");
    return;
  }
  buf_puts(&exchange->reply, "{}");
  http_reply_json(exchange);
}

void http_handle_page(struct http_exchange *exchange) {
  buf_puts(&exchange->reply, "{}");
  http_reply_json(exchange);
}
""",
}
LONGEST_S = 240  # of one step of the build


def made(place, names):
    """Files that a copy of the sources does not need: those of git, the lab and builds."""
    top = place == str(labtest.TOP)
    return [name for name in names if name.endswith((".o", ".a"))
            or top and name in (".git", "autom4te.cache", "config.status", "config.h", "Makefile")
            or top and name.startswith((".lab", "build")) and name != "build-aux"]


def edit(path, pattern, text):
    """Inserts the text after the only match of the pattern, or at the end without a pattern."""
    source = path.read_text()
    at = re.search(pattern, source).end() if pattern else len(source)
    path.write_text(source[:at] + text + source[at:])


def run(what, argv, place):
    done = subprocess.run(argv, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LONGEST_S, check=False)
    if done.returncode:
        raise TestFailure(f"{what}: {done.stdout[-3000:]}")


@contextlib.contextmanager
def serving(directory):
    """A shop built with the rows and handlers, and its collector."""
    tree, build = directory / "tree", directory / "out"
    shutil.copytree(labtest.TOP, tree, ignore=made, symlinks=True)
    for (path, pattern), text in ROWS.items():
        edit(tree / path, pattern, text)
    build.mkdir()
    if not (tree / "configure").exists():
        run("bootstrap", ["./bootstrap"], tree)
    run("configure", [tree / "configure", "--enable-werror", "CFLAGS=-O0"], build)
    # Build this first: the object includes a header that protoc-c generates.
    run("make of an object", ["make", "src/telemetry/otlp/libtelemetry_la-otlp_response.lo"], build)
    run("make", ["make", f"-j{os.cpu_count()}", "minishop"], build)
    shops.BUILDS.insert(0, build)
    try:
        with collectors.Collector() as collector, shops.Shop(
                directory, {"log.level": "debug", "payment.reason": "card_stolen", "payment.failure_rate": 1}, collector.url) as shop:
            yield shop, collector
    finally:
        shops.BUILDS.pop(0)


def check_new_route(shop, collector):
    labels = {"method": "DELETE", "route": "/order/{order_id}"}
    expect("at 0 from the start", shop.metrics()["request_total", {**labels, "status": "202"}], 0)
    response = shop.request("DELETE", "/order/7", headers={"User-Agent": "clerk/1"})
    expect("the new route", (response.status, response.body), (202, b"{}"))
    record = shop.logged(request_id=response.headers["x-request-id"])[0]
    expect("its log line", [record[field] for field in ("message", "level", "route", "order_id", "cancelled_by")],
           ["order cancelled", "INFO", "/order/{order_id}", "7", "clerk/1"])
    wait_until("its span", lambda: [span.name for span in collector.by_trace().get(response.trace_id, [])] == ["CancelOrder"])
    metrics = shop.metrics()
    expect("counted", (metrics["request_total", {**labels, "status": "202"}], metrics["request_duration_seconds_count", labels]), (1, 1))
    allowed = shop.request("PUT", "/order/7")
    expect("methods of all rows", (allowed.status, allowed.headers["allow"]), (405, "DELETE, GET, HEAD"))
    if "DELETE /order/{order_id}" not in shop.get("/nothing").json["detail"]:
        raise TestFailure("404 does not name the new route")


def check_new_problem(shop):
    labels = {"method": "DELETE", "route": "/order/{order_id}", "reason": "too_early"}
    expect("at 0 from the start", shop.metrics()["error_total", labels], 0)
    response = shop.request("DELETE", "/order/young")
    expect("the new problem", (response.status, response.json["code"], response.json["title"], response.json["detail"]),
           (425, "too_early", "Too early", "This order is young. Cancel later."))
    record = shop.logged(request_id=response.headers["x-request-id"])[0]
    expect("its log line", (record["message"], record["reason"]), ("order failed", "too_early"))
    expect("counted", shop.metrics()["error_total", labels], 1)


def check_new_failure(shop, collector):
    labels = {"method": "POST", "route": "/payment/pay", "reason": "card_stolen"}
    expect("at 0 from the start", shop.metrics()["error_total", labels], 0)
    response = shop.pay(shop.order().json["order_id"])
    expect("the new failure", (response.status, response.json["code"], response.json["title"], response.json["detail"]),
           (402, "card_stolen", "The card was stolen", "The card's issuer reports it as stolen. Nothing was charged: send the payment again."))
    record = shop.logged(request_id=response.headers["x-request-id"])[0]
    expect("its log line", (record["message"], record["level"], record["reason"]), ("payment failed", "WARN", "card_stolen"))
    spans = wait_until("its spans", lambda: collector.by_trace().get(response.trace_id))
    expect("error.type", [span.attributes.get("error.type") for span in spans if span.name == "ChargeCard"], ["card_stolen"])
    expect("counted", shop.metrics()["error_total", labels], 1)


def check_new_metrics(shop):
    metrics = shop.metrics()
    expect("a counter", (len(metrics.series("minishop_returned_units_total")), metrics["minishop_returned_units_total"]), (5, 0))
    expect("a gauge", metrics["minishop_orders_kept"], metrics["minishop_orders_stored"])


def check_new_probe(shop, collector):
    response = shop.get("/debug/requests")
    expect("the new probe", (response.status, response.headers["vary"]), (200, "Accept"))
    expect("its log line", shop.logged(request_id=response.headers["x-request-id"])[0]["level"], "DEBUG")
    expect("not counted", [labels for labels in shop.metrics().series("request_total") if "/debug" in labels["route"]], [])
    shop.terminate()
    expect("not traced", collector.by_trace().get(response.trace_id, []), [])


def test_a_row_and_a_handler_are_enough(directory):
    with serving(directory) as (shop, collector):
        check_new_route(shop, collector)
        check_new_problem(shop)
        check_new_failure(shop, collector)
        check_new_metrics(shop)
        expect("the row beside it", shop.get(shop.order().headers["location"]).status, 200)
        expect("/version", sorted(shop.get("/version").json), ["commit", "compiler", "version"])
        check_new_probe(shop, collector)


if __name__ == "__main__":
    labtest.run_tests(globals())
