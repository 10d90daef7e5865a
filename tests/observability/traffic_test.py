#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shoppers (wrk with shoppers.lua, and shoppers.sh) against a small shop of this test: which orders they pay, their rate and pace,
and their behaviour while the shop is down and after it returns."""
import collections
import itertools
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
from labtest import claim  # noqa: E402

SECONDS = 14
RATE = 40
CONNECTIONS = 8
SOON_S = 20  # less than a round of wrk


class SmallShop(labtest.HttpThread):
    """Responds as MiniShop does; the first payment of every fourth order fails."""

    def __init__(self):
        shop = self
        self.lock = threading.Lock()
        self.responses = collections.Counter()
        self.attempts = {}
        self.looks = 0
        self.paid = set()
        numbers = itertools.count(1)

        class Handler(labtest.Handler):
            def tell(self, status, content):
                shop.responses[(self.command, self.path, status)] += 1
                self.respond(status, json.dumps(content).encode(), "application/json")

            def do_GET(self):
                if self.path == "/readyz":
                    return self.respond(200, b"ready")
                with shop.lock:
                    name = self.path.removeprefix("/order/")
                    if name in shop.attempts:
                        shop.looks += 1
                        return self.tell(200, {"order_id": name, "status": "paid" if name in shop.paid else "created"})
                    return self.tell(405 if self.path == "/order" else 404, {})

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
        self.server.handle_error = lambda *_: None  # shoppers that stop cut their connections


class DoorKeeper(threading.Thread):
    """A proxy in front of a shop, on its own port. It misbehaves if a test asks for it. mode: "open" (passes all on), "closed" (does
    not listen), "slam" (accepts a connection and closes it after its first request), "hang" (never responds). asked: the times of
    all requests except probes."""

    def __init__(self, shop):
        super().__init__(daemon=True)
        self.shop = shop
        self.asked = []
        self.connections = []
        self.mode = "open"
        self.listener = None
        self.port = labtest.free_port()
        self.listen()

    def listen(self):
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=64)

    def be(self, mode):
        """Sets the mode and closes all connections."""
        self.mode = mode
        if mode == "closed":
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        for sock in self.connections:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        self.connections.clear()
        if mode != "closed" and self.listener.fileno() < 0:
            self.listen()

    def run(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                time.sleep(0.02)
                continue
            self.connections.append(sock)
            threading.Thread(target=self.serve, args=(sock, self.mode), daemon=True).start()

    def serve(self, sock, mode):
        with contextlib.suppress(OSError), sock, socket.create_connection(("127.0.0.1", self.shop.port)) as behind:
            if mode == "open":
                threading.Thread(target=self.copy, args=(behind, sock), daemon=True).start()
            while data := sock.recv(65536):
                probe = data.startswith(b"GET /readyz")
                if not probe:
                    self.asked.append(time.monotonic())
                if mode == "open":
                    behind.sendall(data)
                elif probe or mode == "slam":
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" if probe else b"")
                    return

    @staticmethod
    def copy(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)

    def rate(self, since, seconds):
        """Requests per second from that time on."""
        return sum(since <= when < since + seconds for when in self.asked) / seconds

    def most_in_a_second(self, since):
        times = [when for when in self.asked if when >= since]
        return max((sum(first <= when < first + 1 for when in times) for first in times), default=0)


def processor_seconds(group):
    """The CPU time of the processes of this group, including ended children."""
    ticks = 0
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rsplit(") ", 1)[1].split()
            if int(fields[2]) == group:
                ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def outage(door, group, mode, seconds):
    """The shop is down in this way for this long, and then returns: the shoppers neither use up a processor nor catch up."""
    began = time.monotonic()
    door.be(mode)
    time.sleep(2)
    used = processor_seconds(group)
    time.sleep(seconds - 2)
    used = (processor_seconds(group) - used) / (seconds - 2)
    claim(f"{mode}: no processor is busy ({used:.2f})", used < 0.4, used)
    back = time.monotonic()
    door.be("open")
    labtest.wait_until("the shoppers are back", lambda: door.rate(back, 60) > 0, SOON_S)
    back = time.monotonic()
    time.sleep(6)
    rate = door.rate(back, 6)
    claim(f"{mode}: the rate is as asked soon afterwards ({rate:.0f})", 0.6 * RATE <= rate <= 1.2 * RATE, rate)
    most = door.most_in_a_second(began)
    claim(f"{mode}: nobody floods the shop ({most} in a second)", most <= 1.5 * RATE + 2 * CONNECTIONS, most)


def outages(shop):
    door = DoorKeeper(shop)
    door.start()
    environment = dict(os.environ, SHOPPERS_RATE=str(RATE), SHOPPERS_CONNECTIONS=str(CONNECTIONS))
    with subprocess.Popen(["sh", labtest.OBSERVABILITY / "traffic/shoppers.sh", f"127.0.0.1:{door.port}"], env=environment,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as shoppers:
        try:
            labtest.wait_until("shoppers come", lambda: door.asked)
            for mode, seconds in (("closed", 6), ("slam", 6), ("hang", 6)):
                outage(door, shoppers.pid, mode, seconds)
            door.be("closed")  # so short that perhaps no probe notices
            time.sleep(0.3)
            back = time.monotonic()
            door.be("open")
            labtest.wait_until("the shoppers return after a short outage", lambda: door.rate(back, 60) > 0, SOON_S)
        finally:
            os.killpg(shoppers.pid, signal.SIGTERM)
            shoppers.wait(SOON_S)
        claim("the shoppers end on SIGTERM", True)


def purchases(shop):
    script = labtest.OBSERVABILITY / "traffic/shoppers.lua"
    environment = dict(os.environ, SHOPPERS_RATE=str(RATE), SHOPPERS_CONNECTIONS=str(CONNECTIONS), SHOPPERS_CLUMSY="0.1")
    done = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), shop.url], env=environment,
                          capture_output=True, text=True, check=False)
    claim("wrk runs the script", done.returncode == 0 and not done.stderr, done.stdout + done.stderr)
    with shop.lock:
        responses, attempts, paid = dict(shop.responses), dict(shop.attempts), set(shop.paid)
    total = sum(responses.values())
    clumsy = sum(count for (_, _, status), count in responses.items() if status in (400, 404, 405))
    claim("orders are paid, but for the last ones", len(paid) >= 0.6 * len(attempts), (len(paid), len(attempts)))
    claim("no order is paid twice", not any(status == 409 for _, _, status in responses), responses)
    claim("a shopper whose request failed tries again later", any(count == 2 for count in attempts.values()), attempts)
    claim("the pace is as asked", 0.8 * RATE <= total / SECONDS <= 1.1 * RATE, total / SECONDS)
    claim("some look at an order that there is", 0.04 * total <= shop.looks <= 0.18 * total, shop.looks)
    claim("a few shoppers make mistakes", 0.03 * total <= clumsy <= 0.2 * total, responses)


def main():
    labtest.need("wrk", "bash")
    with SmallShop() as shop:
        purchases(shop)
        outages(shop)


if __name__ == "__main__":
    labtest.run_main(main)
