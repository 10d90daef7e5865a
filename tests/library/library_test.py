# SPDX-License-Identifier: MIT
"""The telemetry library as another program uses it: installed, found by pkg-config, without access to this tree."""
import collections
import ctypes
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import collector  # noqa: E402
import labtest  # noqa: E402
import public_api  # noqa: E402
import shop  # noqa: E402
from labtest import Skip, TestFailure, claim, expect, wait_until  # noqa: E402

CFLAGS = ["-Wall", "-Wextra", "-Werror"]
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def installed():
    """The prefix of the build, with the installed files."""
    build = shop.program("libtel.la").parent
    makefile = (build / "Makefile").read_text()
    prefix = labtest.pathlib.Path(re.search(r"^prefix = (.*)$", makefile, re.M)[1])
    if not str(prefix).startswith(str(build)):
        raise Skip(f"{build} is configured for {prefix}; this test installs only below the build")
    if "-fsanitize" in makefile:
        raise Skip("a sanitizer's runtime would have to be loaded first")
    labtest.output("make", "-s", "-C", build, "install")
    return prefix


def pkg_config(prefix, *arguments):
    env = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}
    return labtest.output("pkg-config", *arguments, env=env).split()


def compile_program(prefix, directory, source, package, compiler=("cc", "-std=gnu11"), extra=()):
    output = directory / source.stem
    subprocess.run([*compiler, *CFLAGS, source, "-o", output, *pkg_config(prefix, "--cflags", "--libs", package), *extra],
                   check=True)
    return output


def environment(prefix, endpoint=None, **more):
    env = labtest.environment({"LD_LIBRARY_PATH": str(prefix / "lib"), "OTEL_TRACES_EXPORTER": "none"}, more)
    if endpoint:
        env.update(OTEL_TRACES_EXPORTER="otlp", OTEL_EXPORTER_OTLP_ENDPOINT=endpoint, OTEL_BSP_SCHEDULE_DELAY="100")
    return env


class Program:
    """A compiled program with its port as its first argument, which stops at the end of its input, or on SIGTERM (signalled)."""
    signalled = False

    def __init__(self, path, directory, env, *arguments, session=False, signalled=False):
        self.signalled = signalled
        self.port = labtest.free_port()
        self.host = "::1" if "ipv6" in arguments else "127.0.0.1"
        self.output = directory / f"output-{self.port}"
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen([path, str(self.port), *arguments], stdin=subprocess.PIPE, stdout=output,
                                            stderr=subprocess.STDOUT, env=env, start_new_session=session)

    def __enter__(self):
        wait_until("the program listens", lambda: socket.create_connection((self.host, self.port), 1).close() or True)
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self.process.stdin.close()
        if self.signalled:
            self.process.terminate()
        return self.process.wait(60)

    def connect(self):
        return socket.create_connection((self.host, self.port), 20)

    def raw(self, method, target, headers=(), body=b""):
        """The whole response as bytes, without its Date: until the server closes, or sends nothing for half a second on an upgraded connection."""
        lines = [f"{method} {target} HTTP/1.1", "Host: edge", *headers, f"Content-Length: {len(body)}"]
        upgrade = any("pgrade" in header for header in headers)
        if not upgrade:
            lines.append("Connection: close")
        with self.connect() as connection:
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            response = b""
            try:
                while part := connection.recv(65536):
                    response += part
                    connection.settimeout(0.5 if upgrade else 20)
            except (TimeoutError, ConnectionResetError):
                pass
        return re.sub(rb"Date: [^\r]*\r\n", b"", response)

    def send(self, request, response_size=0, reset=False):
        """Sends these bytes, reads this many bytes of the response (None: until its end), and disconnects. Returns the bytes read."""
        with self.connect() as connection:
            connection.sendall(request)
            response = b""
            while response_size is None or len(response) < response_size:
                part = connection.recv(65536)
                if not part:
                    break
                response += part
            if reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return response

    def lines(self):
        # the writer may be in the middle of the last line
        return [json.loads(line) for line in self.output.read_text().split("\n")[:-1] if line.startswith("{")]

    def line(self, **fields):
        """Waits for the one request line with these fields."""
        def found():
            return [line for line in self.lines() if fields.items() <= line.items()]
        wait_until(f"a line with {fields}", found)
        [line] = found()
        return line

    def metrics(self):
        status, _, text = labtest.http_request(self.port, "GET", "/metrics", host=self.host)
        expect("the status of /metrics", status, 200)
        return dict(line.rsplit(" ", 1) for line in text.decode().splitlines() if not line.startswith("#"))


