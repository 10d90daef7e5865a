# SPDX-License-Identifier: MIT
"""Simulated engines for a case: requests are drawn at random according to the fault's settings, and each
query of the grader counts these requests. The end-to-end test sends the same queries to real engines."""
import pathlib
import random
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "lab.d"))
from oncall import cases, crowd, grader  # noqa: E402
from oncall.control import rfc3339  # noqa: E402
from oncall.engines import Away, timestamp  # noqa: E402
from oncall.faults import ORDER, PAY, Params  # noqa: E402
from oncall.hand import Part, take_effect  # noqa: E402
from oncall.words import SKUS  # noqa: E402

BEGAN = timestamp("2026-03-01T14:00:07Z")
RULES = [*cases.observer.ALERTS, "job:request:rate1m"]
BASE = {"rate": 16.0, "fds": 40.0, "rule_count": 30.0, "up": 4.0, "version": "0.1.0"}
DRAWN_S = 60
SEEN_S = 6  # the delay until an effect shows
RATES = {"card_declined": 0.5, "insufficient_funds": 0.25, "fraud_suspected": 0.05, "gateway_error": 0.12, "gateway_timeout": 0.08}
GROUPS = {"provider": ("gateway_error", "gateway_timeout"), "credentials": ("gateway_error",), "": tuple(RATES)}
STATUS = {"gateway_error": 502, "gateway_timeout": 504}


def plan_of(seed, number):
    """The plan of a case, for the native lab or for the containers, as the case requires."""
    return cases.Plan(seed, number, number in cases.possible(native=True))


