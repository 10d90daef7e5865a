# SPDX-License-Identifier: MIT
"""The plan of `./lab test`: stages of steps. A step that a test program adds needs no row: see scripts()."""
import fnmatch
import pathlib
import sys

from runner import Step
from tools import TOP

ALL = ("quick", "default", "full")
FULL = ("full",)
HERE = pathlib.Path(__file__).resolve().parent


def own(file, *arguments):
    """A command of this directory."""
    return sys.executable, "-B", "-u", HERE / file, *arguments


def build(name, *options):
    return "sh", "-euc", '. lab.d/build.sh; directory=$LAB_TEST/$1; shift; build_programs "$directory" "$@"', "sh", name, *options


def script(path, *arguments, rounds=1):
    """A whole-process test. Several rounds find rare faults; the first round that fails is the last."""
    return "sh", "-euc", 'for round in $(seq "$0"); do "${LAB_PYTHON:-python3}" -u "$@"; done', rounds, path, *arguments


# Test programs that take only seconds; --quick runs them too.
IN_SECONDS = ("dashboards", "containers", "grafana", "telemetry_doc", "reasons", "library_manual", "runner")
# Test programs that wait for alerts, for minutes, and need little of the machine: they run beside the builds.
PATIENT = ("guide", "oncall", "loop", "alert_loop", "alertmanager", "console")
# The test of all engines. It waits for alerts too, so it runs beside distcheck.
ON_ENGINES = ("stack",)
# Test programs that `make check` runs in each build.
BY_MAKE = ("slack_mock", "slack_mock_browser", "sound")
# Test programs with their own row.
WITH_ROW = ("abi",)


def scripts():
    """A step for each tests/{lab,e2e,library,observability}/NAME_test.py."""
    paths = [path.relative_to(TOP) for folder in ("lab", "e2e", "library", "observability") for path in sorted((TOP / "tests" / folder).glob("*_test.py"))]
    steps = [(path.stem.removesuffix("_test"), path) for path in paths]
    return {name: Step(name, script(path), modes=ALL if name in IN_SECONDS else ("default", "full"), beside=name in PATIENT + ON_ENGINES,
                       needs=() if name == "runner" else ("build-plain", "python"))
            for name, path in steps if name not in BY_MAKE + WITH_ROW}


def stages():
    tests = scripts()
    asan, tsan, built = ("build-asan",), ("build-tsan",), ("build-plain",)
    checked = ("check-plain",)  # builds the unit tests
    python = (*built, "python")
    return [
        [
            Step("lint", own("lint.py"), modes=ALL),
            Step("python", own("steps.py", "python")),
            Step("build-plain", build("plain", "--enable-werror"), "build", ALL),
            Step("check-plain", own("steps.py", "check", "plain"), "unit tests", ALL, needs=built),
        ],
        [
            *(tests.pop(name) for name in PATIENT),
            Step("analyzer-gcc", own("analyzers.py", "gcc"), "gcc -fanalyzer", needs=built),
            Step("analyzer-cppcheck", own("analyzers.py", "cppcheck"), "cppcheck", needs=built, programs=("cppcheck",)),
            Step("analyzer-tidy", own("analyzers.py", "tidy"), "clang-tidy", needs=built, programs=("clang-tidy",)),
            Step("engines", own("steps.py", "engines", "default"), modes=("default",), beside=True, yields=True),
            Step("engines-full", own("steps.py", "engines", "full"), "engines", FULL, beside=True, yields=True),
            Step("build-asan", build("asan", "--enable-werror", "--enable-sanitizers=address"), "build (ASan)"),
            Step("build-tsan", build("tsan", "--enable-werror", "--enable-sanitizers=thread"), "build (TSan)"),
        ],
        [
            *(step for name, step in tests.items() if name not in ON_ENGINES),
            Step("check-asan", own("steps.py", "check", "asan"), "tests (ASan)", needs=asan),
            Step("check-tsan", own("steps.py", "check", "tsan"), "tests (TSan)", needs=tsan),
        ],
        [
            *(tests.pop(name) for name in ON_ENGINES),
            Step("distcheck", own("steps.py", "distcheck"), needs=built),
        ],
        [
            Step("compose", script("tests/containers/compose_test.py"), "in containers", FULL, needs=python),
            Step("compose-v2", script("tests/containers/compose_test.py", "--compose-v2"), "with Compose v2", FULL, needs=python),
        ],
        [
            Step("oncall-all", script("tests/lab/oncall_test.py", "--all"), "on call, all", FULL, beside=True, needs=python),  # the cases spend most of their time waiting
            Step("api-server", script("tests/cluster/api_server_test.py"), "Kubernetes API server", FULL, needs=python),
            Step("thanos", script("tests/cluster/thanos_test.py"), "metrics in Thanos", FULL, needs=python),
            Step("gateways", script("tests/cluster/gateways_test.py"), "collectors in two tiers", FULL, needs=python),
            Step("growth", script("tests/cluster/growth.py"), "what growth costs", FULL, needs=python),
            Step("abi", script("tests/library/abi_test.py"), "ABI", FULL, needs=python),
            Step("abuse-often", script("tests/e2e/abuse_test.py", "test_garbage", "test_format_directives_in_urls_are_text", rounds=20),
                 "abuse, often", FULL, needs=python),
            Step("shutdown-often", script("tests/e2e/shutdown_test.py", "test_sigterm_under_load", "test_collector_busy", rounds=20),
                 "ends, often", FULL, needs=python),
            Step("crash-often", script("tests/e2e/crash_test.py", "--kills=200", "test_kill_at_random_moments", "test_slack_mock_keeps_what_it_acknowledged"),
                 "kill -9, often", FULL, needs=python),
            Step("soak", script("tests/e2e/soak.py", "--minutes=10"), "soak", FULL, needs=python),
            Step("schedules", ("sh", "-c", 'TEL_SCHEDULES=100000 CK_TIMEOUT_MULTIPLIER=10 exec "$LAB_BUILD/tests/telemetry/core/test_schedules"'),
                 "span schedules", FULL, yields=True, needs=checked),
            Step("valgrind-memcheck", own("analyzers.py", "memcheck"), "unit tests (memcheck)", FULL, yields=True, needs=checked, programs=("valgrind",)),
            Step("valgrind-drd", own("analyzers.py", "drd"), "unit tests (DRD)", FULL, yields=True, needs=checked, programs=("valgrind",)),
            Step("fuzz", own("fuzz.py"), "fuzzing", FULL, yields=True, programs=("clang",)),
            Step("coverage", own("coverage.py"), "coverage", FULL, yields=True, needs=("python",), programs=("gcovr",)),
        ],
    ]


def chosen(mode, pattern=None):
    """The stages of a mode. With a pattern of the shell: the steps whose name or title matches, and the steps that these need."""
    every = {step.name: step for stage in stages() for step in stage}
    if pattern:
        wanted = [name for name, step in every.items() if fnmatch.filter((name, step.label), pattern)]
        for name in wanted:  # grows meanwhile
            wanted += [need for need in every[name].needs if need not in wanted]
    else:
        wanted = [name for name, step in every.items() if mode in step.modes]
    return [[step for step in stage if step.name in wanted] for stage in stages()]
