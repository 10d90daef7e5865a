#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shutdown, and failing collectors: SIGTERM under load loses no span or log line, 1,000 requests in flight are
finished, and a collector that is absent, slow, busy or hanging delays neither clients nor the shutdown beyond its deadline."""
import asyncio
import errno
import json
import os
import signal
import socket
import threading
import time

import collector as collectors
import labtest
import shop as shops
from exporter_test import dropped, exported
from labtest import TestFailure, expect, wait_until

DEADLINE_S = 8


def nothing_lost(shop, collector, responses):
    """Each order with a response has its log line and its two spans."""
    logged = {record.get("trace_id") for record in shop.records() if record["message"] == "order created"}
    traces = collector.by_trace()
    made = [response for response in responses if response.status == 201]
    without_line = [response.trace_id for response in made if response.trace_id not in logged]
    without_spans = [response.trace_id for response in made if len(traces.get(response.trace_id, [])) != 2]
    if without_line or without_spans:
        raise TestFailure(f"of {len(made)} orders, {len(without_line)} have no log line (such as {without_line[:3]}), "
                          f"{len(without_spans)} have not their two spans (such as {without_spans[:3]})")
    if not made:
        raise TestFailure("not one order was made")


def leaves(shop, within=DEADLINE_S + 1):
    """Sends SIGTERM; the service must exit with 0 in time. Returns the seconds."""
    with labtest.Lateness() as machine:
        status, seconds = shop.terminate()
    expect("exit status", status, 0)
    machine.expect_quick("its end", seconds, within)
    return seconds


async def keep_ordering(port, responses):
    """Orders on one connection until the service closes it or refuses a new one."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            return
        try:
            while True:
                writer.write(shops.post("/order"))
                response = await shops.read_response(reader)
                if response is None:
                    break
                responses.append(response)
                if response.headers.get("connection", "").lower() == "close":
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()


def test_sigterm_under_load(directory):
    """32 clients order without a pause. Each order with a response is in the log and in the traces; no response is cut."""
    async def day(shop):
        responses = []
        customers = [asyncio.create_task(keep_ordering(shop.port, responses)) for _ in range(32)]
        await asyncio.sleep(2)
        shop.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(asyncio.gather(*customers), 60)
        return responses

    with collectors.Collector() as collector, shops.Shop(directory, {"inventory.latency_ms": 8}, collector.url,
                                                         {"OTEL_BSP_SCHEDULE_DELAY": "5000"}) as shop:
        responses = asyncio.run(day(shop))
        process = shop.process
        wait_until("the end", lambda: process.poll() is not None)
        expect("exit status", process.returncode, 0)
        for response in responses:
            if response.status not in (201, 503):
                raise TestFailure(f"a response {response.status}: {response.body!r}")
            if response.status == 503 and "retry-after" not in response.headers:
                raise TestFailure("503 without Retry-After")
        nothing_lost(shop, collector, responses)
        labtest.figure(f"{len(responses)} responses, {sum(response.status == 503 for response in responses)} of them 503; no line and no span lost")


