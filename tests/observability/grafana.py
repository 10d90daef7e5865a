# SPDX-License-Identifier: MIT
"""Checks a running Grafana through its API, as a browser would: healthy data sources, provisioned dashboards, and data for every
query of every panel. tests/containers/compose_test.py uses it on the real image; grafana_test.py tests it.
"""
import json
import urllib.error
import urllib.request

import dashboards
from labtest import TestFailure

# A data source that runs only in the browser has no health check; Grafana proxies a request to it.
HEALTH = {"alertmanager": "/api/datasources/proxy/uid/{uid}/api/v2/status"}


class Grafana:
    def __init__(self, url):
        self.url = url

    def ask(self, path, body=None):
        """(status, the parsed response); the response is text if it is not JSON."""
        request = urllib.request.Request(self.url + path, json.dumps(body).encode() if body else None, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                status, text = response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode(errors="replace")
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text

    def unhealthy(self, absent=()):
        """The errors of each provisioned data source, except those that do not run."""
        for source in dashboards.provisioned("datasources")["datasources"]:
            if source["uid"] in absent:
                continue
            status, response = self.ask(HEALTH.get(source["type"], "/api/datasources/uid/{uid}/health").format(uid=source["uid"]))
            if status != 200 or source["type"] not in HEALTH and response.get("status") != "OK":
                yield f"{source['name']}: {status} {json.dumps(response)[:300]}"

    def missing_dashboards(self):
        """The dashboards of this project that Grafana has not loaded."""
        for name, board in dashboards.boards().items():
            status, response = self.ask(f"/api/dashboards/uid/{board['uid']}")
            if status != 200 or not response["meta"].get("provisioned") or response["dashboard"]["title"] != board["title"]:
                yield f"{name}: {status} {json.dumps(response)[:300]}"

    def without_data(self, values):
        """Every query of a panel or an annotation that returns no data, with Grafana's reason."""
        for where, target in targets(values):
            status, response = self.ask("/api/ds/query", {"from": "now-15m", "to": "now", "queries": [target]})
            result = response.get("results", {}).get(target["refId"], {}) if isinstance(response, dict) else {}
            if result.get("error") or not any(frame["data"]["values"] and frame["data"]["values"][0] for frame in result.get("frames", [])):
                yield f"{where}: {status} {result.get('error') or (json.dumps(response)[:300] if status != 200 else 'no data')}"

    def check(self, values, absent=()):
        """Raises a TestFailure that names all errors."""
        for what, found in (("data sources that are not healthy", self.unhealthy(absent)),
                            ("dashboards that were not provisioned", self.missing_dashboards()),
                            ("queries without data", self.without_data(values))):
            found = list(found)
            if found:
                raise TestFailure(f"Grafana: {what}:\n       " + "\n       ".join(found))


def substituted(value, values):
    if isinstance(value, dict):
        return {key: substituted(part, values) for key, part in value.items()}
    if isinstance(value, list):
        return [substituted(part, values) for part in value]
    return dashboards.substitute(value, values) if isinstance(value, str) else value


def targets(values):
    """(where, query for the API): replaces the variables, as the browser does."""
    for name, board in dashboards.boards().items():
        queries = [(f"{name}: {panel.get('title')} ({target['refId']})", target) for panel in dashboards.panels(board) for target in panel["targets"]]
        queries += [(f"{name}: annotation {one['name']}", {"refId": "Anno", "datasource": one["datasource"], "expr": one["expr"]})
                    for one in board["annotations"]["list"] if not one.get("builtIn")]
        for where, target in queries:
            defaults = {"intervalMs": 15000, "maxDataPoints": 600} | ({"queryType": "range"} if target["datasource"]["type"] == "loki" else {})
            yield where, defaults | substituted(target, values)
