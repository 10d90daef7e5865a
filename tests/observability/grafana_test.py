#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""grafana.py with a small stand-in for Grafana's API: it finds errors, and reports nothing if there are none."""
import json
import pathlib
import re
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parent.parent / "e2e")]
import labtest  # noqa: E402
from labtest import TestFailure, expect  # noqa: E402

try:
    import dashboards
    import grafana
except ImportError as error:
    print(f"SKIP grafana: {error.name} is missing: python3 -m pip install -r tests/requirements.txt")
    sys.exit(labtest.SKIPPED)

VALUES = {"instance": ".*", "route": ".*", "slow_ms": "30"}
FRAMES = [{"schema": {"fields": []}, "data": {"values": [[1700000000000], [0.5]]}}]


class FakeGrafana(labtest.HttpThread):
    """responses: {path: (status, response)} that differ from those of a healthy Grafana. query: the response to a query."""

    def __init__(self, responses=None, query=lambda target: {"status": 200, "frames": FRAMES}):
        fake = self
        self.asked = []
        self.queries = []
        self.responses = {f"/api/datasources/uid/{source['uid']}/health": (200, {"status": "OK", "message": "works"})
                          for source in dashboards.provisioned("datasources")["datasources"]}
        self.responses["/api/datasources/proxy/uid/alertmanager/api/v2/status"] = (200, {"cluster": {"status": "disabled"}})
        for board in dashboards.boards().values():
            self.responses[f"/api/dashboards/uid/{board['uid']}"] = (200, {"meta": {"provisioned": True}, "dashboard": board})
        self.responses |= responses or {}

        class Handler(labtest.Handler):
            def do_GET(self):
                fake.asked.append(self.path)
                status, response = fake.responses.get(self.path, (404, {"message": "not found"}))
                self.respond(status, json.dumps(response).encode(), "application/json")

            def do_POST(self):
                request = json.loads(self.body())
                expect("the path of a query", self.path, "/api/ds/query")
                fake.queries += request["queries"]
                results = {target["refId"]: query(target) for target in request["queries"]}
                status = 400 if any("error" in result for result in results.values()) else 200
                self.respond(status, json.dumps({"results": results}).encode(), "application/json")

        super().__init__(Handler)


def said(fake, **options):
    """The errors that check() reports for this Grafana; "" without errors."""
    with fake:
        try:
            grafana.Grafana(fake.url).check(VALUES, **options)
        except TestFailure as failure:
            return str(failure)
    return ""


def expect_said(fake, *words):
    text = said(fake)
    missing = [word for word in words if word not in text]
    if missing:
        raise TestFailure(f"not said: {missing}; said: {text!r}")


def test_all_is_well(_):
    fake = FakeGrafana()
    expect("what is said", said(fake), "")
    expect("queries", len(fake.queries), len(list(dashboards.board_queries())))
    sources = {source["uid"] for source in dashboards.provisioned("datasources")["datasources"]}
    for target in fake.queries:
        if re.search(r"\$[{a-zA-Z_]", json.dumps({**target, "legendFormat": ""})) or target["datasource"]["uid"] not in sources:
            raise TestFailure(f"not as the API takes it: {target}")


def test_what_does_not_run_is_not_asked(_):
    fake = FakeGrafana({"/api/datasources/uid/tempo/health": (500, {"status": "ERROR"})})
    expect("what is said", said(fake, absent=("tempo",)), "")
    expect("Tempo was asked", "/api/datasources/uid/tempo/health" in fake.asked, False)


def test_sick_data_sources(_):
    expect_said(FakeGrafana({"/api/datasources/uid/loki/health": (400, {"status": "ERROR", "message": "Unable to connect"})}),
                "not healthy", "Loki: 400", "Unable to connect")
    expect_said(FakeGrafana({"/api/datasources/uid/jaeger/health": (200, {"status": "ERROR"})}), "Jaeger: 200")
    expect_said(FakeGrafana({"/api/datasources/proxy/uid/alertmanager/api/v2/status": (502, {})}), "Alertmanager: 502")


def test_absent_dashboards(_):
    uid = dashboards.boards()["process"]["uid"]
    for response in ((404, {"message": "Dashboard not found"}), (200, {"meta": {"provisioned": False}, "dashboard": {}})):
        expect_said(FakeGrafana({f"/api/dashboards/uid/{uid}": response}), "not provisioned", f"process: {response[0]}")


def test_queries_without_data(_):
    def broken(target):
        if target["datasource"]["type"] == "jaeger":
            return {"error": "no such service", "status": 500}
        return {"status": 200, "frames": [{"schema": {"fields": []}, "data": {"values": []}}] if target["datasource"]["type"] == "loki" else FRAMES}
    wanted = [query.where for query in dashboards.board_queries() if query.kind != "prometheus"]
    expect_said(FakeGrafana(query=broken), "queries without data", "400 no such service", *wanted)
    expect_said(FakeGrafana(query=lambda target: {"status": 200}), "no data")


if __name__ == "__main__":
    labtest.run_tests(globals())
