"""Long steps of `./lab test --full`: full.py fuzz SECONDS, full.py coverage."""
import re

import plan
from tools import JOBS, LAB_TEST, LIBRARIES, TOP, call, captured, must, output, verdict

FUZZ_CFLAGS = "-g -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-omit-frame-pointer"
# More inputs to begin with.
FUZZ_SEEDS = {"connection": ("tests/data/http/requests/accepted", "tests/data/http/requests/refused")}
# At least this much, in per cent: what was reached last. Raise them with each new test; 95 and 88 are the aim.
COVERAGE_LIMITS = ("--fail-under-line=92", "--fail-under-branch=78")
# The whole-process tests that need nothing but the programs.
COVERAGE_SCRIPTS = "contract abuse daemon exporter library problems secrets shutdown startup tracez".split()


def fuzz_target(build, name, seconds):
    """Links a target and lets it search from its corpus, to which it does not write. Returns whether it finds nothing."""
    binary, found, words = build / f"fuzz_{name}", build / "found" / name, TOP / f"tests/fuzz/{name}.dict"
    libraries = [*sorted(build.glob("lib*.a")), *(build / ".libs" / f"lib{part}.a" for part in ("base", "telemetry", "otlp"))]
    must("make", "-C", build, f"tests/fuzz/fuzz_{name}.o")
    must("clang", "-fsanitize=address,undefined,fuzzer", "-o", binary, build / f"tests/fuzz/fuzz_{name}.o", "-Wl,--start-group", *libraries, "-Wl,--end-group",
         *output("pkg-config", "--libs", *LIBRARIES).split(), "-lm", "-lpthread")
    found.mkdir(parents=True, exist_ok=True)
    status, text = captured(binary, f"-max_total_time={seconds}", "-max_len=4096", "-print_final_stats=1", f"-artifact_prefix={build}/found/",
                            *([f"-dict={words}"] if words.exists() else ()), found, f"tests/fuzz/corpus/{name}", *FUZZ_SEEDS.get(name, ()))
    if status:
        return verdict(False, f"fuzz_{name}: what it found is in {build}/found", *text.splitlines()[-30:])
    return verdict(True, f"fuzz_{name}: {''.join(re.findall(r'^stat::number_of_executed_units: *(.*)', text, re.MULTILINE))} inputs")


def fuzz(seconds):
    """Each fuzz target searches for so many seconds, all libraries instrumented."""
    build = LAB_TEST / "fuzz"
    must(*plan.build("fuzz", "CC=clang", f"CFLAGS={FUZZ_CFLAGS}"))
    names = sorted(source.stem.removeprefix("fuzz_") for source in (TOP / "tests/fuzz").glob("fuzz_*.c"))
    return not all([fuzz_target(build, name, seconds) for name in names])


def coverage():
    """Coverage of lines and branches. A test that fails here fails in the other builds too, where it counts."""
    build = LAB_TEST / "coverage"
    must(*plan.build("coverage", "--enable-coverage"))
    for counts in build.rglob("*.gcda"):
        counts.unlink()
    tests = {"check": ("make", "-C", build, f"-j{JOBS}", "-k", "check")}
    tests.update({name: plan.script(f"tests/e2e/{name}_test.py") for name in COVERAGE_SCRIPTS})
    for name, command in tests.items():
        status, text = captured(*command, LAB_BUILD=str(build))
        (build / f"{name}.out").write_text(text)
        if status:
            print(f"note: {name} ended with {status}", flush=True)
    status, text = captured("gcovr", "-r", ".", "--object-directory", build, "--filter", "src/", "--exclude", ".*otlp\\.pb-c.*", "--exclude", ".*page_files.*",
                            "--exclude-throw-branches", "--branches", "--print-summary", *COVERAGE_LIMITS, build)
    print(text)
    for measured in re.findall(r"^(?:lines|branches): .*", text, re.MULTILINE):
        print(f"figure: {measured}")
    return not verdict(status == 0, "coverage: " + " ".join(COVERAGE_LIMITS))


if __name__ == "__main__":
    call(globals())
