#!/usr/bin/env python3
"""MiniShop as a process: background, pid file, user, reload, readiness, configuration errors, exit codes, its end."""
import contextlib
import http.client
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time

import labtest
import shop as shops
from labtest import TestFailure, expect, wait_until

CALM = {f"MINISHOP_{key.replace('.', '_').upper()}": str(value) for key, value in shops.CALM.items()}


def expect_in(what, part, whole):
    if part not in whole:
        raise TestFailure(f"{what}: {part!r} is not in {whole!r}")


def environment(**more):
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("OTEL_", "MINISHOP_", "NOTIFY_"))}
    return {**clean, "OTEL_TRACES_EXPORTER": "none", **more}


class Place:
    """A directory with a configuration, and what is started there. Ends by its pid whatever is left."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.config = self.directory / "minishop.conf"
        self.log = self.directory / "log.json"
        self.pid_file = self.directory / "minishop.pid"
        self.port = labtest.free_port()
        self.started = []
        self.configure("")

    def configure(self, text):
        self.config.write_text(f'listen = "127.0.0.1:{self.port}";\n{text}')

    def run(self, *options, timeout=20, **env):
        """Runs it to its end: (exit status, standard output, standard error)."""
        done = subprocess.run([shops.program("minishop"), "--config", self.config, *options], cwd=self.directory,
                              env=environment(**{**CALM, **env}), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=timeout)
        return done.returncode, done.stdout, done.stderr

    def daemon(self, *options, **env):
        """Starts it in the background; returns its pid."""
        status, out, err = self.run("--daemon", "--pid-file", self.pid_file, "--log-file", self.log, *options, **env)
        expect("exit status, output and errors of the parent", (status, out, err), (0, "", ""))
        pid = int(self.pid_file.read_text())
        self.started.append(pid)
        return pid

    def foreground(self, *options, **env):
        process = subprocess.Popen([shops.program("minishop"), "--config", self.config, "--log-file", self.log, *options],
                                   cwd=self.directory, env=environment(**{**CALM, **env}), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(process.pid)
        wait_until("it is ready", lambda: self.lines("service ready"), 20, 0.02)
        return process

    def lines(self, message):
        records = [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return [record for record in records if record["message"] == message]

    def last(self, message, count=1):
        """The newest such line once there are so many; TestFailure if they do not come."""
        return wait_until(f"{count} log lines {message!r}", lambda: len(found := self.lines(message)) >= count and found,
                          10, 0.02)[-1]

    def get(self, path, method="GET", body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def pay(self):
        order = json.loads(self.get("/order", "POST")[1])["order_id"]
        return self.get("/payment/pay", "POST", json.dumps({"order_id": order}))

    def end(self, pid, within=10):
        os.kill(pid, signal.SIGTERM)
        wait_until("it has ended", lambda: not alive(pid), within, 0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in self.started:
            if alive(pid) and "minishop" in pathlib.Path(f"/proc/{pid}/cmdline").read_text():
                os.kill(pid, signal.SIGKILL)


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_the_parent_returns_when_it_is_ready(directory):
    with Place(directory) as place:
        for _ in range(5):  # at once again on the same port, with connections in TIME_WAIT
            pid = place.daemon()
            expect("the first answer", place.get("/readyz")[0], 200)
            expect("its directory", os.readlink(f"/proc/{pid}/cwd"), "/")
            expect("its session is not ours", os.getsid(pid) == os.getsid(0), False)
            expect("it leads no session", os.getsid(pid) == pid, False)
            expect("its standard files", {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(3)}, {"/dev/null"})
            wait_until("its pid is in the log", lambda: pid in [line["pid"] for line in place.lines("service ready")], 5)
            place.end(pid)
            expect("pid file after the end", place.pid_file.exists(), False)
        expect("umask", oct(place.log.stat().st_mode & 0o007), "0o0")
        expect("ends", len(place.lines("service stopped")), 5)


def test_relative_names_are_relative_to_the_start(directory):
    with Place(directory) as place:
        (place.directory / "incident.conf").write_text("payment = { failure_rate = 1.0; };\n")
        status, _, err = place.run("--daemon", "--config", "minishop.conf", "--pid-file", "minishop.pid", "--log-file",
                                   "log.json", "--incident-file", "incident.conf", MINISHOP_PAYMENT_FAILURE_RATE="")
        expect("exit status and errors", (status, err), (0, ""))
        pid = int(place.pid_file.read_text())
        place.started.append(pid)
        if place.pay()[0] < 400:
            raise TestFailure("the incident was not read")
        (place.directory / "incident.conf").unlink()
        os.kill(pid, signal.SIGHUP)
        place.last("configuration reloaded")
        place.configure("payment = { failure_rate = 0.0; };\n")
        os.kill(pid, signal.SIGHUP)
        place.last("configuration reloaded", 2)
        expect("a payment after the incident", place.pay()[0], 200)
        place.end(pid)


def test_a_second_one_is_refused(directory):
    with Place(directory) as place:
        pid = place.daemon()
        for options in (["--daemon"], []):
            status, _, err = place.run(*options, "--pid-file", place.pid_file, "--log-file", place.log)
            expect("exit status", status, 1)
            expect_in("message", f"runs already, with pid {pid}:", err)
        expect("pid file", place.pid_file.read_text(), f"{pid}\n")
        status, _, err = place.run("--daemon", "--log-file", place.log)
        expect("exit status without a pid file", status, 1)
        expect_in("message", f"cannot listen on 127.0.0.1:{place.port}: Address already in use", err)
        place.end(pid)


def closing(*fds):
    """For preexec_fn: the program starts without these descriptors."""
    def close():
        for fd in fds:
            os.close(fd)
    return close


SUBSETS = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]


def test_missing_standard_descriptors(directory):
    """No file of its own gets such a number: the pid file keeps its lock, and nothing else is written into it."""
    with Place(directory) as place:
        for fds in SUBSETS:
            options = ["--config", place.config, "--pid-file", place.pid_file, "--log-file", place.log]
            subprocess.run([shops.program("minishop"), "--daemon", *options], env=environment(**CALM), timeout=20, check=True,
                           preexec_fn=closing(*fds))
            pid = int(place.pid_file.read_text())
            place.started.append(pid)
            expect(f"without {fds}: its standard files", {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(3)},
                   {"/dev/null"})
            status, _, err = place.run("--pid-file", place.pid_file, "--listen", "127.0.0.1:0")
            expect(f"without {fds}: status of a second one", status, 1)
            expect_in("message", f"runs already, with pid {pid}:", err)
            place.end(pid)
            process = subprocess.Popen([shops.program("minishop"), *options], env=environment(**CALM), preexec_fn=closing(*fds))
            place.started.append(process.pid)
            wait_until("it answers", lambda: place.get("/readyz")[0] == 200, 20, 0.02)
            expect(f"without {fds}: pid file", place.pid_file.read_text(), f"{process.pid}\n")
            process.terminate()
            expect("exit status", process.wait(10), 0)


def test_output_that_cannot_be_written(directory):
    with Place(directory) as place, open("/dev/full", "w") as full:
        for option in ("--help", "--version", "--check-config"):
            command = [shops.program("minishop"), "--config", place.config, option]
            for how in ({"stdout": full}, {"preexec_fn": closing(1)}):
                done = subprocess.run(command, env=environment(), stderr=subprocess.PIPE, text=True, timeout=20, **how)
                expect(f"exit status of {option}", done.returncode, 1)
                expect_in("message", "minishop: cannot write to standard output: ", done.stderr)


def held(pid, name, number):
    """Whether this set of /proc/PID/status (SigBlk, SigIgn) has the signal."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{name}:\s*(\w+)", status)[1], 16) >> (number - 1) & 1


