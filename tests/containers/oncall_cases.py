# SPDX-License-Identifier: MIT
"""Cases on call in the containers: one for each way of breaking the lab."""
import pathlib
import subprocess
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.parent / name) for name in ("e2e", "lab")]
import oncall_test  # noqa: E402
from labtest import TestFailure, run_lab  # noqa: E402

# The shop's configuration, a caller, a rejected reload, a rule, a silence, a container, nothing; and those that need the log, where Loki runs.
CASES = (3, 2, 7, 10, 21, 26, 1)
WITH_LOG = (6, 16)


class Lab:
    """./lab of the clone whose containers run."""

    def __init__(self, stack):
        self.program, self.directory = stack.directory / "lab", stack.directory / ".lab"
        self.urls = {f"{name.split('_')[0].lower()}_url": stack.url(name)
                     for name in ("MINISHOP", "SLACK_MOCK", "PROMETHEUS", "ALERTMANAGER", "GRAFANA", "LOKI", "JAEGER")}
        self.env = {**stack.env, "LAB_DIR": str(self.directory), "LAB_ONCALL_PACE": str(oncall_test.PACE)}

    def __call__(self, *words, status=0):
        return run_lab(self.program, words, self.env, status, 180)


def on_call(stack):
    """Solves each of them."""
    lab = Lab(stack)
    log = WITH_LOG if stack.images.real("loki") else ()
    for number in CASES + log:
        began = time.monotonic()
        try:
            oncall_test.solve(lab, number, native=False)
        except TestFailure:
            subprocess.run([lab.program, "oncall", "end", "--now"], env=lab.env, stdin=subprocess.DEVNULL, check=False)
            raise
        print(f"ok   on call: case {number} ({time.monotonic() - began:.0f} s)", flush=True)
