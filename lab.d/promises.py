# SPDX-License-Identifier: MIT
"""Writes the figures of a report of `./lab test` into the table of docs/reliability.md, with the report's commit, date and machine.

Usage: python3 lab.d/promises.py [REPORT], by default .lab/test-report.md. A row gets the figures of the tests that it names. A row
whose tests have no figure in the report becomes empty, so all figures in the table are from one run.
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
PAGE = TOP / "docs/reliability.md"
HEAD = "| promise | latest figure | test |"
SOURCE = "Latest figures: "


def rows(page):
    """(promise, figure, test) of each row of the table."""
    table = page.partition(HEAD)[2].partition("\n\n")[0]
    return [re.fullmatch(r"\| (.*?) \| ?(.*?) ?\| (.*) \|", line).groups() for line in table.splitlines()[2:]]


def tests_of(cell):
    """The test functions that a row names."""
    return re.findall(r"`(test_\w+)`", cell)


def read_report(report):
    """(figures, source): the last figure of each test function, and a sentence about the run."""
    figures = dict(re.findall(r"^\| [^|]* \| (test_\w+): (.*?) \| +\|$", report, re.M))
    mode = re.search(r"^# \./lab test \((\w+)\)$", report, re.M)
    facts = dict(re.findall(r"^- (date|commit|machine): (.*)$", report, re.M))
    if not mode or len(facts) < 3:
        raise ValueError("not a report of ./lab test")
    return figures, (f"{SOURCE}`./lab test{'' if mode[1] == 'default' else f' --{mode[1]}'}` at commit {facts['commit']}, "
                     f"{facts['date'].split(',')[0]}, {facts['machine']}.")


def update(page, report):
    """The text of the page with the figures of the report."""
    figures, source = read_report(report)
    before, head, rest = page.partition(HEAD)
    table, end, after = rest.partition("\n\n")
    lines = table.split("\n")[:2]
    for promise, _, test in rows(page):
        found = [figures[name] for name in tests_of(test) if name in figures]
        lines.append(f"| {promise} | {''.join(f'{text} ' for text in ['; '.join(found)] if text)}| {test} |")
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