def test_early_signals(directory):
    """While it starts, signals wait until it can take them."""
    with Place(directory) as place:
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE, signal.SIGTERM, signal.SIGINT):
            place.log.unlink(missing_ok=True)
            process = subprocess.Popen([shops.program("minishop"), "--config", place.config, "--log-file", place.log],
                                       env=environment(**CALM))
            place.started.append(process.pid)
            name = "SigIgn" if number == signal.SIGPIPE else "SigBlk"
            wait_until("it holds the signal", lambda: held(process.pid, name, number), 20, 0)
            process.send_signal(number)
            if number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE):
                place.last("service ready")
                process.terminate()
            expect(f"exit status after an early {number.name}", process.wait(20), 0)
            place.last("service stopped")


def test_signals_are_held_before_anything_else(directory):
    if not shutil.which("strace"):
        raise labtest.Skip("needs strace")
    with Place(directory) as place:
        trace = place.directory / "trace"
        for command in ([shops.program("minishop"), "--config", place.config, "--check-config"],
                        [shops.program("slack-mock"), "--version"]):
            done = subprocess.run(["strace", "-qq", "-e", "trace=rt_sigprocmask,rt_sigaction,openat,write", "-o", trace, *command],
                                  env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60)
            if done.returncode != 0:
                raise labtest.Skip(f"strace: {done.stderr}")
            calls = [call for call in trace.read_text().splitlines() if "O_RDONLY|O_CLOEXEC" not in call]
            expect_in(f"first of {command[0].name}", "rt_sigprocmask(SIG_BLOCK, [HUP INT USR1 TERM]", calls[0])
            expect_in("second", "rt_sigaction(SIGPIPE, {sa_handler=SIG_IGN", calls[1])


