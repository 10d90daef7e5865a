# SPDX-License-Identifier: MIT
"""Starts minishop as a person or a service manager does: in the background, with options and variables.

Python 3's standard library only.
"""
import json
import os
import pathlib
import signal
import subprocess

import labtest
import shop as shops
from labtest import TestFailure, expect, wait_until

CALM = shops.variables(shops.CALM)


def expect_in(what, part, whole):
    if part not in whole:
        raise TestFailure(f"{what}: {part!r} is not in {whole!r}")


def environment(**more):
    return labtest.environment({"OTEL_TRACES_EXPORTER": "none"}, more)


class Place:
    """A directory with a configuration, and the processes started there. Stops the remaining ones by pid."""

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

    def run(self, *options, timeout=60, **env):
        """Runs it until it exits: (exit status, standard output, standard error)."""
        done = subprocess.run([shops.program("minishop"), "--config", self.config, *options], cwd=self.directory,
                              env=environment(**{**CALM, **env}), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=timeout)
        return done.returncode, done.stdout, done.stderr

    def daemon(self, *options, may_say="", **env):
        """Starts it in the background; returns its pid. may_say: how a line on standard error may begin."""
        status, out, err = self.run("--daemon", "--pid-file", self.pid_file, "--log-file", self.log, *options, **env)
        if may_say:
            err = "".join(line for line in err.splitlines(True) if not line.startswith(may_say))
        expect("exit status, output and errors of the parent", (status, out, err), (0, "", ""))
        pid = int(self.pid_file.read_text())
        self.started.append(pid)
        return pid

    def foreground(self, *options, **env):
        process = subprocess.Popen([shops.program("minishop"), "--config", self.config, "--log-file", self.log, *options],
                                   cwd=self.directory, env=environment(**{**CALM, **env}), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.started.append(process.pid)
        wait_until("it is ready", lambda: process.pid in [line["pid"] for line in self.lines("service ready")], interval=0.02)
        return process

    def lines(self, message):
        records = [json.loads(line) for line in self.log.read_text().split("\n")[:-1]] if self.log.exists() else []
        return [record for record in records if record["message"] == message]

    def last(self, message, count=1):
        """The newest matching line, once this many have arrived. TestFailure if they do not arrive."""
        return wait_until(f"{count} log lines {message!r}", lambda: len(found := self.lines(message)) >= count and found, interval=0.02)[-1]

    def get(self, path, method="GET", body=None):
        status, _, text = labtest.http_request(self.port, method, path, body, {"Content-Type": "application/json"} if body else {})
        return status, text.decode()

    def pay(self):
        order = json.loads(self.get("/order", "POST")[1])["order_id"]
        return self.get("/payment/pay", "POST", json.dumps({"order_id": order}))

    def end(self, pid, within=60):
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
