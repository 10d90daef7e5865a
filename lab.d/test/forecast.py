# SPDX-License-Identifier: MIT
"""The forecast of `./lab test` before it starts: time, disk space, existing builds, and the tests that it will skip."""
import os
import re
import shutil
import sys

import plan
import tools
from tools import LAB_DIR, TOP, captured, elapsed, output, row

# The figures of CONTRIBUTING.md; a test compares them.
# Minutes of a run with existing builds on two idle cores, and MB in LAB_DIR after it.
RUNS = {"quick": (2, 100), "default": (27, 700), "full": (170, 900)}
# Seconds on two cores that did other work too, and MB of each engine, in the order of building, with empty caches; and MB of Go's caches at the end.
ENGINES = {"otelcol": (396, 121), "prometheus": (126, 102), "alertmanager": (52, 52), "jaeger": (189, 82), "kubernetes": (65, 33),
           "alloysyntax": (2, 2), "compose": (131, 65), "cluster": (480, 445), "thanos": (186, 95)}
ONLY_FULL = ("compose", "cluster", "thanos")
GO_CACHE_MB = 9000
VENV_MB = 270
# Programs under the AGPL, and Alloy, which needs a part of one. The tests use them if they are installed; the lab does not build them.
INSTALLED = ("loki", "tempo", "promtail", "alloy")
STORE = os.environ.get("MINISHOP_ENGINES") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "minishop-engines")


def arguments(words):
    """The mode and the pattern of --only, from the command line. Ends the program if the words are wrong."""
    if not words or words in (["--quick"], ["--full"]):
        return "".join(words)[2:] or "default", None
    trouble = f"test takes --quick or --full, or --only PATTERN, not '{' '.join(words)}'"
    if len(words) == 2 and words[0] == "--only":
        if any(plan.chosen("only", words[1])):
            return "only", words[1]
        trouble = f"no step matches '{words[1]}'; the steps: {' '.join(step.name for stage in plan.stages() for step in stage)}"
    print(f"lab: {trouble} (see ./lab help)", file=sys.stderr)
    sys.exit(2)


def wanted_engines(mode):
    return [name for name in ENGINES if mode == "full" or name not in ONLY_FULL]


def missing_engines(mode):
    status, text = captured("tests/engines/build.sh", "--missing", *wanted_engines(mode))
    if status:
        print(f"lab: tests/engines/build.sh --missing failed: {text.strip()}", file=sys.stderr)
        sys.exit(1)
    return text.split()


def go_version(text):
    return tuple(map(int, re.findall(r"\d+", text)))


def go():
    """The version of Go that the engines need and the one found, as texts, and why this machine's Go cannot build them (empty if it can)."""
    needed = max((re.search(r"^go (.*)", path.read_text(), re.MULTILINE)[1] for path in TOP.glob("tests/engines/*/go.mod")), key=go_version)
    if not shutil.which("go"):
        return needed, "none", f"Go is not installed; version {needed} or newer is needed (go.dev/dl, or golang-go of your distribution)"
    found = output("go", "env", "GOVERSION").removeprefix("go")
    # Go 1.21 and newer versions download the version that a module asks for, unless GOTOOLCHAIN=local is set.
    downloads = go_version(found) >= (1, 21) and output("go", "env", "GOTOOLCHAIN").endswith("auto")
    if go_version(found) >= go_version(needed) or downloads:
        return needed, found, ""
    return needed, found, f"Go {found} is too old; version {needed} or newer is needed (go.dev/dl)"


def megabytes(number):
    return f"{number} MB" if number < 1000 else f"{number / 1000:.1f} GB"


def engine_rows(mode):
    missing = missing_engines(mode)
    needed, found, trouble = go()
    if not missing:
        row("engines", f"all there ({STORE}); Go is not needed")
    elif trouble:
        row("engines", f"not built: {' '.join(missing)}. {trouble}")
    else:
        seconds, size = (sum(column) for column in zip(*(ENGINES[name] for name in missing)))
        row("engines", f"{len(missing)} of {len(wanted_engines(mode))} to build, once a machine: {' '.join(missing)}")
        row("", f"that takes about {elapsed(seconds)} more on two cores, beside the first tests, and leaves {megabytes(size)} in {STORE};")
        row("", f"meanwhile up to {megabytes(GO_CACHE_MB)} in {LAB_DIR}/go-cache, which is removed when they are built")
        free = shutil.disk_usage(LAB_DIR).free // 2**20
        if free < GO_CACHE_MB:
            row("", f"WARNING: only {megabytes(free)} are free there")
        row("Go", f"{found} found, {needed} needed")
    path = os.pathsep.join(filter(None, (os.environ.get("MINISHOP_ENGINES_PATH"), os.environ["PATH"])))
    absent = [name for name in INSTALLED if not shutil.which(name, path=path)]
    if absent:
        row("not installed", f"{' '.join(absent)}: what needs them is skipped by name (see CONTRIBUTING.md)")


def say(mode):
    """All of it, for one mode."""
    minutes, size = RUNS[mode]
    row("takes", f"about {minutes} minutes on two cores, and {megabytes(size)} in {LAB_DIR}")
    if not tools.venv_ready():
        row("Python", "no packages of tests/requirements.txt: their tests are skipped (./lab test installs them)" if mode == "quick" else
            f"to install: the packages of tests/requirements.txt, {megabytes(VENV_MB)} in {LAB_DIR}/venv")
    if mode != "quick":
        engine_rows(mode)
    row("to remove", f"rm -rf {LAB_DIR}" + (f" {STORE}" if mode != "quick" else ""))


if __name__ == "__main__":
    chosen, pattern = arguments(sys.argv[1:])
    print(f"MiniShop tests ({chosen}{' ' + pattern if pattern else ''})", flush=True)
    if not pattern:
        say(chosen)
