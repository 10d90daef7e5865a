#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The console page in a browser, with real Prometheus and Alertmanager: it agrees with Slack, and leads to a trace.

A shop of this test fails half of its payments, and a third are slow. Takes about two minutes: the timings are the lab's own.
"""
import datetime
import json
import os
import pathlib
import re
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
import webdriver  # noqa: E402
from labtest import claim, wait_until  # noqa: E402

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
SLOWEST = 1.794
# Payments a second, by upper bound: a third takes SLOWEST.
BUCKETS = {"0.05": 4, "0.25": 4, "0.5": 4, "1.0": 4, "1.5": 4, "2.0": 6, "+Inf": 6}


class SickShop(labtest.HttpThread):
    """Six orders and six payments a second. Half of the payments fail; each scrape brings a new failed and a new slow trace."""

    def __init__(self):
        shop = self
        self.began = time.monotonic()
        self.lock = threading.Lock()
        self.failed, self.slow = [], []

        class Handler(labtest.Handler):
            def do_GET(self):
                self.respond(200, shop.exposition().encode(), OPENMETRICS)

        super().__init__(Handler)

    def exemplar(self, ids, value):
        ids.append(os.urandom(16).hex())
        return f' # {{trace_id="{ids[-1]}",span_id="{os.urandom(8).hex()}"}} {value} {time.time():.3f}'

    def exposition(self):
        with self.lock:
            seconds = time.monotonic() - self.began
            pay = 'method="POST",route="/payment/pay"'
            lines = ["# TYPE request counter", f'request_total{{method="POST",route="/order",status="201"}} {6 * seconds:.3f}',
                     f'request_total{{{pay},status="200"}} {3 * seconds:.3f}', f'request_total{{{pay},status="502"}} {3 * seconds:.3f}',
                     "# TYPE error counter", f'error_total{{{pay},reason="gateway_error"}} {3 * seconds:.3f}' + self.exemplar(self.failed, 1),
                     "# TYPE request_duration_seconds histogram"]
            for bound, rate in BUCKETS.items():
                tail = self.exemplar(self.slow, SLOWEST) if bound == "2.0" else ""
                lines.append(f'request_duration_seconds_bucket{{{pay},le="{bound}"}} {rate * seconds:.3f}{tail}')
            return "\n".join([*lines, "# EOF", ""])


def targets(run, name, text):
    """Replaces a file atomically, because Prometheus reads it again when it changes."""
    path = run / "prometheus/targets" / f"{name}.yml"
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").rename(path)


def shops_at(run, *ports):
    targets(run, "minishop", "".join(f'- targets: ["127.0.0.1:{port}"]\n  labels: {{url: "http://127.0.0.1:{port}/metrics"}}\n' for port in ports))


class Page:
    def __init__(self, browser, url):
        self.browser = browser
        self.url = url

    def open(self):
        self.browser.open(f"{self.url}/consoles/minishop.html")

    def texts(self, selector):
        return self.browser.run("return [...document.querySelectorAll(arguments[0])].map(node => node.innerText)", selector)

    def style(self, selector, name):
        return self.browser.run("const node = document.querySelector(arguments[0]); return node && getComputedStyle(node)[arguments[1]]", selector, name)

    def tile(self, name):
        return next((text.split("\n", 1)[1].replace("\n", "") for text in self.texts(".tiles > div") if text.startswith(name)), None)

    def link(self, table):
        """The first link of a table of traces."""
        return self.browser.run("const link = document.querySelector(arguments[0]); return link && link.href", f"#trace-tables > :nth-child({table}) a")


def looks(page):
    """Critical alerts are red and warnings are amber everywhere. Pending alerts have neither colour."""
    wait_until("the tiles have values", lambda: page.tile("Error rate") and page.tile("Slower than 500 ms") and page.tile("P95 latency, about"))
    border = {name: page.style(f'.alert.firing[data-severity="{name}"]', "borderLeftColor") for name in ("critical", "warning")}
    banner = {name: page.style(f".banner.{name}", "backgroundColor") for name in ("bad", "warn")}
    claim("a warning does not look like a critical alert", len({*border.values(), *banner.values()} - {None}) == 4, (border, banner))
    tiles = page.browser.run("return Object.fromEntries([...document.querySelectorAll('.tiles > div')].map(node => [node.innerText.split('\\n')[0], node.className]))")
    claim("the tiles have the colours of their alerts", (tiles["Error rate"], tiles["Slower than 500 ms"], tiles["In flight"]) == ("bad", "warn", ""), tiles)


def agrees_with_slack(page, slack):
    cards = page.texts(".alert.firing")
    for name in ("MiniShopHighErrorRate", "MiniShopHighLatency"):
        text = slack.attachments(name)[0][1]["text"]
        since = re.search(r"_Since (.* UTC)_", text)[1]
        [card] = [card for card in cards if name in card]
        claim(f"since when {name} fires is what Slack says", f"firing since {since}." in card, (since, card))
        claim(f"{name}: one decimal here and there", re.search(r"\d\.\d % of", card) and re.search(r"\d\.\d % of", text), (card, text))
        claim(f"{name}: the card names the receiver of its messages", "Alertmanager sends messages to slack." in card, card)
    claim("tiles are rounded the same way", all(re.fullmatch(r"\d+\.\d %", page.tile(name)) for name in ("Error rate", "Slower than 500 ms")))
    message = json.dumps(slack.attachments("MiniShopHighLatency")[0][1])
    claim("the latency message counts, and names no duration that was not seen", "longer than 500 ms" in message and not re.search(r"\d\.\d+ ?s\b", message), message)
    estimate = float(re.fullmatch(r"([\d.]+) s", page.tile("P95 latency, about"))[1])
    claim("the estimate of P95 is off by the width of its bucket at most", 1.5 <= estimate <= 2.0, estimate)


def objectives(page, prometheus):
    """Both objectives are shown with Prometheus's values, and are updated: half of the payments fail."""
    def left(slo):
        query = f"100*job_slo:budget_left:ratio_rate2d%7Bslo=%22{slo}%22%7D"
        return float(labtest.http_json(f"{prometheus}/api/v1/query?query={query}")["data"]["result"][0]["value"][1])

    def shown():
        return [float(re.search(r"Error budget left: (-?[\d.]+) %", text)[1]) for text in page.texts(".objective")]

    errors, latency = wait_until("both objectives are there", lambda: len(texts := page.texts(".objective")) == 2 and texts)
    claim("the objectives are named", errors.startswith("99.5 % of the requests without an error") and latency.startswith("95 % of the requests within 250 ms"))
    claim("each has a bar", page.browser.run("return document.querySelectorAll('.objective meter').length") == 2)
    claim("25 % of errors are a burn rate of 50", re.search(r"minute 50\.\d", errors), errors)

    def agreed():
        values = shown()
        return len(values) == 2 and all(abs(left(slo) - value) < 1 and value < 100 for slo, value in zip(("errors", "latency"), values)) and values
    first = wait_until("what is left is what Prometheus says", agreed)
    print("ok   what is left is what Prometheus says")
    wait_until("what is left falls", lambda: shown()[0] < first[0], interval=0.5)
    print("ok   what is left falls")


