#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The path of an alert, with the project's own configuration: real Prometheus, real Alertmanager, a shop and a Slack of this test.

Without an option: payments fail, the message comes within two minutes, and the message about the end within three
minutes. With --all also: Slack fails while the shop goes down. Takes about two minutes, with --all about
seven: the timings are the lab's own.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
from labtest import claim, wait_until  # noqa: E402

FIRING_WITHIN = 120
RESOLVED_WITHIN = 180


class FakeShop(labtest.HttpThread):
    """An exporter whose counters grow with time, at rates that the test sets."""

    def __init__(self):
        shop = self
        self.lock = threading.Lock()
        self.down = False
        self.rates = {
            'request_total{method="POST",route="/order",status="201"}': 6.0,
            'request_total{method="POST",route="/payment/pay",status="200"}': 5.7,
            'request_total{method="POST",route="/payment/pay",status="502"}': 0.3,
            'error_total{method="POST",route="/payment/pay",reason="gateway_error"}': 0.3,
            'error_total{method="POST",route="/order",reason="out_of_stock"}': 0.0,
            'request_duration_seconds_bucket{method="POST",route="/order",le="0.05"}': 5.9,
            'request_duration_seconds_bucket{method="POST",route="/order",le="+Inf"}': 6.0,
        }
        self.values = dict.fromkeys(self.rates, 0.0)
        self.updated = time.monotonic()

        class Handler(labtest.Handler):
            def do_GET(self):
                if shop.down:
                    self.close_connection = True
                    return
                self.respond(200, shop.exposition().encode(), labtest.METRICS_TYPE)

        super().__init__(Handler)

    def advance(self):
        now = time.monotonic()
        for name, rate in self.rates.items():
            self.values[name] += rate * (now - self.updated)
        self.updated = now

    def exposition(self):
        with self.lock:
            self.advance()
            return "".join(f"{name} {value:.3f}\n" for name, value in self.values.items())

    def payments_fail(self, share):
        with self.lock:
            self.advance()
            pay = 'method="POST",route="/payment/pay"'
            self.rates[f'request_total{{{pay},status="200"}}'] = 6.0 * (1 - share)
            self.rates[f'request_total{{{pay},status="502"}}'] = 6.0 * share
            self.rates[f'error_total{{{pay},reason="gateway_error"}}'] = 6.0 * share


class Lab:
    def __init__(self, shop, slack, prometheus_url):
        self.shop = shop
        self.slack = slack
        self.prometheus_url = prometheus_url

    def alert_state(self, name):
        """"firing", "pending" or "" as Prometheus has it now."""
        alerts = labtest.http_json(f"{self.prometheus_url}/api/v1/alerts")["data"]["alerts"]
        states = [alert["state"] for alert in alerts if alert["labels"]["alertname"] == name]
        return "firing" if "firing" in states else (states[0] if states else "")

    def query(self, expression):
        url = f"{self.prometheus_url}/api/v1/query?query={urllib.parse.quote(expression)}"
        return labtest.http_json(url)["data"]["result"]

    def value(self, expression):
        result = self.query(expression)
        return float(result[0]["value"][1]) if result else None

    def all_up(self):
        return len(self.query("up == 1")) == 4

    def message(self, alert, word, begin, within):
        """Waits for the next message about this alert; its title must begin with FIRING or RESOLVED."""
        def arrived():
            return next((m for m in self.slack.attachments(alert) if m[0] >= begin and m[1]["title"].startswith(word)), None)
        when, attachment = wait_until(f"{word} of {alert} in Slack", arrived, within, 0.2)
        print(f"ok   {alert}: {word} after {when - begin:.0f} s (promised: {within}): {attachment['title']}")
        return attachment


def outage(lab):
    claim("quiet while all is well", not lab.slack.messages, f"but: {lab.slack.messages}")
    begin = time.monotonic()
    lab.shop.payments_fail(0.5)
    firing = lab.message("MiniShopHighErrorRate", "FIRING", begin, FIRING_WITHIN)
    claim("the message is red", firing["color"] == "danger", firing)
    claim("the title says how much", "of its requests" in firing["title"], firing)
    claim("the text says what fails and where", "gateway_error on /payment/pay" in firing["text"], firing)
    claim("the text links to the runbook",
          f"<{lab.prometheus_url}/consoles/runbook.html#MiniShopHighErrorRate|Runbook>" in firing["text"], firing)
    claim("the title links to the console", firing["title_link"] == f"{lab.prometheus_url}/consoles/minishop.html", firing)

    console_page(lab)

    begin = time.monotonic()
    lab.shop.payments_fail(0.05)
    resolved = lab.message("MiniShopHighErrorRate", "RESOLVED", begin, RESOLVED_WITHIN)
    claim("the resolved message is green", resolved["color"] == "good", resolved)
    claim("the text says how long it lasted", "It lasted" in resolved["text"], resolved)
    titles = [attachment["title"] for _, attachment in lab.slack.attachments()]
    claim("one message and one that it is over", len(titles) == 2, titles)


