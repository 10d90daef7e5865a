# SPDX-License-Identifier: MIT
"""Only some requests are affected: averages hardly change, but the log and the traces show which requests."""
from ..faults import (JOB, PAY, PROVIDER, TOP_REASON, Fault, Look, caller_of, failing, groups, main_reasons, most, outlier, shell, slower,
                      window_of)
from ..words import CALLERS, SKUS


def payments(engines, begin, end):
    return [record for record in engines.log(begin, end, PAY) if record.get("route") == PAY]


def provider_failed(record):
    return record.get("reason") in PROVIDER


def sees_sku(engines, p, begin, end):
    return (outlier(groups(payments(engines, begin, end), "sku", provider_failed)),), main_reasons(engines, PAY, begin, end)


def sees_caller(engines, p, begin, end):
    return (caller_of(outlier(groups(payments(engines, begin, end), "user_agent", provider_failed))),), main_reasons(engines, PAY, begin, end)


def sees_tail(engines, p, begin, end):
    """Few payments are slow, most are not, and no SKU or caller stands out."""
    def slow(record):
        return record.get("charge_ms", 0) > 500
    records = payments(engines, begin, end)
    some = sum(map(slow, records))
    alike = not any(outlier(groups(records, field, slow)) for field in ("sku", "user_agent"))
    shown = 0 < some < len(records) / 2 and alike
    return (("POST /payment/pay", "ChargeCard") if shown else ()), {"slow_provider"}


def by_instance(window):
    """The share of payments that fail at the provider, by instance."""
    pattern = "|".join(PROVIDER)
    return (f'sum by (instance) (rate(error_total{{{JOB},route="{PAY}",reason=~"{pattern}"}}[{window}])) '
            f'/ (sum by (instance) (rate(request_total{{{JOB},route="{PAY}"}}[{window}])) > 0.2)')


def sees_instance(engines, p, begin, end):
    failing_ones = [labels["instance"] for labels, share in engines.query(by_instance(window_of(begin, end)), end) if share > 0.2]
    return (failing_ones if len(failing_ones) == 1 else ()), main_reasons(engines, PAY, begin, end)


def broad(p):
    return ("POST /payment/pay", "ChargeCard", "minishop")


FAILED = '.message == "payment failed"'


