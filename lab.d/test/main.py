# SPDX-License-Identifier: MIT
"""./lab test: runs the plan. Each step prints one line as it ends; the last line has the counts.

A test run has its own directory and its programs take free ports: it disturbs neither a running lab nor another test run. Builds are kept for
the next run.
"""
import datetime
import fcntl
import os
import platform
import re
import shutil
import sys
import time

import forecast
import plan
import tools
from runner import Run
from tools import LAB_DIR, TOP, elapsed, output


def claim(directory):
    """The directory of this run, and the lock on it: the kept directory, or a new one if another run uses that."""
    directory.mkdir(parents=True, exist_ok=True)
    lock = open(directory / "lock", "w", encoding="utf-8")  # open until the process ends
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return directory, lock
    except BlockingIOError:
        own = directory.with_name(f"test-{os.getpid()}")
        own.mkdir()
        return own, lock


def environment(directory):
    """Removes the user's settings, so that they do not affect the tests. The two that stay say where the engines are."""
    kept = {name: value for name, value in os.environ.items()
            if not re.match("(OTEL|MINISHOP)_", name) or name in ("MINISHOP_ENGINES", "MINISHOP_ENGINES_PATH")}
    python = {"LAB_PYTHON": str(tools.VENV / "bin/python")} if tools.venv_ready() else {}
    return {**kept, **python, "LAB_SOURCE": str(TOP), "LAB_DIR": str(LAB_DIR), "LAB_TEST": str(directory), "LAB_BUILD": str(directory / "plain")}


def report(run, mode, took):
    """The steps and figures of this run, with machine, commit and date."""
    processor = re.search(r"^model name\s*: (.*)", open("/proc/cpuinfo", encoding="utf-8").read(), re.MULTILINE)
    changed = ", changed" if output("git", "status", "--porcelain", "-uno") else ""
    lines = [
        f"# ./lab test ({mode})",
        "",
        f"- date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%MZ}, {took}",
        f"- commit: {output('git', 'rev-parse', '--short=12', 'HEAD') or 'release'}{changed}",
        f"- machine: {tools.JOBS} processors, {processor.group(1) if processor else platform.machine()}, Linux {platform.release()}",
        "- load at the end: " + " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "- {} passed, {} failed, {} skipped".format(*run.totals),
        "",
        "| step | result | time |",
        "|---|---|---|",
        *run.report,
    ]
    (LAB_DIR / "test-report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main():
    mode, pattern = forecast.arguments(sys.argv[1:])
    began = time.monotonic()
    directory, lock = claim(LAB_DIR / "test")
    stages = plan.chosen(mode, pattern)
    missing = {} if mode != "quick" or tools.venv_ready() else {"python": "no Python packages: ./lab test installs them"}
    run = Run(directory, lambda: environment(directory), missing)
    try:
        run.go(stages)
    finally:
        if directory.name != "test":
            shutil.rmtree(directory, ignore_errors=True)
    took = elapsed(time.monotonic() - began)
    print(f"All logs are in {directory}; it took {took}.")
    left_out = ""
    if pattern:
        left_out = f"; --only {pattern}: {sum(map(len, stages))} of {sum(map(len, plan.stages()))} steps"
    else:
        report(run, mode, took)
    # Programs read the result from this line only.
    print("{} passed, {} failed, {} skipped".format(*run.totals) + left_out)
    lock.close()
    return run.totals[1] > 0


if __name__ == "__main__":
    sys.exit(main())
