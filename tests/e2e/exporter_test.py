#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The export of spans in difficult environments: variables from files, proxies, changing addresses, servers that are
not collectors; and the messages about them."""
import contextlib
import http.server
import os
import pathlib
import socket
import subprocess
import threading

import collector as collectors
import labtest
import shop as shops
from labtest import TestFailure, contains, expect, wait_until

HTML = (200, {"Content-Type": "text/html"}, b"<!DOCTYPE html><title>It works!</title>")


def details(shop, message):
    return [record["detail"] for record in shop.records() if record["message"] == message]


def dropped(shop):
    return {labels["reason"]: int(value) for name, labels, value in shop.metrics().samples
            if name == "telemetry_spans_dropped_total" and value}


def exported(shop):
    return shop.metrics()["telemetry_spans_exported_total"]


def check_config(directory, **env):
    """(exit status, output, warnings) of --check-config with these variables."""
    (directory / "empty.conf").touch()
    done = subprocess.run([shops.program("minishop"), "--config", directory / "empty.conf", "--check-config"], env=labtest.environment(env),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_variables_from_files_end_in_a_newline(directory):
    env = {"OTEL_EXPORTER_OTLP_HEADERS": "\tauthorization=Bearer%20topsecret , x-second = 2\r\n",
           "OTEL_SERVICE_NAME": "my shop\n", "OTEL_RESOURCE_ATTRIBUTES": "team=x\n", "MINISHOP_INSTANCE": " i:1\n"}
    with collectors.Collector() as collector, shops.Shop(directory, collector=collector.url + "\n", env=env) as shop:
        shop.order()
        spans = collector.wait_for(2)
        headers = collector.requests[0][1]
        expect("headers", (headers.get("authorization"), headers.get("x-second")), ("Bearer topsecret", "2"))
        expect("resource", [spans[0].resource.get(key) for key in ("service.name", "team", "service.instance.id")],
               ["my shop", "x", "i:1"])
        expect("warnings", details(shop, "configuration warning"), [])


def test_one_bad_pair_does_not_spoil_the_list(directory):
    env = {"OTEL_EXPORTER_OTLP_HEADERS": "x-first=1,topsecret,x-bad=topsecret%zz,x-last=4",
           "OTEL_RESOURCE_ATTRIBUTES": "first=1,second=%,third=3"}
    with collectors.Collector() as collector, shops.Shop(directory, collector=collector.url, env=env) as shop:
        shop.order()
        resource = collector.wait_for(2)[0].resource
        headers = collector.requests[0][1]
        expect("headers", [headers.get(name) for name in ("x-first", "x-bad", "x-last")], ["1", None, "4"])
        expect("resource", [resource.get(name) for name in ("first", "second", "third")], ["1", None, "3"])
        said = "\n".join(details(shop, "configuration warning"))
        contains(said, "OTEL_EXPORTER_OTLP_HEADERS: pair 2 ", "pair 3 (x-bad)", "OTEL_RESOURCE_ATTRIBUTES: pair 2 (second)")
        if "topsecret" in shop.json_log.read_text():
            raise TestFailure(f"a secret is told: {said}")


def test_a_retry_that_works_is_no_recovery(directory):
    statuses = [(503, {"Retry-After": "0"}), 429, 200]
    behave = lambda number: statuses[min(number, len(statuses) - 1)]  # noqa: E731
    with collectors.Collector(behave) as collector, shops.Shop(directory, collector=collector.url) as shop:
        shop.order()
        collector.wait_for(2)
        wait_until("it is counted", lambda: exported(shop) == 2)
        said = [record["message"] for record in shop.records() if record["message"].startswith("span export")]
        expect("what is said", said, [])
        expect("dropped", dropped(shop), {})


def test_a_success_is_a_collectors(directory):
    """A web server that returns 200 has stored nothing. The log says so once, the loss is counted, and the log reports the recovery."""
    responses = [HTML, (200, {"Content-Type": "application/json"}, b'{"status":"ok"}'), (200, {"Content-Type": "text/plain"}), 200]
    behave = lambda number: responses[min(number, len(responses) - 1)]  # noqa: E731
    with collectors.Collector(behave) as collector, shops.Shop(directory, collector=collector.url) as shop:
        for number in range(len(responses)):
            shop.order()
            wait_until("it is exported", lambda: len(collector.requests) > number)
        wait_until("it is counted", lambda: exported(shop) == 2)
        expect("dropped", dropped(shop), {"not_otlp": 6})
        expect("recoveries logged", len(shop.logged(message="span export recovered")), 1)
        failed = details(shop, "span export failed")
        expect("failures logged", len(failed), 1)
        contains(failed[0], f"{collector.url}/v1/traces responded with 200", "text/html", "<!DOCTYPE html>", "application/x-protobuf", "4318")


class Proxy(labtest.HttpThread):
    """Refuses every request, and records it."""

    def __init__(self):
        self.asked = []
        proxy = self

        class ProxyHandler(labtest.Handler):
            def refuse(self):
                proxy.asked.append(self.path)
                self.body()
                self.respond(502)

            do_GET = do_POST = do_CONNECT = refuse

        super().__init__(ProxyHandler)


def test_loopback_is_direct(directory):
    with collectors.Collector() as collector, Proxy() as proxy:
        env = {name: proxy.url for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")}
        env |= {"no_proxy": "", "NO_PROXY": ""}
        with shops.Shop(directory, collector=collector.url.replace("127.0.0.1", "localhost"), env=env) as shop:
            shop.order()
            collector.wait_for(2)
            (directory / "empty.conf").touch()
            checked = subprocess.run([shops.program("minishop"), "--healthcheck", "--config", directory / "empty.conf", "--listen",
                                      f"127.0.0.1:{shop.port}"], env={**os.environ, **env}, timeout=60)
            expect("health check", checked.returncode, 0)
        expect("the proxy was asked for", proxy.asked, [])


def test_the_proxy_is_obeyed_and_named(directory):
    with Proxy() as proxy:
        env = {"http_proxy": f"http://user:topsecret@127.0.0.1:{proxy.port}\n", "no_proxy": "", "NO_PROXY": "",
               "OTEL_EXPORTER_OTLP_TIMEOUT": "1500"}
        with shops.Shop(directory, collector="http://collector.test:4318", env=env) as shop:
            shop.order()
            said = shop.logged(message="span export failed")[0]["detail"]
            contains(said, f"through the proxy http://127.0.0.1:{proxy.port} (http_proxy)", "502")
            if "topsecret" in shop.json_log.read_text():
                raise TestFailure(f"the proxy's password is told: {said}")
        expect("the proxy was asked for", set(proxy.asked), {"http://collector.test:4318/v1/traces"})
        # As a tunnel.
        with shops.Shop(directory, collector="https://collector.test", env={**env, "https_proxy": env["http_proxy"]},
                        log=directory / "tunnel.json") as shop:
            shop.order()
            said = shop.logged(message="span export failed")[0]["detail"]
            contains(said, "502", f"through the proxy http://127.0.0.1:{proxy.port} (https_proxy): hosts in no_proxy are contacted directly")
        # Not through the proxy for an excepted host, whose name does not exist.
        with shops.Shop(directory, collector="http://collector.test:4318", env={**env, "NO_PROXY": ".test"},
                        log=directory / "excepted.json") as shop:
            asked = len(proxy.asked)
            shop.order()
            shop.logged(message="span export failed")
            expect("the proxy was asked", len(proxy.asked), asked)


def test_a_collector_with_another_address(directory):
    """The collector gets a new address, like a recreated container. A hosts file in the service's mount namespace has its name."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        raise labtest.Skip("needs root and a mount namespace")
    hosts = pathlib.Path(directory) / "hosts"
    hosts.write_text("127.0.0.2 collector.test\n")
    port = labtest.free_port()
    seen, connections = [], []

    class TakerHandler(labtest.Handler):
        def setup(self):
            super().setup()
            connections.append(self.connection)

        def do_POST(self):
            self.body()
            seen.append(self.server.server_address[0])
            self.respond(200, b"", "application/x-protobuf")

    @contextlib.contextmanager
    def taker(address):
        server = http.server.ThreadingHTTPServer((address, port), TakerHandler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
            for connection in connections:  # they go with it, as a container's do
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    class Housed(shops.Shop):
        def start(self, timeout=60.0):
            self.argv = ["unshare", "-m", "sh", "-c", f'mount --bind "{hosts}" /etc/hosts && exec "$@"', "sh", *self.argv]
            return super().start(timeout)

    with Housed(directory, collector=f"http://collector.test:{port}", env={"OTEL_EXPORTER_OTLP_TIMEOUT": "1000", "no_proxy": "*"}) as shop:
        shop.order()  # nothing listens there yet
        shop.logged(message="span export failed")
        for address in ("127.0.0.3", "127.0.0.4"):
            hosts.write_text(f"{address} collector.test\n")
            with taker(address):
                shop.order()
                wait_until(f"spans arrive at {address}", lambda: address in seen)


def test_check_config_tells_what_is_probably_wrong(directory):
    for env, parts in (
            ({"OTEL_TRACES_EXPORTER": "zipkin"}, ["OTEL_TRACES_EXPORTER: invalid value 'zipkin' (one of: otlp, console, none)"]),
            ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, ["OTEL_EXPORTER_OTLP_PROTOCOL", "'grpc'", "http/protobuf", "4318"]),
            ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317"}, ["OTEL_EXPORTER_OTLP_ENDPOINT", "4317", "gRPC", "4318"]),
            ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318/v1/traces"}, ["v1/traces is appended", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]),
            ({"OTEL_EXPORTER_OTLP_ENDPOINT": "c:4318"}, ["'c:4318'", "write http://c:4318"]),
            ({"MINISHOP_TRACES_ENDPOINT": "http://c:4317"}, ["traces.endpoint: port 4317"]),
            ({"OTEL_TRACE_EXPORTER": "none"}, ["unknown variable OTEL_TRACE_EXPORTER", "did you mean OTEL_TRACES_EXPORTER?"]),
            ({"MINISHOP_LOGLEVEL": "info"}, ["unknown variable MINISHOP_LOGLEVEL", "did you mean MINISHOP_LOG_LEVEL?"]),
            ({"OTEL_EXPORTER_OTLP_HEADERS": "a=topsecret,topsecret"}, ["pair 2 is left out"])):
        status, out, err = check_config(directory, **env)
        expect(f"exit status with {env}", status, 0)
        contains(err, *parts)
        if "topsecret" in out + err:
            raise TestFailure(f"a secret is told: {out} {err}")
    status, out, err = check_config(directory, OTEL_BSP_MAX_QUEUE_SIZE="77", OTEL_EXPORTER_OTLP_HEADERS="a=topsecret\n",
                                    OTEL_EXPORTER_OTLP_ENDPOINT="http://u:topsecret@c:4318", http_proxy="http://u:topsecret@p:1")
    expect("exit status and warnings", (status, err), (0, ""))
    contains(out, "# OTEL_BSP_MAX_QUEUE_SIZE = 77 # the environment", "# OTEL_TRACES_EXPORTER = otlp # the default",
             "# OTEL_BSP_MAX_EXPORT_BATCH_SIZE = 8192, or OTEL_BSP_MAX_QUEUE_SIZE if that is less # the default",
             "# OTEL_EXPORTER_OTLP_HEADERS = a=(hidden)", "# Spans go to http://c:4318/v1/traces, through the proxy http://p:1 (http_proxy)")
    if "topsecret" in out:
        raise TestFailure(f"a secret is told: {out}")


def test_the_lab_asks_no_proxy(directory):
    """./lab and these tests send requests only to this machine."""
    with Proxy() as proxy, labtest.SlackReceiver() as here:
        for other in ({}, {"no_proxy": "corp.test"}, {"NO_PROXY": "*"}):
            env = {**os.environ, "http_proxy": proxy.url, "all_proxy": proxy.url, "no_proxy": "", "NO_PROXY": "", **other}
            # The first lines of ./lab, up to its parts, then its health check.
            script = (labtest.TOP / "lab").read_text().split("\n. lab.d/")[0].replace('$(dirname -- "$0")', str(labtest.TOP))
            asked = subprocess.run(["sh", "-c", f"{script}\ncurl -fs -m 20 {here.url}/ && curl -fs -m 20 http://localhost:{here.port}/"],
                                   env={**env, "LAB_DIR": str(directory)}, capture_output=True, text=True, timeout=60)
            expect(f"curl with {other}", (asked.returncode, asked.stderr), (0, ""))
        expect("the proxy was asked for", proxy.asked, [])


if __name__ == "__main__":
    labtest.run_tests(globals())
