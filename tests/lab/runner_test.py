#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The runner of `./lab test` (lab.d/test/runner.py): its counts, its order, skipped steps, and processes left behind."""
import contextlib
import errno
import io
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests/e2e"), str(TOP / "lab.d/test")]
import labtest  # noqa: E402
from labtest import TestFailure, expect, wait_until  # noqa: E402
import forecast  # noqa: E402
import plan  # noqa: E402
import runner  # noqa: E402
from runner import Run, Step  # noqa: E402


def sh(name, text, **more):
    return Step(name, ("sh", "-c", text), **more)


def run(directory, *stages, **more):
    """Runs the stages. Returns the run and its output."""
    done = Run(directory, **more)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        done.go(stages)
    return done, said.getvalue()


COUNTS = [
    # output, exit status, (passed, failed, skipped)
    ("", 0, (1, 0, 0)),
    ("", 1, (0, 1, 0)),
    ("", 77, (0, 0, 1)),
    ("", -9, (0, 1, 0)),
    ("ok   one\nok   two (0.1 s)\nSKIP three: none\nFAIL four\n", 1, (2, 1, 1)),
    ("ok   one\nend of a test that was killed\n", 2, (1, 1, 0)),
    ("SKIP one: gcc is missing\n", 77, (0, 0, 1)),
    ("not ok   one\n FAIL two\nokay\nFAILED\n", 0, (1, 0, 0)),
    ("counts: 5 0 1\ncounts: 2 1 0\nok   a line of a log\nFAIL another\n", 1, (7, 1, 1)),
    ("counts: 5 0 0\n", 2, (5, 1, 0)),
    ("counts: 0 0 0\n", 0, (0, 0, 0)),
    ("counts: 0 0 0\n", 1, (0, 1, 0)),
    ("counts: 1 2\n", 0, (1, 0, 0)),
]


def test_counts(_):
    for log, status, wanted in COUNTS:
        expect(f"{log!r} with exit status {status}", runner.count(log, status), wanted)


def instant(text):
    """The text with 0 s for each time: on a busy machine a step takes seconds."""
    return re.sub(r"\b\d+ s\b", "0 s", text)


def test_lines_and_totals(directory):
    done, said = run(directory, [sh("good", "echo ok a; echo ok b"), sh("bad", "echo before; exit 3", title="a title"), sh("none", "echo SKIP c: no tool; exit 77"),
                                 sh("ready", "echo counts: 0 0 0"), sh("measured", "echo figure: 12 ms")])
    lines = instant(said).splitlines()
    expect("the first line", lines[0], "  good           2 passed (0 s)")
    expect("the failing step", lines[1], "  a title        0 passed, 1 FAILED (0 s)")
    expect("the end of its log", lines[2:4], [f"lab: the last lines of {directory}/bad.log:", "  | before"])
    expect("the skipped step", lines[4:6], ["  none           0 passed, 1 skipped (0 s)", " " * 17 + "SKIP c: no tool"])
    expect("a step without a test", lines[6], "  ready          ready (0 s)")
    expect("the totals", done.totals, (3, 1, 1))
    expect("the report", instant(done.report[1]), "| a title | 0 passed, 1 FAILED | 0 s |")
    expect("the skipped test in the report", "| none | SKIP c: no tool | |" in done.report, True)
    expect("the figure", done.report[-1], "| measured | 12 ms | |")


def test_needs(directory):
    done, said = run(directory, [sh("first", "exit 1"), sh("second", "touch ran", needs=("first",)), sh("third", "true", needs=("second",)),
                                 sh("fourth", "true", needs=("packages",)), sh("fifth", "true", programs=("no-such-program",)), sh("last", "true")],
                     missing={"packages": "no packages"})
    expect("the totals", done.totals, (1, 1, 4))
    for words in ("second         SKIP 'first' failed", "third          SKIP 'first' failed", "fourth         SKIP no packages",
                  "fifth          SKIP no-such-program is missing"):
        expect(words, words in said, True)
    expect("logs", sorted(path.name for path in directory.iterdir()), ["first.log", "last.log"])


def test_beside(directory):
    """A step beside others runs while they run; the next stage begins when all have ended."""
    waits = f"while [ ! -e {directory}/go ]; do sleep 0.05; done; echo ok"
    done, _ = run(directory, [sh("alone", f"touch {directory}/go"), sh("patient", waits, beside=True)],
                  [sh("after", f"grep -q ok {directory}/patient.log")])
    expect("the totals", done.totals, (3, 0, 0))


