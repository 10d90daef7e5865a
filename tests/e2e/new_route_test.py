#!/usr/bin/env python3
"""A new route is one row and one handler: a copy of the project gets two of each, is built, and serves them like any other."""
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

ROWS = """\
  X("DELETE", "/order/{order_id}", http_handle_cancel, .status = 202, .span = "CancelOrder", .done = "order cancelled", \\
    .failed = "order failed", .rejected = "order rejected") \\
  X("GET", "/debug/{page}", http_handle_page, .status = 200, .vary = "Accept") \\
"""
HANDLERS = """
void http_handle_cancel(struct http_exchange *exchange) {
  http_route_parameter(exchange->route, exchange->path, "order_id", exchange->order_id, sizeof exchange->order_id);
  buf_puts(&exchange->reply, "{}");
  http_reply_json(exchange);
}

void http_handle_page(struct http_exchange *exchange) {
  buf_puts(&exchange->reply, "{}");
  http_reply_json(exchange);
}
"""


def made(place, names):
    """What a copy of the sources does not need: what git, the lab and builds leave."""
    top = place == str(labtest.TOP)
    return [name for name in names if name.endswith((".o", ".a"))
            or top and name in (".git", "autom4te.cache", "config.status", "config.h", "Makefile")
            or top and name.startswith((".lab", "build")) and name != "build-aux"]


def edit(path, pattern, text):
    """Puts the text behind the one place where the pattern is, or at the end without a pattern."""
    source = path.read_text()
    at = re.search(pattern, source).end() if pattern else len(source)
    path.write_text(source[:at] + text + source[at:])


def run(what, argv, place):
    done = subprocess.run(argv, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False)
    if done.returncode:
        raise TestFailure(f"{what}: {done.stdout[-3000:]}")


@contextlib.contextmanager
def serving(directory):
    """A shop built with the rows and handlers, and its collector."""
    tree, build = directory / "tree", directory / "out"
    shutil.copytree(labtest.TOP, tree, ignore=made, symlinks=True)
    edit(tree / "src/http/routes.h", r"#define HTTP_ROUTES\(X\) *\\\n", ROWS)
    edit(tree / "src/http/handle_order.c", None, HANDLERS)
    build.mkdir()
    if not (tree / "configure").exists():
        run("bootstrap", ["./bootstrap"], tree)
    run("configure", [tree / "configure", "--enable-werror", "CFLAGS=-O0"], build)
    # Before anything else is built: this object includes a header that protoc-c generates.
    run("make of an object", ["make", "src/telemetry/otlp/libtelemetry_la-otlp_response.lo"], build)
    run("make", ["make", f"-j{os.cpu_count()}", "all"], build)
    shops.BUILDS.insert(0, build)
    try:
        with collectors.Collector() as collector, shops.Shop(directory, {"log.level": "debug"}, collector.url) as shop:
            yield shop, collector
    finally:
        shops.BUILDS.pop(0)


def check_new_route(shop, collector):
    labels = {"method": "DELETE", "route": "/order/{order_id}"}
    expect("at 0 from the start", shop.metrics()["request_total", {**labels, "status": "202"}], 0)
    answer = shop.request("DELETE", "/order/7")
    expect("the new route", (answer.status, answer.body), (202, b"{}"))
    record = shop.logged(request_id=answer.headers["x-request-id"])[0]
    expect("its log line", (record["message"], record["level"], record["route"], record["order_id"]),
           ("order cancelled", "INFO", "/order/{order_id}", "7"))
    wait_until("its span", lambda: [span.name for span in collector.by_trace().get(answer.trace_id, [])] == ["CancelOrder"], 5)
    metrics = shop.metrics()
    expect("counted", (metrics["request_total", {**labels, "status": "202"}], metrics["request_duration_seconds_count", labels]), (1, 1))
    allowed = shop.request("PUT", "/order/7")
    expect("methods of all rows", (allowed.status, allowed.headers["allow"]), (405, "DELETE, GET, HEAD"))
    if "DELETE /order/{order_id}" not in shop.get("/nothing").json["detail"]:
        raise TestFailure("404 does not name the new route")


def check_new_probe(shop, collector):
    answer = shop.get("/debug/requests")
    expect("the new probe", (answer.status, answer.headers["vary"]), (200, "Accept"))
    expect("its log line", shop.logged(request_id=answer.headers["x-request-id"])[0]["level"], "DEBUG")
    expect("not counted", [labels for labels in shop.metrics().series("request_total") if "/debug" in labels["route"]], [])
    shop.terminate()
    expect("not traced", collector.by_trace().get(answer.trace_id, []), [])


def test_a_row_and_a_handler_are_enough(directory):
    with serving(directory) as (shop, collector):
        check_new_route(shop, collector)
        expect("the row beside it", shop.get(shop.order().headers["location"]).status, 200)
        expect("/version", sorted(shop.get("/version").json), ["commit", "compiler", "version"])
        check_new_probe(shop, collector)


if __name__ == "__main__":
    labtest.run_tests(globals())
