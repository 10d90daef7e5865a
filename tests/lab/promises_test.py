#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/reliability.md: each row names tests that exist, each figure comes from such a test, and lab.d/promises.py puts it there."""
import ast
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
from labtest import TestFailure, claim, expect  # noqa: E402

sys.path.append(str(labtest.TOP / "lab.d"))
import promises  # noqa: E402

PAGE = labtest.TOP / "docs/reliability.md"
REPORT = """# ./lab test (full)

- date: 2026-11-27T09:00Z, 51 minutes
- commit: 0123456789ab
- machine: 2 processors, A Processor | of pipes, Linux 6.1
- load at the end: 0.5 0.6 0.7
- 10 passed, 0 failed, 0 skipped

| step | result | time |
|---|---|---|
| crash | 2 passed | 50 s |
| crash | test_a: 20 kills | |
| crash | test_b: 7 | |
| neighbours | 1 passed, 2 skipped | 9 s |
| neighbours | SKIP wind and weather (0.0 s): needs root, and a sea | |
| neighbours | SKIP slack_troubles_test.py: alertmanager missing | |
| abuse | 1 passed, 1 FAILED | 9 s |
| abuse | test_e: 5 of 5 | |
| abuse | FAIL e (0.1 s): 4 instead of 5: a / b | |
| coverage | coverage: 95.1 % of lines | |
| gcc -fanalyzer | gcc: 3 files | |
| kill -9, often | test_a: 200 kills; 3 cut | |
| kill -9, often | SKIP b (0.0 s): too often | |
"""
TABLE = f"""# Promises

{promises.SOURCE}none yet.

{promises.HEAD}
|---|---|---|
| It lives | old | `tests/e2e/crash_test.py` `test_a`, `test_b` |
| It is quick | older | `tests/e2e/crash_test.py` `test_c` |
| It is small | | `tests/http/test_small.c` |
| It floats | | `tests/e2e/neighbours_test.py` `test_wind_and_weather` |
| It tells | | `tests/e2e/slack_troubles_test.py` `test_x`, `test_y` |
| It adds up | | `tests/e2e/abuse_test.py` `test_e` |
| It is read | | `lab.d/test/coverage.py` |
| It is analysed | | `lab.d/test/analyzers.py` `gcc`, `tidy` |
| It lasts | | `tests/e2e/soak.py` `test_nothing_grows` |

## Not promised

- {promises.SOURCE}or the moon.
"""


def test_figures_of_a_report_are_written(_):
    new = promises.update(TABLE, REPORT)
    expect("rows", [row[1] for row in promises.rows(new)], [
        "200 kills; 3 cut; 7", "not run", "not run", "not run: needs root, and a sea", "not run: alertmanager missing", "**FAILED**", "95.1 % of lines",
        "3 files", "not run"])
    default = promises.update(TABLE, REPORT.replace("(full)", "(default)"))
    expect("a test of --full alone", [row[1] for row in promises.rows(default)][-1], "not run: only by `./lab test --full`")
    expect("source", re.search(rf"^{promises.SOURCE}.*", new, re.M)[0], f"{promises.SOURCE}`./lab test --full` at commit 0123456789ab, "
           "2026-11-27T09:00Z, 2 processors, A Processor | of pipes, Linux 6.1.")
    expect("the rest", new.partition("## Not")[2], TABLE.partition("## Not")[2])
    expect("once more", promises.update(new, REPORT), new)
    for wrong in ("", "# ./lab test (full)\n", REPORT.replace("- commit", "- comet")):
        try:
            promises.update(TABLE, wrong)
        except ValueError:
            continue
        raise TestFailure(f"taken for a report: {wrong[:40]!r}")


def test_a_figure_is_one_line_of_the_report(_):
    """promises.py reads the figures that labtest.figure() prints, through the report."""
    import contextlib
    import io
    with contextlib.redirect_stdout(io.StringIO()) as out:
        labtest.figure("5 of 5")
    line = out.getvalue().strip().removeprefix("figure: ")
    expect("figure", promises.read_report(f"{REPORT}| promises | {line} | |\n")[0]["test_a_figure_is_one_line_of_the_report"], "5 of 5")


def figure_writers(path):
    """Test functions of a module that call figure(), or call a function of it that does."""
    functions = {node.name: {getattr(call.func, "id", getattr(call.func, "attr", "")) for call in ast.walk(node) if isinstance(call, ast.Call)}
                 for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    writers = {"figure"}
    while more := {name for name, calls in functions.items() if calls & writers} - writers:
        writers |= more
    return {name for name in writers if name.startswith("test_")}


def tests_in(path):
    """(test functions of a file, those of them that write a figure)."""
    text = path.read_text()
    if path.suffix == ".c":
        return set(re.findall(r"^START_TEST\((\w+)\)", text, re.M)), set(re.findall(r'TEST_FIGURE\("(\w+)"', text))
    if path.parent.name == "test":  # of lab.d: a tool is a test
        tests = {path.stem, *re.findall(r"^def (\w+)\(\):", text, re.M)}
        return tests, tests if 'print(f"figure: ' in text else set()
    return set(re.findall(r"^def (test_\w+)", text, re.M)), figure_writers(path)


def test_each_row_has_its_test(_):
    rows = promises.rows(PAGE.read_text())
    claim(f"{len(rows)} promises", len(rows) >= 25)
    promised = {}
    for promise, figure, cell in rows:
        tests = promises.tests_of(cell)
        named = [file for file, _ in tests] + [name for file, name in tests if name != pathlib.Path(file).stem]
        expect(f"{promise}: files and tests", set(re.findall(r"`(.*?)`", cell)), set(named))
        writers = set()
        for file, name in tests:
            here, with_figure = tests_in(labtest.TOP / file)
            expect(f"{promise}: {name} is in {file}", name in here, True)
            expect(f"rows with {name} of {file}", promised.setdefault((file, name), promise), promise)
            writers |= {name} & with_figure
        expect(f"{promise}: a test of it writes a figure", bool(writers), True)
        expect(f"{promise}: it says what the last run found", bool(figure), True)


def test_coverage_is_that_of_the_ratchet(_):
    least = dict(line.split() for line in (labtest.TOP / "tests/coverage/ratchet.txt").read_text().splitlines() if not line.startswith("#"))
    told = {page: re.findall(r"(\d+) % of the lines and (\d+) % of the branches", (labtest.TOP / page).read_text())
            for page in ("README.md", "docs/reliability.md")}
    expect("docs/reliability.md", len(told["docs/reliability.md"]), 1)
    for page, figures in told.items():
        for figure in figures:
            expect(page, figure, (least["lines"], least["branches"]))


def test_names_of_figures_are_unique(_):
    """promises.py finds a figure by the name of its test."""
    owners = {}
    for path in sorted((labtest.TOP / "tests").rglob("*.[cp]*")):
        for name in tests_in(path)[1] if path.suffix in (".c", ".py") else ():
            expect(f"files with a figure of {name}", owners.setdefault(name, path), path)


def test_each_figure_has_its_row(_):
    """Each test that measures a figure for the table is in the table."""
    named = {name for _, _, cell in promises.rows(PAGE.read_text()) for _, name in promises.tests_of(cell)}
    for path in sorted(path for suffix in ("py", "c") for path in (labtest.TOP / "tests").rglob(f"*.{suffix}")):
        expect(f"{path.name}: figures without a row", sorted(tests_in(path)[1] - named - {"test_a_figure_is_one_line_of_the_report"}), [])


if __name__ == "__main__":
    labtest.run_tests(globals())
