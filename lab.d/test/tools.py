# SPDX-License-Identifier: MIT
"""Shared by the parts of `./lab test`: paths, commands, the project's files, the Python environment of the tests, lines for people."""
import fnmatch
import os
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
LAB_DIR = pathlib.Path(os.environ.get("LAB_DIR") or TOP / ".lab")
LAB_TEST = pathlib.Path(os.environ.get("LAB_TEST") or LAB_DIR / "test")
LIBRARIES = "libulfius libmicrohttpd liborcania libyder jansson libcurl libconfig libprotobuf-c zlib".split()
JOBS = os.cpu_count() or 2
SKIPPED = 77
VENV = LAB_DIR / "venv"
REQUIREMENTS = TOP / "tests/requirements.txt"
SYSTEM_PYTHON = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else "python3"


def row(name, text):
    """A row of a table: name and state."""
    print(f"  {name:<14} {text}", flush=True)


def verdict(good, title, *found):
    """Prints the result line of one test, and its findings. Returns good."""
    print("\n     ".join([f"{'ok  ' if good else 'FAIL'} {title}", *found]), flush=True)
    return good


def elapsed(seconds):
    """Seconds as 47 s or 3:07."""
    return f"{int(seconds)} s" if seconds < 100 else "{}:{:02d}".format(*divmod(int(seconds), 60))


def run(*command, **environment):
    """Runs a command in the project's folder. Returns its exit status; it shares this program's output."""
    return subprocess.run([str(word) for word in command], cwd=TOP, env={**os.environ, **environment}, check=False).returncode


def captured(*command, **environment):
    """The same. Returns the exit status and all output."""
    done = subprocess.run([str(word) for word in command], cwd=TOP, env={**os.environ, **environment}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    return done.returncode, done.stdout


def output(*command):
    """The output of a command; empty if it fails."""
    status, text = captured(*command)
    return "" if status else text.strip()


def must(*command):
    """Runs a command that must succeed."""
    if run(*command):
        sys.exit(1)


def call(functions):
    """The main program of a file of steps: FUNCTION [ARGUMENT...]. The exit status is what the function returns."""
    sys.exit(functions[sys.argv[1]](*sys.argv[2:]))


def project_files(*patterns):
    """The files of the project that match a pattern: those that git tracks or would add; without git, those that no build has created."""
    names = output("git", "ls-files", "--cached", "--others", "--exclude-standard").splitlines() if (TOP / ".git").exists() else []
    names = names or [name for name in (str(path.relative_to(TOP)) for path in TOP.rglob("*")) if not name.startswith((".lab", ".git/", "build"))]
    return [name for name in sorted(names) if any(fnmatch.fnmatch(name, pattern) for pattern in patterns) and (TOP / name).is_file()]


def venv_wanted():
    """The origin of the tests' Python environment: a Python and a list of packages."""
    return f"{output(SYSTEM_PYTHON, '--version')}\n{REQUIREMENTS.read_text()}"


def venv_ready():
    made_for = VENV / "made-for"
    return (VENV / "bin/python").exists() and made_for.exists() and made_for.read_text() == venv_wanted()
