#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The guide's questions with the whole stack: traces come from Jaeger, log lines from Loki's API, metrics from Prometheus 3. Right answers,
taken from the shop's own log and responses, are accepted; wrong ones are not; the message names an engine that stops. If Loki is not installed, this
test serves Loki's queries from the shop's log file."""
import collections
import contextlib
import json
import pathlib
import sys
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
import stack as stacks  # noqa: E402
from labtest import TestFailure, claim, wait_until  # noqa: E402

sys.dont_write_bytecode = True  # write no bytecode into the project
sys.path.insert(0, str(labtest.TOP / "lab.d"))
import guide  # noqa: E402  lab.d/guide.py, after the path
from oncall.engines import Engines, timestamp  # noqa: E402

TRACE, UNSAMPLED, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7"


class LogPage(labtest.HttpThread):
    """Loki's query_range for a log file: a text filter, a time range, a limit."""

    def __init__(self, path):
        class Handler(labtest.Handler):
            def do_GET(self):
                query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
                text = json.loads(query["query"].partition("|= ")[2] or '""')
                lines = [line for line in path.read_text().splitlines() if text in line]
                dated = [(int(timestamp(json.loads(line)["timestamp"]) * 1e9), line) for line in lines]
                values = [[str(when), line] for when, line in dated if int(query["start"]) <= when < int(query["end"])][:int(query["limit"])]
                self.respond(200, json.dumps({"data": {"result": [{"stream": {}, "values": values}]}}).encode(), "application/json")

        super().__init__(Handler)


def engines_of(stack, loki, directory):
    place = {"place": "containers", "trace_store": "jaeger", "compose": "docker-compose", "loki_url": loki, "minishop_url": stack.shop.url,
             "prometheus_url": stack.prometheus_url, "jaeger_url": stack.jaeger_url, "alertmanager_url": f"http://127.0.0.1:{stack.alertmanager_port}"}
    return Engines(place, directory)


def verdict(engines, number, text):
    try:
        judged = guide.judge(number, str(text), engines)
        return type(judged).__name__, str(judged)
    except guide.CannotTell as reason:
        return "CannotTell", str(reason)


def check(engines, number, right, *wrong):
    """Spans and lines arrive a little later than the response of the shop."""
    wait_until(f"{number} {right} is right: {verdict(engines, number, right)}", lambda: verdict(engines, number, right)[0] == "Right", interval=0.5)
    for text in wrong:
        seen = verdict(engines, number, text)
        if seen[0] != "Wrong":
            raise TestFailure(f"{number} {text}: {seen}")
    claim(f"{number}: {right} is right" + (f", {', '.join(map(str, wrong))} wrong" if wrong else ""), True)


def recent(shop):
    since = time.time() - 300
    return [record for record in shop.records() if timestamp(record["timestamp"]) > since]


def check_logs(engines, shop):
    response = shop.order({"sku": "poster", "quantity": 3})
    check(engines, "2.1", response.json["order_id"], "ord_00000000000000000000")
    wait_until("it is paid", lambda: shop.pay(response.json["order_id"]).status == 200)
    check(engines, "2.2", shop.pay(response.json["order_id"]).json["code"], "not_found")
    lines = recent(shop)
    skus = collections.Counter(record["sku"] for record in lines if record["message"] == "order created")
    check(engines, "3.1", skus.most_common(1)[0][0], skus.most_common()[-1][0])
    durations = sorted(record["duration_ms"] for record in lines if record.get("route") == "/order")
    check(engines, "5.2", f"{durations[int(len(durations) * 0.95)]} ms", "2 s")
    check(engines, "10.3", sum(skus.values()), 5)


def check_traces(engines, shop):
    check(engines, "1.2", "ChargeCard", "ProcessPayment")
    check(engines, "6.2", "CreateOrder", "ChargeCard")
    began_here = shop.order().trace_id
    shop.order(headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    check(engines, "6.1", TRACE, UNSAMPLED)
    wait_until("a trace that began in the shop is not the learner's", lambda: "no parent" in verdict(engines, "6.1", began_here)[1], interval=0.5)
    shop.order(headers={"traceparent": f"00-{UNSAMPLED}-{PARENT}-00"})
    check(engines, "11.3", UNSAMPLED, TRACE, began_here)


def check_metrics(engines, shop):
    check(engines, "1.1", 12, 1, 700)
    check(engines, "4.3", "POST /payment/pay", "/order")
    check(engines, "10.1", "request_duration_seconds", "request_total")
    ids = [record["trace_id"] for record in shop.records() if record["message"] == "payment failed"]
    exemplars = wait_until("an exemplar of an error", lambda: {labels["trace_id"] for _, labels, _, _ in
                                                               engines.exemplars("error_total", time.time() - 300, time.time())} & set(ids))
    failed = next(record for record in shop.records() if record.get("trace_id") in exemplars)
    check(engines, "7.2", failed["order_id"], "ord_00000000000000000000")


def check_away(engines, stack):
    stack.jaeger.stop()
    for number, text, engine in (("1.2", "ChargeCard", stack.jaeger_url), ("6.2", "CreateOrder", stack.jaeger_url)):
        seen = verdict(engines, number, text)
        if seen[0] != "CannotTell" or engine not in seen[1]:
            raise TestFailure(f"{number} without Jaeger: {seen}")
    claim("without Jaeger no answer is judged, and the reason names Jaeger", True)


def test_the_questions_in_the_whole_stack(directory):
    with contextlib.ExitStack() as exits:
        stack = exits.enter_context(stacks.Stack(directory))
        loki = stack.loki_url if stack.loki else exits.enter_context(LogPage(stack.shop.json_log)).url
        shoppers = ["sh", labtest.OBSERVABILITY / "traffic/shoppers.sh", f"127.0.0.1:{stack.shop.port}"]
        exits.enter_context(labtest.Engine("shoppers", shoppers, directory))
        engines = engines_of(stack, loki, directory)
        wait_until("a minute of traffic", lambda: (engines.number("sum(rate(request_total[1m]))") or 0) > 11, 120, 1)
        check_metrics(engines, stack.shop)
        check_logs(engines, stack.shop)
        check_traces(engines, stack.shop)
        check_away(engines, stack)


if __name__ == "__main__":
    stacks.need_engines()
    labtest.need("wrk")
    labtest.run_tests(globals())
