# SPDX-License-Identifier: MIT
"""The steps of the plan that consist of several commands: steps.py NAME [ARGUMENT...]."""
import re
import shutil
import tarfile

import forecast
from tools import JOBS, LAB_TEST, REQUIREMENTS, SKIPPED, SYSTEM_PYTHON, VENV, call, output, run, venv_ready, venv_wanted


def python():
    """Installs the Python packages that only tests need, in a separate environment."""
    print("counts: 0 0 0", flush=True)
    if venv_ready():
        return 0
    shutil.rmtree(VENV, ignore_errors=True)
    status = run(SYSTEM_PYTHON, "-m", "venv", VENV) or run(VENV / "bin/pip", "install", "--disable-pip-version-check", "--no-cache-dir", "-q", "-r", REQUIREMENTS)
    if status == 0:
        (VENV / "made-for").write_text(venv_wanted())
    return status


def engines(mode):
    """Builds the engines that Debian does not package. This takes minutes, but only once on a machine."""
    missing = forecast.missing_engines(mode)
    trouble = forecast.go()[2]
    if missing and trouble:
        print(f"SKIP engines: {' '.join(missing)}. {trouble}")
        return SKIPPED
    print("counts: 0 0 0", flush=True)
    return run("tests/engines/build.sh", *missing) if missing else 0


def check_counts(trs):
    """The tests that a test program of make check has passed, failed and skipped. A program that does not print its counts is one test."""
    result = re.search(r"^:global-test-result: (\w+)", trs.read_text(), re.MULTILINE)[1]
    log = trs.with_suffix(".log").read_text(errors="replace")
    told = re.findall(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)", log, re.MULTILINE)
    total, *bad = (sum(map(int, column)) for column in zip(*told)) if told else (0, 0)
    if result == "SKIP":
        return 0, 0, 1
    if result == "PASS":
        return total or len(re.findall("^ok ", log, re.MULTILINE)) or 1, 0, 0
    return max(total - sum(bad), 0), sum(bad) or 1, 0


def check(name):
    """make check in one of the builds. The figures are those of the build without sanitizers."""
    for trs in (LAB_TEST / name).rglob("*.trs"):
        trs.unlink()
    slower = {} if name == "plain" else {"CK_TIMEOUT_MULTIPLIER": "4"}  # sanitizers, on a busy machine
    status = run("make", "-C", LAB_TEST / name, f"-j{JOBS}", "-k", "check", **slower)
    for trs in sorted((LAB_TEST / name / "tests").rglob("*.trs")):
        counts = check_counts(trs)
        log = trs.with_suffix(".log").read_text(errors="replace")
        print("counts: {} {} {}".format(*counts))
        if name == "plain":
            print("".join(re.findall(r"^figure: .*\n", log, re.MULTILINE)), end="")
        if counts[1]:
            print(f"--- {trs.with_suffix('.log')}", *log.splitlines()[-40:], sep="\n")
    return status


def distcheck():
    """Makes a tarball, unpacks it, builds, checks and installs it. The tarball has all files of the project except those that only git reads."""
    failed = run("make", "-C", LAB_TEST / "plain", f"-j{JOBS}", "distcheck") != 0
    missing = {name for name in output("git", "ls-files").splitlines() if not re.search(r"\.git[a-z]*$", name)}
    for tarball in (LAB_TEST / "plain").glob("minishop-*.tar.xz"):
        with tarfile.open(tarball) as tar:
            missing -= {name.partition("/")[2] for name in tar.getnames()}
    if missing:
        print("not in the tarball (EXTRA_DIST):", *sorted(missing), sep="\n")
    failed |= bool(missing)
    print(f"counts: {int(not failed)} {int(failed)} 0")
    return failed


if __name__ == "__main__":
    call(globals())