def test_a_stale_pid_file_is_replaced(directory):
    with Place(directory) as place:
        pid = place.daemon()
        os.kill(pid, signal.SIGKILL)
        wait_until("it is dead", lambda: not alive(pid), 5, 0.02)
        expect("pid file after SIGKILL", place.pid_file.read_text(), f"{pid}\n")
        place.end(place.daemon())


def test_usage_and_configuration_errors(directory):
    with Place(directory) as place:
        for options, message in ((["--nonsense"], "unknown or ambiguous option --nonsense"),
                                 (["extra"], "unexpected argument extra"),
                                 (["--listen", "nowhere"], '"nowhere" has no port'),
                                 (["--user", "no-such-user-here"], 'there is no user "no-such-user-here"'),
                                 (["--config", "/nonexistent.conf"], "/nonexistent.conf: No such file")):
            for daemon in ([], ["--daemon"]):
                status, out, err = place.run(*options, *daemon)
                expect(f"exit status and output with {options}", (status, out), (2, ""))
                expect_in(f"message with {options}", message, err)
        place.configure("payment = {\n  failure_rate = 2;\n};\n")
        for mode in ([], ["--daemon"], ["--check-config"], ["--healthcheck"]):
            status, _, err = place.run(*mode)
            expect(f"exit status {mode}", status, 2)
            expect("message", err, f"minishop: {place.config}:3: payment.failure_rate takes a number from 0 to 1, not 2\n")
        place.configure("")
        status, _, err = place.run(MINISHOP_SERVER_POOL="many")
        expect("exit status", status, 2)
        expect_in("message", "MINISHOP_SERVER_POOL: server.pool takes a whole number", err)
        status, _, err = place.run("--log-file", "/nonexistent/log.json")
        expect("exit status without a log", status, 1)
        expect_in("message", "/nonexistent/log.json: No such file", err)
        for option in ("--help", "--version"):
            status, out, err = place.run(option)
            expect(f"exit status and errors of {option}", (status, err), (0, ""))
            expect_in("output", "minishop", out)


