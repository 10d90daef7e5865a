# SPDX-License-Identifier: MIT
"""Shared by the whole-process tests: free ports, polling, real engines, a Slack stand-in that records messages.

Python 3's standard library only. A test that needs a program calls need(), which ends the test with 77 (skipped) if the program is missing.
"""
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.request

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
OBSERVABILITY = TOP / "observability"
SKIPPED = 77
running = ""  # the test function that runs
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

# Other versions of the engines: PROMETHEUS=/path/to/prometheus ALERTMANAGER=/path/to/alertmanager.
PROMETHEUS = os.environ.get("PROMETHEUS", "prometheus")
ALERTMANAGER = os.environ.get("ALERTMANAGER", "prometheus-alertmanager")


# All requests go to this machine, never through a proxy from the environment.
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))


class Skip(Exception):
    """This test cannot run here; the text says why."""


class TestFailure(Exception):
    """An expectation was not met; the text is for people."""


def expect(what, seen, wanted):
    if seen != wanted:
        raise TestFailure(f"{what}: {seen!r} instead of {wanted!r}")


def contains(text, *parts):
    for part in parts:
        if part not in text:
            raise TestFailure(f"{part!r} is not in:\n{text}")


def without(text, *parts):
    for part in parts:
        if part in text:
            raise TestFailure(f"{part!r} is in:\n{text}")


def figure(text, test=""):
    """Prints a figure that a test has measured. The report of ./lab test has it, and lab.d/promises.py puts it into docs/reliability.md.
    test: the function, where run_tests() does not run it."""
    test = test or running
    print(f"figure: {test}: {text}" if test else f"figure: {text}", flush=True)


def option(name, default):
    """The number of --NAME=NUMBER, which is removed from the command line; without it, the default."""
    for argument in sys.argv[1:]:
        if argument.startswith(f"--{name}="):
            sys.argv.remove(argument)
            return int(argument.partition("=")[2])
    return default


def claim(what, condition, detail=""):
    """One step of a long test: prints a line if the condition holds."""
    if not condition:
        raise TestFailure(f"{what} {detail}")
    print(f"ok   {what}", flush=True)


def need(*programs):
    """Ends the test as skipped, and says why, unless every program is installed."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing:
        print(f"SKIP {pathlib.Path(sys.argv[0]).name}: {', '.join(missing)} missing")
        sys.exit(SKIPPED)


def need_files(count):
    """Raises this process's limit of open files, or skips the test."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise Skip(f"needs {count:,} file descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def at_once(functions):
    """Calls all functions at the same time, each in a thread, and waits until all have returned."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Lateness(threading.Thread):
    """How late this machine wakes a thread that sleeps, while this context manager is entered. A service on the same machine is as late."""
    WAKES = 10  # of an order: the client, the connection's thread, the simulated work, ...

    def __init__(self):
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.longest = 0

    def run(self):
        while not self.over.is_set():
            began = time.monotonic()
            time.sleep(0.005)
            self.longest = max(self.longest, time.monotonic() - began - 0.005)

    def excuses(self, seconds, limit):
        """Whether what took these seconds is within the limit, or later because the machine is busy."""
        return seconds <= limit + self.WAKES * self.longest

    def expect_quick(self, what, seconds, limit):
        if not self.excuses(seconds, limit):
            raise TestFailure(f"{what} took {seconds:.2f} s (the machine was late by {self.longest * 1000:.0f} ms at most)")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def output(*argv, **options):
    """The standard output of a command that must succeed; TestFailure with all that it printed otherwise. options: of subprocess.run()."""
    done = subprocess.run([str(part) for part in argv], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise TestFailure(f"{' '.join(map(str, argv))} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-6000:]}")
    return done.stdout


def engine_folder(name):
    """The directory where tests/engines/build.sh puts the programs of this engine for this checkout. Builds nothing."""
    return pathlib.Path(output(TOP / "tests/engines/build.sh", "--where", name).strip())


def run_lab(program, words, env, status=0, timeout=120):
    """The output of ./lab. TestFailure if it ends with another status. status: None for any."""
    done = subprocess.run([program, *words], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout, check=False)
    if status not in (None, done.returncode):
        raise TestFailure(f"./lab {' '.join(words)} ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


def environment(*more):
    """The environment of a program under test: that of this process, without the variables that the project's programs read, plus these."""
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith(("OTEL_", "MINISHOP_", "NOTIFY_")) and not name.lower().endswith("_proxy")}
    for variables in more:
        clean.update(variables)
    return clean


RESERVED = []  # a socket for each port of free_port()