class World:
    """One case, and a clock. away: engines that do not respond."""

    def __init__(self, seed, number):
        self.plan = plan_of(seed, number)
        self.rng = random.Random(seed)
        self.parts = [Part(at, fault, Params(params)) for at, fault, params in self.plan.parts]
        self.case = grader.Case(BEGAN, self.parts, cases.ANSWERS_FROM_S, grader.SETTLED_S)
        self.case.rules, self.case.base = list(RULES), BASE
        self.case.instances = [f"127.0.0.1:{port}" for port in (24080, 24081, 24082)]
        for part in self.parts:
            if "replica" in part.params:
                part.params["address"] = self.case.instances[part.params.replica]
            part.began = BEGAN + part.at
            part.params["base"] = {**BASE, "rules": self.case.rules}
        self.now = BEGAN + 400
        self.away, self.stopped, self.learner_silences, self.deleted, self.gone = set(), False, [], set(), set()
        self.errors = 0.02
        self.hidden_since = float("inf")  # from then on, no query shows a fault
        self.drawn = self.records(BEGAN, BEGAN + DRAWN_S)  # the requests of the case during the fault, cached

    def answer(self, number, text):
        return grader.answer(self.case, self, number, text, self.now)

    def mend(self, settled=grader.SETTLED_S + 60):
        """Repairs everything."""
        for action in [part.fault.mends(part.params)[0] for part in self.parts] or ["nothing"]:
            self.act(action, 0)
        self.now += settled

    def act(self, action, settled=grader.SETTLED_S + 60):
        name, _, of = action.partition(" ")
        self.case.actions.append((self.now, action))
        take_effect(self.parts, name, of, self.now)
        self.now += settled

    def broken(self, part, when):
        return part.began + SEEN_S <= when < self.hidden_since and (part.ended is None or when < part.ended + 20)

    # Requests.

    def records(self, begin, end):
        settings, callers = {}, dict(self.plan.rates)
        habits = []
        for part in self.parts:
            settings.update(part.fault.config(part.params))
            habits += part.fault.misbehaves(part.params)
        length = end - begin
        found = []
        for name, rate in {"minishop-shoppers": 6, **callers}.items():
            for _ in range(round(rate * length)):
                found += self.order_and_pay(f"{name}/1", settings, begin + self.rng.random() * length)
        for name, habit, rate, _ in habits:
            for _ in range(round(rate * length)):
                found += self.habit(f"{name}/1", habit, settings, begin + self.rng.random() * length)
        return found

    def grey(self, settings, sku, agent):
        return (self.rng.random() < settings.get("grey.share", 0) and settings.get("grey.sku", sku) == sku
                and agent.startswith(settings.get("grey.caller", "")))

    def order_and_pay(self, agent, settings, when):
        sku = self.rng.choice(SKUS)
        order = {"user_agent": agent, "sku": sku, "route": ORDER, "status": 201, "when": when,
                 "duration_ms": settings.get("inventory.latency_ms", 8) * self.rng.uniform(0.7, 1.5)}
        if settings.get("inventory.stock"):
            return [{**order, "status": 409, "reason": "out_of_stock"}]
        grey = "grey" if self.grey(settings, sku, agent) else "payment"
        names = ("failure_rate", "reason", "payment_latency_ms") if grey == "grey" else ("failure_rate", "reason", "latency_ms")
        rate, reason, latency = (settings.get(f"{grey}.{name}", usual) for name, usual in zip(names, (0.05, "", 25)))
        payment = {**order, "route": PAY, "status": 200, "charge_ms": latency * self.rng.uniform(0.7, 1.5)}
        if self.rng.random() < rate:
            words = GROUPS.get(reason, (reason,))
            payment["reason"] = self.rng.choices(words, [RATES[word] for word in words])[0]
            payment["status"] = STATUS.get(payment["reason"], 402)
            payment["detail"] = "The provider refused the shop's credentials." if reason == "credentials" else "No."
        payment["duration_ms"] = payment["charge_ms"]
        return [order, payment]

    def habit(self, agent, habit, settings, when):
        record = {"user_agent": agent, "when": when, "route": ORDER, "duration_ms": 1}
        if habit == "buy":
            return self.order_and_pay(agent, settings, when)
        return [{**record, **{"broken": {"status": 400, "reason": "invalid_request"}, "unknown": {"status": 404, "reason": "unknown_sku"},
                              "retry": {"status": 409, "reason": "already_paid", "route": PAY}}.get(habit, {"status": 201, "sku": "mug"})}]

    # Queries of the grader.

    def need(self, name):
        if name in self.away:
            raise Away(f"{name} does not respond")

    def log(self, since, until=None, text=""):
        self.need("log")
        if any(self.active(part) and part.fault.config(part.params).get("log.level") for part in self.parts):
            return []
        records = [] if self.stopped else self.drawn
        return [record for record in records if record["route"].startswith(text) or not text.startswith("/")]

    def active(self, part):
        return part.ended is None

    def query_range(self, expression, start, end, step=2):
        self.need("prometheus")
        times = [start + step * i for i in range(int((end - start) / step) + 1)]
        for part in self.parts:
            if not part.fault.lasting and expression == part.fault.effect(part.params, self.case.base):
                return [] if self.stopped else [({}, [(when, float(self.broken(part, when))) for when in times])]
        errors = 0.3 if any(self.broken(part, end) and part.fault.config(part.params).get("payment.failure_rate", 0) > 0.5
                            for part in self.parts) else self.errors
        if expression.startswith("count(up"):
            value = BASE["up"] - len(self.gone) - sum(self.broken(part, end) and bool(part.fault.unscrapes(part.params)) for part in self.parts)
        elif "error_total" in expression:
            value = errors
        elif expression == 'sum(rate(request_total{job="minishop"}[20s]))':
            value = 0.0 if self.stopped else BASE["rate"]
        else:
            raise AssertionError(f"the world does not know {expression}")
        return [] if self.stopped and value == errors else [({}, [(when, value) for when in times])]

    def query(self, expression, when=None):
        self.need("prometheus")
        if expression.startswith("sum by (instance)"):
            return [({"instance": address}, 0.8 if any(part.params.get("replica") == index for part in self.parts) else 0.01)
                    for index, address in enumerate(self.case.instances)]
        if expression.startswith("minishop_build_info"):
            builds = [part.fault.build(part.params) for part in self.parts if self.active(part)]
            return [({"version": next(filter(None, builds), BASE["version"])}, 1.0)]
        records = [] if self.stopped else self.drawn
        failed = [record for record in records if record.get("reason") and record["status"] != 404 and record["status"] != 400
                  and record["reason"] != "already_paid"]
        route = re.search(r'route="([^"]+)"', expression)
        if expression.startswith("sum by (reason)"):
            return [({"reason": reason}, sum(record["reason"] == reason and record["route"] == route[1] for record in failed))
                    for reason in (*RATES, "out_of_stock")]
        if expression.startswith("-sum by (sku)"):
            wrong = {part.params.sku: part.params.units for part in self.parts if part.fault.families == ("data",)}
            return [({"sku": sku}, wrong.get(sku, 1) * self.rng.uniform(0.97, 1.03)) for sku in SKUS]
        def share(hit, name):
            of_route = [hit(record) for record in records if record["route"] == name]
            return sum(of_route) / max(1, len(of_route))
        if expression.startswith("sum by (route) (increase(error_total"):
            bad = set(map(id, failed))
            return [({"route": name}, share(lambda record: id(record) in bad, name)) for name in (ORDER, PAY)]
        if expression.startswith("1 - sum by (route)"):
            bound = float(re.search(r'le="([^"]+)"', expression)[1]) * 1000
            return [({"route": name}, share(lambda record: record["duration_ms"] > bound, name)) for name in (ORDER, PAY)]
        return [({}, self.number(expression, when))]

    def number(self, expression, when=None):
        self.need("prometheus")
        def has(what):
            return any(self.active(part) and what(part.fault, part.params) for part in self.parts)
        if "payment_connections_used" in expression:
            return 0.97 if has(lambda fault, p: "payment.connections" in fault.config(p)) else 0.0
        if "last_reload_successful" in expression:
            return 0.0 if has(lambda fault, p: fault.rejected(p)) else 1.0
        if "notifications_failed" in expression:
            return 2.0 if has(lambda fault, p: fault.slack(p)) else 0.0
        if "log_lines_written" in expression:
            return 0.2 if has(lambda fault, p: "log.level" in fault.config(p)) else BASE["rate"]
        if "spans_exported" in expression:
            return 0.0 if has(lambda fault, p: fault.stops(p)) else 30.0
        return 30.0 if "spans_started" in expression else BASE["rate"]

    def rules(self):
        self.need("prometheus")
        gone = {part.fault.unloads(part.params) for part in self.parts if self.active(part)} | self.deleted
        return {name: {} for name in RULES if name not in gone}

    def targets(self):
        self.need("prometheus")
        gone = {part.fault.unscrapes(part.params) for part in self.parts if self.active(part)}
        return [{"labels": {"job": job}} for job in ("minishop", "slack-mock", "alertmanager", "prometheus") if job not in gone]

    def silences(self, state="active"):
        self.need("alertmanager")
        found = list(self.learner_silences)
        for part in self.parts:
            if part.fault.silences(part.params):
                end = part.ended or part.began + 7200
                found.append(silence(part.fault.silences(part.params), part.began, end, "active" if end > self.now else "expired"))
        return [one for one in found if state in (None, one["status"]["state"])]


def silence(alert, start, end, state="active", author="maria"):
    return {"id": f"{author}-{alert}", "createdBy": author, "startsAt": rfc3339(start), "endsAt": rfc3339(end), "status": {"state": state},
            "matchers": [{"name": "alertname", "value": alert, "isRegex": False, "isEqual": True}]}


assert crowd.CALLERS