def test_the_ulfius_example_has_all_three_signals(directory):
    prefix = installed()
    program = compile_program(prefix, directory, labtest.TOP / "examples/hello_ulfius.c", "tel-ulfius")
    with collector.Collector() as sink:
        with Program(program, directory, environment(prefix, sink.url), signalled=True) as hello:
            response = hello.raw("GET", "/hello/Ada", [f"traceparent: {TRACEPARENT}"])
            claim("it responds", response.endswith(b"Hello Ada\n"), response)
            [span] = sink.wait_for(1)
            metrics = hello.metrics()
            expect("the counter", metrics['request_total{method="GET",route="/hello/:name",status="200"}'], "1")
            expect("the histogram", metrics['request_duration_seconds_count{method="GET",route="/hello/:name"}'], "1")
            expect("exit status", hello.end(), 0)
            [line] = [line for line in hello.lines() if line["message"] == "request answered"]
        expect("the span's name", span.name, "GET /hello/:name")
        expect("its kind", span.kind, collector.SERVER)
        expect("its trace", (span.trace_id, span.parent_id), (TRACEPARENT[3:35], TRACEPARENT[36:52]))
        for key, value in {"http.request.method": "GET", "http.route": "/hello/:name", "url.path": "/hello/Ada",
                           "url.scheme": "http", "http.response.status_code": 200, "client.address": "127.0.0.1"}.items():
            expect(key, span.attributes.get(key), value)
        expect("service.name", span.resource["service.name"], "hello")
        expect("the line's ids", (line["trace_id"], line["span_id"]), (span.trace_id, span.span_id))
        expect("the handler's own field", line["greeted"], "Ada")
        expect("no word of another program", "minishop" in json.dumps(line), False)


def test_a_program_without_a_server(directory):
    prefix = installed()
    program = compile_program(prefix, directory, labtest.TOP / "examples/no_server.c", "tel")
    with collector.Collector() as sink:
        run = subprocess.run([program], env=environment(prefix, sink.url), capture_output=True, text=True, timeout=60)
        expect("exit status", run.returncode, 0)
        names = sorted(span.name for span in sink.wait_for(2))
        expect("the spans", names, ["job", "step"])
        claim("the counter is exposed", "\nitems_total 3\n" in run.stderr, run.stderr)
        line = json.loads(run.stdout)
        expect("the line's trace", line["trace_id"], sink.spans[0].trace_id)


def test_metrics_alone(directory):
    prefix = installed()
    program = compile_program(prefix, directory, labtest.TOP / "examples/metrics_only.c", "tel")
    with Program(program, directory, environment(prefix), signalled=True) as server:
        metrics = server.metrics()
        claim("its own counter", int(metrics["hits_total"]) >= 1, metrics)
        claim("a gauge that is read at the scrape", float(metrics["uptime_seconds"]) >= 0)
        expect("threads", len(os.listdir(f"/proc/{server.process.pid}/task")), 1)


def scraped(port, series):
    text = labtest.http_get(f"http://127.0.0.1:{port}/metrics")
    return int(re.search(rf"^{re.escape(series)} (\d+)$", text, re.M)[1])


