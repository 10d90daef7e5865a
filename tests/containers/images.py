# SPDX-License-Identifier: MIT
"""Chooses the images of the compose test: those of .env if a registry can be reached, else stand-ins (images.sh). The checks are the same.
"""
import dataclasses
import gzip
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / name) for name in ("e2e", "observability")]
import labtest  # noqa: E402
import log_sink  # noqa: E402
import stack  # noqa: E402

# If the smallest image can be pulled, the others can too.
PROBE, VERSION = "prom/alertmanager", "ALERTMANAGER_VERSION"
PULL_S = 120
# Engines that the project does not build: the installed program, or "" without one.
NOT_BUILT = {"grafana": "", "loki": "loki", "tempo": "tempo", "promtail": "promtail", "alloy": "alloy"}


def skip(why):
    print(f"SKIP the stack in containers: {why}")
    sys.exit(labtest.SKIPPED)


@dataclasses.dataclass
class Images:
    """variables: the variables of docker-compose.yml that choose the images. listeners: services with an image that only listens and returns 200."""
    variables: dict
    listeners: frozenset

    def real(self, service):
        return service not in self.listeners


def why_not_pulled():
    """The reason why no image can be pulled; the empty string if one was pulled."""
    version = re.search(rf"^{VERSION}=(\S+)", (labtest.TOP / ".env").read_text(), re.MULTILINE)[1]
    try:
        done = subprocess.run(["docker", "pull", "-q", f"{PROBE}:{version}"], capture_output=True, text=True, timeout=PULL_S, check=False)
    except subprocess.TimeoutExpired:
        return f"docker pull did not end within {PULL_S} s"
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["docker pull failed"])[-1]


def choose():
    """The images of this run. Prints them, and the promises that they leave untested."""
    why = why_not_pulled()
    if not why:
        print("     images: the real ones, Grafana, Loki, Tempo, Promtail and Alloy too, in the versions of .env", flush=True)
        return Images({"MINISHOP_TAG": "test"}, frozenset())
    listeners = frozenset(name for name, program in NOT_BUILT.items() if not program or not stack.installed(program))
    print(f"     images: stand-ins made here, from the engines of tests/engines; no image can be pulled: {why}\n"
          f"     only listening, their configurations were not run: {', '.join(sorted(listeners))}", flush=True)
    return Images(stand_ins(), listeners)


def built(*engines):
    """The folder of these engines, or of all engines of the default tests. Builds missing ones."""
    done = subprocess.run(["sh", str(labtest.TOP / "tests/engines/build.sh"), *engines], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == labtest.SKIPPED:
        skip("no go to build the engines with")
    if done.returncode != 0:
        raise labtest.TestFailure("the engines could not be built")
    return pathlib.Path(done.stdout.strip())


def stand_ins():
    """Builds the images that cannot be pulled; returns the variables that choose them."""
    inspected = subprocess.run(["docker", "image", "inspect", "debian:12-slim"], capture_output=True, check=False)
    if inspected.returncode != 0 and (os.geteuid() != 0 or not shutil.which("debootstrap")):
        skip("no image of Debian 12, and only root with debootstrap can make one")
    made = subprocess.run(["sh", str(pathlib.Path(__file__).parent / "images.sh"), str(built())], stdout=subprocess.PIPE, text=True, check=False)
    if made.returncode != 0:
        raise labtest.TestFailure("the stand-in images could not be made")
    return dict(line.split("=", 1) for line in made.stdout.split())


def kept_lines(kept):
    """The log lines that listen.pl has kept, oldest first."""
    lines, at = [], 0
    while at < len(kept):
        [length] = struct.unpack_from(">I", kept, at)
        body = kept[at + 4:at + 4 + length]
        lines += log_sink.log_lines(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body)
        at += 4 + length
    return [line for _, _, line in sorted(lines, key=lambda entry: entry[0])]