def test_check_config_shows_what_is_in_effect(directory):
    with Place(directory) as place:
        place.configure("payment = { latency_ms = 40; };\n")
        status, out, err = place.run("--check-config", "--pid-file", "x.pid", MINISHOP_INVENTORY_STOCK="7",
                                     MINISHOP_TYPO="1")
        expect("exit status", status, 0)
        for line in (f'pid_file = "{place.directory}/x.pid"; # the command line', f"latency_ms = 40.0; # {place.config}:2"
                     if "MINISHOP_PAYMENT_LATENCY_MS" not in CALM else "# the environment, MINISHOP_PAYMENT_LATENCY_MS",
                     "stock = 7; # the environment, MINISHOP_INVENTORY_STOCK", 'level = "info"; # the default'):
            expect_in("output", line, out)
        expect_in("warning", "unknown variable MINISHOP_TYPO is ignored", err)
        effective = place.directory / "effective.conf"
        effective.write_text(out)
        status, again, _ = place.run("--config", effective, "--check-config")
        expect("exit status of what was printed", status, 0)
        values = lambda text: [line.split(";")[0] for line in text.splitlines()]  # noqa: E731
        expect("what was printed, read again", [value for value in values(again) if "stock" not in value],
               [value for value in values(out) if "stock" not in value])


def test_healthcheck(directory):
    with Place(directory) as place:
        status, _, err = place.run("--healthcheck")
        expect("exit status before the start", status, 1)
        expect_in("message", "Connection refused", err)
        pid = place.daemon()
        expect("while it runs", place.run("--healthcheck"), (0, "", ""))
        expect("of every address", place.run("--healthcheck", "--listen", f"0.0.0.0:{place.port}"), (0, "", ""))
        os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            status, _, err = place.run("--healthcheck")
            expect("exit status while it hangs", status, 1)
            if time.monotonic() - began > 5:
                raise TestFailure("the health check hangs with it")
        finally:
            os.kill(pid, signal.SIGCONT)
        place.end(pid)


def test_an_incident_file_never_stops_a_start(directory):
    with Place(directory) as place:
        incident = place.directory / "incident.conf"
        place.configure(f'incident_file = "{incident}";\n')
        for make, why in ((lambda: incident.write_text("payment = { failure_rate = 2.0; };\n"), f"{incident}:1: payment.failure_rate"),
                          (lambda: incident.write_text('listen = "0.0.0.0:1";\n'), "listen needs a restart"),
                          (lambda: incident.symlink_to(incident), "symbolic links")):  # unreadable, also for root
            make()
            status, _, err = place.run("--check-config")
            expect("--check-config", status, 0)
            expect_in("it says so", why, err)
            place.log.unlink(missing_ok=True)
            pid = place.daemon()
            warning = place.last("configuration warning")
            expect_in("the warning", "the incident file is ignored", warning["detail"])
            expect_in("the warning", why, warning["detail"])
            expect("it serves", place.pay()[0], 200)
            os.kill(pid, signal.SIGHUP)
            expect_in("a reload is refused", why, place.last("configuration rejected")["detail"])
            incident.unlink()
            os.kill(pid, signal.SIGHUP)
            place.last("configuration reloaded")
            place.end(pid)


def test_reload(directory):
    with Place(directory) as place:
        place.configure("payment = { failure_rate = 0.0; latency_ms = 0; };\n")
        env = {"MINISHOP_PAYMENT_FAILURE_RATE": "", "MINISHOP_PAYMENT_LATENCY_MS": ""}
        pid = place.daemon(**env)
        expect("before", place.pay()[0], 200)

        place.configure('payment = { failure_rate = 1.0; latency_ms = 0; reason = "fraud_suspected"; };\n'
                        'log = { level = "debug"; };\n')
        os.kill(pid, signal.SIGHUP)
        expect("a good reload says", place.last("configuration reloaded")["level"], "INFO")
        status, body = place.pay()
        expect("status and code afterwards", (status, json.loads(body)["code"]), (402, "fraud_suspected"))
        place.get("/healthz")
        wait_until("probes are logged now", lambda: '"DEBUG"' in place.log.read_text(), 5)

        place.configure('payment = { failure_rate = 0.0; };\npayment_ = 1;\n')
        os.kill(pid, signal.SIGHUP)
        rejected = place.last("configuration rejected")
        expect_in("a bad reload says", f"{place.config}:3: unknown setting payment_", rejected["detail"])
        expect("level", rejected["level"], "ERROR")
        expect("and nothing has changed", place.pay()[0], 402)
        place.config.unlink()
        os.kill(pid, signal.SIGHUP)
        expect_in("without the file", "No such file", place.last("configuration rejected", 2)["detail"])

        place.configure('server = { pool = 2; };\norders = { capacity = 5; };\npayment = { failure_rate = 0.0; latency_ms = 0; };\n')
        os.kill(pid, signal.SIGHUP)
        expect_in("what needs a restart", "restart: server.pool, orders.capacity",
                  place.last("configuration reloaded", 2)["detail"])
        expect("all else is taken", place.pay()[0], 200)
        place.end(pid)


