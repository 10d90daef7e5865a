#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares docs/telemetry.md with the running service in both directions."""
import re

import collector as collectors
import labtest
import shop as shops
import source_tables
from labtest import TestFailure, wait_until

PAGE = (labtest.TOP / "docs" / "telemetry.md").read_text()


def rows(heading):
    """The cells of the first table under a heading, without its head."""
    section = re.split(rf"^## {heading}$", PAGE, flags=re.M)[1]
    table = re.search(r"(?:^\|.*\n)+", section, re.M)[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def words(cell):
    return re.findall(r"`([^`]+)`", cell)


def same(what, seen, documented):
    if seen != documented:
        raise TestFailure(f"{what}: not documented: {sorted(seen - documented)}; not there: {sorted(documented - seen)}")


def use_everything(shop):
    """Sends one request of each kind, so that each field and attribute appears."""
    order = shop.order({"sku": "mug", "quantity": 2}, {"User-Agent": "doc"}).json
    shop.pay(order["order_id"])
    shop.get(f"/order/{order['order_id']}")
    shop.order({"quantity": 0})
    shop.order({"sku": "socks", "quantity": 100})
    shop.request("BREW", "/order?a=b", headers={"User-Agent": "doc"})
    shop.get("/nothing")


def running(directory, collector):
    config = directory / "empty.conf"
    config.write_text("")
    return shops.Shop(directory, {"inventory.stock": 10, "inventory.restock_s": 0, "log.level": "debug"},
                      collector and collector.url, config=config)


def test_metrics(directory):
    with collectors.Collector() as collector, running(directory, collector) as shop:
        use_everything(shop)
        metrics = shop.metrics()
        types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", metrics.text, re.M))
        table = {words(row[0])[0]: (row[1], tuple(words(row[2]))) for row in rows("Metrics")}
        same("metrics", set(types), set(table))
        routes = {labels["route"] for labels in metrics.series("request_total")}
        same("routes", routes, set(re.search(r"route table \(([^)]*)\) or (`unmatched`)", PAGE)[0].split("`")[1::2]))
        for name, (kind, labels) in table.items():
            if types[name] != kind:
                raise TestFailure(f"{name} is a {types[name]}, documented as {kind}")
            sample = f"{name}_count" if kind == "histogram" else name
            for series in metrics.series(sample):
                same(f"labels of {name}", set(series), set(labels))


def test_reasons(directory):
    """The running service has only the reasons that count in error_total; the sources have all reasons."""
    documented = [(words(row[0])[0], int(row[1]), row[3], row[2] == "yes") for row in rows("Reasons")]
    same("reasons", {(code, *row) for code, row in source_tables.problems().items()}, set(documented))
    with collectors.Collector() as collector, running(directory, collector) as shop:
        counted = {labels["reason"] for labels in shop.metrics().series("error_total")}
        same("reasons in error_total", counted, {row[0] for row in documented if row[3]})


def documented_reasons():
    metric, found = "", set()
    for row in rows("Drop reasons"):
        metric = (words(row[0]) or [metric])[0]
        found.add((metric, words(row[1])[0]))
        if not row[2] or not row[3]:
            raise TestFailure(f"nothing is said about {row[1]} of {metric}")
    return found


def test_drop_reasons(directory):
    with running(directory, None) as shop:
        samples = shop.metrics().samples
        seen = {(name, labels["reason"]) for name, labels, _ in samples if name.endswith("_dropped_total") and "reason" in labels}
        same("drop reasons", seen, documented_reasons())


def variables():
    """(name, takes, default, what) of each OTEL_* variable, as the program prints them."""
    said = labtest.output(shops.program("minishop"), "--help")
    return {(name, takes, default, what) for name, what, takes, default in
            re.findall(r"^  (OTEL_\w+)\n      (.*)\n      takes: (.*)\n      default: (.*)$", said, re.M)}


def test_variables(_):
    same("variables", variables(), {(words(row[0])[0], *row[1:]) for row in rows("Variables")})


def test_variables_in_the_manual(_):
    manual = (labtest.TOP / "man/minishop.8").read_text().replace("\\-", "-").replace("\\(aq", "'")
    entries = re.findall(r"^\.TP\n\.B (OTEL_\w+)\n(.*)\nTakes (.*)\.\nDefault: (.*)\.$", manual, re.M)
    same("variables in the manual", {(name, takes, default, what[0].upper() + what[1:] + ".") for name, takes, default, what in variables()},
         {(name, takes, default, what) for name, what, takes, default in entries})


def test_recording_rules(_):
    rules = (labtest.OBSERVABILITY / "prometheus/rules/recording.yml").read_text()
    same("recording rules", set(re.findall(r"^\s*- record: (\S+)$", rules, re.M)), {words(row[0])[0] for row in rows("Recording rules")})


def test_spans(directory):
    with collectors.Collector() as collector, running(directory, collector) as shop:
        use_everything(shop)
        shop.terminate()
        # For each name, the span with the most attributes: a rejected order has fewer.
        spans = {span.name: span for span in sorted(collector.spans, key=lambda span: len(span.attributes))
                 if span.status != collectors.ERROR}
        table = {words(row[1])[0]: (row[2], set(words(row[3].split(";")[0]))) for row in rows("Spans")}
        same("spans", set(spans), set(table) | {"HTTP"})
        common = set(re.findall(r"`((?:http|url|server|client|network|user_agent)\.[a-z_.]+)`", PAGE))
        seen = set()
        for name, (kind, attributes) in table.items():
            if spans[name].kind != getattr(collectors, kind):
                raise TestFailure(f"{name} is of kind {spans[name].kind}")
            own = {key for key in spans[name].attributes if key.startswith("shop.")}
            same(f"attributes of {name}", own, attributes)
        for span in collector.spans:
            seen |= {key for key in span.attributes if not key.startswith("shop.")}
        same("attributes of HTTP", seen, common | {"error.type"})
        failed = next(span for span in collector.spans if span.status == collectors.ERROR)
        if failed.name != "DeductInventory" or failed.events[0][0] not in PAGE:
            raise TestFailure(f"the failed step is {failed}")


def test_log_fields(directory):
    with collectors.Collector() as collector, running(directory, collector) as shop:
        use_everything(shop)
        wait_until("the last line", lambda: [record for record in shop.records() if record.get("path") == "/nothing"])
        shop.terminate()
        # Only a full disk causes the line with "lost".
        documented = {word for row in rows("Log lines") for word in words(row[0])} - {"lost"}
        same("fields", {field for record in shop.records() for field in record}, documented)
        messages = {record["message"] for record in shop.records()}
        unknown = {message for message in messages if f"`{message}`" not in PAGE}
        if unknown:
            raise TestFailure(f"messages that are not documented: {sorted(unknown)}")
        check_own_messages(shop.records())


def check_own_messages(records):
    """Compares the lines of a start and a stop with the table of the process's messages."""
    common = {"timestamp", "level", "severity_number", "message", "app", "version", "instance"}
    table = re.split(r"^Messages of the process itself:\n\n", PAGE, flags=re.M)[1].splitlines()[2:]
    documented = {name: (row[1], set(words(row[2]))) for row in ([cell.strip() for cell in line.strip("|").split("|")] for line in table)
                  for name in words(row[0])}
    seen = [record for record in records if record["message"].startswith("service ")]
    same("messages of a start and a stop", {record["message"] for record in seen}, {"service ready", "service stopping", "service stopped"})
    for record in seen:
        levels, fields = documented[record["message"]]
        same(f"fields of {record['message']}", set(record) - common, fields)
        if record["level"] not in levels:
            raise TestFailure(f"{record['message']} has the level {record['level']}, documented: {levels}")


if __name__ == "__main__":
    labtest.run_tests(globals())
