# SPDX-License-Identifier: MIT
"""Compares the libraries' ABI with the recorded one: a program that was linked earlier must still run. `--record` records a new one."""
import pathlib
import platform
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
sys.path.insert(0, str(TOP / "tests/e2e"))

import labtest
import shop
from labtest import Skip, TestFailure, claim

SUPPRESSIONS = HERE / "abi/others.suppr"
HEADERS = TOP / "src/telemetry/include/tel"
LIBRARIES = ("libtel", "libtel-ulfius")
SAME_EVERYWHERE = ["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-elf-needed", "--no-parameter-names",
                   "--exported-interfaces-only", "--drop-private-types", "--type-id-style", "hash"]

# Deliberate breaks: a pattern in the sources, and its replacement.
BREAKS = {
    "a function is gone": (r"TEL_API (uint64_t tel_counter_value)", r"\1"),
    "a parameter has another type": (r"(tel_gauge_set\(struct tel_gauge \*\w*,) double", r"\1 float"),
    "a structure has one more member in its middle": (r"(uint8_t span_id\[8\];)", r"\1 uint8_t more;"),
    "a member has another type": (r"unsigned client_port;", "unsigned short client_port;"),
    "an enumerator has another value": (r"TEL_SPAN_INTERNAL = 1", "TEL_SPAN_INTERNAL = 7"),
}


def recorded(library):
    if not shutil.which("abidiff"):
        raise Skip("abidiff is missing (Debian: abigail-tools): whether programs linked with an earlier version still run")
    if platform.machine() != "x86_64":
        raise Skip(f"the ABI is recorded for x86_64, not {platform.machine()}")
    return HERE / f"abi/{library}.abi"


def describe(shared, headers, output):
    """Writes the interface of a shared library, without parts that differ between machines or edits."""
    subprocess.run(["abidw", *SAME_EVERYWHERE, "--suppressions", SUPPRESSIONS, "--headers-dir", headers, "--out-file", output, shared], check=True)
    output.write_text(re.sub(r"path='[^']*/src/", "path='src/", output.read_text()))


def difference(directory, library, shared, headers=HEADERS):
    """The output of abidiff for a shared library; None if it matches the record."""
    old, new = recorded(library), directory / f"{library}.abi"
    describe(shared, headers, new)
    run = subprocess.run(["abidiff", old, new], capture_output=True, text=True)
    if run.returncode & 3 or run.stderr:
        raise TestFailure(f"abidiff cannot compare {shared}: {run.stdout}{run.stderr}")
    return run.stdout if run.returncode else None


def built(library):
    return shop.program("libtel.la").parent / f".libs/{library}.so"


def test_abi_is_as_recorded(directory):
    for library in LIBRARIES:
        told = difference(directory, library, built(library))
        if told:
            raise TestFailure(f"{library}.so is not as recorded in tests/library/abi. See \"Versions\" in docs/library.md: set -version-info, "
                              f"then tests/library/abi_test.py --record\n{told}")


def build_libtel(directory, tree):
    """libtel from the sources in tree, without optimisation: only its interface matters."""
    build = shop.program("libtel.la").parent
    sources = [path for path in sorted((tree / "telemetry").rglob("*.c")) if "ulfius" not in path.parts]
    sources += [path for path in sorted((tree / "base").glob("*.c")) if path.name != "startup.c"]
    sources += [build / "src/telemetry/otlp/otlp.pb-c.c"]
    flags = subprocess.run(["pkg-config", "--cflags", "libulfius", "libcurl"], check=True, capture_output=True, text=True).stdout.split()
    output = directory / f"{tree.name}.so"
    run = subprocess.run(["cc", "-std=gnu11", "-g", "-O0", "-w", "-fPIC", "-shared", "-fvisibility=hidden", "-DHAVE_CONFIG_H",
                          f"-I{tree}/telemetry/include", f"-I{tree}", f"-I{build}", f"-I{build}/src", *flags, *sources,
                          "-Wl,-soname,libtel.so.0", "-o", output], capture_output=True, text=True)
    if run.returncode:
        raise TestFailure(f"cannot build {tree.name}:\n{run.stderr}")
    return output


def test_breaks_are_found(directory):
    """The check reports each kind of break, in a library that is built with it."""
    recorded("libtel")
    claim("the unchanged library has no difference", difference(directory, "libtel", build_libtel(directory, TOP / "src")) is None)
    for number, (what, (pattern, replacement)) in enumerate(BREAKS.items()):
        tree = directory / f"broken-{number}"
        shutil.copytree(TOP / "src", tree)
        changed = 0
        for path in (tree / "telemetry").rglob("*.[ch]"):
            text, count = re.subn(pattern, replacement, path.read_text())
            path.write_text(text)
            changed += count
        if not changed:
            raise TestFailure(f"nothing to break in the sources: {what} ({pattern})")
        told = difference(directory, "libtel", build_libtel(directory, tree), tree / "telemetry/include/tel")
        claim(what, told is not None)


def record():
    for library in LIBRARIES:
        describe(built(library), HEADERS, HERE / f"abi/{library}.abi")


if __name__ == "__main__":
    if sys.argv[1:] == ["--record"]:
        record()
    else:
        labtest.run_tests(globals())
