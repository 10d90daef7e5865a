# SPDX-License-Identifier: MIT
"""Runs steps and adds up their counts. A step is a command with its own log; several can run at the same time.

A step's command counts its tests in one of three ways. Lines "counts: PASSED FAILED SKIPPED" are added up. Without them, each line that begins
with "ok ", "FAIL " or "SKIP " is one test. A command that prints neither is one test, and its exit status tells the result: 0, 77 (skipped), others.
Lines "SKIP ..." are shown. They, lines "FAIL ..." and lines "figure: TEXT" go into the report. "progress: SECONDS TEXT" says what the step does, and
since when (Unix time).
"""
import dataclasses
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from tools import SKIPPED, TOP, elapsed, row

REPORT_EVERY_S = 30
NICE = 10


@dataclasses.dataclass(frozen=True)
class Step:
    name: str  # also the name of its log
    command: tuple
    title: str = ""  # the name, if empty
    modes: tuple = ("default", "full")
    beside: bool = False  # runs beside the other steps of its stage
    yields: bool = False  # lets the other steps have the processors first, because it is not timed
    needs: tuple = ()  # names of earlier steps: the step does not run if one of them has failed
    programs: tuple = ()  # the step does not run if one of these is not installed

    @property
    def label(self):
        return self.title or self.name


def count(log, status):
    """The tests that a step has passed, failed and skipped, from its log and its exit status."""
    told = re.findall(r"^counts: (\d+) (\d+) (\d+)$", log, re.MULTILINE)
    if told:
        passed, failed, skipped = (sum(map(int, column)) for column in zip(*told))
    else:
        passed, failed, skipped = (len(re.findall(rf"^{word} ", log, re.MULTILINE)) for word in ("ok", "FAIL", "SKIP"))
    if status not in (0, SKIPPED):
        return passed, failed or 1, skipped
    if passed or failed or skipped or (told and status == 0):
        return passed, failed, skipped
    return (1, 0, 0) if status == 0 else (0, 0, 1)


def in_words(passed, failed, skipped):
    words = [f"{passed} passed"] + [f"{failed} FAILED"] * (failed > 0) + [f"{skipped} skipped"] * (skipped > 0)
    return ", ".join(words) if passed or failed or skipped else "ready"


def yielding(command):
    """The command with a low priority. Where Linux groups processes by session (sched_autogroup), a nice value only counts within the session, and
    the session has one of its own."""
    return "sh", "-c", f'{{ echo {NICE} >/proc/self/autogroup; }} 2>/dev/null; exec nice -n {NICE} "$@"', "sh", *command


class Run:
    """One run of a list of stages. Stages follow each other; each is a list of steps."""

    def __init__(self, directory, environment=lambda: os.environ, missing=None, patience_s=(60, 5)):
        self.directory = directory
        self.patience_s = patience_s  # how long an interrupted test may clean up, and how long it may take to end
        self.environment = environment  # called before each step
        self.missing = missing or {}  # needs that this run does not meet, each with the reason
        self.totals = (0, 0, 0)
        self.report = []  # rows of a table: step, result, time
        self.running = {}  # step: its process and when it began
        self.mark = f"TEST_RUN_OF_LAB={os.getpid()}-{time.time_ns()}"  # in the environment of every process of this run, also of those that get no LAB_*
        self.interrupted = False
        self.told = 0.0

    def go(self, stages):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self.interrupt)
        for stage in stages:
            for step in sorted(stage, key=lambda step: not step.beside):
                self.start(step)
                if not step.beside:
                    self.wait(step)
            for step in stage:
                self.wait(step)

    def interrupt(self, *_):
        self.interrupted = True

    def start(self, step):
        reasons = [self.missing[need] for need in step.needs if need in self.missing]
        reasons += [f"{program} is missing" for program in step.programs if not shutil.which(program)]
        if reasons:
            self.missing[step.name] = reasons[0]
            self.add(step, (0, 0, 1), f"SKIP {reasons[0]}")
            return
        name, _, value = self.mark.partition("=")
        command = yielding(step.command) if step.yields else step.command
        with open(self.log(step), "wb") as log:
            process = subprocess.Popen([str(word) for word in command], cwd=TOP, env={**self.environment(), name: value}, stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        self.running[step] = process, time.monotonic()
        self.told = time.monotonic()

    def wait(self, awaited):
        """Waits for one step, and finishes each step that ends meanwhile."""
        while awaited in self.running:
            for step, (process, began) in list(self.running.items()):
                if process.poll() is not None:
                    self.finish(step, process.returncode, time.monotonic() - began)
            if self.interrupted:
                self.end_all()
                sys.exit(130)
            if awaited in self.running:
                self.show(awaited)
                time.sleep(0.1)

    def show(self, step):
        """Shows how long a step has been running: always in a terminal, and at intervals in a file."""
        now = time.monotonic()
        if not sys.stdout.isatty() and now - self.told < REPORT_EVERY_S:
            return
        text = elapsed(now - self.running[step][1])
        progress = re.findall(r"^progress: (\d+) (.*)", self.read(step), re.MULTILINE)
        if progress:
            text = f"{progress[-1][1]}, {elapsed(time.time() - int(progress[-1][0]))}"
        if sys.stdout.isatty():
            print(f"\r\033[K  {step.label:<14} {text} ", end="", flush=True)
        else:
            row(step.label, f"still running, {text}")
            self.told = now

    def finish(self, step, status, took):
        del self.running[step]
        log = self.read(step)
        counts = count(log, status)
        self.add(step, counts, f"{in_words(*counts)} ({elapsed(took)})", elapsed(took))
        told = re.findall(r"^(?:figure: |(?=SKIP |FAIL ))(.*)", log, re.MULTILINE)
        self.report += [f"| {step.label} | {text[:300].replace('|', '/')} | |" for text in told]
        for line in re.findall(r"^SKIP.*", log, re.MULTILINE):
            print(" " * 17 + line)
        if counts[1]:
            print(f"lab: the last lines of {self.log(step)}:", *(line[:300] for line in log.splitlines()[-60:]), sep="\n  | ", flush=True)

    def add(self, step, counts, text, took=""):
        self.totals = tuple(map(sum, zip(self.totals, counts)))
        if counts[1]:
            self.missing[step.name] = f"'{step.label}' failed"
        if sys.stdout.isatty():
            print("\r\033[K", end="")
        row(step.label, text)
        self.report.append(f"| {step.label} | {text.partition(' (')[0]} | {took} |")

    def log(self, step):
        return self.directory / f"{step.name}.log"

    def read(self, step):
        return self.log(step).read_text(errors="replace")

    def processes(self):
        """All processes of this run, also those that have left their parents' session."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/environ", "rb") as environ:
                    if self.mark.encode() in environ.read().split(b"\0"):
                        found.append(int(name))
            except OSError:
                pass  # it has ended, or is another user's
        return found

    def end_all(self):
        """Stops all processes. SIGINT lets a test clean up; the remaining processes get SIGTERM, and then SIGKILL."""
        print(f"\nlab: interrupted, ending {', '.join(step.label for step in self.running)}", file=sys.stderr, flush=True)
        for process, _ in self.running.values():
            os.killpg(process.pid, signal.SIGINT)
        self.until(lambda: all(process.poll() is not None for process, _ in self.running.values()), self.patience_s[0])
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self.processes():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            self.until(lambda: not self.processes(), self.patience_s[1])

    def until(self, condition, seconds):
        deadline = time.monotonic() + seconds
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.1)
            for process, _ in self.running.values():
                process.poll()
