#!/usr/bin/env python3
"""Each fuzz target searches from its corpus for $LAB_FUZZ_SECONDS (600), one target on each processor.

  search.py [TARGET...]        all targets, or these: search.py connection accept

All of the project is built with clang, AddressSanitizer and UndefinedBehaviorSanitizer in $LAB_TEST/fuzz. What a target finds is in
$LAB_TEST/fuzz/found: make it a file of the target's corpus, which make check replays. The corpus itself is not written to.
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
SKIPPED = 77
FLAGS = "-g -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-omit-frame-pointer"
BUILD = '. lab.d/build.sh; build_bootstrap; build_configure "$0" CC=clang "CFLAGS=$1"; make -C "$0" -j"$(build_jobs)" all'
LIBRARIES = "libulfius libmicrohttpd liborcania libyder jansson libcurl libconfig libprotobuf-c zlib".split()
# Cases of other tests that are inputs of a target too.
MORE = {name: ["tests/data/http/requests/accepted", "tests/data/http/requests/refused"] for name in ("connection", "service")}


def link(build, name):
    """The target, as libFuzzer's program."""
    subprocess.run(["make", "-C", build, f"tests/fuzz/fuzz_{name}.o"], check=True)
    archives = [*build.glob("lib*.a"), *(build / ".libs" / f"lib{part}.a" for part in ("base", "telemetry", "otlp"))]
    found = subprocess.run(["pkg-config", "--libs", *LIBRARIES], check=True, capture_output=True, text=True).stdout.split()
    subprocess.run(["clang", "-fsanitize=address,undefined,fuzzer", "-o", build / f"fuzz_{name}", build / f"tests/fuzz/fuzz_{name}.o",
                    "-Wl,--start-group", *archives, "-Wl,--end-group", *found, "-lm", "-lpthread"], check=True)


def search(build, name, seconds):
    """Returns whether the target found nothing, and a line for people."""
    found = build / "found" / name
    found.mkdir(parents=True, exist_ok=True)
    dictionary = HERE / f"{name}.dict"
    command = [build / f"fuzz_{name}", f"-max_total_time={seconds}", "-max_len=4096", "-print_final_stats=1", f"-artifact_prefix={build}/found/",
               *([f"-dict={dictionary}"] if dictionary.exists() else []), found, HERE / "corpus" / name, *MORE.get(name, [])]
    with open(build / f"fuzz_{name}.log", "w+", encoding="utf-8", errors="replace") as log:
        status = subprocess.run(command, cwd=TOP, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False).returncode
        log.seek(0)
        text = log.read()
    if status != 0:
        return False, f"FAIL {name}: what it found is in {build}/found\n" + "\n".join(text.splitlines()[-30:])
    return True, f"ok   {name}: {re.search(r'^stat::number_of_executed_units: *([0-9]+)', text, re.M)[1]} inputs"


def main():
    seconds = os.environ.get("LAB_FUZZ_SECONDS") or "600"
    if not re.fullmatch("[1-9][0-9]{0,4}", seconds):
        print(f"FAIL LAB_FUZZ_SECONDS: invalid value '{seconds}' (a number of seconds from 1 to 99999)")
        return 2
    names = sys.argv[1:] or sorted(path.stem[len("fuzz_"):] for path in HERE.glob("fuzz_*.c"))
    if not shutil.which("clang"):
        print("SKIP clang is missing: nothing is fuzzed")
        return SKIPPED
    build = pathlib.Path(os.environ.get("LAB_TEST", str(TOP / ".lab/test"))).resolve() / "fuzz"
    subprocess.run(["sh", "-euc", BUILD, build, FLAGS], cwd=TOP, env={**os.environ, "LAB_SOURCE": str(TOP)}, check=True)
    for name in names:
        link(build, name)
    good = True
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for well, line in pool.map(lambda name: search(build, name, seconds), names):
            print(line, flush=True)
            good = good and well
    print(f"figure: {len(names)} targets, {seconds} s each")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
