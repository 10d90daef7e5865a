# SPDX-License-Identifier: MIT
"""Coverage of lines and branches of src/, over the unit tests and the whole-process tests of tests/coverage/scripts.txt.

coverage.py builds with --enable-coverage, runs the tests, and checks the figures; coverage.py --judge checks the counts of an earlier run.
known.txt lists lines that no test can reach, with reasons; the figures leave them out. ratchet.txt has the lowest figures that pass.
"""
import collections
import json
import os
import sys

import plan
from tools import JOBS, LAB_TEST, TOP, captured, must, verdict

BUILD = LAB_TEST / "coverage"
LISTS = TOP / "tests/coverage"
GENERATED = ("--exclude", r".*otlp\.pb-c.*", "--exclude", r".*page_files.*")

Known = collections.namedtuple("Known", "file text why numbers")


def lines_of(name):
    return [line for line in (LISTS / name).read_text().splitlines() if line and not line.startswith("#")]


def known():
    """The entries of known.txt, each with the numbers of its lines today. FILE: WHY, and then the lines of code, indented."""
    entries = []
    for line in lines_of("known.txt"):
        if not line[0].isspace():
            name, _, why = line.partition(": ")
            path = TOP / name
            code = [text.strip() for text in path.read_text().splitlines()] if path.is_file() else []
        else:
            numbers = [number for number, text in enumerate(code, 1) if text == line.strip()]
            entries.append(Known(name, line.strip(), why, numbers))
    return entries


def wrong_entries():
    """The errors in known.txt, for people: an entry without a reason, or one that does not match exactly one line."""
    return [f"{entry.file}: {entry.text}: {f'matches {len(entry.numbers)} lines' if entry.why else 'has no reason'}"
            for entry in known() if not entry.why or len(entry.numbers) != 1]


def run_tests():
    for counts in BUILD.rglob("*.gcda"):
        counts.unlink()
    # A service that has dropped root's privileges writes its counts here too.
    os.umask(0)
    for directory in (BUILD, *(path for path in BUILD.rglob("*") if path.is_dir())):
        directory.chmod(0o777)
    tests = {"check": ("make", "-C", BUILD, f"-j{JOBS}", "-k", "check")}
    scripts = plan.scripts()
    tests.update({name: scripts[name].command for name in lines_of("scripts.txt")})
    for name, command in tests.items():
        status, text = captured(*command, LAB_BUILD=str(BUILD))
        (BUILD / f"{name}.out").write_text(text)
        # A test that fails here fails in the other builds too, which report it.
        if status:
            print(f"note: {name} ended with {status}", flush=True)


def count():
    """The counts of gcovr: the lines of each file, as in its JSON."""
    report = BUILD / "coverage.json"
    status, text = captured("gcovr", "-r", ".", "--object-directory", BUILD, "--filter", "src/", *GENERATED, "--exclude-throw-branches",
                            "--json", report, BUILD)
    if status:
        sys.exit(text)
    return {entry["file"]: entry["lines"] for entry in json.loads(report.read_text())["files"]}


def add_up(lines, excluded):
    """For one file: lines, reached lines, branches, reached branches; and the numbers of the lines that are not fully reached."""
    total = [0, 0, 0, 0]
    missed = []
    for line in lines:
        if line["gcovr/noncode"]:
            continue
        branches = [branch["count"] for branch in line["branches"]]
        if line["line_number"] in excluded:
            branches = [branch for branch in branches if branch]
        if line["count"] or line["line_number"] not in excluded:
            total[0] += 1
            total[1] += line["count"] > 0
            total[2] += len(branches)
            total[3] += sum(branch > 0 for branch in branches)
            if not line["count"] or 0 in branches:
                missed.append(line["line_number"])
    return total, missed


def per_cent(reached, of):
    return 100 * reached / of if of else 100.0


def judge():
    """Prints the figures of each file and of all files, and writes the unreached lines into missed.txt. Returns the exit status."""
    excluded = collections.defaultdict(set)
    for entry in known():
        excluded[entry.file].update(entry.numbers)
    rows = {file: add_up(lines, excluded[file]) for file, lines in count().items()}
    for file, (row, _) in sorted(rows.items(), key=lambda item: item[1][0][3] - item[1][0][2]):
        print(f"{per_cent(row[1], row[0]):6.1f} % of lines, {per_cent(row[3], row[2]):6.1f} % of branches, {row[2] - row[3]:3} missed: {file}")
    with open(BUILD / "missed.txt", "w", encoding="utf-8") as output:
        for file, (_, missed) in sorted(rows.items()):
            code = (TOP / file).read_text().splitlines()
            output.writelines(f"{file}:{number}: {code[number - 1].strip()}\n" for number in missed)
    total = [sum(column) for column in zip(*(row for row, _ in rows.values()))]
    seen = {"lines": per_cent(total[1], total[0]), "branches": per_cent(total[3], total[2])}
    left_out = sum(len(numbers) for numbers in excluded.values())
    print(f"figure: coverage: {seen['lines']:.1f} % of lines, {seen['branches']:.1f} % of branches; {left_out} lines excluded")
    wrong = [f"known.txt: {text}" for text in wrong_entries()]
    for line in lines_of("ratchet.txt"):
        what, least = line.split()
        if seen[what] < float(least):
            wrong.append(f"{what}: {seen[what]:.2f} %, and at least {least} % are required; {BUILD}/missed.txt has what is missed")
    return 0 if verdict(not wrong, "coverage", *wrong) else 1


def main():
    if sys.argv[1:] != ["--judge"]:
        must(*plan.build("coverage", "--enable-coverage"))
        run_tests()
    return judge()


if __name__ == "__main__":
    sys.exit(main())
