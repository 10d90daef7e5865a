# SPDX-License-Identifier: MIT
"""The installed files are hardened: the compiler and linker flags of each file, and the exposure of the systemd units."""
import platform
import re
import shutil
import subprocess
import sys

import labtest
import new_route_test
from labtest import Skip, claim, expect, output

sys.path.insert(0, str(labtest.TOP / "tests/library"))
import library_test  # noqa: E402

PROGRAMS = ["sbin/minishop", "bin/slack-mock"]
LIBRARIES = ["lib/libtel.so", "lib/libtel-ulfius.so"]
EXPOSURE_MAX = 2.0


def check_file(name, seen):
    expect(f"{name}: type", re.search(r"Type: +(\w+)", seen)[1], "DYN")
    expect(f"{name}: the mark of a position-independent program", bool(re.search(r"\(FLAGS_1\).*\bPIE\b", seen)), name in PROGRAMS)
    expect(f"{name}: a read-only segment for relocations", seen.count("GNU_RELRO"), 1)
    claim(f"{name}: symbols are bound at the start", re.search(r"\(FLAGS(_1)?\).*\b(BIND_)?NOW\b", seen), seen)
    expect(f"{name}: rights of the stack", re.search(r"GNU_STACK.* (R\w+|R E|RWE?) +0x", seen)[1], "RW")
    expect(f"{name}: segments to write and execute", re.findall(r"^ +LOAD .* RWE ", seen, re.M), [])
    expect(f"{name}: relocations in the code", "TEXTREL" in seen, False)
    claim(f"{name}: checks its stack", "__stack_chk_fail" in seen)
    claim(f"{name}: checks its buffers", re.search(r"\b__(?!stack)\w+_chk\b", seen))


def test_installed_files(directory):
    labtest.need("readelf", "objdump")
    prefix = library_test.installed()
    for name in PROGRAMS + LIBRARIES:
        check_file(name, output("readelf", "-W", "-h", "-l", "-d", "--dyn-syms", prefix / name))
    labtest.figure(f"{len(PROGRAMS + LIBRARIES)} files: full RELRO, PIE or PIC, stack protector, fortified")
    if platform.machine() != "x86_64":
        raise Skip(f"how {platform.machine()} protects its branches and probes its stack is not checked")
    for name in PROGRAMS + LIBRARIES:
        code = output("objdump", "-d", "--no-show-raw-insn", prefix / name)
        claim(f"{name}: marks the targets of indirect branches", code.count("endbr64") >= 10, code.count("endbr64"))
        if name in PROGRAMS:  # they have frames of more than a page
            claim(f"{name}: probes large stack frames", re.search(r"(or[ql]|movq) +\$0x0,(0x[0-9a-f]+)?\(%rsp", code))


def test_the_document_says_where_files_are(_):
    """docs/install.md says where each file is installed, below the prefix."""
    table = (labtest.TOP / "docs/install.md").read_text().split("| path below `PREFIX` |")[1].split("\n\n")[0]
    paths = [path for line in table.splitlines() for path in re.findall(r"`([\w./-]+)`", line.rpartition(" | ")[2])]
    claim("the table has paths", len(paths) >= 8, paths)
    prefix = library_test.installed()
    expect("paths that are not installed", [path for path in paths if not (prefix / path).exists()], [])
    listed = [f"{path}/" if (prefix / path).is_dir() else path for path in paths]
    found = [str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()]
    expect("installed files that the table does not name", [name for name in found if not name.startswith(tuple(listed))], [])


def configured(directory, *arguments):
    """The hardening flags of a Makefile from this configuration, by variable."""
    directory.mkdir()
    subprocess.run([labtest.TOP / "configure", "-q", *arguments], cwd=directory, check=True, capture_output=True)
    return dict(re.findall(r"^((?:HARDENING|PIE)_\w+) = *(.*)$", (directory / "Makefile").read_text(), re.M))


def test_flags_of_the_user(directory):
    """Warnings are errors here: a second definition of _FORTIFY_SOURCE, or one without optimization, would stop the build."""
    if not (labtest.TOP / "configure").exists():
        raise Skip("there is no ./configure: ./bootstrap makes it")
    usual = configured(directory / "usual")
    for name, argument in {"CPPFLAGS": "CPPFLAGS=-D_FORTIFY_SOURCE=1", "no-optimization": "CFLAGS=-g -O0",
                           "sanitizers": "--enable-sanitizers"}.items():
        flags = configured(directory / name, "--enable-werror", argument)
        expect(f"{name}: flags", flags, {**usual, "HARDENING_CPPFLAGS": ""})
        subprocess.run(["make", "-s", "-C", directory / name, "libstartup.a"], check=True, capture_output=True)
    if not shutil.which("clang"):
        raise Skip("clang is missing: its flags are not checked")
    expect("clang: flags", configured(directory / "clang", "CC=clang"), usual)


