# SPDX-License-Identifier: MIT
"""The payment provider and the inventory: errors, and latency."""
from ..faults import (ORDER, PAY, PROVIDER, ROUTES, TOP_REASON, Fault, Look, failed_route, failing, main_reasons, shell, slow_route, slower)

CARDS = ("card_declined", "insufficient_funds", "fraud_suspected")
TOP_P95 = "topk(1, job_route:request_duration_seconds:p95_rate1m)"
STEP = {ORDER: "DeductInventory", PAY: "ChargeCard"}


def at_step(route):
    return lambda p: (ROUTES[route], STEP[route])


def sees_errors(engines, p, begin, end):
    route = failed_route(engines, begin, end)
    return (ROUTES.get(route), STEP.get(route)), main_reasons(engines, route, begin, end)


def sees_slow(reason):
    def witness(engines, p, begin, end):
        route = slow_route(engines, begin, end)
        return (ROUTES.get(route), STEP.get(route)), {reason}
    return witness


FAULTS = (
    Fault(3, "provider-errors", ("dependency-errors",), PROVIDER,
          "The payment provider was broken: {rate:.0%} of the payments ended in gateway_error or gateway_timeout.",
          (Look(TOP_REASON, lambda p: (PAY, "gateway_")), shell("./lab trace failed", lambda p: ("ChargeCard", "error.type=gateway_"))),
          draw=lambda rng: {"rate": rng.uniform(0.3, 0.6)},
          config=lambda p: {"payment.failure_rate": p.rate, "payment.reason": "provider"},
          effect=lambda p, base: f"{failing(PAY, PROVIDER)} > bool 0.12",
          where=at_step(PAY), broad=lambda p: ("minishop",), witness=sees_errors,
          mends=lambda p: ("switch-provider",), worse=("retry-at-once",)),
    Fault(11, "card-declines", ("dependency-errors",), CARDS,
          "The provider declined valid cards: {rate:.0%} of the payments ended in {reason}.",
          (Look(TOP_REASON, lambda p: (PAY, p.reason)), shell("./lab trace failed", lambda p: ("ChargeCard", f"error.type={p.reason}"))),
          draw=lambda rng: {"rate": rng.uniform(0.35, 0.6), "reason": rng.choice(CARDS)},
          config=lambda p: {"payment.failure_rate": p.rate, "payment.reason": p.reason},
          effect=lambda p, base: f"{failing(PAY, (p.reason,))} > bool 0.15",
          where=at_step(PAY), broad=lambda p: ("minishop",), witness=sees_errors,
          mends=lambda p: ("switch-provider",), worse=("retry-at-once",)),
    Fault(20, "out-of-stock", ("dependency-errors", "capacity"), ("out_of_stock",),
          "The shelves were empty, and nobody restocked them.",
          (Look(TOP_REASON, lambda p: (ORDER, "out_of_stock")), Look("minishop_inventory_stock < 5", lambda p: ("sku=",))),
          draw=lambda rng: {"stock": rng.randint(1, 4)},
          config=lambda p: {"inventory.stock": p.stock},
          effect=lambda p, base: f"{failing(ORDER, ('out_of_stock',))} > bool 0.2",
          where=at_step(ORDER), broad=lambda p: ("minishop",), witness=sees_errors,
          mends=lambda p: ("restock",)),
    Fault(8, "provider-slow", ("dependency-latency",), ("slow_provider",),
          "The payment provider took {ms:.0f} ms instead of 25.",
          (Look(TOP_P95, lambda p: (PAY,)), shell("./lab trace slow", lambda p: ("ChargeCard",))),
          draw=lambda rng: {"ms": rng.uniform(450, 900)},
          config=lambda p: {"payment.latency_ms": p.ms},
          effect=lambda p, base: f"{slower(PAY, 0.25)} > bool 0.3",
          where=at_step(PAY), broad=lambda p: ("minishop",), witness=sees_slow("slow_provider"),
          mends=lambda p: ("switch-provider",), worse=("retry-at-once", "fewer-connections")),
    Fault(15, "inventory-slow", ("dependency-latency",), ("slow_inventory",),
          "The inventory took {ms:.0f} ms instead of 8.",
          (Look(TOP_P95, lambda p: (f'"{ORDER}"',)), shell("./lab trace slow", lambda p: ("DeductInventory",))),
          draw=lambda rng: {"ms": rng.uniform(400, 800)},
          config=lambda p: {"inventory.latency_ms": p.ms},
          effect=lambda p, base: f"{slower(ORDER, 0.25)} > bool 0.3",
          where=at_step(ORDER), broad=lambda p: ("minishop",), witness=sees_slow("slow_inventory"),
          mends=lambda p: ("switch-inventory",)),
)