def console_page(lab):
    """The console page while the alert fires: as Prometheus writes it, and, if Chromium is installed, as rendered."""
    page = labtest.http_get(f"{lab.prometheus_url}/consoles/minishop.html")
    claim("the console page says what fires", "<strong>Firing:</strong> MiniShopHighErrorRate" in page, page)
    claim("the console page links to the channel", f'href="http://127.0.0.1:{lab.slack.port}/"' in page, page)
    for asset in ("prometheus/assets/console.css", "runbook.md"):
        labtest.http_get(f"{lab.prometheus_url}/user/{asset}")
    chromium = shutil.which("chromium")
    if not chromium:
        print("SKIP the console page in a browser: chromium missing")
        return
    with tempfile.TemporaryDirectory(prefix="minishop-chromium.") as profile:
        for name, wanted in (("minishop", ['class="series"', 'class="limit-text"', "limit 10 %", 'class="alert firing"']),
                             ("runbook", ['id="MiniShopHighErrorRate"', 'id="SlackDeliveryFailing"', "<pre><code>"])):
            command = [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}", "--window-size=1280,900",
                       "--virtual-time-budget=5000", "--dump-dom", f"{lab.prometheus_url}/consoles/{name}.html"]
            whole(name, command, wanted)


def whole(name, command, wanted):
    """The browser shows what it has after five seconds of its own time. On a busy machine the responses may come later."""
    def seen():
        dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False).stdout
        if all(part in dom for part in wanted) and (name != "minishop" or dom.count('class="series"') == 3):
            return dom
        raise ValueError(dom)
    wait_until(f"the {name} page is whole in a browser", seen)
    print(f"ok   the {name} page is whole in a browser")


def slack_outage(lab):
    """Slack returns 500 while the shop goes down: the console shows it, and no message is lost once Slack is back."""
    lab.slack.response = (500, b"rollup_error")
    begin = time.monotonic()
    lab.shop.down = True
    for name in ("MiniShopDown", "SlackDeliveryFailing"):
        wait_until(f"{name} fires in Prometheus", lambda name=name: lab.alert_state(name) == "firing", 120, 0.5)
        print(f"ok   {name} fires in Prometheus after {time.monotonic() - begin:.0f} s")
    lab.slack.response = (200, b"ok")
    lab.message("MiniShopDown", "FIRING", begin, 180)
    lab.message("SlackDeliveryFailing", "FIRING", begin, 180)
    begin = time.monotonic()
    lab.shop.down = False
    lab.message("MiniShopDown", "RESOLVED", begin, RESOLVED_WITHIN)
    lab.message("SlackDeliveryFailing", "RESOLVED", begin, 240)


def main():
    labtest.need(labtest.PROMETHEUS, labtest.ALERTMANAGER)
    prometheus, alertmanager = labtest.free_ports(2)
    with tempfile.TemporaryDirectory(prefix="minishop-loop.") as scratch, FakeShop() as shop, \
            labtest.SlackReceiver() as slack:
        run = labtest.run_directory(pathlib.Path(scratch) / "run", shop.port, slack.port, alertmanager, prometheus,
                                    f"{slack.url}/services/T00000000/B00000000/test")
        with labtest.alertmanager_engine(run, alertmanager), labtest.prometheus_engine(run, prometheus) as engine:
            lab = Lab(shop, slack, f"http://127.0.0.1:{prometheus}")
            wait_until("all four targets are up", lab.all_up, interval=0.5)
            wait_until("the error rate is known", lambda: lab.value("job:error_rate:ratio_rate1m"), interval=0.5)
            outage(lab)
            if "--all" in sys.argv[1:]:
                slack_outage(lab)
            wrong = [line for line in engine.log.read_text().splitlines() if "level=error" in line.lower()]
            claim("Prometheus logs no error", not wrong, "\n".join(wrong))


if __name__ == "__main__":
    labtest.run_main(main)
