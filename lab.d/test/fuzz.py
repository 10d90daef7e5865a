# SPDX-License-Identifier: MIT
"""Fuzzing: each target of tests/fuzz searches from its corpus for $LAB_FUZZ_SECONDS (600), one target on each processor.

fuzz.py [TARGET...] runs all targets, or these: fuzz.py connection accept. All of the project is built with clang, AddressSanitizer and
UndefinedBehaviorSanitizer. An input that a target fails with is kept in $LAB_TEST/fuzz/found: make it a file of the target's corpus, which
make check replays.
"""
import concurrent.futures
import os
import re
import sys

import plan
from tools import JOBS, LAB_TEST, LIBRARIES, TOP, captured, must, output, verdict

BUILD = LAB_TEST / "fuzz"
FLAGS = "-g -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-omit-frame-pointer"
# Cases of other tests that serve as inputs of these targets too.
REQUESTS = ("tests/data/http/requests/accepted", "tests/data/http/requests/refused")
SEEDS = {"connection": REQUESTS, "service": REQUESTS}


def link(name):
    libraries = [*sorted(BUILD.glob("lib*.a")), *(BUILD / ".libs" / f"lib{part}.a" for part in ("base", "telemetry", "otlp"))]
    must("make", "-C", BUILD, f"tests/fuzz/fuzz_{name}.o")
    must("clang", "-fsanitize=address,undefined,fuzzer", "-o", BUILD / f"fuzz_{name}", BUILD / f"tests/fuzz/fuzz_{name}.o", "-Wl,--start-group", *libraries,
         "-Wl,--end-group", *output("pkg-config", "--libs", *LIBRARIES).split(), "-lm", "-lpthread")


def search(name, seconds):
    """Runs one target, which does not write to its corpus. Returns the number of inputs that it tried, or None if one failed."""
    found, words = BUILD / "found" / name, TOP / f"tests/fuzz/{name}.dict"
    found.mkdir(parents=True, exist_ok=True)
    status, text = captured(BUILD / f"fuzz_{name}", f"-max_total_time={seconds}", "-max_len=16384", "-print_final_stats=1",
                            f"-artifact_prefix={BUILD}/found/", *([f"-dict={words}"] if words.exists() else ()), found, f"tests/fuzz/corpus/{name}",
                            *SEEDS.get(name, ()))
    if status:
        verdict(False, f"fuzz_{name}: what it found is in {BUILD}/found", *text.splitlines()[-30:])
        return None
    inputs = sum(map(int, re.findall(r"^stat::number_of_executed_units: *(\d+)", text, re.MULTILINE)))
    verdict(True, f"fuzz_{name}: {inputs} inputs")
    return inputs


def main():
    seconds = os.environ.get("LAB_FUZZ_SECONDS") or "600"
    if not re.fullmatch("[1-9][0-9]{0,4}", seconds):
        print(f"FAIL LAB_FUZZ_SECONDS: invalid value '{seconds}' (a number of seconds from 1 to 99999)")
        return 2
    names = sys.argv[1:] or sorted(source.stem.removeprefix("fuzz_") for source in (TOP / "tests/fuzz").glob("fuzz_*.c"))
    must(*plan.build("fuzz", "CC=clang", f"CFLAGS={FLAGS}"))
    for name in names:
        link(name)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        inputs = list(pool.map(lambda name: search(name, seconds), names))
    if None in inputs:
        return 1
    print(f"figure: fuzz: {len(names)} targets, {seconds} s each: {sum(inputs):,} inputs, 0 failures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
