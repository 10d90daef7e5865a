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
| coverage | 95.1 88.2 (lines, branches, in per cent) | |
| kill -9, often | test_a: 200 kills; 3 cut | |
"""
TABLE = f"""# Promises

{promises.SOURCE}none yet.

{promises.HEAD}
|---|---|---|
| It lives | old | `tests/e2e/crash_test.py` `test_a`, `test_b` |
| It is quick | older | `tests/e2e/crash_test.py` `test_c` |
| It is small | | `tests/http/test_small.c` |

## Not promised

- {promises.SOURCE}or the moon.
"""


def test_figures_of_a_report_are_written(_):
    new = promises.update(TABLE, REPORT)
    expect("rows", [row[1] for row in promises.rows(new)], ["200 kills; 3 cut; 7", "", ""])
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


def test_each_row_has_its_test(_):
    rows = promises.rows(PAGE.read_text())
    claim(f"{len(rows)} promises", len(rows) >= 25)
    promised = {}
    for promise, figure, cell in rows:
        files = re.findall(r"`(tests/[\w/-]+\.(?:py|c))`", cell)
        claim(f"{promise}: it names a test", files, cell)
        for name in files:
            claim(f"{promise}: {name} exists", (labtest.TOP / name).is_file())
        writers = set().union(*(figure_writers(labtest.TOP / name) for name in files if name.endswith(".py")))
        names = promises.tests_of(cell)
        if figure:
            claim(f"{promise}: a test of it writes the figure", writers & set(names), f"{names} write none")
        for name in names:
            expect(f"rows with {name}", promised.setdefault(name, promise), promise)


def test_each_figure_has_its_row(_):
    """Each test that measures a figure for the table is in the table."""
    named = set(promises.tests_of(PAGE.read_text()))
    for path in sorted(path for folder in ("e2e", "lab", "library", "containers") for path in (labtest.TOP / "tests" / folder).glob("*.py")):
        expect(f"{path.name}: figures without a row", sorted(figure_writers(path) - named - {"test_a_figure_is_one_line_of_the_report"}), [])


if __name__ == "__main__":
    labtest.run_tests(globals())
