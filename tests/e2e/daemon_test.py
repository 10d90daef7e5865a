#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""MiniShop as a process: background, pid file, user, reload, readiness, configuration errors, exit codes, shutdown."""
import contextlib
import http.client
import json
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import time

import labtest
import shop as shops
from labtest import TestFailure, expect, wait_until
from place import CALM, Place, alive, environment, expect_in


def test_the_parent_returns_when_it_is_ready(directory):
    with Place(directory) as place:
        for _ in range(5):  # restart at once on the same port, with connections in TIME_WAIT
            pid = place.daemon()
            expect("the first response", place.get("/readyz")[0], 200)
            expect("its directory", os.readlink(f"/proc/{pid}/cwd"), "/")
            expect("its session is not ours", os.getsid(pid) == os.getsid(0), False)
            expect("it leads no session", os.getsid(pid) == pid, False)
            expect("its standard files", {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(3)}, {"/dev/null"})
            wait_until("its pid is in the log", lambda: pid in [line["pid"] for line in place.lines("service ready")])
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
            expect_in("message", f"already running with pid {pid}:", err)
        expect("pid file", place.pid_file.read_text(), f"{pid}\n")
        status, _, err = place.run("--daemon", "--log-file", place.log)
        expect("exit status without a pid file", status, 1)
        expect_in("message", f"cannot listen on 127.0.0.1:{place.port}: Address already in use", err)
        place.end(pid)


def test_a_stale_pid_file_is_replaced(directory):
    with Place(directory) as place:
        pid = place.daemon()
        os.kill(pid, signal.SIGKILL)
        wait_until("it is dead", lambda: not alive(pid), interval=0.02)
        expect("pid file after SIGKILL", place.pid_file.read_text(), f"{pid}\n")
        place.end(place.daemon())


def test_usage_and_configuration_errors(directory):
    with Place(directory) as place:
        for options, message in ((["--nonsense"], "unknown or ambiguous option --nonsense"),
                                 (["extra"], "unexpected argument extra"),
                                 (["--listen", "nowhere"], '"nowhere" has no port'),
                                 (["--user", "no-such-user-here"], 'unknown user "no-such-user-here"'),
                                 (["--config", "/nonexistent.conf"], "/nonexistent.conf: No such file")):
            for mode in ([], ["--daemon"], ["--check-config"]):
                status, out, err = place.run(*options, *mode)
                expect(f"exit status and output with {options}", (status, out), (2, ""))
                expect_in(f"message with {options}", message, err)
        place.configure("payment = {\n  failure_rate = 2;\n};\n")
        for mode in ([], ["--daemon"], ["--check-config"], ["--healthcheck"]):
            status, _, err = place.run(*mode)
            expect(f"exit status {mode}", status, 2)
            expect("message", err, f"minishop: {place.config}:3: payment.failure_rate takes a number from 0 to 1, not 2\n")
        place.configure('\nuser = "no-such-user-here";\n')
        for env, origin in (({}, f"{place.config}:3"), ({"MINISHOP_USER": "nor-this-one"}, "MINISHOP_USER")):
            for mode in ([], ["--daemon"], ["--check-config"]):
                status, _, err = place.run(*mode, **env)
                expect(f"exit status {mode}", status, 2)
                expect_in("message", f"minishop: {origin}: user: unknown user ", err)
        place.configure("")
        status, _, err = place.run(MINISHOP_SERVER_POOL="many")
        expect("exit status", status, 2)
        expect_in("message", "MINISHOP_SERVER_POOL: server.pool takes a whole number", err)
        status, _, err = place.run("--pid-file", place.log, "--log-file", place.log)
        expect("exit status of a log that is the pid file", status, 2)
        expect_in("message", f"log.file and pid_file are the same file, {place.log}: choose two different files", err)
        status, _, err = place.run("--log-file", "/nonexistent/log.json")
        expect("exit status without a log", status, 1)
        expect_in("message", "/nonexistent/log.json: No such file", err)
        for option in ("--help", "--version"):
            status, out, err = place.run(option)
            expect(f"exit status and errors of {option}", (status, err), (0, ""))
            expect_in("output", "minishop", out)