def test_yields(directory):
    """A step that yields does so in its session's group too. The kernel has the file also where it does not group processes."""
    grouped = pathlib.Path("/proc/self/autogroup").exists()
    run(directory, [sh("gentle", "nice; cat /proc/self/autogroup || true", yields=True), sh("other", "nice")])
    gentle, other = ((directory / f"{name}.log").read_text().split("\n") for name in ("gentle", "other"))
    own = os.nice(0)
    expect("nice values", (gentle[0], other[0]), (str(min(own + runner.NICE, 19)), str(own)))
    if grouped:
        expect("of its group", gentle[1].split("nice ")[1], str(runner.NICE))


def test_its_own_environment(directory):
    done, _ = run(directory, [sh("told", 'test "$COLOUR" = blue && test -z "$(cat)"')], environment=lambda: {**os.environ, "COLOUR": "blue"})
    expect("the totals", done.totals, (1, 0, 0))


INTERRUPTED = """
import pathlib, sys
sys.path.insert(0, sys.argv[1])
from runner import Run, Step
Run(pathlib.Path(sys.argv[2]), patience_s=(3, 1)).go([[Step(str(number), ("sh", "-c", command), beside=number > 0) for number, command in enumerate(sys.argv[3:])]])
"""
# A test that cleans up when it is interrupted; one that ignores signals; one that has left its parent, its session and its terminal.
CLEANS_UP = "trap 'touch {0}/cleaned; exit 1' INT; touch {0}/ready-0; while :; do sleep 0.1; done"
DEAF = "trap '' INT TERM; touch {0}/ready-1; while :; do sleep 0.1; done"
ESCAPED = "trap '' INT; setsid sh -c 'touch {0}/ready-2; sleep 600' & exit 0"


