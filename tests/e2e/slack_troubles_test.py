#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A real Alertmanager with the project's configuration, its waits shortened, and a slack-mock in trouble: slow, out of disk, revoked,
another token. Each alert arrives, at once or after the trouble; Alertmanager's metrics count the failures."""
import os
import pathlib
import re
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "observability"))
import labtest  # noqa: E402
import shop as shops  # noqa: E402
import slack_mock_test  # noqa: E402
import stack  # noqa: E402
from alertmanager_test import Alerts, alert  # noqa: E402
from labtest import TestFailure, expect, figure, wait_until  # noqa: E402

HOOK = "/services/T00000000/B00000000/known"
BROKEN_S = 4


class Channel(labtest.Programs, slack_mock_test.Mock):
    """slack-mock with a known webhook, and the Alertmanager that writes to it. A context manager."""

    def __init__(self, directory, token="known", wrapper=()):
        engine = stack.built("alertmanager")
        if os.access(engine, os.X_OK):
            labtest.ALERTMANAGER = str(engine)
        labtest.need(labtest.ALERTMANAGER)
        slack_mock_test.PROGRAM = str(shops.program("slack-mock"))
        super().__init__("--hook", HOOK, "--store", directory / "store.jsonl", wrapper=wrapper)
        port = labtest.free_port()
        self.slack_url = directory / "run/alertmanager/slack_url"
        run = labtest.run_directory(directory / "run", 1, self.port, port, 1, self.url(token))
        config = run / "alertmanager/alertmanager.yml"
        text = (labtest.OBSERVABILITY / "alertmanager/alertmanager.yml").read_text()
        config.unlink()
        config.write_text(re.sub(r"(group_wait|group_interval): \w+", r"\1: 1s", text))
        self.alertmanager = labtest.alertmanager_engine(run, port)
        self.alerts = Alerts(f"http://127.0.0.1:{port}")

    def url(self, token):
        return f"http://127.0.0.1:{self.port}{HOOK.rpartition('/')[0]}/{token}"

    def said(self, name):
        """How many messages about an alert the channel shows."""
        return sum(name in str(message) for message in self.messages()["messages"])

    def failures(self):
        """The number of notifications to Slack that Alertmanager has given up."""
        found = re.findall(r'^alertmanager_notifications_failed_total\{[^}]*integration="slack"[^}]*\} (\d+)$',
                           labtest.http_get(f"{self.alerts.url}/metrics"), re.M)
        return sum(map(int, found))

    def arrives(self, name, within):
        """Seconds until the channel shows the alert."""
        began = time.monotonic()
        wait_until(f"{name} is in the channel", lambda: self.said(name), within)
        return time.monotonic() - began

    def _start(self, exits):
        exits.push(lambda *details: slack_mock_test.Mock.__exit__(self, *details))
        exits.enter_context(self.alertmanager)


def test_slow(directory):
    """Each response to Alertmanager takes seconds: the alert arrives once, and slack-mock serves other clients at once."""
    with Channel(directory) as channel:
        channel.mode("slow", delay_s=BROKEN_S)
        fired, healthy = time.monotonic(), []
        channel.alerts.send(alert("Slow", instance="a:1"))

        def arrived():
            began = time.monotonic()
            expect("health", channel.ask("GET", "/healthz")[0], 200)
            healthy.append(time.monotonic() - began)
            return channel.said("Slow")
        wait_until("Slow is in the channel", arrived, interval=0.05)
        seconds = time.monotonic() - fired
        if max(healthy) > BROKEN_S / 2:  # one of these requests would have waited for the message, nearly as long as it was delayed
            raise TestFailure(f"/healthz took {max(healthy):.1f} s beside a slow message")
        time.sleep(BROKEN_S)
        expect("messages and failures", (channel.said("Slow"), channel.failures()), (1, 0))
        figure(f"responds after {BROKEN_S} s: the alert is in the channel {seconds:.0f} s after it fired, once; /healthz took {max(healthy) * 1000:.0f} ms at most")


def test_full(directory):
    """The disk is full: the channel shows the alert, and the metric counts the store's failure."""
    with Channel(directory, wrapper=["sh", "-c", 'ulimit -f 1; exec "$@"', "sh"]) as channel:
        for number in range(3):
            channel.alerts.send(alert(f"Full{number}", f"service{number}", instance="a:1"))
            seconds = channel.arrives(f"Full{number}", 60)
        errors = channel.metric("slack_mock_store_errors_total")
        expect("failures", channel.failures(), 0)
        if not errors:
            raise TestFailure("the store's errors are not counted")
        figure(f"with a full disk the alert is in the channel after {seconds:.1f} s; {errors} errors of the store counted")


def gone_and_back(directory, token, begin, end):
    """The webhook refuses, and Alertmanager counts it. After the trouble, the alert that still fires arrives."""
    with Channel(directory, token) as channel:
        begin(channel)
        channel.alerts.send(alert("Gone", instance="a:1"))
        wait_until("the failure is counted", channel.failures)
        expect("messages", channel.said("Gone"), 0)
        failed = channel.failures()
        end(channel)
        seconds = channel.arrives("Gone", 60)
        expect("messages", channel.said("Gone"), 1)
        figure(f"{failed} notification refused; the alert is in the channel {seconds:.1f} s after the end of the trouble")


def test_revoked(directory):
    gone_and_back(directory, "known", lambda channel: channel.mode("revoked"), lambda channel: channel.mode("ok"))


def test_unknown_token(directory):
    gone_and_back(directory, "old", lambda channel: None, lambda channel: channel.slack_url.write_text(channel.url("known")))


if __name__ == "__main__":
    labtest.run_tests(globals())