def test_a_server_that_forks_its_workers(directory):
    prefix, ports, requests = installed(), labtest.free_ports(4), 200
    program = compile_program(prefix, directory, labtest.TOP / "examples/prefork.c", "tel")
    with collector.Collector() as sink, Program(program, directory, environment(prefix, sink.url), *map(str, ports), session=True,
                                                        signalled=True) as server:
        wait_until("all workers listen", lambda: [labtest.http_get(f"http://127.0.0.1:{port}/metrics") for port in ports])
        for _ in range(requests):
            expect("the response", labtest.http_get(f"http://127.0.0.1:{server.port}/hello"), "hello\n")
        counts = [scraped(port, 'request_total{method="GET",route="/hello",status="200"}') for port in ports]
        expect("exit status", server.end(), 0)
        lines = [line for line in server.lines() if line.get("path") == "/hello"]
    expect("requests that the workers counted", sum(counts), requests)
    by_worker = collections.Counter(line["worker"] for line in lines)
    expect("lines of each worker", sorted(by_worker.values()), sorted(count for count in counts if count))
    expect("spans", len({span.span_id for span in sink.spans}), requests)
    expect("instances", len({span.resource["service.instance.id"] for span in sink.spans}), len(by_worker))


def static_libraries(prefix, *names):
    """The linker options for these libraries as archives. Their dependencies are shared, because distributions lack some archives: those that
    pkg-config knows, and nothing else."""
    own = {name.removeprefix("lib") for name in names}
    needs = pkg_config(prefix, "--print-requires", "--print-requires-private", *own)
    private = re.search(r"^Libs.private: (.*)$", (prefix / "lib/pkgconfig/tel.pc").read_text(), re.M)[1].split()
    return [*(f"{prefix}/lib/{name}.a" for name in names), *pkg_config(prefix, "--libs", *(set(needs) - own)), *private]


def compile_static(prefix, program, sources, *libraries):
    subprocess.run(["cc", *CFLAGS, *sources, "-o", program, f"-I{prefix}/include", *static_libraries(prefix, *libraries)], check=True)
    return {**environment(prefix), "LD_LIBRARY_PATH": ""}


def names_inside(archive):
    """The functions that an archive keeps to itself."""
    symbols = labtest.output("nm", "--defined-only", archive)
    return set(re.findall(r" t ([a-z_][a-z0-9_]*)$", symbols, re.M))


def test_static_linking_with_names_of_its_own(directory):
    """A program may have functions of any name: buf_append, random_bytes, and so on."""
    prefix = installed()
    libc = ctypes.CDLL(None)
    names = {name for library in ("libtel", "libtel-ulfius") for name in names_inside(prefix / f"lib/{library}.a") if not hasattr(libc, name)}
    claim("there are names inside", {"buf_append", "adapter_record_new"} <= names, names)
    own = directory / "own_names.c"
    own.write_text("#include <stdlib.h>\n" + "".join(f"void {name}(void);\nvoid {name}(void) {{ abort(); }}\n" for name in sorted(names)))

    program = directory / "static"
    env = compile_static(prefix, program, [labtest.TOP / "examples/no_server.c", own], "libtel")
    run = subprocess.run([program], env=env, capture_output=True, timeout=30)
    expect("exit status without the shared library", run.returncode, 0)

    program = directory / "static_ulfius"
    env = compile_static(prefix, program, [labtest.TOP / "examples/hello_ulfius.c", own], "libtel-ulfius", "libtel")
    with Program(program, directory, env, signalled=True) as hello:
        response = hello.raw("GET", "/hello/Ada")
        claim("it responds", response.endswith(b"Hello Ada\n"), response)
        expect("the counter", hello.metrics()['request_total{method="GET",route="/hello/:name",status="200"}'], "1")
        expect("exit status", hello.end(), 0)


def test_an_archive_defines_no_other_names(_):
    prefix = installed()
    for library in ("libtel", "libtel-ulfius"):
        symbols = labtest.output("nm", "-g", "--defined-only", prefix / f"lib/{library}.a")
        shared = labtest.output("nm", "-D", "--defined-only", prefix / f"lib/{library}.so")
        names = [set(re.findall(r" [A-Z] (\w+)$", text, re.M)) for text in (symbols, shared)]
        expect(f"{library}.a and {library}.so define the same", names[0] ^ names[1], set())