def test_a_directory_that_is_gone(directory):
    """Without a current directory a relative name names nothing. It must not become a file of the root directory."""
    gone = ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh", shops.program("minishop")]
    for options, status, said in ((["--config", "x.conf"], 2, "--config: x.conf is relative"), (["--pid-file", "x.pid"], 2, "pid_file: x.pid is relative"),
                                  (["--log-file", "x/y"], 2, "log.file: x/y is relative"), (["--log-file", "syslog"], 0, ""),
                                  (["--pid-file", "/x.pid"], 0, "")):
        done = subprocess.run([*gone, "--check-config", *options], cwd=directory, env=environment(), capture_output=True, text=True, timeout=60)
        expect(f"exit status of {options}", done.returncode, status)
        expect_in(f"message of {options}", said, done.stderr)


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
            with labtest.Lateness() as machine:
                began = time.monotonic()
                status, _, err = place.run("--healthcheck")
                seconds = time.monotonic() - began
            expect("exit status while it hangs", status, 1)
            machine.expect_quick("the health check", seconds, 5)
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


def expect_reloads(place, applied, rejected, last):
    """The metrics agree with the log about reloads."""
    def seen():
        text = place.get("/metrics")[1]
        return [line for line in text.splitlines() if line.startswith("minishop_config_")]
    wanted = [f'minishop_config_last_reload_successful {last}', f'minishop_config_reloads_total{{result="applied"}} {applied}',
              f'minishop_config_reloads_total{{result="rejected"}} {rejected}']
    wait_until(f"{applied} reloads applied, {rejected} rejected", lambda: sorted(seen()) == wanted)


def test_reload(directory):
    with Place(directory) as place:
        place.configure("payment = { failure_rate = 0.0; latency_ms = 0; };\n")
        env = {"MINISHOP_PAYMENT_FAILURE_RATE": "", "MINISHOP_PAYMENT_LATENCY_MS": ""}
        pid = place.daemon(**env)
        expect("before", place.pay()[0], 200)
        expect_reloads(place, 0, 0, 1)

        place.configure('payment = { failure_rate = 1.0; latency_ms = 0; reason = "fraud_suspected"; };\n'
                        'log = { level = "debug"; };\n')
        os.kill(pid, signal.SIGHUP)
        expect("a good reload says", place.last("configuration reloaded")["level"], "INFO")
        expect_reloads(place, 1, 0, 1)
        status, body = place.pay()
        expect("status and code afterwards", (status, json.loads(body)["code"]), (402, "fraud_suspected"))
        place.get("/healthz")
        wait_until("probes are logged now", lambda: '"DEBUG"' in place.log.read_text())

        place.configure('payment = { failure_rate = 0.0; };\npayment_ = 1;\n')
        os.kill(pid, signal.SIGHUP)
        rejected = place.last("configuration rejected")
        expect_in("a bad reload says", f"{place.config}:3: unknown setting payment_", rejected["detail"])
        expect("level", rejected["level"], "ERROR")
        expect("and nothing has changed", place.pay()[0], 402)
        expect_reloads(place, 1, 1, 0)
        place.config.unlink()
        os.kill(pid, signal.SIGHUP)
        expect_in("without the file", "No such file", place.last("configuration rejected", 2)["detail"])

        place.configure('server = { pool = 2; };\norders = { capacity = 5; };\npayment = { failure_rate = 0.0; latency_ms = 0; };\n')
        os.kill(pid, signal.SIGHUP)
        expect_in("what needs a restart", "restart: server.pool, orders.capacity",
                  place.last("configuration reloaded", 2)["detail"])
        expect("the other settings are applied", place.pay()[0], 200)
        labtest.figure("2 wrong configurations refused, 2 right ones taken over")
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
        manager.settimeout(60)
        process = place.foreground(NOTIFY_SOCKET=str(path))
        expect("after the start", manager.recv(1000), b"READY=1")
        process.send_signal(signal.SIGHUP)
        told = manager.recv(1000).decode()
        if not re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+", told):
            raise TestFailure(f"at SIGHUP: {told!r}")
        expect("after the reload", manager.recv(1000), b"READY=1")
        process.terminate()
        expect("at SIGTERM", manager.recv(1000), b"STOPPING=1")
        expect("exit status", process.wait(60), 0)


