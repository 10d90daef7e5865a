#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cost of the hot paths without a clock: allocations, system calls and instructions of one request, and of one call of the
library, on the thread that serves the request. budgets.txt has the budget of each count; a count above it fails.

Every path runs in two threads (a request: on two connections), with few and with many repetitions. The difference of both
threads, divided by the difference of the repetitions, is the cost of one. So neither start nor end of a thread counts.

    tests/cost/cost.sh             in the build directory: compare with budgets.txt
    tests/cost/cost.sh --record    write budgets.txt with what was measured
"""
import json
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import labtest  # noqa: E402
import shop as shops  # noqa: E402

BUDGETS = HERE / "budgets.txt"
LIBRARIES = ("libulfius", "libmicrohttpd", "jansson")
FEW, MANY = 20, 220
LIBRARY_TIMES = 1000
# Instructions differ from compiler to compiler. Allocations and system calls do not.
HEADROOM = {"allocations": 1, "calls": 1, "instructions": 1.1}
PATHS = ("POST /order", "POST /payment/pay", "GET /metrics")
ORDER = b'{"sku": "mug", "quantity": 1}'


class Client:
    """One connection that stays open. A request is sent in one piece, so that the server reads it at once."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), 60)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.responses = self.sock.makefile("rb")

    def request(self, path, body=b""):
        """(status, body) of the response."""
        kind = b"Content-Type: application/json\r\n" if body else b""
        self.sock.sendall(b"%s HTTP/1.1\r\nHost: shop\r\nUser-Agent: cost/1\r\n%sContent-Length: %d\r\n\r\n%s"
                          % (path.encode(), kind, len(body), body))
        status = int(self.responses.readline().split()[1])
        length = 0
        while (line := self.responses.readline()) != b"\r\n":
            name, value = line.split(b":", 1)
            if name.lower() == b"content-length":
                length = int(value)
        return status, self.responses.read(length)


def expected(client, path, status, body=b""):
    """The body of a response that must have this status."""
    got, response = client.request(path, body)
    labtest.expect(f"the status of {path}", got, status)
    return response


def new_order(client):
    return json.loads(expected(client, "POST /order", 201, ORDER))["order_id"]


def send(client, path, order):
    """Sends one request of a path; order: an order that is not paid yet."""
    if path == "POST /payment/pay":
        expected(client, path, 200, b'{"order_id": "%s"}' % order.encode())
    elif path == "POST /order":
        expected(client, path, 201, ORDER)
    else:
        expected(client, path, 200)


def drive(port):
    """Sends all requests: each path on two connections, which stay open, as valgrind reuses the number of a thread that ended."""
    first = Client(port)
    clients = [first]
    for path in PATHS:
        send(first, path, new_order(first))  # work that only the first request does
        for times in (FEW, MANY):
            orders = [new_order(first) for _ in range(times)]
            clients.append(Client(port))
            for order in orders:
                send(clients[-1], path, order)


class Collector(labtest.Handler):
    """Takes every span."""

    def do_POST(self):
        self.body()
        self.respond(200, kind="application/x-protobuf")


def run_service(directory, wrapper, env):
    """The service under a wrapper, such as valgrind, from its start until it has ended."""
    log = directory / "log.json"
    with labtest.HttpThread(Collector) as collector:
        service = labtest.Engine("service", [*wrapper, shops.program("tests/cost/minishop_counted"), "--listen", "127.0.0.1:0",
                                             "--log-file", log], directory, None,
                                 labtest.environment(shops.variables(shops.CALM), {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}, env))
        with service:
            ready = labtest.wait_until("the service is ready", lambda: log.read_text().startswith("{") and log.read_text().splitlines()[0])
            drive(int(json.loads(ready)["listen"].rpartition(":")[2]))
            labtest.expect("the exit status of the service", service.stop(timeout=60), 0)


def run_library(directory, wrapper, env):
    """The library's operations under a wrapper. Returns their names."""
    done = subprocess.run([*wrapper, shops.program("tests/cost/library_operations")], cwd=directory, env=labtest.environment(env),
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=120)
    if done.returncode == labtest.SKIPPED:
        raise labtest.Skip("this machine does not let a process trace its child")
    labtest.expect("the exit status of library_operations", done.returncode, 0)
    return [line.split(" ", 1)[1] for line in done.stderr.splitlines() if line.startswith("operation ")]


def thread_lines(path):
    """"TID COUNT ..." lines as the counts of the threads in the order of their creation."""
    rows = sorted([int(word) for word in line.split()] for line in path.read_text().splitlines())
    return [row[1] for row in rows]


