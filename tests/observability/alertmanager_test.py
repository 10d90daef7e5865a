#!/usr/bin/env python3
"""A real Alertmanager with the project's configuration: what it sends to Slack, how it groups, and what it holds back."""
import datetime
import json
import pathlib
import sys
import tempfile
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
from labtest import claim, wait_until  # noqa: E402


class Alerts:
    """What Prometheus would do: tell Alertmanager about alerts."""

    def __init__(self, url):
        self.url = url

    def send(self, *alerts, over=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        payload = []
        for labels in alerts:
            alert = {"labels": labels, "annotations": {"summary": f"summary of {labels.get('instance', 'it')}",
                                                       "description": "a < b & c"},
                     # Just now: for an alert that is older than group_wait Alertmanager waits for no others.
                     "startsAt": (now - datetime.timedelta(seconds=60 if over else 0)).isoformat()}
            if over:
                alert["endsAt"] = (now - datetime.timedelta(seconds=1)).isoformat()
            payload.append(alert)
        request = urllib.request.Request(f"{self.url}/api/v2/alerts", json.dumps(payload).encode(),
                                         {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=5).close()

    def state(self, name):
        for alert in labtest.http_json(f"{self.url}/api/v2/alerts"):
            if alert["labels"]["alertname"] == name:
                return alert["status"]["state"]
        return None


def alert(name, service="minishop", severity="critical", **labels):
    return dict(alertname=name, service=service, severity=severity, **labels)


def held_back(alerts, slack):
    """Down holds back what follows from it, and critical the warning of the same name; other services are not touched."""
    alerts.send(alert("MiniShopDown", instance="a:8080"))
    wait_until("the message that it is down", lambda: slack.attachments("MiniShopDown"), 15)
    alerts.send(alert("MiniShopHighErrorRate"), alert("MiniShopHighLatency", severity="warning", route="/order"),
                alert("MiniShopTelemetryDropped", severity="warning"), alert("SlackDeliveryFailing", "alertmanager"))
    wait_until("another service's message", lambda: slack.attachments("SlackDeliveryFailing"), 15)
    for name in ("MiniShopHighErrorRate", "MiniShopHighLatency", "MiniShopTelemetryDropped"):
        wait_until(f"{name} is held back", lambda name=name: alerts.state(name) == "suppressed", 15)
        print(f"ok   {name} is held back while the service is down")
    claim("Slack was not told", not slack.attachments("MiniShopHighErrorRate") and
          not slack.attachments("MiniShopHighLatency"))

    alerts.send(alert("MiniShopDown", instance="a:8080"), over=True)
    wait_until("the error rate's own message, once the service is back", lambda: slack.attachments("MiniShopHighErrorRate"), 30)
    print("ok   what was held back is told when the service is back")

    alerts.send(alert("Disk", "host", "critical"))
    wait_until("critical", lambda: slack.attachments("Disk"), 15)
    alerts.send(alert("Disk", "host", "warning"))
    wait_until("the warning of the same name is held back", lambda: any(
        a["status"]["state"] == "suppressed" for a in labtest.http_json(f"{alerts.url}/api/v2/alerts")
        if a["labels"]["alertname"] == "Disk" and a["labels"]["severity"] == "warning"), 15)
    print("ok   a warning is held back while the same alert is critical")


def grouped(alerts, slack):
    """Three instances of one alert are one message; when all are over, one message says so."""
    since = len(slack.messages)
    instances = [alert("ShelfEmpty", "shelves", "warning", instance=f"{name}:1") for name in "abc"]
    alerts.send(*instances)
    (_, firing), = wait_until("the group's message", lambda: slack.attachments("ShelfEmpty", since), 15)
    claim("one message for three alerts", firing["title"] == "FIRING: ShelfEmpty (3 firing)", firing["title"])
    claim("it lists each", all(f"summary of {name}:1" in firing["text"] for name in "abc"), firing["text"])
    claim("a warning is yellow", firing["color"] == "warning", firing["color"])

    alerts.send(instances[0], over=True)
    mixed = wait_until("the message that one is over", lambda: slack.attachments("ShelfEmpty", since)[1:], 30)[0][1]
    claim("it counts both", mixed["title"] == "FIRING: ShelfEmpty (2 firing, 1 resolved)", mixed["title"])
    alerts.send(*instances[1:], over=True)
    over = wait_until("the message that all are over", lambda: slack.attachments("ShelfEmpty", since)[2:], 30)[0][1]
    claim("it says resolved", over["title"].startswith("RESOLVED: ") and over["color"] == "good", over)
    claim("every field that Slack knows is there", {"fallback", "title", "title_link", "text", "color", "fields", "footer"}
          <= set(over), sorted(over))


def main():
    labtest.need(labtest.ALERTMANAGER)
    port = labtest.free_port()
    with tempfile.TemporaryDirectory(prefix="minishop-alertmanager.") as scratch, labtest.SlackReceiver() as slack:
        run = labtest.run_directory(pathlib.Path(scratch) / "run", 1, slack.port, port, 1,
                                    f"{slack.url}/services/T00000000/B00000000/test")
        with labtest.alertmanager_engine(run, port):
            alerts = Alerts(f"http://127.0.0.1:{port}")
            grouped(alerts, slack)
            held_back(alerts, slack)


if __name__ == "__main__":
    labtest.run_main(main)