def test_the_log_is_opened_again(directory):
    with Place(directory) as place:
        pid = place.daemon()
        moved = place.directory / "log.json.1"
        place.last("service ready")
        place.log.rename(moved)
        os.kill(pid, signal.SIGHUP)
        place.last("configuration reloaded")
        place.get("/order", "POST")
        place.last("order created")
        expect_in("the old file", "service ready", moved.read_text())
        # Also with a configuration that is wrong.
        place.log.rename(moved)
        place.config.write_text("nonsense")
        os.kill(pid, signal.SIGHUP)
        place.last("configuration rejected")
        place.end(pid)


def test_service_manager_is_told(directory):
    with Place(directory) as place, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = place.directory / "notify"
        manager.bind(str(path))
        manager.settimeout(10)
        process = place.foreground(NOTIFY_SOCKET=str(path))
        expect("after the start", manager.recv(1000), b"READY=1")
        process.send_signal(signal.SIGHUP)
        told = manager.recv(1000).decode()
        if not re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", told):
            raise TestFailure(f"at SIGHUP: {told!r}")
        expect("after the reload", manager.recv(1000), b"READY=1")
        process.terminate()
        expect("at SIGTERM", manager.recv(1000), b"STOPPING=1")
        expect("exit status", process.wait(10), 0)


def slow_order(place):
    """An order whose inventory takes a minute; the open connection."""
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=20)
    connection.request("POST", "/order")
    wait_until("it is in flight", lambda: re.search(r"^minishop_requests_in_flight 2$", place.get("/metrics")[1], re.M), 10)
    return connection


def test_a_second_signal_ends_it_at_once(directory):
    with Place(directory) as place:
        process = place.foreground("--pid-file", place.pid_file, MINISHOP_INVENTORY_LATENCY_MS="60000")
        with contextlib.closing(slow_order(place)):
            process.terminate()
            place.last("service stopping")
            process.send_signal(signal.SIGHUP)  # no longer of interest
            expect("it waits", process.poll(), None)
            process.send_signal(signal.SIGINT)
            expect("exit status", process.wait(3), 1)
        expect_in("message", "second signal", process.stderr.read())
        expect("pid file", place.pid_file.exists(), False)


def test_the_deadline_is_kept(directory):
    with Place(directory) as place:
        process = place.foreground("--pid-file", place.pid_file, MINISHOP_INVENTORY_LATENCY_MS="60000",
                                   MINISHOP_SHUTDOWN_S="2")
        with contextlib.closing(slow_order(place)):
            began = time.monotonic()
            process.terminate()
            expect("exit status", process.wait(10), 0)
            if time.monotonic() - began > 4:  # a sanitizer takes a second to say good-bye
                raise TestFailure(f"it took {time.monotonic() - began:.1f} s")
        stopped = place.last("service stopped")
        expect("the last line", (stopped["requests_lost"], stopped["level"]), (1, "WARN"))
        expect("pid file", place.pid_file.exists(), False)


def test_environment_of_opentelemetry(directory):
    with Place(directory) as place:
        process = place.foreground(OTEL_BSP_MAX_QUEUE_SIZE="lots", MINISHOP_TYPO="1")
        warned = [record["detail"] for record in place.lines("configuration warning")]
        if not any("OTEL_BSP_MAX_QUEUE_SIZE" in text for text in warned) or not any("MINISHOP_TYPO" in text for text in warned):
            raise TestFailure(f"warnings: {warned}")
        process.terminate()
        expect("exit status", process.wait(10), 0)


