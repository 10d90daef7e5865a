#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The first moments of minishop: standard descriptors that are closed, output that cannot be written, early signals."""
import os
import pathlib
import re
import shutil
import signal
import subprocess

import labtest
import shop as shops
from labtest import expect, wait_until
from place import CALM, Place, environment, expect_in


def closing(*fds):
    """For preexec_fn: the program starts without these descriptors."""
    def close():
        for fd in fds:
            os.close(fd)
    return close


SUBSETS = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]


def test_missing_standard_descriptors(directory):
    """None of its files gets such a number: the pid file keeps its lock, and nothing else is written into it."""
    with Place(directory) as place:
        for fds in SUBSETS:
            options = ["--config", place.config, "--pid-file", place.pid_file, "--log-file", place.log]
            subprocess.run([shops.program("minishop"), "--daemon", *options], env=environment(**CALM), timeout=60, check=True,
                           preexec_fn=closing(*fds))
            pid = int(place.pid_file.read_text())
            place.started.append(pid)
            expect(f"without {fds}: its standard files", {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(3)},
                   {"/dev/null"})
            status, _, err = place.run("--pid-file", place.pid_file, "--listen", "127.0.0.1:0")
            expect(f"without {fds}: status of a second one", status, 1)
            expect_in("message", f"already running with pid {pid}:", err)
            place.end(pid)
            process = subprocess.Popen([shops.program("minishop"), *options], env=environment(**CALM), preexec_fn=closing(*fds))
            place.started.append(process.pid)
            wait_until("it responds", lambda: place.get("/readyz")[0] == 200, interval=0.02)
            expect(f"without {fds}: pid file", place.pid_file.read_text(), f"{process.pid}\n")
            process.terminate()
            expect("exit status", process.wait(60), 0)


def test_output_that_cannot_be_written(directory):
    with Place(directory) as place, open("/dev/full", "w") as full:
        for option in ("--help", "--version", "--check-config"):
            command = [shops.program("minishop"), "--config", place.config, option]
            for how in ({"stdout": full}, {"preexec_fn": closing(1)}):
                done = subprocess.run(command, env=environment(), stderr=subprocess.PIPE, text=True, timeout=60, **how)
                expect(f"exit status of {option}", done.returncode, 1)
                expect_in("message", "minishop: cannot write to standard output: ", done.stderr)


def test_a_limit_on_file_sizes(directory):
    """RLIMIT_FSIZE: what cannot be written is an error with a message. By default the signal SIGXFSZ ends a process."""
    with Place(directory) as place:
        limited = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", shops.program("minishop"), "--config", place.config]
        done = subprocess.run([*limited, "--pid-file", place.pid_file], env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              text=True, timeout=60)
        expect("exit status", done.returncode, 1)
        expect_in("message", f"cannot write the pid file {place.pid_file}: File too large", done.stderr)
        process = subprocess.Popen([*limited, "--log-file", place.log], env=environment(**CALM), stderr=subprocess.DEVNULL)
        place.started.append(process.pid)
        wait_until("it is ready", lambda: place.get("/readyz")[0] == 200, interval=0.02)
        for _ in range(20):
            expect("an order", place.get("/order", "POST")[0], 201)
        process.terminate()
        expect("exit status after SIGTERM", process.wait(60), 0)


def held(pid, name, number):
    """Whether this set of /proc/PID/status (SigBlk, SigIgn) has the signal."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(rf"{name}:\s*(\w+)", status)[1], 16) >> (number - 1) & 1


def test_early_signals(directory):
    """During startup, signals stay pending until the service can handle them."""
    with Place(directory) as place:
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE, signal.SIGTERM, signal.SIGINT):
            place.log.unlink(missing_ok=True)
            process = subprocess.Popen([shops.program("minishop"), "--config", place.config, "--log-file", place.log],
                                       env=environment(**CALM))
            place.started.append(process.pid)
            name = "SigIgn" if number == signal.SIGPIPE else "SigBlk"
            # sigwaitinfo() unblocks the signals while it waits for them, so a fast start may be over before the first look.
            wait_until("it holds the signal", lambda: held(process.pid, name, number) or place.lines("service ready"), interval=0)
            process.send_signal(number)
            if number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGPIPE):
                place.last("service ready")
                process.terminate()
            expect(f"exit status after an early {number.name}", process.wait(60), 0)
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


if __name__ == "__main__":
    labtest.run_tests(globals())
