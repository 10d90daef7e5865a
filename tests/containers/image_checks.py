# SPDX-License-Identifier: MIT
"""Checks the content of the project's images, and MiniShop's container without memory. compose_test.py has built the images."""
import contextlib
import datetime
import json
import re
import resource
import socket
import subprocess
import tarfile
import time

import labtest
from labtest import claim, output, wait_until

# World-writable directories; all have the sticky bit.
SHARED = {"tmp", "var/tmp", "run/lock"}
# Other directories that the user of MiniShop's image may write to.
OWN = {"var/log/minishop", "var/lib/slack-mock"}
USER = 10001
MEMORY_MIB = 32
BACK_WITHIN_S = 1


@contextlib.contextmanager
def container(*argv):
    """The id of a container that is created with these options."""
    made = output("docker", *argv).strip()
    try:
        yield made
    finally:
        output("docker", "rm", "-f", made)


def wrong_files(image):
    """(set-uid or set-gid files, paths that everybody may write, paths that USER may write) in an image."""
    privileged, shared, own = set(), set(), set()
    with container("create", image) as made, subprocess.Popen(["docker", "export", made], stdout=subprocess.PIPE) as export:
        for file in tarfile.open(fileobj=export.stdout, mode="r|"):
            name = file.name.removeprefix("./").rstrip("/")
            if name.startswith("dev/"):  # a container has a /dev of its own
                continue
            if file.mode & 0o6000 and file.isfile():
                privileged.add(name)
            if file.mode & 0o002 and not file.issym():
                shared.add(name if file.mode & 0o1000 else f"{name} (without the sticky bit)")
            if USER in (file.uid, file.gid):
                own.add(name)
    return privileged, shared, own


def crowd(address, count):
    """Opens this many connections, each with one request and half of another."""
    request = b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
    socks = []
    with contextlib.suppress(OSError):  # the service has died
        for _ in range(count):
            sock = socket.create_connection((address, 8080), 2)
            socks.append(sock)
            sock.sendall(request + request[:-2] + b"X-Long: " + b"x" * 3000)
    return socks


def seconds_between(earlier, later):
    """The seconds between two RFC 3339 times, with any number of digits."""
    return (datetime.datetime.fromisoformat(later[:26].rstrip("Z") + "+00:00") - datetime.datetime.fromisoformat(
        earlier[:26].rstrip("Z") + "+00:00")).total_seconds()


def test_out_of_memory(stack):
    """A cgroup of 32 MiB, and more clients than fit: the kernel kills the service, and when Docker starts it again it is ready within a second."""
    limit = f"{MEMORY_MIB}m"
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with container("run", "-d", f"--memory={limit}", f"--memory-swap={limit}", "--restart=on-failure", "--ulimit=nofile=16384:16384",
                   "-e", "OTEL_TRACES_EXPORTER=none", f"minishop-lab:{stack.env['MINISHOP_TAG']}") as made:
        def inspect():
            return json.loads(output("docker", "inspect", made))[0]

        def lives():
            # If the kill has cut a line, Docker shows it without its end, followed by the next line.
            return re.findall(r'"timestamp":"([^"]+)"[^{}]*"service ready"', output("docker", "logs", made))

        [network] = inspect()["NetworkSettings"]["Networks"].values()
        wait_until("it is ready", lives, 20)
        socks, deadline = [], time.monotonic() + 30
        while inspect()["RestartCount"] == 0 and time.monotonic() < deadline:
            socks += crowd(network["IPAddress"], 500)
        count = len(socks)
        for sock in socks:
            sock.close()
        wait_until("it is ready again", lambda: len(lives()) == inspect()["RestartCount"] + 1 > 1, 20)
        state = inspect()["State"]
        # Docker notes the start a moment late.
        gone, seconds = (max(0, seconds_between(state[event], lives()[-1])) for event in ("FinishedAt", "StartedAt"))
        claim(f"killed with {count} connections, it is ready {seconds:.2f} s after Docker has started it again", seconds < BACK_WITHIN_S)
    labtest.figure(f"killed by the kernel at {MEMORY_MIB} MiB with {count} connections, ready {seconds:.2f} s after Docker started it again, "
                   f"{gone:.1f} s after its end", "test_out_of_memory")


def test_images(stack):
    """No file gives a process more privileges, and a process can write only to the necessary directories."""
    tag = stack.env["MINISHOP_TAG"]
    for name, own in (("minishop-lab", OWN), ("minishop-lab-prepare", None)):
        privileged, shared, owned = wrong_files(f"{name}:{tag}")
        claim(f"{name}: no set-uid or set-gid file", not privileged, sorted(privileged))
        claim(f"{name}: everybody may write to {', '.join(sorted(SHARED))} only", shared <= SHARED, sorted(shared))
        if own is not None:
            claim(f"{name}: its user may write to {', '.join(sorted(own))} besides", owned == own, sorted(owned))
    labtest.figure(f"0 set-uid files, {len(SHARED)} shared directories, {len(OWN)} of its own", "test_images")