def test_a_tarball_in_another_repository(directory):
    """The version names no commit of the repository around the sources, such as a package's. The units can be left out."""
    if not (labtest.TOP / "configure").exists() or not shutil.which("git"):
        raise Skip("needs ./configure, which ./bootstrap makes, and git")
    outer, build = directory / "outer", directory / "out"
    shutil.copytree(labtest.TOP, outer / "minishop", ignore=new_route_test.made, symlinks=True)
    subprocess.run(["git", "init", "-q", outer], check=True)
    subprocess.run(["git", "-C", outer, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "a"], check=True)
    build.mkdir()
    subprocess.run([outer / "minishop/configure", "-q", "--without-systemdsystemunitdir"], cwd=build, check=True, capture_output=True)
    expect("commit", re.search(r'^#define MINISHOP_COMMIT "(.*)"', (build / "config.h").read_text(), re.M)[1], "release")
    subprocess.run(["make", "-s", "-C", build, f"DESTDIR={directory}/dest", "install-nodist_systemdsystemunitDATA"], check=True, capture_output=True)
    expect("units", [*directory.glob("dest/**/*.service"), *build.glob("no/**/*.service")], [])


def test_units(directory):
    if not shutil.which("systemd-analyze") or "--offline" not in output("systemd-analyze", "--help"):
        raise Skip("systemd-analyze is missing, or too old for --offline: the exposure of the units is not checked")
    prefix = library_test.installed()
    scores = {}
    for unit in ["minishop.service", "slack-mock.service"]:
        path = prefix / "lib/systemd/system" / unit
        seen = output("systemd-analyze", "security", "--offline=true", "--no-pager", path)
        score = re.search(r"Overall exposure level for [^:]*: ([0-9.]+)", seen)[1]
        scores[unit] = score
        claim(f"{unit}: exposure {score}, at most {EXPOSURE_MAX}", float(score) <= EXPOSURE_MAX)
        program = re.search(r"^ExecStart=(\S+)", path.read_text(), re.M)[1]
        claim(f"{unit}: starts an installed program", labtest.pathlib.Path(program).is_file(), program)
    labtest.figure(f"exposure {' and '.join(sorted(set(scores.values())))} of 10; {EXPOSURE_MAX} allowed")


# Where the units may differ: writable paths, readiness notification and its socket.
OWN = {"Type", "ExecStart", "ExecReload", "TimeoutStopSec", "LogsDirectory", "LogsDirectoryMode", "RuntimeDirectory", "StateDirectory",
       "StateDirectoryMode", "UMask", "RestrictAddressFamilies"}


def test_the_units_are_hardened_alike(_):
    """Each directive of one unit is in the other, with the same value."""
    units = {}
    for unit in ("minishop", "slack-mock"):
        text = (labtest.TOP / f"etc/{unit}.service.in").read_text().partition("\n[Service]\n")[2].partition("[Install]")[0]
        units[unit] = [line for line in text.splitlines() if "=" in line and line[0] != "#" and line.split("=")[0] not in OWN]
    expect("directives of slack-mock.service", units["slack-mock"], units["minishop"])


def test_each_claim_names_a_test_that_exists(_):
    """A word test_... after the name of a file is a function of that file; a name on its own belongs to the last file of its line."""
    for page in ["SECURITY.md", "docs/reliability.md"]:
        wrong = []
        for line in (labtest.TOP / page).read_text().splitlines():
            text = ""
            for word in re.findall(r"`([^` ]+)`", line):
                if re.fullmatch(r"(tests/)?[\w/-]+\.(py|c)", word):
                    path = next(iter(labtest.TOP.glob(word if "/" in word else f"tests/*/{word}")), None)
                    text = path.read_text() if path else ""
                    wrong += [] if path else [word]
                elif re.fullmatch(r"(test|check)_\w+", word) and not re.search(rf"(def |START_TEST\(){word}\b", text or everything()):
                    wrong.append(word)
        expect(f"{page}: tests that do not exist", wrong, [])


def test_each_line_that_no_test_reaches_exists(_):
    """known.txt of the coverage names lines by their text: each is one line of its file, and has a reason."""
    sys.path.insert(0, str(labtest.TOP / "lab.d/test"))
    import coverage
    expect("tests/coverage/known.txt", coverage.wrong_entries(), [])


def everything():
    return "\n".join(path.read_text() for path in (labtest.TOP / "tests").glob("*/*.py"))


if __name__ == "__main__":
    labtest.run_tests(globals())