def processes_of(directory):
    """The processes of one case."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"RUNNER_TEST={directory}".encode() in path.read_bytes():
                found.append(path.parent.name)
    return found


def test_interrupt_leaves_no_process(directory):
    for number in (signal.SIGINT, signal.SIGTERM):
        place = directory / str(int(number))
        place.mkdir()
        process = subprocess.Popen([sys.executable, "-c", INTERRUPTED, str(TOP / "lab.d/test"), str(place), *(text.format(place) for text in (CLEANS_UP, DEAF, ESCAPED))],
                                   env={**os.environ, "RUNNER_TEST": str(place)}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        wait_until("all steps run", lambda: all((place / f"ready-{step}").exists() for step in range(3)))
        began = time.monotonic()
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]
        expect("exit status", process.returncode, 130)
        expect("what it says", "lab: interrupted, ending" in said, True)
        expect("the test cleaned up", (place / "cleaned").exists(), True)
        expect("processes that are left", processes_of(place), [])
        expect("it took less than 15 seconds", time.monotonic() - began < 15, True)


def test_a_port_is_reserved(_):
    """Before the server listens, and between its starts, the port refuses clients, and no other program gets it."""
    port = labtest.free_port()
    for _ in range(2):
        with socket.socket() as client, socket.socket() as other:
            expect("a client", client.connect_ex(("127.0.0.1", port)), errno.ECONNREFUSED)
            try:
                other.bind(("127.0.0.1", port))
            except OSError as error:
                expect("another program", error.errno, errno.EADDRINUSE)
            else:
                raise TestFailure("another program gets the port")
        socket.create_server(("127.0.0.1", port)).close()


def names(stages):
    return [step.name for stage in stages for step in stage]


def test_plan(_):
    every = names(plan.stages())
    expect("steps that have the same name", len(every), len(set(every)))
    for mode in ("quick", "default", "full"):
        before = {"python"} if mode == "quick" else set()  # --quick uses the packages where they are installed
        for stage in plan.chosen(mode):
            for step in stage:
                expect(f"{mode}: what {step.name} needs and does not come before it", set(step.needs) - before, set())
                before.add(step.name) if not step.beside else None
            before |= set(names([stage]))
    programs = {str(path.relative_to(TOP)) for path in TOP.glob("tests/*/*_test.py")}
    run_by_plan = {str(word) for stage in plan.stages() for step in stage for word in step.command}
    by_make = "".join(path.read_text() for path in TOP.glob("tests/*/*.sh"))
    expect("test programs that nothing runs", [name for name in sorted(programs - run_by_plan) if pathlib.Path(name).name not in by_make], [])


def test_only(_):
    expect("one step and its needs", names(plan.chosen("only", "guide")), ["python", "build-plain", "guide"])
    expect("by title", names(plan.chosen("only", "tests (TSan)")), ["build-tsan", "check-tsan"])
    expect("a pattern", {"alert_loop", "alertmanager"} <= set(names(plan.chosen("only", "alert*"))), True)
    expect("none", names(plan.chosen("only", "nothing")), [])
    for words in (["--only"], ["--only", "nothing"], ["--fast"], ["--quick", "--full"], ["quick"]):
        done = subprocess.run([sys.executable, TOP / "lab.d/test/forecast.py", *words], capture_output=True, text=True, check=False)
        expect(f"{words}: exit status", done.returncode, 2)
        expect(f"{words}: what it says", done.stderr.startswith("lab: ") and "see ./lab help" in done.stderr, True)


def test_figures_of_contributing(_):
    """CONTRIBUTING.md has the figures that ./lab test prints."""
    text = (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for mode, (minutes, _) in forecast.RUNS.items():
        command = "./lab test" + ("" if mode == "default" else f" --{mode}")
        expect(f"the row of {command}", f"| {minutes} minutes |" in next(line for line in text.splitlines() if line.startswith(f"| `{command}` |")), True)
    for name, (seconds, size) in forecast.ENGINES.items():
        expect(f"the row of {name}", f"| {seconds} | {size} |" in next(line for line in text.splitlines() if line.startswith(f"| `{name}` |")), True)


def test_figures_of_readme(_):
    """The README repeats the times of the runs, and what the first run builds."""
    text = (TOP / "README.md").read_text(encoding="utf-8")
    for command, mode in (("test --quick", "quick"), ("test", "default")):
        expect(f"minutes of {mode}", re.findall(rf"^\./lab {command} +# (\d+) minutes", text, re.M), [str(forecast.RUNS[mode][0])])
    wanted = [forecast.ENGINES[name] for name in forecast.wanted_engines("default")]
    [(number, minutes, size)] = re.findall(r"also builds (\w+) engines.*?takes (\d+) minutes more.*? and ([\d.]+) GB in `~/.cache/minishop-engines`", text, re.S)
    expect("engines, minutes and GB", (number, minutes, size), (
        dict(enumerate(("five", "six", "seven", "eight"), 5))[len(wanted)], f"{sum(seconds for seconds, _ in wanted) / 60:.0f}",
        f"{sum(size for _, size in wanted) / 1000:.1f}"))


def test_counts_of_the_documents(_):
    """The documents say how many chapters and cases there are, and how large the log of the lab can be."""
    sys.path.insert(0, str(TOP / "lab.d"))
    from oncall import cases
    text = {name: " ".join((TOP / name).read_text(encoding="utf-8").split()) for name in ("README.md", "docs/guide/README.md", "docs/oncall.md", "lab.d/up.sh")}
    chapters = len(list((TOP / "docs/guide").glob("[0-9][0-9]-*.md")))
    for name in ("README.md", "docs/guide/README.md", "lab.d/up.sh"):
        expect(f"chapters in {name}", re.findall(r"(\w+) short chapters", text[name]), [{12: "twelve", 13: "thirteen", 14: "fourteen"}[chapters]])
    expect("cases in README.md", re.findall(r"The lab has (\w+) cases", text["README.md"]), [{29: "twenty-nine", 30: "thirty", 31: "thirty-one"}[len(cases.NUMBERS)]])
    expect("cases in docs/oncall.md", re.findall(r"one of (\d+), drawn at random", text["docs/oncall.md"]), [str(len(cases.NUMBERS))])
    first, last = map(int, re.search(r"it begins (\d+) to (\d+) seconds after", text["docs/oncall.md"]).groups())
    expect("when the fault begins", (first, last), cases.BEGINS_S)
    size, kept = (int(re.search(rf"#{name} = (\d+);", (TOP / "etc/minishop.conf").read_text(encoding="utf-8"))[1]) for name in ("max_bytes", "keep"))
    expect("GB of the log", re.findall(r"Its log grows by \d+ MB an hour, to ([\d.]+) GB at most", text["README.md"]), [f"{size * (kept + 1) / 1e9:.1f}"])


if __name__ == "__main__":
    labtest.run_tests(globals())
