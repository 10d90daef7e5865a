# SPDX-License-Identifier: MIT
"""There is too much traffic, or a resource has run out."""
from ..faults import JOB, LONGEST_CASE, ORDER, PAY, Fault, Look, busiest, caller_of, most, shell, slower
from ..words import CALLERS


def sees_caller(reason):
    """The caller of most requests in the log."""
    def witness(engines, p, begin, end):
        records = [record for record in engines.log(begin, end, ORDER) if record.get("route") == ORDER]
        return (caller_of(busiest(records, "user_agent", lambda record: True)),), {reason}
    return witness


def sees_holder(engines, p, begin, end):
    """Each request of this caller opens a new connection. The shoppers send more orders, so compare the other callers."""
    records = [record for record in engines.log(begin, end, ORDER)
               if record.get("route") == ORDER and caller_of(record.get("user_agent")) in CALLERS]
    return (caller_of(busiest(records, "user_agent", lambda record: True)),), {"too_many_connections"}


def sees_pool(engines, p, begin, end):
    full = engines.number(f"max(avg_over_time(minishop_payment_connections_used{{{JOB}}}[20s]) / minishop_payment_connections_limit{{{JOB}}})", end)
    return ("POST /payment/pay", "ChargeCard"), {"pool_exhausted"} if full and full > 0.7 else set()


FAULTS = (
    Fault(9, "traffic-spike", ("capacity",), ("traffic_spike",),
          "{caller} sent {rps:.0f} orders a second.",
          (Look("topk(1, sum by (route) (rate(request_total[1m])))", lambda p: (ORDER,)), shell(most("user_agent"), lambda p: (p.caller,))),
          draw=lambda rng: {"caller": rng.choice(CALLERS), "rps": rng.uniform(60, 90)},
          misbehaves=lambda p: ((p.caller, "spike", p.rps, 6),),
          effect=lambda p, base: f"sum(rate(request_total{{{JOB}}}[20s])) > bool {2 * base['rate']:.1f}",
          where=lambda p: (p.caller,), broad=lambda p: ("POST /order", "minishop"), witness=sees_caller("traffic_spike"),
          mends=lambda p: (f"block-caller {p.caller}",)),
    Fault(22, "pool-exhausted", ("capacity",), ("pool_exhausted",),
          "The pool of connections to the payment provider had {limit} left, and each was busy for {ms:.0f} ms.",
          (Look("minishop_payment_connections_used / minishop_payment_connections_limit > 0.7"),
           shell("./lab trace slow", lambda p: ("ChargeCard", "waited for a connection"))),
          draw=lambda rng: {"limit": 1, "ms": rng.uniform(260, 330)},
          config=lambda p: {"payment.connections": p.limit, "payment.latency_ms": p.ms},
          effect=lambda p, base: f"{slower(PAY, 0.5)} > bool 0.2",
          where=lambda p: ("POST /payment/pay", "ChargeCard"), broad=lambda p: ("minishop",), near=("slow_provider", "unavailable"),
          witness=sees_pool,
          mends=lambda p: ("more-connections",), worse=("fewer-connections", "retry-at-once")),
    Fault(5, "descriptors", ("capacity", "client"), ("too_many_connections",),
          "{caller} opened {rps:.0f} connections a second and closed none.",
          (Look(f"process_open_fds > 60 + min_over_time(process_open_fds[{LONGEST_CASE}])", lambda p: ('job="minishop"',)),
           shell(most("user_agent", '.route == "/order" and (.user_agent | startswith("minishop-shoppers") | not)'), lambda p: (p.caller,))),
          draw=lambda rng: {"caller": rng.choice(CALLERS), "rps": rng.uniform(8, 12)},
          misbehaves=lambda p: ((p.caller, "hold", p.rps, 1),),
          effect=lambda p, base: f"max(process_open_fds{{{JOB}}}) > bool {base['fds'] + 60:.0f}",
          where=lambda p: (p.caller,), broad=lambda p: ("POST /order", "minishop"), witness=sees_holder,
          mends=lambda p: (f"block-caller {p.caller}",)),
)
