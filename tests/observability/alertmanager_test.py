#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A real Alertmanager with the project's configuration: its messages to Slack, grouping and inhibition."""
import datetime
import json
import pathlib
import re
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
from labtest import claim, wait_until  # noqa: E402


class Alerts:
    """Sends alerts to Alertmanager, as Prometheus does."""

    def __init__(self, url):
        self.url = url

    def send(self, *alerts, over=False, **annotations):
        now = datetime.datetime.now(datetime.timezone.utc)
        payload = []
        for labels in alerts:
            alert = {"labels": labels, "annotations": {"summary": f"summary of {labels.get('instance', 'it')}",
                                                       "description": "a < b & c", **annotations},
                     # The present: for an alert older than group_wait, Alertmanager does not wait for others.
                     "startsAt": (now - datetime.timedelta(seconds=60 if over else 0)).isoformat()}
            if over:
                alert["endsAt"] = (now - datetime.timedelta(seconds=1)).isoformat()
            payload.append(alert)
        request = urllib.request.Request(f"{self.url}/api/v2/alerts", json.dumps(payload).encode(),
                                         {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=20).close()

    def state(self, name):
        for alert in labtest.http_json(f"{self.url}/api/v2/alerts"):
            if alert["labels"]["alertname"] == name:
                return alert["status"]["state"]
        return None


def alert(name, service="minishop", severity="critical", **labels):
    return dict(alertname=name, service=service, severity=severity, **labels)


def held_back(alerts, slack):
    """MiniShopDown inhibits the alerts that follow from it, and critical inhibits the warning of the same name; other services are not affected."""
    alerts.send(alert("MiniShopDown", instance="a:8080"))
    wait_until("the message that it is down", lambda: slack.attachments("MiniShopDown"))
    alerts.send(alert("MiniShopHighErrorRate"), alert("MiniShopHighLatency", severity="warning", route="/order"),
                alert("MiniShopTelemetryDropped", severity="warning"), alert("SlackDeliveryFailing", "alertmanager"))
    wait_until("another service's message", lambda: slack.attachments("SlackDeliveryFailing"))
    for name in ("MiniShopHighErrorRate", "MiniShopHighLatency", "MiniShopTelemetryDropped"):
        wait_until(f"{name} is held back", lambda name=name: alerts.state(name) == "suppressed")
        print(f"ok   {name} is held back while the service is down")
    claim("Slack got no message", not slack.attachments("MiniShopHighErrorRate") and
          not slack.attachments("MiniShopHighLatency"))

    alerts.send(alert("MiniShopDown", instance="a:8080"), over=True)
    wait_until("the error rate's own message, once the service is back", lambda: slack.attachments("MiniShopHighErrorRate"))
    print("ok   what was held back is told when the service is back")

    alerts.send(alert("Disk", "host", "critical"))
    wait_until("critical", lambda: slack.attachments("Disk"))
    alerts.send(alert("Disk", "host", "warning"))
    wait_until("the warning of the same name is held back", lambda: any(
        a["status"]["state"] == "suppressed" for a in labtest.http_json(f"{alerts.url}/api/v2/alerts")
        if a["labels"]["alertname"] == "Disk" and a["labels"]["severity"] == "warning"))
    print("ok   a warning is held back while the same alert is critical")


BURNS = [f"MiniShopBudgetBurn{speed}" for speed in ("Fast", "Medium", "Slow")]


def budget_held_back(alerts, slack):
    """Trouble with an objective causes one message: from the alert that names the failure, or else from the fastest burn. The budgets are independent."""
    def told():
        """(alert, slo) of the burn alerts that reach Slack."""
        return {(found["labels"]["alertname"], found["labels"]["slo"]) for found in labtest.http_json(f"{alerts.url}/api/v2/alerts")
                if found["labels"]["alertname"] in BURNS and found["status"]["state"] == "active"}

    def burns(*names):
        return [alert(name, slo=slo, instance=slo) for name in names for slo in ("errors", "latency")]

    errors, slow = alert("MiniShopHighErrorRate"), alert("MiniShopHighLatency", severity="warning", route="/order")
    alerts.send(slow, over=True)
    alerts.send(errors)
    alerts.send(*burns(*BURNS))
    wait_until("the burn that nothing explains", lambda: slack.attachments("MiniShopBudgetBurnFast"))
    claim("the fault of the errors is reported once", told() == {("MiniShopBudgetBurnFast", "latency")}, told())
    claim("Slack got one message of a burn rate", [a["title"] for name in BURNS for _, a in slack.attachments(name)] == ["FIRING: summary of latency"])
    alerts.send(errors, over=True)
    alerts.send(slow)
    wait_until("the slow requests are reported once", lambda: told() == {("MiniShopBudgetBurnFast", "errors")})
    alerts.send(slow, *burns("MiniShopBudgetBurnFast"), over=True)
    wait_until("a medium burn holds back a slow one", lambda: told() == {("MiniShopBudgetBurnMedium", slo) for slo in ("errors", "latency")})
    alerts.send(alert("MiniShopDown", instance="a:8080"))
    wait_until("down holds back all burns", lambda: told() == set())
    alerts.send(alert("MiniShopDown", instance="a:8080"), *burns(*BURNS), over=True)
    print("ok   trouble with an objective is told once")


def grouped(alerts, slack):
    """Three instances of one alert cause one message; when all have ended, one message says so."""
    since = len(slack.messages)
    instances = [alert("ShelfEmpty", "shelves", "warning", instance=f"{name}:1") for name in "abc"]
    alerts.send(*instances)
    (_, firing), = wait_until("the group's message", lambda: slack.attachments("ShelfEmpty", since))
    claim("one message for three alerts", firing["title"] == "FIRING: ShelfEmpty (3 firing)", firing["title"])
    claim("it lists each", all(f"summary of {name}:1" in firing["text"] for name in "abc"), firing["text"])
    claim("a warning is yellow", firing["color"] == "warning", firing["color"])

    alerts.send(instances[0], over=True)
    mixed = wait_until("the message that one is over", lambda: slack.attachments("ShelfEmpty", since)[1:])[0][1]
    claim("it counts both", mixed["title"] == "FIRING: ShelfEmpty (2 firing, 1 resolved)", mixed["title"])
    alerts.send(*instances[1:], over=True)
    over = wait_until("the message that all are over", lambda: slack.attachments("ShelfEmpty", since)[2:])[0][1]
    claim("the text of each alert is escaped", "a &lt; b &amp; c" in firing["text"], firing["text"])
    claim("it says resolved", over["title"].startswith("RESOLVED: ") and over["color"] == "good", over)
    claim("every field that Slack knows is there", {"fallback", "title", "title_link", "text", "color", "fields", "footer"}
          <= set(over), sorted(over))


def texts(value):
    """Every string in a payload."""
    if isinstance(value, str):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(part)


def hostile(alerts, slack):
    """No value of a label, an annotation or an address becomes a mention or a link: alone, in a group, and resolved."""
    evil = "<!channel> <https://evil.example|click> <@U1>"
    since = len(slack.messages)
    more = dict.fromkeys(("summary", "description", "resolved", "next_step"), evil) | dict.fromkeys(
        ("runbook_url", "console_url", "traces_url"), f"http://127.0.0.1/{evil.replace(' ', '')}")
    groups = [[alert(f"Evil{size} {evil}", evil, evil, instance=f"{evil} {number}") for number in range(size)] for size in (1, 2)]
    for over in (False, True):
        for group in groups:
            alerts.send(*group, over=over, **more)
        wait_until("both messages", lambda: len(slack.messages) == since + (4 if over else 2))
    for _, payload in slack.messages[since:]:
        marks = [mark for text in texts(payload) for mark in re.findall(r"<[^>]*>?", text)]
        wrong = [mark for mark in marks if not re.fullmatch(r"<http://127\.0\.0\.1[^<>|\s]*\|(Runbook|Console|Traces|Query)>", mark)]
        claim(f"nothing hostile is markup in {payload['attachments'][0]['title'][:20]}", marks and not wrong, wrong)


def many(alerts, slack):
    """Fifty alerts with long texts: the message stays below the 40,000 characters where Slack cuts, and says how many more."""
    since = len(slack.messages)
    fifty = [alert("Flood", "flood", instance=f"{number}:1") for number in range(50)]
    alerts.send(*fifty, summary="&" * 3000, description="&" * 5000, runbook_url="http://a/" + "&" * 5000)
    (_, firing), = wait_until("the message of the flood", lambda: slack.attachments("Flood", since))
    claim("the title counts all", "(50 firing)" in firing["title"], firing["title"])
    claim("the text says how many more", "and 40 more are firing" in firing["text"], firing["text"][-300:])
    claim("nothing is cut by Slack", all(len(text) < 30000 for text in texts(firing)), [len(text) for text in texts(firing)])
    alerts.send(*fifty, over=True, resolved="&" * 3000)
    over = wait_until("the message that the flood is over", lambda: slack.attachments("Flood", since)[1:])[0][1]
    claim("the text says how many more are over", "and 45 more are resolved" in over["text"], over["text"][-300:])


def main():
    labtest.need(labtest.ALERTMANAGER)
    port = labtest.free_port()
    with tempfile.TemporaryDirectory(prefix="minishop-alertmanager.") as scratch, labtest.SlackReceiver() as slack:
        run = labtest.run_directory(pathlib.Path(scratch) / "run", 1, slack.port, port, 1,
                                    f"{slack.url}/services/T00000000/B00000000/test")
        with labtest.alertmanager_engine(run, port):
            alerts = Alerts(f"http://127.0.0.1:{port}")
            grouped(alerts, slack)
            hostile(alerts, slack)
            many(alerts, slack)
            held_back(alerts, slack)
            budget_held_back(alerts, slack)


if __name__ == "__main__":
    labtest.run_main(main)
