#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The build of the tests' engines (tests/engines/build.sh), with a stand-in for Go that downloads and builds nothing. Also the forecast of
`./lab test`, and its use of the Python packages."""
import os
import pathlib
import re
import subprocess
import sys
import textwrap

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
import stack  # noqa: E402

sys.path.insert(0, str(labtest.TOP / "lab.d/test"))
import plan  # noqa: E402
from labtest import TestFailure, expect  # noqa: E402

BUILD = labtest.TOP / "tests/engines/build.sh"
FORECAST = labtest.TOP / "lab.d/test/forecast.py"
# Prints the values of `go env`, writes down how it was called, leaves something in its caches, and "builds" what -o names.
GO = r"""#!/bin/sh
if [ "$1" = env ]; then
	case $2 in
	GOVERSION) echo "go${FAKE_GO_VERSION:-1.26.8}" ;;
	GOTOOLCHAIN) echo "${FAKE_GO_TOOLCHAIN:-local}" ;;
	GOFLAGS) echo "$GOFLAGS" ;;
	esac
	exit
fi
echo "$GOMODCACHE $GOCACHE $TMPDIR flags=$GOFLAGS proxy=$GOPROXY: $*" >>"$FAKE_GO_LOG"
mkdir -p "$GOMODCACHE/example.org/module" "$GOCACHE"
echo big >"$GOMODCACHE/example.org/module/file"
[ -z "$FAKE_GO_FAILS" ] || exit 1
while [ $# -gt 1 ]; do
	if [ "$1" = -o ]; then
		printf '#!/bin/sh\n' >"$2"
		chmod +x "$2"
	fi
	shift
done
"""


class Machine:
    """A store, a lab folder and a Go stand-in for one test."""

    def __init__(self, directory):
        self.lab = directory / "lab"
        self.store = directory / "store"
        self.log = directory / "go.log"
        (directory / "bin").mkdir()
        (directory / "bin/go").write_text(GO)
        (directory / "bin/go").chmod(0o755)
        self.env = {**os.environ, "PATH": f"{directory}/bin:{os.environ['PATH']}", "MINISHOP_ENGINES": str(self.store),
                    "LAB_DIR": str(self.lab), "FAKE_GO_LOG": str(self.log), "GOFLAGS": "-p=1", "GOPROXY": "https://proxy.example"}

    def run(self, *command, **env):
        return subprocess.run(command, env={**self.env, **env}, cwd=labtest.TOP, capture_output=True, text=True, check=False)

    def build(self, *engines, **env):
        return self.run(BUILD, *engines, **env)

    def plan(self, *options, **env):
        """The output of `./lab test` before it starts."""
        self.lab.mkdir(exist_ok=True)
        return self.run(sys.executable, FORECAST, *options, **env).stdout

    def python_wanted(self):
        return self.run(sys.executable, "-c", "import tools; print(tools.venv_wanted(), end='')", PYTHONPATH=str(FORECAST.parent)).stdout

    def quick(self):
        """Runs the steps of `./lab test --quick` that need the Python packages; each step prints its Python."""
        program = textwrap.dedent("""
            import main, plan, runner
            needing = [step for stage in plan.chosen("quick") for step in stage if "python" in step.needs]
            plan.chosen = lambda *_: [[runner.Step(step.name, ("sh", "-c", "echo ok $LAB_PYTHON"), needs=("python",)) for step in needing]]
            main.main()""")
        self.lab.mkdir(exist_ok=True)
        said = self.run(sys.executable, "-c", program, "--quick", LAB_PYTHON="", PYTHONPATH=str(FORECAST.parent)).stdout
        log = self.lab / "test/dashboards.log"
        return said + (log.read_text() if log.exists() else "")

    def calls(self):
        return self.log.read_text().splitlines() if self.log.exists() else []


def test_caches_are_the_labs_and_go_away(directory):
    machine = Machine(directory)
    done = machine.build("jaeger", "prometheus")
    expect("exit status", done.returncode, 0)
    expect("what it says", re.findall(r"^progress: \d+ (.*)", done.stderr, re.MULTILINE), ["1 of 2: jaeger", "2 of 2: prometheus"])
    for call in machine.calls():
        caches, _, rest = call.partition(" flags=")
        expect("the caches", caches, " ".join(f"{machine.lab}/go-cache/{name}" for name in ("modules", "build", "tmp")))
        expect("the user's settings stay", rest.startswith("-p=1 -modcacherw proxy=https://proxy.example:"), True)
    expect("what is left in the lab", list(machine.lab.iterdir()), [])
    expect("the links", sorted(path.name for path in (machine.store / "bin").iterdir()), ["jaeger", "prometheus", "promtool"])
    calls = len(machine.calls())
    expect("calls of go for what is built", (machine.build("jaeger", "prometheus").returncode, len(machine.calls())), (0, calls))


def test_a_build_that_fails_is_continued(directory):
    machine = Machine(directory)
    expect("exit status", machine.build("jaeger", FAKE_GO_FAILS="1").returncode, 1)
    expect("missing", machine.build("--missing", "jaeger").stdout.split(), ["jaeger"])
    expect("what was downloaded stays", (machine.lab / "go-cache/modules/example.org/module/file").exists(), True)
    expect("exit status", machine.build("jaeger").returncode, 0)
    expect("missing", machine.build("--missing", "jaeger").stdout, "")
    expect("what is left in the lab", list(machine.lab.iterdir()), [])


def test_without_a_home(directory):
    """As under a service manager. And a failed question is not the answer that nothing is missing."""
    machine = Machine(directory)
    for name in ("HOME", "MINISHOP_ENGINES", "XDG_CACHE_HOME"):
        machine.env.pop(name, None)
    done = machine.build("--where", "jaeger")
    expect("exit status and errors", (done.returncode, done.stderr), (0, ""))
    stored = machine.run(sys.executable, "-c", "import forecast; print(forecast.STORE)", PYTHONPATH=str(FORECAST.parent)).stdout.strip()
    expect("the store, for both programs", str(pathlib.Path(done.stdout).parent), stored)
    broken = "import forecast; forecast.wanted_engines = lambda mode: ['nothing']; print(forecast.missing_engines('default'))"
    done = machine.run(sys.executable, "-c", broken, PYTHONPATH=str(FORECAST.parent))
    expect("a failed question", (done.returncode, done.stdout, "unknown engine nothing" in done.stderr), (1, "", True))


def test_unknown_engine(directory):
    done = Machine(directory).build("lokki")
    expect("exit status", done.returncode, 2)
    expect("what it says", "unknown engine lokki; known: alertmanager alloysyntax cluster compose" in done.stderr, True)


def expect_words(text, *words):
    missing = [word for word in words if word not in text]
    if missing:
        raise TestFailure(f"not said: {missing}; said:\n{text}")


def test_plan(directory):
    machine = Machine(directory)
    nothing = str(directory / "nothing")
    expect_words(machine.plan(MINISHOP_ENGINES_PATH=nothing), "minutes on two cores", f" in {machine.lab}",
                 "6 of 6 to build, once a machine: otelcol prometheus alertmanager jaeger kubernetes alloysyntax", "1.26.8 found", "needed", "go-cache",
                 f"rm -rf {machine.lab} {machine.store}", "tests/requirements.txt")
    expect_words(machine.plan("--full"), "9 of 9 to build", "kubernetes alloysyntax compose cluster thanos")
    for engine in ("otelcol", "jaeger", "prometheus", "alertmanager", "kubernetes", "alloysyntax"):
        folder = pathlib.Path(machine.build("--where", engine).stdout.strip())
        folder.mkdir(parents=True)
        (folder / "done").touch()
    expect_words(machine.plan(), "engines        all there")
    expect_words(machine.plan("--full"), "3 of 9 to build, once a machine: compose cluster thanos")
    quick = machine.plan("--quick")
    expect("quick says nothing of engines", "engines" in quick, False)


def without_go():
    """The folders of PATH that do not contain go."""
    return os.pathsep.join(folder for folder in os.environ["PATH"].split(os.pathsep) if not os.access(f"{folder}/go", os.X_OK))


def test_plan_names_what_is_wrong_with_go(directory):
    machine = Machine(directory)
    expect_words(machine.plan(FAKE_GO_VERSION="1.19.8"), "not built: otelcol", "Go 1.19.8 is too old; version 1.")
    expect_words(machine.plan(FAKE_GO_VERSION="1.22.1"), "Go 1.22.1 is too old")
    expect_words(machine.plan(FAKE_GO_VERSION="1.22.1", FAKE_GO_TOOLCHAIN="auto"), "to build, once a machine", "1.22.1 found")
    (directory / "bin/go").unlink()
    expect_words(machine.plan(PATH=without_go()), "not built: otelcol", "Go is not installed; version 1.")


def test_quick_uses_the_python_packages(directory):
    machine = Machine(directory)
    needing = sum("python" in step.needs for stage in plan.chosen("quick") for step in stage)
    expect_words(machine.quick(), "dashboards     SKIP no Python packages", f"0 passed, 0 failed, {needing} skipped")
    python = machine.lab / "venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (machine.lab / "venv/made-for").write_text(machine.python_wanted())
    expect_words(machine.quick(), "dashboards     1 passed", f"{needing} passed, 0 failed, 0 skipped", f"ok {python}")
    # Made for another list of packages, or another Python.
    (machine.lab / "venv/made-for").write_text("Python 2.7\n")
    expect_words(machine.quick(), f"0 passed, 0 failed, {needing} skipped")


def test_installed_programs_are_found(directory):
    """One variable names a folder with loki, tempo, promtail and alloy; the output names the missing ones."""
    (directory / "mine").mkdir()
    program = directory / "mine/loki"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    machine = Machine(directory)
    said = machine.plan(MINISHOP_ENGINES_PATH=str(directory / "mine"))
    expect("loki is reported as missing", re.search(r"not installed +.*\bloki\b", said) is not None, False)
    before = os.environ.get("MINISHOP_ENGINES_PATH")
    try:
        os.environ["MINISHOP_ENGINES_PATH"] = str(directory / "mine")
        expect("loki", stack.installed("loki"), str(program))
        expect("nothing", stack.installed("no-such-program"), None)
    finally:
        os.environ.pop("MINISHOP_ENGINES_PATH")
        os.environ |= {"MINISHOP_ENGINES_PATH": before} if before is not None else {}


def test_what_needs_an_engine_names_what_it_leaves_unchecked(directory):
    """Without engines, the tests of the clusters are skipped, and print the promise and the build command."""
    for test, unchecked in (("api_server_test.py", "the manifests were not applied to an API server"),
                            ("thanos_test.py", "metrics were not sent to a real Thanos"),
                            ("gateways_test.py", "two tiers of collectors were not run"),
                            ("growth.py", "what growth costs was not measured")):
        done = subprocess.run([sys.executable, labtest.TOP / "tests/cluster" / test], env={**os.environ, "MINISHOP_ENGINES": str(directory)},
                              capture_output=True, text=True, check=False)
        expect(f"{test}: status", (done.returncode, done.stderr), (labtest.SKIPPED, ""))
        expect_words(done.stdout, f"SKIP {test}: {unchecked}", "tests/engines/build.sh")


def test_licences(_):
    """CONTRIBUTING.md has each engine that is built here, and its licence is a permissive one."""
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([\w. -]+) \|$", (labtest.TOP / "CONTRIBUTING.md").read_text(), re.MULTILINE))
    expect("the engines in CONTRIBUTING.md", sorted(rows), sorted(path.parent.name for path in BUILD.parent.glob("*/recipe.sh")))
    expect("their licences", set(rows.values()), {"Apache-2.0"})


if __name__ == "__main__":
    labtest.run_tests(globals())
