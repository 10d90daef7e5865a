#!/usr/bin/env python3
"""The shoppers (wrk with shoppers.lua) against a small shop of this test: whom they pay, how often, and how they pace."""
import collections
import itertools
import json
import os
import pathlib
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
from labtest import claim  # noqa: E402

SECONDS = 14
RATE = 40


class SmallShop(labtest.HttpThread):
    """Answers as MiniShop does; the first payment of every fourth order fails."""

    def __init__(self):
        shop = self
        self.lock = threading.Lock()
        self.answers = collections.Counter()
        self.attempts = {}
        self.paid = set()
        numbers = itertools.count(1)

        class Handler(labtest.Handler):
            def tell(self, status, content):
                shop.answers[(self.command, self.path, status)] += 1
                self.answer(status, json.dumps(content).encode(), "application/json")

            def do_GET(self):
                with shop.lock:
                    self.tell(405 if self.path == "/order" else 404, {})

            def do_POST(self):
                raw = self.body()
                with shop.lock:
                    try:
                        body = json.loads(raw) if raw else {}
                    except ValueError:
                        return self.tell(400, {"code": "invalid_request"})
                    return self.order(body) if self.path == "/order" else self.pay(body["order_id"])

            def order(self, body):
                if body.get("sku") == "unicorn":
                    return self.tell(404, {"code": "unknown_sku"})
                if body.get("quantity") == 0:
                    return self.tell(400, {"code": "invalid_request"})
                name = f"ord_{next(numbers):020x}"
                shop.attempts[name] = 0
                return self.tell(201, {"order_id": name, "sku": body.get("sku", "mug"), "quantity": 1, "status": "created"})

            def pay(self, name):
                if name not in shop.attempts:
                    return self.tell(404, {"code": "unknown_order"})
                if name in shop.paid:
                    return self.tell(409, {"code": "already_paid"})
                shop.attempts[name] += 1
                if int(name[4:], 16) % 4 == 0 and shop.attempts[name] == 1:
                    return self.tell(502, {"code": "gateway_error"})
                shop.paid.add(name)
                return self.tell(200, {"order_id": name, "payment_id": "pay_1", "status": "paid"})

        super().__init__(Handler)


def main():
    labtest.need("wrk")
    script = labtest.OBSERVABILITY / "traffic/shoppers.lua"
    environment = dict(os.environ, SHOPPERS_RATE=str(RATE), SHOPPERS_CONNECTIONS="8", SHOPPERS_CLUMSY="0.1")
    with SmallShop() as shop:
        done = subprocess.run(["wrk", "-t1", "-c8", f"-d{SECONDS}s", "-s", str(script), shop.url], env=environment,
                              capture_output=True, text=True, check=False)
        claim("wrk runs the script", done.returncode == 0 and not done.stderr, done.stdout + done.stderr)
        with shop.lock:
            answers, attempts, paid = dict(shop.answers), dict(shop.attempts), set(shop.paid)
    total = sum(answers.values())
    clumsy = sum(count for (_, _, status), count in answers.items() if status in (400, 404, 405))
    claim("orders are paid, but for the last ones", len(paid) >= 0.6 * len(attempts), (len(paid), len(attempts)))
    claim("no order is paid twice", not any(status == 409 for _, _, status in answers), answers)
    claim("who fails tries again later", any(count == 2 for count in attempts.values()), attempts)
    # Wide bounds: what matters is that delay() paces at all; without it there are thousands of requests a second.
    claim("the pace is about as asked", 0.4 * RATE <= total / SECONDS <= 1.4 * RATE, total / SECONDS)
    claim("a few are clumsy", 0.03 * total <= clumsy <= 0.2 * total, answers)


if __name__ == "__main__":
    labtest.run_main(main)