def test_signals_can_be_switched_off(directory):
    with Place(directory) as place:
        place.configure("log = { enabled = false; };\nmetrics = { enabled = false; };\ntraces = { enabled = false; };\n")
        process = subprocess.Popen([shops.program("minishop"), "--config", place.config], cwd=place.directory,
                                   env=environment(**CALM), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        place.started.append(process.pid)
        wait_until("it is ready", lambda: place.get("/readyz")[0] == 200, 20, 0.02)
        expect("an order", place.get("/order", "POST")[0], 201)
        expect("metrics", place.get("/metrics")[0], 404)
        process.terminate()
        out, err = process.communicate(timeout=10)
        expect("exit status, output, errors", (process.returncode, out, err), (0, "", ""))


def test_root_becomes_another_user(directory):
    if os.geteuid() != 0:
        raise labtest.Skip("needs root")
    nobody = pwd.getpwnam("nobody")
    with Place(directory) as place:
        place.directory.chmod(0o755)  # it is not nobody's: what must work, works through the files alone
        pid = place.daemon("--user", "nobody")
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        expect_in("user ids", "Uid:\t" + "\t".join([str(nobody.pw_uid)] * 4), status)
        expect_in("group ids", "Gid:\t" + "\t".join([str(nobody.pw_gid)] * 4), status)
        expect("capabilities", re.search(r"CapEff:\s*(\w+)", status)[1], "0" * 16)
        expect_in("no new privileges", "NoNewPrivs:\t1", status)
        groups = {int(group) for group in re.search(r"Groups:(.*)", status)[1].split()}
        expect("root's groups", groups & {0}, set())
        expect("owner of the log", place.log.stat().st_uid, nobody.pw_uid)
        expect_in("process metrics", "process_open_fds ", place.get("/metrics")[1])
        os.kill(pid, signal.SIGHUP)
        place.last("configuration reloaded")  # the log could be opened again
        place.end(pid)
        # The directory is root's, so the file stays, but empty: nobody takes it for a running service.
        expect("pid file", place.pid_file.read_text() if place.pid_file.exists() else "", "")
        place.end(place.daemon("--user", "nobody"))


def test_a_log_that_cannot_be_opened_again(directory):
    """The directory is root's: what is left of reopening and rotation is told in the log, in a metric, and by SIGHUP."""
    if os.geteuid() != 0:
        raise labtest.Skip("needs root")
    with Place(directory) as place:
        place.directory.chmod(0o755)
        pid = place.daemon("--user", "nobody")
        expect_in("it warns at the start", "nobody cannot create files in", place.last("configuration warning")["detail"])
        moved = place.directory / "log.json.1"
        place.log.rename(moved)
        place.log = moved
        os.kill(pid, signal.SIGHUP)
        reloaded = place.last("configuration reloaded")
        expect("level of the result", reloaded["level"], "WARN")
        expect_in("result", "the log file could not be opened again: Permission denied", reloaded["detail"])
        expect_in("trouble", "Permission denied", place.last("log output failed")["detail"])
        failures = re.search(r'^telemetry_log_output_failures_total\{reason="reopen"\} (\d+)$', place.get("/metrics")[1], re.M)
        expect("counted", failures and int(failures[1]) > 0, True)
        place.end(pid)


def test_a_rotation_that_fails(directory):
    if os.geteuid() != 0:
        raise labtest.Skip("needs root")
    with Place(directory) as place:
        place.directory.chmod(0o755)
        pid = place.daemon("--user", "nobody", MINISHOP_LOG_MAX_BYTES="65536")
        expect("orders", {place.get("/order", "POST")[0] for _ in range(300)}, {201})
        expect_in("trouble", "cannot rotate", place.last("log output failed")["detail"])
        place.last("order created", 300)  # no line is lost
        expect_in("counted", 'telemetry_log_output_failures_total{reason="rotate"}', place.get("/metrics")[1])
        place.end(pid)


if __name__ == "__main__":
    labtest.run_tests(globals())