def free_port():
    """A free TCP port of 127.0.0.1, reserved until this process ends: the kernel gives it to no other socket that asks for any port. A server that
    sets SO_REUSEADDR can listen at it, again after a restart too. Until then it refuses connections.

    Without the reservation, Linux 6.18 gives the same port to each process that asks, until somebody listens there."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    RESERVED.append(sock)
    return sock.getsockname()[1]


def free_ports(count):
    return [free_port() for _ in range(count)]


def wait_until(what, condition, timeout=60.0, interval=0.1):
    """Calls condition() until it is true and returns that value.

    An error in asking, or in reading what was answered, counts as "not yet": an engine may be starting, and a page may still be empty.

    TestFailure after timeout seconds. Its text names the condition and the last value. The timeout is for a busy machine: pass another one only if
    the time is promised, or if it takes longer.
    """
    deadline = time.monotonic() + timeout
    seen = None
    while True:
        try:
            seen = condition()
            if seen:
                return seen
        except (OSError, http.client.HTTPException, LookupError, ValueError) as error:
            seen = error
        if time.monotonic() > deadline:
            raise TestFailure(f"{what}: not within {timeout:g} s (last seen: {seen!r})")
        time.sleep(interval)


def http_request(port, method, path, body=None, headers=None, timeout=20, host="127.0.0.1"):
    """One request on its own connection: (status, headers, body) of its response, whatever the status."""
    with contextlib.closing(http.client.HTTPConnection(host, port, timeout=timeout)) as connection:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.headers, response.read()


def http_get(url, timeout=20):
    """The body of a 2xx response as text; OSError otherwise (urllib's errors are OSErrors)."""
    with urllib.request.urlopen(url, timeout=timeout) as response:
        return response.read().decode()


def http_json(url, timeout=20):
    return json.loads(http_get(url, timeout))


def tempo_spans(url, trace_id):
    """The spans of a trace in the Tempo at url, by name; an unknown trace has none."""
    trace = http_json(f"{url}/api/v2/traces/{trace_id}").get("trace", {})
    return {span["name"]: span for resource in trace.get("resourceSpans", []) for scope in resource["scopeSpans"] for span in scope["spans"]}


def tail(path, lines=30):
    """The last lines of a log."""
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else "(no output)"


class Engine:
    """A program under test: started with its output in a file, stopped by its own process id. A context manager."""

    def __init__(self, name, argv, directory, ready_url=None, env=None):
        self.name = name
        self.argv = [str(part) for part in argv]
        self.directory = pathlib.Path(directory)
        self.ready_url = ready_url
        self.env = env
        self.log = self.directory / f"{name}.log"
        self.process = None

    def start(self, timeout=60.0, wait=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.argv, cwd=self.directory, env=self.env, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=subprocess.STDOUT)
        if self.ready_url and wait:
            self.wait_ready(timeout)
        return self

    def wait_ready(self, timeout=60.0):
        """For an engine that was started with wait=False."""
        wait_until(f"{self.name} is ready", self._ready, timeout)

    def _ready(self):
        if self.process.poll() is not None:
            raise TestFailure(f"{self.name} ended with {self.process.returncode}:\n{self.log_tail()}")
        http_get(self.ready_url)
        return True

    def stop(self, how=signal.SIGTERM, timeout=60.0):
        """Returns the exit status; kills a process that does not stop in time. Stopping twice is harmless."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        status, self.process = self.process.returncode, None
        return status

    def log_tail(self):
        return tail(self.log)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, error, trace):
        self.stop()
        if error is not None:
            print(f"--- end of {self.name}'s log\n{self.log_tail()}", file=sys.stderr)


class Programs:
    """A context manager of several programs, which _start(exits) starts. If one does not start, the others are stopped."""

    def __enter__(self):
        with contextlib.ExitStack() as exits:
            self._start(exits)
            self.exits = exits.pop_all()
        return self

    def __exit__(self, *details):
        return self.exits.__exit__(*details)


def run_directory(path, minishop, slack_mock, alertmanager, prometheus, slack_url):
    """Creates the layout that observability/README.md describes, with these ports of 127.0.0.1. Returns path."""
    path = pathlib.Path(path)
    targets = path / "prometheus/targets"
    targets.mkdir(parents=True)
    for name, port in (("minishop", minishop), ("slack-mock", slack_mock), ("alertmanager", alertmanager),
                       ("prometheus", prometheus)):
        (targets / f"{name}.yml").write_text(
            f'- targets: ["127.0.0.1:{port}"]\n  labels:\n    url: http://127.0.0.1:{port}/\n')
    for name in ("prometheus.yml", "rules"):
        (path / "prometheus" / name).symlink_to(OBSERVABILITY / "prometheus" / name)
    (path / "alertmanager").mkdir()
    for name in ("alertmanager.yml", "templates"):
        (path / "alertmanager" / name).symlink_to(OBSERVABILITY / "alertmanager" / name)
    (path / "alertmanager/slack_url").write_text(slack_url)
    return path


def prometheus_engine(run, port):
    """The command line of observability/README.md."""
    directory = pathlib.Path(run) / "prometheus"
    consoles = OBSERVABILITY / "prometheus/consoles"
    return Engine("prometheus", [
        PROMETHEUS, f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
        f"--web.listen-address=127.0.0.1:{port}", f"--web.external-url=http://127.0.0.1:{port}/",
        f"--web.console.templates={consoles}", f"--web.console.libraries={consoles}/lib",
        f"--web.user-assets={OBSERVABILITY}", "--enable-feature=exemplar-storage",
    ], directory, f"http://127.0.0.1:{port}/-/ready")


def alertmanager_engine(run, port):
    """The command line of observability/README.md; it is started in the directory of its configuration."""
    return Engine("alertmanager", [
        ALERTMANAGER, "--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address=",
        f"--web.listen-address=127.0.0.1:{port}", f"--web.external-url=http://127.0.0.1:{port}/",
    ], pathlib.Path(run) / "alertmanager", f"http://127.0.0.1:{port}/-/ready")


class Handler(http.server.BaseHTTPRequestHandler):
    """The base of the servers in these tests: it prints nothing, and sends a response with one call."""
    protocol_version = "HTTP/1.1"

    def body(self):
        """The request's body."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def respond(self, status, body=b"", kind="text/plain", headers=None):
        self.send_response(status)
        for name, text in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class HttpServer(http.server.ThreadingHTTPServer):
    request_queue_size = 1024  # with Python's 5, the kernel drops the SYNs of clients that come together, which try again a second later

    def handle_error(self, request, client_address):
        """Ignores a client that has disconnected, for example because it was killed."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class HttpThread:
    """An HTTP server of this test on a free port, served by threads. A context manager; .port, .url."""

    def __init__(self, handler):
        self.server = HttpServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class SlackReceiver(HttpThread):
    """Stands in for Slack: .messages is a list of (monotonic time, payload). .response is (status, body)."""

    def __init__(self):
        receiver = self
        self.messages = []
        self.response = (200, b"ok")

        class SlackHandler(Handler):
            def do_POST(self):
                payload = json.loads(self.body())
                status, body = receiver.response
                if status == 200:
                    receiver.messages.append((time.monotonic(), payload))
                self.respond(status, body)

            def do_GET(self):
                self.respond(200, b"# a Slack without metrics\n", METRICS_TYPE)

        super().__init__(SlackHandler)

    def attachments(self, alert=None, since=0):
        """The messages to Slack from number `since` on, as (time, attachment); for one alert name, or for all."""
        found = []
        for when, payload in self.messages[since:]:
            for attachment in payload.get("attachments", []):
                fields = {field["title"]: field["value"] for field in attachment.get("fields", [])}
                if alert is None or fields.get("Alert") == alert:
                    found.append((when, attachment))
        return found


def run_main(main):
    """Runs a program that is one long test; ends it with 1 if the test fails."""
    try:
        main()
    except TestFailure as failure:
        print(f"FAIL {failure}")
        sys.exit(1)


def run_tests(cases):
    """Runs the functions of `cases` (a module's globals()) whose names begin with test_, in their order, or those named on
    the command line, and prints one line for each. Ends the program: 0, or 1 if one failed, 77 if all were skipped."""
    global running
    chosen = sys.argv[1:]
    status = {"ok": 0, "FAIL": 0, "SKIP": 0}
    for name, case in [(name, case) for name, case in cases.items() if name.startswith("test_") and callable(case)]:
        if chosen and name not in chosen:
            continue
        began = time.monotonic()
        told = ""
        running = name
        try:
            with tempfile.TemporaryDirectory(prefix="minishop-") as directory:
                case(pathlib.Path(directory))
            result = "ok"
        except Skip as skip:
            result, told = "SKIP", f": {skip}"
        except Exception as error:  # any exception is a failure of this test, and the next test still runs
            result, told = "FAIL", f": {error}"
            if not isinstance(error, TestFailure):
                traceback.print_exc()
        status[result] += 1
        label = f"{name[5:].replace('_', ' ')} ({time.monotonic() - began:.1f} s)"
        print(f"{result:4} {label}{told}", flush=True)
    sys.exit(1 if status["FAIL"] else 0 if status["ok"] else SKIPPED)