FAULTS = (
    Fault(6, "one-sku", ("grey", "dependency-errors"), PROVIDER,
          "Only payments for {sku} failed at the provider: {rate:.0%} of them.",
          (shell(most("sku", FAILED), lambda p: (p.sku,)), shell("./lab trace failed", lambda p: ("ChargeCard", "gateway_"))),
          draw=lambda rng: {"sku": rng.choice(SKUS), "rate": rng.uniform(0.7, 0.95)},
          config=lambda p: {"grey.share": 1, "grey.sku": p.sku, "grey.failure_rate": p.rate, "grey.reason": "provider"},
          effect=lambda p, base: f"{failing(PAY, PROVIDER, 40)} > bool 0.05",
          where=lambda p: (p.sku,), broad=broad, witness=sees_sku, mends=lambda p: ("switch-provider",), worse=("retry-at-once",)),
    Fault(18, "one-caller", ("grey", "dependency-errors"), PROVIDER,
          "Only payments from {caller} failed at the provider: {rate:.0%} of them.",
          (shell(most("user_agent", FAILED), lambda p: (p.caller,)), shell(most("reason", FAILED), lambda p: ("gateway_",))),
          draw=lambda rng: {"caller": rng.choice(CALLERS), "rate": rng.uniform(0.85, 1)},
          config=lambda p: {"grey.share": 1, "grey.caller": p.caller, "grey.failure_rate": p.rate, "grey.reason": "provider"},
          misbehaves=lambda p: ((p.caller, "buy", 1.5, 1),),
          effect=lambda p, base: f"{failing(PAY, PROVIDER, 40)} > bool 0.05",
          where=lambda p: (p.caller,), broad=broad, witness=sees_caller, mends=lambda p: ("switch-provider",), worse=("retry-at-once",)),
    Fault(30, "one-instance", ("grey", "dependency-errors"), PROVIDER,
          "Only the payments of the instance {address} failed at the provider: {rate:.0%} of them.",
          (Look("topk(1, sum by (instance) (rate(error_total[1m])) / sum by (instance) (rate(request_total[1m])))", lambda p: (p.address,)),
           Look(TOP_REASON, lambda p: (PAY, "gateway_"))),
          draw=lambda rng: {"replica": rng.randint(1, 2), "rate": rng.uniform(0.7, 0.95), "address": ""},
          config=lambda p: {"payment.failure_rate": p.rate, "payment.reason": "provider"}, containers=False,
          effect=lambda p, base: f"max({by_instance('40s')}) > bool 0.25",
          where=lambda p: (p.address,), broad=broad, witness=sees_instance,
          mends=lambda p: (f"replace-instance {p.address}",), worse=("retry-at-once",)),
    Fault(25, "tail", ("grey", "dependency-latency"), ("slow_provider",),
          "{share:.0%} of the payments took {ms:.0f} ms at the provider; all others were as fast as before.",
          (Look("job_route:request_duration_seconds:p99_rate1m / job_route:request_duration_seconds:p50_rate1m > 10", lambda p: (PAY,)),
           shell("./lab trace slow", lambda p: ("ChargeCard",))),
          draw=lambda rng: {"share": rng.uniform(0.1, 0.18), "ms": rng.uniform(900, 1500)},
          config=lambda p: {"grey.share": p.share, "grey.payment_latency_ms": p.ms},
          effect=lambda p, base: f"{slower(PAY, 0.5, 40)} > bool 0.03",
          where=lambda p: ("POST /payment/pay", "ChargeCard"), broad=lambda p: ("minishop",), witness=sees_tail,
          mends=lambda p: ("switch-provider",), worse=("retry-at-once", "fewer-connections")),
)


def sees_drift(engines, p, begin, end):
    """The SKU whose stock does not fall by the ordered units, and the direction of the difference."""
    window = window_of(begin, end)
    found = engines.query(f'-sum by (sku) (delta(minishop_inventory_stock{{{JOB}}}[{window}])) '
                          f'/ (sum by (sku) (increase(minishop_ordered_units_total{{{JOB}}}[{window}])) > 0)', end)
    wrong = {labels["sku"]: value for labels, value in found if abs(value - 1) > 0.2}
    if len(wrong) != 1:
        return (), set()
    [(sku, value)] = wrong.items()
    return (sku,), {"too_much_deducted" if value > 1 else "not_deducted"}


def drift(number, name, reason, says, deducted):
    return Fault(number, name, ("data",), (reason,), says,
                 (Look("topk(1, abs(-sum by (sku) (delta(minishop_inventory_stock[1m])) "
                       "/ sum by (sku) (increase(minishop_ordered_units_total[1m])) - 1))", lambda p: (p.sku,)),),
                 draw=lambda rng: {"sku": rng.choice(SKUS), "units": rng.choice(deducted)},
                 config=lambda p: {"grey.share": 1, "grey.sku": p.sku, "grey.deducted": p.units},
                 effect=lambda p, base: f"max(abs(-sum by (sku) (delta(minishop_inventory_stock{{{JOB}}}[30s])) "
                                        f"/ (sum by (sku) (increase(minishop_ordered_units_total{{{JOB}}}[30s])) > 0) - 1)) > bool 0.4",
                 where=lambda p: (p.sku,), broad=lambda p: ("POST /order", "DeductInventory", "minishop"), witness=sees_drift,
                 mends=lambda p: ("recount-stock",))


DATA = (
    drift(2, "deducted-twice", "too_much_deducted", "For each ordered {sku}, {units} left the stock.", (2, 3)),
    drift(13, "not-deducted", "not_deducted", "Orders of {sku} took nothing from the stock.", (0,)),
)
