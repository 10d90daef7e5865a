# SPDX-License-Identifier: MIT
"""Callers besides the shoppers: partners and apps that buy a little, each on its own thread. One of them may misbehave."""
import http.client
import json
import random
import threading
import time
import urllib.parse

from .words import CALLERS, SKUS

HELD_S = 25  # the shop closes an idle connection after 30 s
RESPONSE_S = 12


class Caller(threading.Thread):
    """Calls `habit` about `rate` times a second until it is stopped."""

    def __init__(self, url, name, habit="buy", rate=0.5):
        super().__init__(name=name, daemon=True)
        self.address = urllib.parse.urlsplit(url).netloc
        self.agent = f"{name}/{sum(map(ord, name)) % 5 + 1}.{len(name)}"
        self.habit, self.rate = habit, rate
        self.over = threading.Event()
        self.connection = None
        self.held = []
        self.paid = None

    def run(self):
        while not self.over.wait(random.expovariate(1) / self.rate if self.habit == "buy" else 1 / self.rate):
            try:
                getattr(self, self.habit)()
            except (OSError, http.client.HTTPException, ValueError, KeyError):
                self._close()
                self.over.wait(1)
        for _, connection in self.held:
            connection.close()
        self._close()

    def stop(self):
        self.over.set()

    def _close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def _ask(self, method, path, body=None):
        self.connection = self.connection or http.client.HTTPConnection(self.address, timeout=RESPONSE_S)
        headers = {"User-Agent": self.agent, **({"Content-Type": "application/json"} if body is not None else {})}
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        text = response.read()
        return response.status, json.loads(text)

    def _order(self):
        body = json.dumps({"sku": random.choice(SKUS), "quantity": random.randint(1, 3)})
        status, response = self._ask("POST", "/order", body)
        return response["order_id"] if status == 201 else None

    def _pay(self, order):
        return self._ask("POST", "/payment/pay", json.dumps({"order_id": order}))[0]

    # Habits.

    def buy(self):
        order = self._order()
        if order:
            self._pay(order)

    def spike(self):
        self._order()

    def broken(self):
        self._ask("POST", "/order", '{"sku": "mug", "quantity": 1')

    def unknown(self):
        self._ask("POST", "/order", '{"sku": "mug-xl"}')

    def retry(self):
        """Pays for the same order again and again, although it is paid."""
        if not self.paid:
            order = self._order()
            if order and self._pay(order) == 200:
                self.paid = order
        elif self._pay(self.paid) == 404:
            self.paid = None

    def hold(self):
        """Opens connections, and closes each only after HELD_S seconds."""
        now = time.monotonic()
        while self.held and self.held[0][0] < now - HELD_S:
            self.held.pop(0)[1].close()
        self.connection = None
        self._order()
        if self.connection:
            self.held.append((now, self.connection))
            self.connection = None


class Crowd:
    """All callers of a case."""

    def __init__(self, urls, rates):
        """urls: the shops among which the callers are divided; rates: the orders per second of each caller."""
        self.urls = {name: urls[index % len(urls)] for index, name in enumerate(rates)}
        self.callers = {name: [Caller(self.urls[name], name, "buy", rate)] for name, rate in rates.items()}
        self.blocked = set()

    def start(self):
        for threads in self.callers.values():
            threads[0].start()

    def misbehave(self, name, habit, rate, threads=1):
        """Gives this caller a second habit."""
        if name in self.blocked:
            return
        for _ in range(threads):
            caller = Caller(self.urls[name], name, habit, rate / threads)
            self.callers[name].append(caller)
            caller.start()

    def behave(self, name):
        """The caller only buys again."""
        for caller in self.callers[name][1:]:
            caller.stop()
        del self.callers[name][1:]

    def block(self, name):
        self.blocked.add(name)
        for caller in self.callers[name]:
            caller.stop()

    def stop(self):
        for name in self.callers:
            self.block(name)


def rates(rng):
    return {name: rng.uniform(0.3, 0.8) for name in CALLERS}
