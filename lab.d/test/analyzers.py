# SPDX-License-Identifier: MIT
"""Runs programs that analyse the sources or the unit tests: analyzers.py TOOL.

lab.d/analyzers.known has the accepted findings, with their reasons. .clang-tidy has the checks of clang-tidy, and the reasons for those that are off.
"""
import concurrent.futures
import re

from tools import JOBS, LAB_TEST, LIBRARIES, TOP, call, captured, output, project_files, verdict

BUILD = LAB_TEST / "plain"  # has the generated headers
SOURCES = project_files("src/*.c", "bench/*.c")
KNOWN = (TOP / "lab.d/analyzers.known").read_text(encoding="utf-8")
DEFINITIONS = ["-DHAVE_CONFIG_H", f"-I{BUILD}", f"-I{BUILD}/src", "-Isrc", "-Isrc/telemetry/include", "-Itests", '-DSYSCONFDIR="/etc"']
FLAGS = ["-std=gnu11", *DEFINITIONS, *output("pkg-config", "--cflags", *LIBRARIES).split()]
FINDING = rf"^(?:{re.escape(str(TOP))}/)?((?:src|bench)/[^ :]+\.[ch]):(\d+):.*(?:warning|error|portability|performance|style): (.*) \[([^] ]+)\]$"
# DRD understands locks but not C11 atomics, which it reports as data races. It checks the programs that protect their data only with locks;
# TSan checks the others.
DRD_PROGRAMS = "tests/shop/test_orders tests/shop/test_inventory tests/shop/test_faults tests/slack-mock/test_store tests/slack-mock/test_mode".split()


def read(tool, *commands):
    """Runs the commands, on all processors. Fails if they report a finding that is not accepted."""
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        done = list(pool.map(lambda command: captured(*command), commands))
    accepted = re.findall(rf"^{tool} (\S+) (\S+)", KNOWN, re.MULTILINE)
    found = {f"{file} {check} {line} {message}" for _, text in done for file, line, message, check in re.findall(FINDING, text, re.MULTILINE)
             if (file, check) not in accepted}
    broken = [text[-2000:] for status, text in done if status and not re.search(FINDING, text, re.MULTILINE)]
    print(f"figure: {tool}: {len(SOURCES)} files, {len(accepted)} accepted findings")
    return not verdict(not found and not broken, f"{tool}: {len(SOURCES)} files, {len(accepted)} known findings", *sorted(found), *broken)


def gcc():
    return read("gcc", *(("gcc", *FLAGS, "-O2", "-fanalyzer", "-fdiagnostics-plain-output", "-c", "-o", "/dev/null", source) for source in SOURCES))


def cppcheck():
    return read("cppcheck", ("cppcheck", "-q", f"-j{JOBS}", "--enable=warning,performance,portability", "--suppress=missingIncludeSystem",
                             "--library=posix", "--library=gnu", "--template={file}:{line}: {severity}: {message} [{id}]",
                             f"--include={BUILD}/config.h", *DEFINITIONS, *SOURCES))


def tidy():
    return read("tidy", *(("clang-tidy", "-quiet", source, "--", *FLAGS) for source in SOURCES))


def valgrind(tool, programs, *options):
    """Runs each unit test separately under valgrind, so that the list of tests that cannot run there is short and has reasons."""
    known = dict(re.findall(rf"^{tool} (\S+) (.*)", KNOWN, re.MULTILINE))
    for program in programs:
        if program in known:
            print(f"not run: {program}: {known[program]}")

    def run(program):
        status, text = captured("timeout", "1200", BUILD / "libtool", "--mode=execute", "valgrind", f"--tool={tool}", "-q", "--max-threads=20000",
                                "--error-exitcode=99", *options, BUILD / program, TEST_DATA=str(TOP / "tests/data"), CK_TIMEOUT_MULTIPLIER="30")
        return verdict(status == 0, program, *(text.splitlines()[:60] if status else ()))

    chosen = [program for program in programs if program not in known]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        good = all(list(pool.map(run, chosen)))
    if good:
        print(f"figure: {tool}: {len(chosen)} of {len(programs)} programs, 0 errors")
    return not good


def memcheck():
    programs = output("make", "-s", "-C", BUILD, "--eval=print-tests: ; @echo $(check_PROGRAMS)", "print-tests").split()
    return valgrind("memcheck", [name for name in programs if re.search("/(test|fuzz)_", name)],
                    f"--suppressions={TOP}/lab.d/valgrind.supp", "--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite")


def drd():
    return valgrind("drd", DRD_PROGRAMS, "--check-stack-var=no")


if __name__ == "__main__":
    call(globals())
