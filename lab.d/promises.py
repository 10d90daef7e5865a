# SPDX-License-Identifier: MIT
"""Writes the figures of a report of `./lab test` into the table of docs/reliability.md, with the report's commit, date and machine.

Usage: python3 lab.d/promises.py [REPORT], by default .lab/test-report.md. A row names files in backticks, each followed by its tests, and gets the
figures of these tests. A test that failed, was skipped or was not run is named as such: all that the table says is from one run.
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
PAGE = TOP / "docs/reliability.md"
HEAD = "| promise | latest figure | test |"
SOURCE = "Latest figures: "

sys.path.append(str(TOP / "lab.d/test"))
import plan  # noqa: E402


def rows(page):
    """(promise, figure, test) of each row of the table."""
    table = page.partition(HEAD)[2].partition("\n\n")[0]
    return [re.fullmatch(r"\| (.*?) \| ?(.*?) ?\| (.*) \|", line).groups() for line in table.splitlines()[2:]]


def tests_of(cell):
    """(file, test) of each test that a row names. A program of lab.d/test is one test: its name, unless the row names parts of it."""
    tests = []
    for file, names in re.findall(r"`([\w./-]+\.(?:py|c))`((?:,? `\w+`)*)", cell):
        tests += [(file, name) for name in re.findall(r"`(\w+)`", names) or [pathlib.Path(file).stem]]
    return tests


def read_report(report):
    """(outcomes, mode, source): the last figure of each test, or how it failed or why it was skipped; a sentence about the run."""
    lines = re.findall(r"^\| [^|]* \| (.*?) \| +\|$", report, re.M)
    outcomes = dict(match.groups() for match in map(re.compile(r"(\w+): (.*)").fullmatch, lines) if match)
    for word, test, why in (match.groups() for match in map(re.compile(r"(SKIP|FAIL) ([^:]*?)(?: \([\d.]+ s\))?(?:: (.*))?").fullmatch, lines) if match):
        for name in (test, f"test_{test.replace(' ', '_')}"):
            outcomes[name] = "**FAILED**" if word == "FAIL" else outcomes.get(name, f"not run: {why}")
    mode = re.search(r"^# \./lab test \((\w+)\)$", report, re.M)
    facts = dict(re.findall(r"^- (date|commit|machine): (.*)$", report, re.M))
    if not mode or len(facts) < 3:
        raise ValueError("not a report of ./lab test")
    return outcomes, mode[1], (f"{SOURCE}`./lab test{'' if mode[1] == 'default' else f' --{mode[1]}'}` at commit {facts['commit']}, "
                               f"{facts['date'].split(',')[0]}, {facts['machine']}.")


def in_mode(mode, file, name):
    """Whether a run in this mode runs the test. make check runs the tests in C, and some in Python."""
    words = {str(word) for stage in plan.chosen(mode) for step in stage for word in step.command}
    return mode == "full" or file.endswith(".c") or pathlib.Path(file).stem.removesuffix("_test") in plan.BY_MAKE or bool({file, name} & words)


def outcome(tests, outcomes, mode):
    """What a row says about its tests. A file that was skipped has an outcome of its own name."""
    names = [(file, name if name in outcomes else pathlib.Path(file).name) for file, name in tests]
    found = [outcomes[name] for _, name in dict.fromkeys(names) if name in outcomes]
    if found:
        return "; ".join(found)
    return "not run" if any(in_mode(mode, *test) for test in tests) else "not run: only by `./lab test --full`"


def update(page, report):
    """The text of the page with the figures of the report."""
    outcomes, mode, source = read_report(report)
    before, head, rest = page.partition(HEAD)
    table, end, after = rest.partition("\n\n")
    lines = table.split("\n")[:2]
    lines += [f"| {promise} | {outcome(tests_of(test), outcomes, mode)} | {test} |" for promise, _, test in rows(page)]
    return re.sub(rf"^{SOURCE}.*$", lambda _: source, before, flags=re.M) + head + "\n".join(lines) + end + after


def main():
    report = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else TOP / ".lab/test-report.md")
    try:
        PAGE.write_text(update(PAGE.read_text(), report.read_text()))
    except (OSError, ValueError) as error:
        print(f"promises.py: {report}: {error}. Run ./lab test --full first.", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
