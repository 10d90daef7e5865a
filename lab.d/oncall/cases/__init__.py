# SPDX-License-Identifier: MIT
"""All faults, one table per file, and the plan of a case, which follows from its seed."""
import random

from .. import crowd
from ..faults import Params
from . import capacity, client, dependency, deploy, grey, observer

FAULTS = {fault.number: fault for table in (dependency.FAULTS, grey.FAULTS, grey.DATA, capacity.FAULTS, client.FAULTS, deploy.FAULTS,
                                            observer.FAULTS) for fault in table}
# The numbers of cases that do not have exactly one fault: how many faults, and from which list.
NOTHING = (1, 23)
PAIRS = {
    # One fault that affects customers, and one that hides it or resembles it.
    12: (("provider-errors", "provider-slow", "inventory-slow", "card-declines"), ("alert-silenced", "rule-missing", "target-lost")),
    28: (("provider-errors", "provider-slow", "deducted-twice", "one-sku"), ("broken-json", "retry-storm", "unknown-sku")),
}
NUMBERS = tuple(sorted((*FAULTS, *NOTHING, *PAIRS)))
BY_NAME = {fault.name: fault for fault in FAULTS.values()}

BEGINS_S = (25, 80)     # after ./lab oncall
ANSWERS_FROM_S = 150    # the same for all cases: earlier, "nothing" would be a guess
PAIR_APART_S = 15
DECOYS = ("reload", "latency", "silence", "busy")
SILENCED_ELSEWHERE = ("NodeDiskFull", "BackupTooOld", "CertificateExpiresSoon", "QueueTooLong")


def possible(native):
    """The numbers of the cases that are possible there."""
    def fits(number):
        return number not in FAULTS or (FAULTS[number].native if native else FAULTS[number].containers)
    return [number for number in NUMBERS if fits(number)]


class Plan:
    """The events of a case and their times, in seconds from its beginning. They follow from number and seed, and are only in memory."""

    def __init__(self, seed, number=None, native=True):
        rng = random.Random(f"case {seed}")
        drawn = rng.choice(possible(native))
        self.seed, self.number = seed, number or drawn
        if self.number not in NUMBERS:
            raise ValueError(f"unknown case {self.number}; the numbers are {NUMBERS[0]} to {NUMBERS[-1]}")
        if self.number not in possible(native):
            raise ValueError(f"case {self.number} needs {'the containers: docker-compose up -d' if native else 'the native lab: ./lab up'}")
        chosen = [FAULTS[self.number]] if self.number in FAULTS else [BY_NAME[rng.choice(names)] for names in PAIRS.get(self.number, ())]
        self.at = rng.uniform(*BEGINS_S)
        self.parts = [(self.at + i * rng.uniform(0, PAIR_APART_S), fault, Params(fault.draw(rng))) for i, fault in enumerate(chosen)]
        self.rates = crowd.rates(rng)
        # Other cases have several shops too, so that their number gives no hint.
        self.replicas = native and (any("replica" in params for _, _, params in self.parts) or rng.random() < 0.25)
        self.decoys = sorted((rng.uniform(10, 110), kind, self._decoy(kind, rng)) for kind in rng.sample(DECOYS, rng.randint(2, 4)))

    @staticmethod
    def _decoy(kind, rng):
        if kind == "latency":
            return {"payment.latency_ms": round(rng.uniform(20, 34), 1)}
        if kind == "silence":
            return rng.choice(SILENCED_ELSEWHERE), rng.choice(observer.AUTHORS)
        if kind == "busy":
            return rng.choice(crowd.CALLERS), rng.uniform(0.3, 0.6)
        return None