STRICT = ["-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Werror"]
C, CXX = ["-x", "c", "-std=c11", "-Wc++-compat"], ["-x", "c++", "-std=c++17", "-Wold-style-cast"]
COMPILERS = {"gcc": C, "clang": C, "g++": CXX, "clang++": CXX}


def test_each_header_is_c_and_cxx(directory):
    """Compiles each header alone with each installed compiler; then a program with all of them."""
    prefix = installed()
    flags = pkg_config(prefix, "--cflags", "tel-ulfius")
    present = [compiler for compiler in COMPILERS if shutil.which(compiler)]
    claim("a C and a C++ compiler are there", {"gcc", "clang"} & set(present) and {"g++", "clang++"} & set(present), present)
    source = directory / "alone.c"
    for compiler in present:
        for header in sorted((prefix / "include/tel").glob("*.h")):
            source.write_text(f"#include <tel/{header.name}>\nextern int not_empty;\n")
            run = subprocess.run([compiler, *COMPILERS[compiler], *STRICT, "-fsyntax-only", source, *flags], capture_output=True, text=True)
            if run.returncode:
                raise TestFailure(f"{compiler}: {header.name} alone:\n{run.stderr}")
    for compiler in present:
        program = directory / "headers"
        subprocess.run([compiler, *COMPILERS[compiler], *STRICT, labtest.TOP / "tests/library/headers.c", "-o", program,
                        "-x", "none", *pkg_config(prefix, "--cflags", "--libs", "tel-ulfius")], check=True)
        expect(f"{compiler}'s program", subprocess.run([program], env=environment(prefix), timeout=30).returncode, 0)


def test_a_key_that_is_too_long_does_not_compile(directory):
    """A longer key would put bytes from behind its array into every span."""
    include = f"-I{public_api.HEADERS.parent}"
    source = directory / "key.c"
    for compiler in filter(shutil.which, COMPILERS):
        for size, fits in ((45, True), (46, False), (300, False)):
            source.write_text(f'#include <tel/attributes.h>\nextern const struct tel_key KEY;\nconst struct tel_key KEY = TEL_KEY("{"k" * size}");\n')
            run = subprocess.run([compiler, *COMPILERS[compiler][:3], "-fsyntax-only", source, include], capture_output=True)
            expect(f"{compiler} accepts a key of {size} bytes", run.returncode == 0, fits)


def test_each_function_has_an_installed_page(_):
    pages = installed() / "share/man/man3"
    for _header, name, _prototype in public_api.functions():
        text = (pages / f"{name}.3").read_text()
        if text.startswith(".so "):
            text = (pages.parent / text.split()[1]).read_text()
        if name not in text:
            raise TestFailure(f"{name}(3) says nothing of it")


def test_only_its_own_names_are_exported(directory):
    prefix = installed()
    for library in ("libtel.so", "libtel-ulfius.so"):
        names = labtest.output("nm", "-D", "--defined-only", prefix / "lib" / library).split("\n")
        foreign = [name for name in names if name and not name.split()[-1].startswith("tel_")]
        expect(f"foreign names of {library}", foreign, [])
        stripped = pathlib.Path(directory) / library  # debug information has the path of the sources
        labtest.output("strip", "--strip-debug", "-o", stripped, prefix / "lib" / library)
        text = stripped.read_bytes().replace(os.fsencode(prefix), b"")
        expect(f"{library} names the shop, or where it was built", [word for word in (b"minishop", os.fsencode(labtest.TOP)) if word in text], [])


