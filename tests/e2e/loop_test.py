#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The whole loop with the real programs: minishop breaks on purpose, Prometheus detects it, Alertmanager sends a message to slack-mock; and
the same at the end of the fault.

The configurations are the lab's own, so the times are those of the lab: a message within two minutes, and the message that it is
resolved within three. Takes about two minutes.
"""
import contextlib
import signal
import threading
import time

import labtest
import shop as shops
from labtest import TestFailure, wait_until

FIRING_WITHIN = 120
RESOLVED_WITHIN = 180
CUSTOMERS_PER_S = 15
HOOK = "/services/T00000000/B00000000/minishoplab"


class Customers(threading.Thread):
    """Steady traffic: each client orders and pays, also after a failure."""

    def __init__(self, shop):
        super().__init__(daemon=True)
        self.shop = shop
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(1 / CUSTOMERS_PER_S):
            with contextlib.suppress(OSError, KeyError):
                self.shop.pay(self.shop.order().json["order_id"])


class Slack(labtest.Engine):
    def __init__(self, directory, *options):
        self.port = labtest.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        super().__init__("slack-mock", [shops.program("slack-mock"), "--listen", f"127.0.0.1:{self.port}", *options], directory,
                         f"{self.url}/healthz")

    def messages(self):
        return labtest.http_json(f"{self.url}/messages")["messages"]

    def said(self, *words):
        """The messages so far that contain all these words, as text."""
        return [text for text in map(str, self.messages()) if all(word in text for word in words)]


def reload(shop, incident, text):
    """Changes the incident and waits until minishop confirms it."""
    before = sum(record["message"] == "configuration reloaded" for record in shop.records())
    incident.write_text(text)
    shop.process.send_signal(signal.SIGHUP)
    wait_until("minishop has reloaded", lambda: sum(
        record["message"] == "configuration reloaded" for record in shop.records()) > before)


def test_alert_fires_and_resolves(directory):
    labtest.need(labtest.PROMETHEUS, labtest.ALERTMANAGER)
    incident = directory / "incident.conf"
    incident.write_text("")
    # In the file, not in the environment: the incident file cannot override a variable. With the default latency, so that timeouts
    # take as long as they do in the lab.
    config = directory / "minishop.conf"
    config.write_text(f'payment = {{ failure_rate = 0.02; }};\nincident_file = "{incident}";\n')
    with contextlib.ExitStack() as stack:
        shop = stack.enter_context(shops.Shop(directory, config=config, calm=False))
        slack = stack.enter_context(Slack(directory))
        prometheus, alertmanager = labtest.free_ports(2)
        run = labtest.run_directory(directory / "run", shop.port, slack.port, alertmanager, prometheus, slack.url + HOOK)
        stack.enter_context(labtest.alertmanager_engine(run, alertmanager))
        stack.enter_context(labtest.prometheus_engine(run, prometheus))
        customers = Customers(shop)
        customers.start()
        stack.callback(customers.over.set)
        time.sleep(15)
        if slack.said("MiniShop"):
            raise TestFailure(f"an alert without an incident: {slack.said('MiniShop')}")

        began = time.monotonic()
        reload(shop, incident, (labtest.OBSERVABILITY / "incidents/payment-outage.conf").read_text())
        wait_until("Slack gets the message of the error rate", lambda: slack.said("MiniShopHighErrorRate"), FIRING_WITHIN, 0.5)
        fired = time.monotonic() - began
        text = slack.said("MiniShopHighErrorRate")[-1]
        if "gateway_error" not in text or "card_declined" in text.split("gateway_error")[0]:
            raise TestFailure(f"an outage of the provider looks like something else: {text}")

        began = time.monotonic()
        before = len(slack.said("MiniShopHighErrorRate"))
        reload(shop, incident, "")
        wait_until("Slack gets the resolved message", lambda: any(
            "resolved" in text.lower() for text in slack.said("MiniShopHighErrorRate")) and
            len(slack.said("MiniShopHighErrorRate")) > before, RESOLVED_WITHIN, 0.5)
        if slack.said("MiniShopHighLatency"):
            raise TestFailure("MiniShopHighLatency fired, although only some payments timed out")
        print(f"     firing after {fired:.0f} s, resolved after {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    labtest.run_tests(globals())