def leads_to_traces(page, shop, run):
    failed, slow = wait_until("failed and slow requests are there", lambda: page.link(1) and page.link(2) and page.texts("#trace-tables table"))
    claim("a failed request is there with its reason", "gateway_error\t/payment/pay" in failed, failed)
    claim("the slow request is there with what it took", f"{SLOWEST:.1f} s\t/payment/pay" in slow, slow)
    for table, ids in ((1, shop.failed), (2, shop.slow)):
        link = page.link(table)
        where, trace = link.rsplit("=", 1)
        claim("it leads to its trace at the port that the shop has", where == f"http://127.0.0.1:{shop.port}/debug/tracez?trace_id" and trace in ids, link)
    targets(run, "stack", '- targets: ["127.0.0.1:1"]\n  labels: {job: jaeger, url: "http://127.0.0.1:2/"}\n')
    wait_until("with Jaeger, it leads there", lambda: re.fullmatch(r"http://127\.0\.0\.1:2/trace/[0-9a-f]{32}", page.link(1) or ""), interval=0.5)
    print("ok   with Jaeger it leads to Jaeger")
    targets(run, "stack", '- targets: ["127.0.0.1:1"]\n  labels: {job: tempo, url: "http://127.0.0.1:2/"}\n'
            '- targets: ["127.0.0.1:3"]\n  labels: {job: grafana, url: "http://127.0.0.1:4/"}\n')
    wait_until("with Tempo, it leads to Grafana", lambda: "http://127.0.0.1:4/explore?" in (page.link(1) or ""), interval=0.5)
    print("ok   with Tempo it leads to Grafana")


def leads_to_each_shop(page, run, *shops):
    """Several shops: each link leads to the shop that has the trace."""
    targets(run, "stack", "[]\n")

    def links():
        return page.browser.run("return [...document.querySelectorAll('#trace-tables table')].map(table => [...table.querySelectorAll('a')].map(link => [link.title, link.href]))")

    def wanted(trace):
        [shop] = [shop for shop in shops if trace in shop.failed + shop.slow]
        return f"http://127.0.0.1:{shop.port}/debug/tracez?trace_id={trace}"
    wait_until("failed requests of both shops lead to MiniShop's page",
               lambda: {href.split("/debug/")[0] for _, href in links()[0]} == {shop.url for shop in shops}, interval=0.5)
    found = sum(links(), [])
    claim("each link leads to the shop that has the trace", found and all(href == wanted(trace) for trace, href in found), found)


# Draws two charts with the same names in another order, and one with an additional name.
COLOURS = """
const colours = (names) => {
  const figure = document.createElement("figure");
  figure.appendChild(document.createElement("figcaption"));
  document.body.appendChild(figure);
  const chart = new Chart(figure, {format: String, least: 1});
  chart.draw({start: 0, end: 60, step: 5, series: names.map((name) => ({name, points: [[0, 1], [60, 1]]}))});
  const found = [...figure.querySelectorAll("li")].map((item) => [item.innerText.split(" ")[0], item.style.getPropertyValue("--color")]);
  figure.remove();
  return found;
};
return [colours(arguments[0]), colours([...arguments[0]].reverse()), colours(["a-new-one", ...arguments[0]])];
"""