WEBSOCKET = ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
EDGE_CASES = [
    ("GET", "/returns/continue"), ("POST", "/returns/continue", [], b"a=b"), ("HEAD", "/returns/continue"),
    ("BREW", "/returns/continue"), ("GET", "/returns/ignore"), ("GET", "/returns/complete"), ("GET", "/returns/complete/"),
    ("GET", "/returns/unauthorized"), ("GET", "/returns/error"), ("POST", "/returns/error"), ("GET", "/chain"),
    ("GET", "/chain/one"), ("GET", "/chain/two"), ("GET", "/chain/two?x=%20y"), ("GET", "/borrowed"), ("GET", "/auth/inside"),
    ("GET", "/auth/inside", ["Authorization: Basic YTpi"]), ("GET", "/auth/other"), ("GET", "/ignored"), ("GET", "/stream"), ("HEAD", "/stream"), ("GET", "/breaks"),
    ("GET", "/socket"), ("GET", "/socket", WEBSOCKET), ("GET", "/impossible"), ("GET", "/child"), ("GET", "/"), ("GET", "//"),
    ("GET", "/nothing"), ("DELETE", "/nothing"), ("HEAD", "/nothing"), ("GET", "/%ff"), ("OPTIONS", "*"),
    ("GET", "/child", ["traceparent: nonsense", "traceparent: twice"]), ("GET", "/child", ["X-Bad: \xff\xfe"]),
]


# Without a default endpoint of the program's own, Ulfius counts this callback when it is observed: newer versions would destroy its response.
IGNORED = [("GET", "/socket-ignored", WEBSOCKET)]


def compare(directory, prefix, *arguments, level="observe"):
    program = compile_program(prefix, directory, labtest.TOP / "tests/library/edge_app.c", "tel-ulfius")
    env = environment(prefix)
    with Program(program, directory, env, *arguments) as plain, Program(program, directory, env, level, *arguments) as seen:
        different = []
        for case in EDGE_CASES + ([] if "no-default" in arguments else IGNORED):
            one, other = plain.raw(*case), seen.raw(*case)
            if one != other:
                different.append(f"{case}:\n  {one!r}\n  {other!r}")
        metrics = seen.metrics()
        expect("exit status of both", (plain.end(), seen.end()), (0, 0))
        lines = seen.lines()
    if different:
        raise TestFailure("responses differ:\n" + "\n".join(different))
    return metrics, lines


def test_responses_stay_as_they_were(directory):
    metrics, lines = compare(directory, installed())
    requests = [line for line in lines if line["message"].startswith("request ")]
    expect("lines", len(requests), len(EDGE_CASES + IGNORED))
    counted = sum(int(value) for name, value in metrics.items() if name.startswith("request_total{"))
    expect("requests counted", counted, len(EDGE_CASES + IGNORED))

    def seen(method, route, status):
        return int(metrics.get(f'request_total{{method="{method}",route="{route}",status="{status}"}}', 0))

    expect("the most specific route of a chain", seen("GET", "/chain/two", 200), 2)
    expect("a refusal keeps the route that refused", seen("GET", "/auth/*", 401), 2)
    expect("unauthorized", seen("GET", "/returns/unauthorized", 401), 1)
    expect("an error", seen("GET", "/returns/error", 500), 1)
    expect("a websocket", seen("GET", "/socket", 101), 1)
    expect("no response at all", seen("GET", "/impossible", 0), 1)
    expect("another method", seen("_OTHER", "/returns/continue", 202), 1)
    [line] = [line for line in requests if line["path"] == "/returns/error" and line["method"] == "GET"]
    expect("the bytes of Ulfius's own body", line["response_bytes"], len("Server Error"))
    [line] = [line for line in requests if line["path"] == "/child" and line["status"] == 200][:1]
    expect("the handler's field", line["answer"], 42)


def test_responses_stay_as_they_were_without_a_default_endpoint(directory):
    compare(directory, installed(), "no-default")


