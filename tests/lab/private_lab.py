# SPDX-License-Identifier: MIT
"""./lab with a separate directory and free ports, so that a test does not disturb a running lab.

Python 3's standard library only.
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
from labtest import contains, wait_until  # noqa: E402

LAB = labtest.TOP / "lab"
PORTS = ("LAB_MINISHOP_PORT", "LAB_SLACK_PORT", "LAB_PROMETHEUS_PORT", "LAB_ALERTMANAGER_PORT")


class Lab:
    """./lab with its own directory. ports: passed only to `up`; the other commands must find the lab without them."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory) / "lab"
        self.env = {key: value for key, value in os.environ.items() if not key.startswith(("LAB_", "OTEL_", "MINISHOP_"))}
        self.env["LAB_DIR"] = str(self.directory)
        # Requests to the lab must not use this proxy.
        self.env.update(http_proxy="http://127.0.0.1:9", no_proxy="")
        # A slow Docker that records calls: the native lab must not call it.
        self.asked = pathlib.Path(directory) / "docker-was-asked"
        programs = pathlib.Path(directory) / "bin"
        programs.mkdir(exist_ok=True)
        for name in ("docker", "docker-compose"):
            (programs / name).write_text(f"#!/bin/sh\ntouch {self.asked}\nexit 1\n")
            (programs / name).chmod(0o755)
        self.env["PATH"] = f"{programs}:{self.env['PATH']}"
        self.ports = dict(zip(PORTS, map(str, labtest.free_ports(4))))

    def __call__(self, *words, status=0, timeout=120, **env):
        return labtest.run_lab(LAB, words, {**self.env, **env}, status, timeout)

    def up(self, **env):
        return self("up", timeout=800, **self.ports, **env)

    def pid(self, name):
        return int((self.directory / f"run/{name}.id").read_text().split()[0])

    def wait_until_ended(self, name):
        """After SIGKILL a process still runs for a moment."""
        told = f"{name:14} does not run"
        wait_until(f"{name} has ended", lambda: told in self("status", status=None))
        contains(self("status", status=1), told)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.ports['LAB_MINISHOP_PORT']}"

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            print(*(f"--- end of {path.name}\n{labtest.tail(path)}" for path in sorted(self.directory.glob("log/*.log"))), sep="\n", flush=True)
        self("down")
