# SPDX-License-Identifier: MIT
"""The stack of docker-compose.yml as compose_test.py runs it: a Docker daemon, a clone, a separate Compose project, and queries to them."""
import contextlib
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), *(
    str(pathlib.Path(__file__).resolve().parent.parent / name) for name in ("e2e", "observability"))]
import images  # noqa: E402
import labtest  # noqa: E402
from images import skip  # noqa: E402
from labtest import TestFailure, output, wait_until  # noqa: E402

MEMORY_PROMISED = 2 << 30
PORTS = ("MINISHOP", "SLACK_MOCK", "PROMETHEUS", "ALERTMANAGER", "GRAFANA", "LOKI", "JAEGER", "TEMPO")
INCIDENT = "/etc/minishop/incident/incident.conf"
CLUMSY_ORDER = "ord_00000000000000000000"


def succeeds(*argv):
    return subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


@contextlib.contextmanager
def docker_daemon(directory):
    """A Docker daemon that responds: the running one, or, if this test is root, one that it starts."""
    if succeeds("docker", "info"):
        yield
        return
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        skip("docker does not respond, and only root can start dockerd")
    with labtest.Engine("dockerd", ["dockerd"], directory):
        try:
            wait_until("dockerd responds", lambda: succeeds("docker", "info"), 60, 0.5)
        except TestFailure:
            skip("dockerd cannot run here")
        yield


def free_range(count):
    """The first of this many consecutive free ports, below the range of ephemeral ports."""
    for first in random.sample(range(20000, 32000, count), 100):
        with contextlib.ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
        return first
    raise TestFailure(f"no {count} neighbouring ports are free")