def slow_order(place):
    """An order whose inventory takes a minute; the open connection."""
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=60)
    connection.request("POST", "/order")
    wait_until("it is in flight", lambda: re.search(r"^minishop_requests_in_flight 2$", place.get("/metrics")[1], re.M))
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
            expect("exit status", process.wait(6), 1)  # the deadline is later
        expect_in("message", "second signal", process.stderr.read())
        expect("pid file", place.pid_file.exists(), False)


def test_the_deadline_is_kept(directory):
    with Place(directory) as place:
        process = place.foreground("--pid-file", place.pid_file, MINISHOP_INVENTORY_LATENCY_MS="60000",
                                   MINISHOP_SHUTDOWN_S="2")
        with contextlib.closing(slow_order(place)):
            with labtest.Lateness() as machine:
                began = time.monotonic()
                process.terminate()
                expect("exit status", process.wait(60), 0)
                seconds = time.monotonic() - began
            machine.expect_quick("its end", seconds, 4)  # a sanitizer needs a second at exit
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
        expect("exit status", process.wait(60), 0)


def test_signals_can_be_switched_off(directory):
    with Place(directory) as place:
        place.configure("log = { enabled = false; };\nmetrics = { enabled = false; };\ntraces = { enabled = false; };\n")
        process = subprocess.Popen([shops.program("minishop"), "--config", place.config], cwd=place.directory,
                                   env=environment(**CALM), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        place.started.append(process.pid)
        wait_until("it is ready", lambda: place.get("/readyz")[0] == 200, interval=0.02)
        expect("an order", place.get("/order", "POST")[0], 201)
        expect("metrics", place.get("/metrics")[0], 404)
        process.terminate()
        out, err = process.communicate(timeout=60)
        expect("exit status, output, errors", (process.returncode, out, err), (0, "", ""))


def start_as_nobody(place, mode, **env):
    """Returns the process id. The directory, of this mode, is root's."""
    if os.geteuid() != 0:
        raise labtest.Skip("needs root")
    place.directory.chmod(mode)
    # The log writer's first attempt to open the file by its name may precede the end of the start.
    pid = place.daemon("--user", "nobody", may_say="minishop: log output: cannot open the file by its name", **env)
    expect_in("it warns at the start", "nobody cannot create files in", place.last("configuration warning")["detail"])
    return pid


def test_root_becomes_another_user(directory):
    if os.geteuid() != 0:
        raise labtest.Skip("needs root")
    nobody = pwd.getpwnam("nobody")
    with Place(directory) as place:
        place.directory.chmod(0o755)  # the directory does not belong to nobody, so the service must rely on its open files
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
        place.last("configuration reloaded")  # the log can be reopened
        place.end(pid)
        # The directory is root's, so the file stays, but empty. So it does not look like a running service's file.
        expect("pid file", place.pid_file.read_text() if place.pid_file.exists() else "", "")
        place.end(place.daemon("--user", "nobody"))


def test_a_log_that_cannot_be_opened_again(directory):
    """The directory is root's, so reopening and rotation fail. The log, a metric and the result of SIGHUP report that."""
    with Place(directory) as place:
        pid = start_as_nobody(place, 0o755)
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


def test_a_log_directory_that_cannot_be_searched(directory):
    with Place(directory) as place:
        place.end(start_as_nobody(place, 0o700))


def test_a_rotation_that_fails(directory):
    with Place(directory) as place:
        pid = start_as_nobody(place, 0o755, MINISHOP_LOG_MAX_BYTES="65536")
        expect("orders", {place.get("/order", "POST")[0] for _ in range(300)}, {201})
        expect_in("trouble", "cannot rotate", place.last("log output failed")["detail"])
        place.last("order created", 300)  # no line is lost
        expect_in("counted", 'telemetry_log_output_failures_total{reason="rotate"}', place.get("/metrics")[1])
        place.end(pid)


if __name__ == "__main__":
    labtest.run_tests(globals())
