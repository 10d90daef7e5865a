# SPDX-License-Identifier: MIT
"""A caller sends wrong requests. The shop itself is healthy, and no alert fires."""
from ..faults import ORDER, PAY, Fault, Look, busiest, caller_of, most, responses, shell
from ..words import CALLERS


def sees(route, status, reason):
    def witness(engines, p, begin, end):
        records = [record for record in engines.log(begin, end, route) if record.get("route") == route]
        agent = busiest(records, "user_agent", lambda record: record.get("status") == int(status))
        return (caller_of(agent),), {reason} if agent else set()
    return witness


def row(number, name, habit, route, status, reason, says, rate):
    place = f"POST {route}"
    return Fault(number, name, ("client",), (reason,), says,
                 (Look('topk(1, sum by (route, status) (rate(request_total{status=~"4.."}[1m])))', lambda p: (route, status)),
                  shell(most("user_agent", f".status == {status}"), lambda p: (p.caller,))),
                 draw=lambda rng: {"caller": rng.choice(CALLERS), "rps": rng.uniform(*rate)},
                 misbehaves=lambda p: ((p.caller, habit, p.rps, 1),),
                 effect=lambda p, base: f"{responses(status, route)} > bool 1.2",
                 where=lambda p: (p.caller,), broad=lambda p: (place,), witness=sees(route, status, reason),
                 mends=lambda p: (f"block-caller {p.caller}",))


FAULTS = (
    row(16, "broken-json", "broken", ORDER, "400", "invalid_request", "{caller} sent {rps:.1f} broken JSON bodies a second.", (3, 5)),
    row(4, "retry-storm", "retry", PAY, "409", "retry_storm", "{caller} paid for the same order again, {rps:.1f} times a second.", (4, 7)),
    row(27, "unknown-sku", "unknown", ORDER, "404", "unknown_sku", "{caller} ordered an article that does not exist, {rps:.1f} times a second.",
        (3, 5)),
)