def test_responses_stay_as_they_were_from_the_request_line_on(directory):
    prefix = installed()
    for level in ("start", "hooks"):
        metrics, lines = compare(directory, prefix, level=level)
        requests = [line for line in lines if line["message"].startswith("request ")]
        # connections that only check whether the server listens send nothing
        expect(f"{level}: lines", len(requests), len(EDGE_CASES + IGNORED))
        [line] = [line for line in requests if line["path"] == "/stream" and line["method"] == "GET"]
        expect(f"{level}: bytes of a stream", line["response_bytes"], 15)
        [line] = [line for line in requests if line["path"] == "/breaks"]
        expect(f"{level}: a stream that the program broke off", (line["cut"], line["message"]), ("server", "request failed"))
        expect(f"{level}: counted", metrics['error_total{method="GET",route="/breaks",reason="cut"}'], "1")


def run_edge(directory, *arguments):
    prefix = installed()
    program = compile_program(prefix, directory, labtest.TOP / "tests/library/edge_app.c", "tel-ulfius")
    return Program(program, directory, environment(prefix), *arguments)


def test_a_streamed_response_ends_when_the_client_leaves(directory):
    for level in ("observe", "start", "hooks"):
        with run_edge(directory, level) as edge:
            edge.send(b"GET /endless HTTP/1.1\r\nHost: e\r\n\r\n", 100_000, reset=True)
            line = edge.line(path="/endless")
            claim(f"{level}: all bytes are counted", line["response_bytes"] >= 100_000, line)
            expect(f"{level}: the line", (line["status"], line["cut"], line["message"]), (200, "client", "request cut"))
            expect(f"{level}: exit status", edge.end(), 0)


def test_what_callbacks_do_not_see(directory):
    for level in ("start", "hooks"):
        with run_edge(directory, level) as edge:
            if level == "start":  # libmicrohttpd's epoll mode may miss the end of a connection until its timeout
                edge.send(b"POST /child HTTP/1.1\r\nHost: e\r\nContent-Length: 10\r\n\r\nhalf")
                line = edge.line(path="/child")
                expect("a client that left", (line["status"], line.get("cut"), line["route"]), (0, "client", "unmatched"))
            response = edge.send(b"GET /large HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", 12)
            expect(f"{level}: too large a header", response[:12], b"HTTP/1.1 431")
            expect(f"{level}: its status", edge.line(path="/large")["status"], 431)
            edge.send(b"GET /broken HTTP/1.1\r\nHost: e\r\nContent-Length: 1x\r\n\r\n", 12)
            expect(f"{level}: bad framing", edge.line(path="/broken")["status"], 400)
            metrics = edge.metrics()
            expect(f"{level}: refused", metrics['request_total{method="_OTHER",route="unmatched",status="431"}'], "1")
            errors = [name for name, value in metrics.items() if name.startswith("error_total") and "unmatched" in name and value != "0"]
            expect(f"{level}: none is the server's error", errors, [])
            expect(f"{level}: exit status", edge.end(), 0)


def test_a_request_lasts_from_its_request_line(directory):
    with run_edge(directory, "start") as edge:
        with edge.connect() as connection:
            connection.sendall(b"POST /returns/continue HTTP/1.1\r\nHost: e\r\nContent-Length: 4\r\n\r\nha")
            time.sleep(0.2)  # what is measured
            connection.sendall(b"lf")
            connection.recv(1000)
        line = edge.line(path="/returns/continue")
        claim("the body's time counts", line["duration_ms"] >= 100, line)


def test_whole_ipv6_addresses(directory):
    with run_edge(directory, "start", "ipv6") as edge:
        edge.raw("GET", "/child")
        expect("the client", edge.line(path="/child")["client"], "::1")


def test_what_a_client_sends_is_no_format(directory):
    """Ulfius alone crashes on this: its logger uses libmicrohttpd's message, with the client's path, as a format string."""
    with run_edge(directory, "start") as edge:
        for _ in range(200):
            edge.send(b"GET /endless%25s%25s%25s%25n%25n HTTP/1.1\r\nHost: e\r\n\r\n", reset=True)
        expect("exit status", (edge.metrics() and edge.end()), 0)


if __name__ == "__main__":
    labtest.run_tests(globals())