def test_a_thousand_in_flight(directory):
    """All requests are finished: 1,000 responses, 1,000 lines, 2,000 spans."""
    labtest.need_files(3000)

    async def customer(port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(shops.post("/order"))
        response = await shops.read_response(reader)
        writer.close()
        return response

    async def day(shop):
        customers = [asyncio.create_task(customer(shop.port)) for _ in range(1000)]
        metrics = lambda: shop.metrics()["minishop_requests_in_flight"]  # noqa: E731
        deadline = time.monotonic() + 60
        while await asyncio.to_thread(metrics) < 1000:
            if time.monotonic() > deadline:
                raise TestFailure("1,000 requests are not in flight")
            await asyncio.sleep(0.05)
        shop.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(asyncio.gather(*customers), 60)

    # Log-normal around 6 s. The clients need a second to come together on two idle cores, and the quickest order takes two. The slowest takes 16.
    settings = {"inventory.latency_ms": 6000, "shutdown_s": 60}
    with collectors.Collector() as collector, shops.Shop(directory, settings, collector.url) as shop:
        responses = asyncio.run(day(shop))
        process = shop.process
        wait_until("the end", lambda: process.poll() is not None)
        expect("exit status", process.returncode, 0)
        expect("statuses", {None if response is None else response.status for response in responses}, {201})
        nothing_lost(shop, collector, responses)
        labtest.figure(f"{len(responses)} of 1,000 got a response")


def test_second_signal_ends_at_once(directory):
    with shops.Shop(directory, {"inventory.latency_ms": 60000}) as shop, shop.connect() as sock:
        sock.sendall(shops.post("/order"))
        wait_until("the order is in flight", lambda: shop.metrics()["minishop_requests_in_flight"] >= 2)
        shop.process.send_signal(signal.SIGTERM)
        shop.logged(message="service stopping")
        expect("it waits for the order", shop.process.poll(), None)
        began = time.monotonic()
        shop.process.send_signal(signal.SIGTERM)
        expect("exit status", shop.process.wait(DEADLINE_S / 2), 1)  # the end of the order, and the deadline, are later
        labtest.figure(f"after {1000 * (time.monotonic() - began):.0f} ms")


def responds(shop):
    try:
        return shop.get("/readyz")
    except OSError:
        return None


def test_draining_refuses_new_customers(directory):
    """While it drains, the service is not ready, and tells clients to retry later."""
    with shops.Shop(directory, {"inventory.latency_ms": 5000, "shutdown_s": 30}) as shop, shop.connect() as busy, shop.connect() as waiting:
        busy.sendall(shops.post("/order"))
        wait_until("the order is in flight", lambda: shop.metrics()["minishop_requests_in_flight"] >= 2)
        shop.process.send_signal(signal.SIGTERM)
        shop.logged(message="service stopping")
        wait_until("a new connection gets no response", lambda: not responds(shop))
        expect("it drains", shop.process.poll(), None)
        waiting.sendall(shops.post("/order"))
        raw = shops.read_all(waiting)
        if raw and not raw.startswith(b"HTTP/1.1 503"):
            raise TestFailure(f"an open connection gets a new order while it drains: {raw[:100]!r}")
        if not shops.read_all(busy).startswith(b"HTTP/1.1 201"):
            raise TestFailure("the order in flight was not finished")


def order_quickly(shop, count):
    """Sends this many orders. None may take long, regardless of the collector. Returns (responses, seconds of the slowest)."""
    responses, slowest = [], 0
    with labtest.Lateness() as machine:
        for _ in range(count):
            began = time.monotonic()
            responses.append(shop.order())
            slowest = max(slowest, time.monotonic() - began)
    machine.expect_quick("an order", slowest, 0.5)
    return responses, slowest


def test_collector_absent(directory):
    """Each span is counted as dropped, with the reason. The last log line has the number of those that were left at the end."""
    env = {"OTEL_EXPORTER_OTLP_TIMEOUT": "1000", "OTEL_BSP_SCHEDULE_DELAY": "3000"}  # the last spans wait longer than the test
    with shops.Shop(directory, None, f"http://127.0.0.1:{labtest.free_port()}", env) as shop:
        _, slowest = order_quickly(shop, 50)
        wait_until("each span is counted as dropped", lambda: sum(dropped(shop).values()) >= 100)
        metrics = shop.metrics()
        expect("spans started, exported and dropped", (metrics["telemetry_spans_started_total"], exported(shop), dropped(shop)),
               (100, 0, {"export_failed": 100}))
        wait_until("the failure is in the log", lambda: any(
            "export" in record["message"] and record["level"] in ("WARN", "ERROR") for record in shop.records()))
        order_quickly(shop, 5)
        leaves(shop)
        expect("spans lost at the end", [record["spans_lost"] for record in shop.records() if record["message"] == "service stopped"], [10])
        complaints = [record for record in shop.records() if "export" in record["message"]]
        if len(complaints) > 10:
            raise TestFailure(f"it complains {len(complaints)} times")
        labtest.figure(f"slowest of 50 orders {1000 * slowest:.0f} ms, 100 of 100 spans dropped and counted, 10 of 10 lost at the end")


def test_collector_slow(directory):
    def slow(_):
        time.sleep(2)
        return 200

    with collectors.Collector(slow) as collector, shops.Shop(directory, None, collector.url) as shop:
        responses, _ = order_quickly(shop, 100)
        leaves(shop)
        nothing_lost(shop, collector, responses)


def test_collector_busy(directory):
    """After 503 with Retry-After, the exporter waits that long and retries, and each span arrives once."""
    times = []

    def busy(number):
        times.append(time.monotonic())
        return (503, {"Retry-After": "2"}) if number == 0 else 200

    with collectors.Collector(busy) as collector, shops.Shop(directory, None, collector.url) as shop:
        responses, _ = order_quickly(shop, 20)
        wait_until("all arrive", lambda: len(collector.spans) >= 40)
        if times[1] - times[0] < 1.9:
            raise TestFailure(f"it came again after {times[1] - times[0]:.1f} s although told to wait 2 s")
        leaves(shop)
        nothing_lost(shop, collector, responses)
        expect("spans", len(collector.spans), 40)


def test_collector_that_refuses_for_good(directory):
    """400 is final: the spans are dropped and counted by reason, without a retry."""
    with collectors.Collector(lambda _: 400) as collector, shops.Shop(directory, None, collector.url) as shop:
        order_quickly(shop, 10)
        wait_until("they are counted as dropped", lambda: shop.metrics()["telemetry_spans_dropped_total"] == 20)
        time.sleep(1)
        if len(collector.requests) > 20:
            raise TestFailure(f"{len(collector.requests)} requests for 20 spans")
        leaves(shop)


def test_collector_hangs_at_shutdown(directory):
    """The collector never responds. The service exits within its deadline and reports the lost spans."""
    with collectors.Collector(lambda _: None) as collector, shops.Shop(directory, None, collector.url) as shop:
        order_quickly(shop, 30)
        seconds = leaves(shop)
        stopped = [record for record in shop.records() if record["message"] == "service stopped"]
        expect("what the last line says is lost", [record["spans_lost"] for record in stopped], [60])
        labtest.figure(f"after {seconds:.1f} s; the limit is {DEADLINE_S} s")


def leaves_with_loss(shop, shutdown_s, spans):
    """The service exits in time, with 0. Its last line has the number of lost spans, and standard error is empty."""
    seconds = leaves(shop, shutdown_s + 0.5)
    last = shop.records()[-1]
    expect("the last line", {key: last.get(key) for key in ("message", "level", "spans_lost", "requests_lost")},
           {"message": "service stopped", "level": "WARN", "spans_lost": spans, "requests_lost": 0})
    expect("standard error", shop.log_tail(), "")
    print(f"     it left after {seconds:.2f} s of {shutdown_s}")


def test_collector_that_never_answers_and_little_time(directory):
    with collectors.Collector(lambda _: None) as collector, shops.Shop(directory, {"shutdown_s": 1}, collector.url) as shop:
        order_quickly(shop, 10)
        leaves_with_loss(shop, 1, 20)


def hanging_exporter(directory, shutdown_s, comes_back_after=None):
    """libcurl hangs while it reads the CA certificate from a FIFO into which nobody writes. No deadline ends that. This many seconds
    after SIGTERM the writer closes the FIFO; None: not while the service lives."""
    fifo = directory / "ca.pem"
    os.mkfifo(fifo)

    def open_writer():
        try:
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            expect("why the FIFO cannot be opened", error.errno, errno.ENXIO)  # no process reads it yet
            return None

    with socket.create_server(("127.0.0.1", 0)) as server, shops.Shop(
            directory, {"shutdown_s": shutdown_s}, f"https://127.0.0.1:{server.getsockname()[1]}",
            {"OTEL_EXPORTER_OTLP_CERTIFICATE": str(fifo)}) as shop:
        order_quickly(shop, 10)
        writer = wait_until("the exporter hangs", open_writer)
        timer = threading.Timer(comes_back_after or 60, os.close, [writer])
        timer.start()
        leaves_with_loss(shop, shutdown_s, 20)
        timer.cancel()


def test_exporter_hangs(directory):
    hanging_exporter(directory, 8)


def test_exporter_hangs_and_little_time(directory):
    hanging_exporter(directory, 1)


def test_exporter_hangs_and_comes_back(directory):
    """The writer closes just before, while and after the service abandons the thread. AddressSanitizer detects bad accesses of the thread."""
    for delay in (0.5, 0.75, 0.8, 0.81):
        run = directory / str(delay)
        run.mkdir()
        hanging_exporter(run, 1, delay)


def lines_lost(shop):
    return {labels["reason"]: int(value) for name, labels, value in shop.metrics().samples
            if name == "telemetry_log_lines_dropped_total" and value}


def test_log_disk_full(directory):
    """The service keeps responding. Each lost line is counted: "service ready", and one for each order."""
    with shops.Shop(directory, log="/dev/full") as shop:
        _, slowest = order_quickly(shop, 50)
        wait_until("the lost lines are counted", lambda: sum(lines_lost(shop).values()) >= 51)
        expect("an order afterwards", shop.order().status, 201)
        wait_until("its line is counted", lambda: sum(lines_lost(shop).values()) >= 52)
        expect("lost lines", lines_lost(shop), {"write_error": 52})
        labtest.figure(f"slowest of 50 orders {1000 * slowest:.0f} ms, 52 of 52 lines lost and counted")
        leaves(shop)


def test_log_that_nobody_reads(directory):
    """The log is a pipe, which is soon full: writing to it blocks. Each line is read at the end, or counted as lost."""
    fifo = directory / "log"
    os.mkfifo(fifo)
    orders, lines = 1000, []
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with shops.Shop(directory, {"log.queue": 256}, log=fifo) as shop:
        os.set_blocking(reader, True)
        _, slowest = order_quickly(shop, orders)
        lost = lines_lost(shop)  # the writer is blocked: this changes no more
        expect("reasons", list(lost), ["queue_full"])
        with open(reader) as pipe:
            thread = threading.Thread(target=lambda: lines.extend(pipe))
            thread.start()
            leaves(shop)
            thread.join(10)
    told = sum(json.loads(line)["message"] == "order created" for line in lines)
    expect("lines read and lost", told + lost["queue_full"], orders)
    labtest.figure(f"slowest of {orders} orders {1000 * slowest:.0f} ms, {told} lines read, {lost['queue_full']} lost and counted")


if __name__ == "__main__":
    labtest.run_tests(globals())