def colours(page):
    names = ["all", "/order", "/payment/pay", "/order/{order_id}", "unmatched"]
    reasons = re.findall(r"^\| `(\w+)` \| \d+ \| yes", (labtest.TOP / "docs/telemetry.md").read_text(), re.MULTILINE)
    for series in (names, reasons):
        first, reversed_, more = page.browser.run(COLOURS, series)
        claim("colours and order do not depend on which response comes first", first == reversed_, (first, reversed_))
        claim("a new name changes no other's colour", set(map(tuple, first)) < set(map(tuple, more)), (first, more))
        claim("no two share a colour", len({colour for _, colour in first}) == len(series), first)


def silenced(page, alertmanager):
    now = datetime.datetime.now(datetime.timezone.utc)
    silence = {"matchers": [{"name": "alertname", "value": "MiniShopHighErrorRate", "isRegex": False, "isEqual": True}], "createdBy": "test",
               "comment": "test", "startsAt": now.isoformat(), "endsAt": (now + datetime.timedelta(minutes=5)).isoformat()}
    urllib.request.urlopen(urllib.request.Request(f"{alertmanager}/api/v2/silences", json.dumps(silence).encode(),
                                                  {"Content-Type": "application/json"}), timeout=20).close()
    wait_until("the page says that the alert is silenced", lambda: any("Silenced in Alertmanager: no message is sent." in card for card in page.texts(".alert")))
    print("ok   the page says that the alert is silenced")


def narrow(page):
    page.browser.resize(390, 844)
    page.open()
    wait_until("the page on a phone", lambda: len(page.texts(".alert")) >= 2)
    claim("a phone does not scroll sideways", page.browser.run("return document.documentElement.scrollWidth") <= 390)
    page.browser.resize(1280, 900)


def gone(page, run, engine, shop, port):
    """Old targets from before a restart of Prometheus: `up` keeps them for five minutes, but the page does not count them."""
    wait_until("two instances are counted", lambda: page.tile("Instances up") == "2 of 2")
    print("ok   two instances are counted")
    engine.stop()
    shops_at(run, shop.port)
    engine.start()
    page.open()
    wait_until("one instance is counted", lambda: page.tile("Instances up") == "1 of 1", interval=0.5)
    print("ok   an instance that is gone is not counted")
    up = labtest.http_json(f"http://127.0.0.1:{port}/api/v1/query?query=count(up%7Bjob=%22minishop%22%7D)")["data"]["result"]
    claim("(though Prometheus still holds it)", int(up[0]["value"][1]) > 1, up)


def main():
    labtest.need(labtest.PROMETHEUS, labtest.ALERTMANAGER, "chromium", "chromedriver")
    prometheus, alertmanager = labtest.free_ports(2)
    with tempfile.TemporaryDirectory(prefix="minishop-console.") as scratch, SickShop() as shop, SickShop() as second, \
            labtest.SlackReceiver() as slack:
        run = labtest.run_directory(pathlib.Path(scratch) / "run", shop.port, slack.port, alertmanager, prometheus,
                                    f"{slack.url}/services/T00000000/B00000000/test")
        with labtest.alertmanager_engine(run, alertmanager), labtest.prometheus_engine(run, prometheus) as engine, \
                webdriver.Browser(1280, 900) as browser:
            page = Page(browser, f"http://127.0.0.1:{prometheus}")
            for name in ("MiniShopHighErrorRate", "MiniShopHighLatency"):
                wait_until(f"Slack gets the message of {name}", lambda name=name: slack.attachments(name), 300, 0.5)
            page.open()
            wait_until("the cards name the receiver of their messages", lambda: sum("sends messages to slack" in card for card in page.texts(".alert")) >= 2)
            looks(page)
            agrees_with_slack(page, slack)
            wait_until("there is a chart of errors by reason", lambda: "gateway_error" in page.texts("#chart-reasons")[0])
            print("ok   there is a chart of errors by reason")
            claim("one shop needs no address", "Metrics" in page.texts("nav a"), page.texts("nav a"))
            objectives(page, f"http://127.0.0.1:{prometheus}")
            colours(page)
            leads_to_traces(page, shop, run)
            silenced(page, f"http://127.0.0.1:{alertmanager}")
            narrow(page)
            claim("the browser reports no error", not [error for error in browser.console_errors() if "favicon" not in error])
            shops_at(run, shop.port, second.port)
            page.open()
            wait_until("both shops are up", lambda: page.tile("Instances up") == "2 of 2", interval=0.5)
            page.open()
            links = [text for text in page.texts("nav a") if "Metrics" in text]
            claim("two shops have two names", sorted(links) == sorted(f"Metrics 127.0.0.1:{each.port}" for each in (shop, second)), links)
            leads_to_each_shop(page, run, shop, second)
            gone(page, run, engine, shop, prometheus)


if __name__ == "__main__":
    labtest.run_main(main)