def valgrind_totals(directory):
    """The instructions of the threads in the order of their creation."""
    return [int(re.search(r"^(?:totals|summary): (\d+)", path.read_text(), re.M)[1]) for path in sorted(directory.glob("callgrind.out-*"))]


def measure(unit, run, directory):
    """Calls run while this unit is counted: (result of run, counts of the threads)."""
    directory.mkdir()
    if unit == "allocations":
        return run(directory, [], {"COST_ALLOCATIONS": str(directory / "counts")}), thread_lines(directory / "counts")
    if unit == "calls":
        wrapper = [shops.program("tests/cost/count_calls"), directory / "counts"]
        return run(directory, wrapper, {}), thread_lines(directory / "counts")
    if not shutil.which("valgrind"):
        raise labtest.Skip("valgrind missing")
    wrapper = [shutil.which("valgrind"), "-q", "--tool=callgrind", "--separate-threads=yes", f"--callgrind-out-file={directory}/callgrind.out"]
    return run(directory, wrapper, {}), valgrind_totals(directory)


def differences(names, counts, times):
    """The cost of one repetition of each name. The last threads are two per name."""
    pairs = counts[-2 * len(names):]
    labtest.expect("the number of threads counted", len(pairs), 2 * len(names))
    found = {name: round((pairs[2 * i + 1] - pairs[2 * i]) / times) for i, name in enumerate(names)}
    if min(found.values()) < 0:
        raise labtest.TestFailure(f"many repetitions cost less than few, so these are not the counts of the threads meant: {found}")
    return found


def costs(unit, directory):
    """{what: cost} in this unit."""
    names, library_counts = measure(unit, run_library, directory / f"{unit}-library")
    _, counts = measure(unit, run_service, directory / f"{unit}-service")
    return {**differences(PATHS, counts, MANY - FEW), **differences(names, library_counts, LIBRARY_TIMES)}


def versions():
    return " ".join(f"{name}-{subprocess.run(['pkg-config', '--modversion', name], capture_output=True, text=True).stdout.strip()}"
                    for name in LIBRARIES)


def read_budgets():
    """(library versions, {(what, unit): budget})"""
    recorded, budgets = "", {}
    for line in BUDGETS.read_text().splitlines():
        if line.startswith("# libraries: "):
            recorded = line.split(": ", 1)[1]
        elif line and not line.startswith("#"):
            budget, _, unit, what = line.split(None, 3)
            budgets[what, unit] = int(budget)
    return recorded, budgets


def record(measured):
    head = BUDGETS.read_text().split("# libraries: ")[0]
    rows = [f"{round(value * HEADROOM[unit]):>8} {value:>9}  {unit:13} {what}"
            for unit, values in measured.items() for what, value in values.items()]
    BUDGETS.write_text(f"{head}# libraries: {versions()}\n# budget  measured  unit          what\n" + "\n".join(rows) + "\n")
    print(f"wrote {BUDGETS}")


def compare(unit, values):
    """Prints a line for each path. Returns how many are above their budget."""
    above = 0
    for what, value in values.items():
        budget = read_budgets()[1].get((what, unit), 0)
        above += value > budget
        print(f"{'ok  ' if value <= budget else 'FAIL'} {what}: {value} {unit}, budget {budget}", flush=True)
    return above


def main():
    build = subprocess.run([shops.program("tests/cost/library_operations"), "build"], capture_output=True, text=True).stdout.strip()
    recording = sys.argv[1:] == ["--record"]
    if build == "uncountable":
        print("SKIP cost_test.py: a sanitizer or another C library than glibc changes the counts")
        sys.exit(labtest.SKIPPED)
    if not recording and read_budgets()[0] != versions():
        print(f"SKIP cost_test.py: the budgets are for {read_budgets()[0]}, and this machine has {versions()}")
        sys.exit(labtest.SKIPPED)
    measured, above = {}, 0
    with tempfile.TemporaryDirectory(prefix="minishop-cost-") as directory:
        for unit in HEADROOM:
            try:
                if unit == "instructions" and build == "unoptimized":
                    raise labtest.Skip("this build is not optimized")
                measured[unit] = costs(unit, pathlib.Path(directory))
            except labtest.Skip as skip:
                print(f"SKIP {unit}: {skip}")
                continue
            above += 0 if recording else compare(unit, measured[unit])
    if recording:
        record(measured)
    if above:
        print(f"{above} counts are above their budget. Make the path cheaper. If the cost is intended, run"
              " \"tests/cost/cost.sh --record\" in the build directory and say why in the commit.")
        sys.exit(1)


labtest.run_main(main)