def copy_of_project(to):
    """A clone made under umask 077: the users of the containers can read nothing in it."""
    os.umask(0o077)
    if (labtest.TOP / ".git").exists():
        names = output("git", "-C", str(labtest.TOP), "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        for name in filter(None, names):
            if (labtest.TOP / name).is_file():
                (to / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(labtest.TOP / name, to / name)
    else:
        shutil.copytree(labtest.TOP, to, ignore=shutil.ignore_patterns(".lab*", "build*"), dirs_exist_ok=True)
    output("chmod", "-R", "go=", str(to))


class Stack:
    """The compose project of this test."""

    def __init__(self, directory, command, chosen):
        self.directory = directory
        self.images = chosen
        self.project = f"minishoptest{os.getpid()}"
        self.command = command
        self.env = {name: value for name, value in os.environ.items()
                    if not name.startswith(("OTEL_", "MINISHOP_", "COMPOSE"))} | chosen.variables
        self.env |= {"COMPOSE_PROJECT_NAME": self.project}
        for name, port in zip(PORTS, labtest.free_ports(len(PORTS))):
            self.env[f"{name}_PORT"] = str(port)
        first = free_range(8)
        self.env["MINISHOP_PORTS"] = f"{first}-{first + 7}"

    def compose(self, *argv):
        return output(self.command, *argv, cwd=self.directory, env=self.env)

    def choose(self, **choices):
        """Changes .env as a person would."""
        path = self.directory / ".env"
        lines = path.read_text().splitlines()
        for name, value in choices.items():
            lines = [f"{name}={value}" if line.startswith(f"{name}=") else line for line in lines]
        path.write_text("\n".join(lines) + "\n")

    def url(self, name):
        return f"http://127.0.0.1:{self.env[f'{name}_PORT']}"

    def containers(self):
        ids = output("docker", "ps", "-aq", "--filter", f"label=com.docker.compose.project={self.project}").split()
        return json.loads(output("docker", "inspect", *ids)) if ids else []

    def states(self):
        """service -> state of each of its containers, without those of prepare, which ends."""
        states = {}
        for one in self.containers():
            state = one["State"]
            if service(one) != "prepare":
                states.setdefault(service(one), []).append(state.get("Health", {}).get("Status") or state["Status"])
        return states

    def wait_for(self, services):
        """Waits until exactly these services run, and are healthy if they have a health check."""
        def not_yet():
            states = self.states()
            return {name: states.get(name) for name in {*services, *states}
                    if name not in services or not set(states.get(name, ["absent"])) <= {"running", "healthy"}}
        try:
            wait_until("all containers", lambda: not not_yet(), 90, 1)
        except TestFailure:
            raise TestFailure(f"not as they should be after 90 s: {not_yet()}") from None

    def metric(self, expression):
        """label set -> value"""
        url = f"{self.url('PROMETHEUS')}/api/v1/query?query={urllib.parse.quote(expression)}"
        return [(one["metric"], float(one["value"][1])) for one in labtest.http_json(url)["data"]["result"]]

    def targets(self):
        active = labtest.http_json(f"{self.url('PROMETHEUS')}/api/v1/targets?state=active")["data"]["activeTargets"]
        return [(one["labels"]["job"], one["labels"]["instance"], one["health"], one["lastError"]) for one in active]

    def lines(self, *words, limit=1000):
        """MiniShop's log lines with these words, newest first: from Loki, or from its stand-in."""
        if self.images.real("loki"):
            query = '{app="minishop"}' + "".join(f" |= `{word}`" for word in words)
            parameters = urllib.parse.urlencode({"query": query, "limit": limit})
            streams = labtest.http_json(f"{self.url('LOKI')}/loki/api/v1/query_range?{parameters}")["data"]["result"]
            found = sorted((int(when), text) for stream in streams for when, text in stream["values"])
            return [json.loads(text) for _, text in reversed(found)]
        with urllib.request.urlopen(f"{self.url('LOKI')}/kept", timeout=30) as kept:
            lines = images.kept_lines(kept.read())
        return [json.loads(line) for line in reversed(lines) if all(word in line for word in words)][:limit]

    def trace(self, trace_id):
        return labtest.http_json(f"{self.url('JAEGER')}/api/traces/{trace_id}")["data"][0]

    def payments(self):
        """The trace ids of the last minute's payments in Jaeger."""
        now = int(time.time() * 1e6)
        query = f"service=minishop&operation=ProcessPayment&limit=20&start={now - 60_000_000}&end={now}"
        return [trace["traceID"] for trace in labtest.http_json(f"{self.url('JAEGER')}/api/traces?{query}")["data"]]

    def slack(self, word):
        """The titles of the messages on MiniShopHighErrorRate that begin with this word."""
        messages = labtest.http_get(f"{self.url('SLACK_MOCK')}/messages")
        return [part for part in titles(json.loads(messages)) if part.startswith(word)]

    def incident(self, name):
        """Starts an incident as docs/stack.md describes it."""
        source = self.directory / f"observability/incidents/{name}.conf" if name else pathlib.Path("/dev/null")
        with source.open() as text:
            output(self.command, "exec", "-T", "minishop", "tee", INCIDENT, cwd=self.directory, env=self.env, stdin=text)
        self.compose("kill", "-s", "HUP", "minishop")

    def inside(self, *argv):
        """Runs a command in another container of MiniShop's image, without the limits of the others."""
        return output("docker", "run", "--rm", f"--network={self.project}_default", f"minishop-lab:{self.env['MINISHOP_TAG']}", *argv)

    def left(self):
        label = f"label=com.docker.compose.project={self.project}"
        return [output("docker", *what, "-q", "--filter", label).split() for what in
                (("ps", "-a"), ("volume", "ls"), ("network", "ls"))]


def service(container):
    return container["Config"]["Labels"]["com.docker.compose.service"]


def titles(value):
    """Every "title" of an attachment, at any depth of the mock's JSON."""
    if isinstance(value, dict):
        return ([value["title"]] if isinstance(value.get("title"), str) else []) + \
            [title for part in value.values() for title in titles(part)]
    return [title for part in value for title in titles(part)] if isinstance(value, list) else []
