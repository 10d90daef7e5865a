#!/usr/bin/env python3
"""Coverage of lines and branches of src/, over the unit tests and the whole-process tests of scripts.txt.

  measure.py [BUILD]           builds with --enable-coverage in BUILD, runs the tests, and judges
  measure.py --judge BUILD     judges what the tests of an earlier run have counted

known.txt lists what no test can reach, and why; this is left out of the figures. ratchet.txt has the least figures that pass.
BUILD is $LAB_TEST/coverage unless it is named. Python 3's standard library and gcovr.
"""
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
GENERATED = [r".*otlp\.pb-c.*", r".*page_files.*"]
SKIPPED = 77
BUILD = '. lab.d/build.sh; build_bootstrap; build_configure "$0" --enable-coverage --prefix="$0/installed"; make -C "$0" -j"$(build_jobs)" all'

Known = collections.namedtuple("Known", "file text why numbers")


def lines_of(name):
    return [line for line in (HERE / name).read_text().splitlines() if line and not line.startswith("#")]


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
    """What is wrong with known.txt, for people: an entry without a reason, or one that does not match exactly one line."""
    return [f"{entry.file}: {entry.text}: {f'matches {len(entry.numbers)} lines' if entry.why else 'has no reason'}"
            for entry in known() if not entry.why or len(entry.numbers) != 1]


def run_tests(build):
    for counted in build.rglob("*.gcda"):
        counted.unlink()
    # A service that has given up root's rights counts here too.
    os.umask(0)
    for directory in [build, *(path for path in build.rglob("*") if path.is_dir())]:
        directory.chmod(0o777)
    env = {**os.environ, "LAB_BUILD": str(build)}
    python = os.environ.get("LAB_PYTHON", sys.executable)
    runs = [("check", ["make", "-C", build, f"-j{os.cpu_count()}", "-k", "check"])]
    runs += [(pathlib.Path(script).stem, [python, script]) for script in lines_of("scripts.txt")]
    for name, command in runs:
        with open(build / f"{name}.out", "wb") as output:
            status = subprocess.run(command, cwd=TOP, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False).returncode
        # A test that fails here fails in the other builds too, where it counts.
        print(f"{name}: exit status {status}", flush=True)


def count(build):
    """What gcovr has counted: the lines of each file, as its JSON describes them."""
    report = build / "coverage.json"
    command = ["gcovr", "-r", TOP, "--object-directory", build, "--filter", "src/", "--exclude-throw-branches", "--json", report]
    for pattern in GENERATED:
        command += ["--exclude", pattern]
    subprocess.run([*command, build], cwd=TOP, check=True, stdout=subprocess.DEVNULL)
    return {entry["file"]: entry["lines"] for entry in json.loads(report.read_text())["files"]}


def add_up(lines, excluded):
    """Of one file: lines, lines reached, branches, branches reached; and the numbers of the lines where something is not reached."""
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


def judge(build):
    excluded = collections.defaultdict(set)
    for entry in known():
        excluded[entry.file].update(entry.numbers)
    counted = count(build)
    rows = {file: add_up(lines, excluded[file]) for file, lines in counted.items()}
    for file, (row, missed) in sorted(rows.items(), key=lambda item: item[1][0][3] - item[1][0][2]):
        print(f"{per_cent(row[1], row[0]):6.1f} % of lines, {per_cent(row[3], row[2]):6.1f} % of branches, {row[2] - row[3]:3} missed: {file}")
    with open(build / "missed.txt", "w", encoding="utf-8") as output:
        for file, (_, missed) in sorted(rows.items()):
            code = (TOP / file).read_text().splitlines()
            output.writelines(f"{file}:{number}: {code[number - 1].strip()}\n" for number in missed)
    total = [sum(column) for column in zip(*(row for row, _ in rows.values()))]
    seen = {"lines": per_cent(total[1], total[0]), "branches": per_cent(total[3], total[2])}
    left_out = sum(len(numbers) for numbers in excluded.values())
    print(f"figure: {seen['lines']:.1f} % of lines, {seen['branches']:.1f} % of branches; {left_out} lines are left out for reasons")
    failed = [f"FAIL known.txt: {text}" for text in wrong_entries()]
    for line in lines_of("ratchet.txt"):
        what, least = line.split()
        if seen[what] < float(least):
            failed.append(f"FAIL {what}: {seen[what]:.2f} %, and at least {least} % are required. What is missed is in {build}/missed.txt")
    print("\n".join(failed) if failed else "ok   coverage")
    return 1 if failed else 0


def main():
    arguments = sys.argv[1:]
    only_judge = arguments[:1] == ["--judge"]
    names = arguments[only_judge:] or [os.environ.get("LAB_TEST", str(TOP / ".lab/test")) + "/coverage"]
    build = pathlib.Path(names[0]).resolve()
    if not shutil.which("gcovr"):
        print("SKIP gcovr is missing: coverage is not measured")
        return SKIPPED
    if not only_judge:
        subprocess.run(["sh", "-euc", BUILD, build], cwd=TOP, env={**os.environ, "LAB_SOURCE": str(TOP)}, check=True)
        run_tests(build)
    return judge(build)


if __name__ == "__main__":
    sys.exit(main())
