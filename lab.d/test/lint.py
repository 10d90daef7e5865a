# SPDX-License-Identifier: MIT
"""The checks of the sources. Each prints one line, and its findings."""
import re
import sys

from tools import SYSTEM_PYTHON, TOP, captured, output, project_files, verdict

MAX_LINES, MAX_FUNCTION = 500, 60
# Layers: an include goes to its own layer or to one below it.
LAYERS = {
    "base": "base",
    "telemetry": "base tel telemetry",
    "server": "base server",
    "shop": "base tel telemetry shop",
    "http": "base tel telemetry shop server http",
    "slack-mock": "base tel server slack-mock",
}
# Functions of the C library that share state between threads. strerror() and getenv() are not among them: see .clang-tidy.
UNSAFE = r"\b(strtok|localtime|gmtime|ctime|asctime|s?rand|s?random|drand48|setenv|unsetenv|putenv|setlocale|gethostbyname|inet_ntoa|ttyname|tmpnam)\("


# CONTRIBUTING.md, "C style": whole numbers are enum constants, and pointers are conditions as they are.
OTHER_DIALECTS = r"^#define [A-Z][A-Z_0-9]* \(?([2-9]|[0-9]{2})[0-9x*<+() u]*( /\*.*)?$|\b(if|while) \(([^;()]|\([^()]*\))*[!=]= NULL"
CLANG_FORMAT = "14"  # other versions lay out some lines differently


def linter(*command):
    """The findings of a linter: its output if it fails."""
    status, text = captured(*command)
    return (text or f"exit status {status}").splitlines() if status else []


def lines_with(pattern, names):
    """The lines that match, as FILE:LINE: TEXT."""
    return [f"{name}:{number}: {line}" for name in names
            for number, line in enumerate((TOP / name).read_text(encoding="utf-8", errors="replace").splitlines(), 1) if re.search(pattern, line)]


def leftovers():
    """Comments describe the present code: no notes about future work."""
    names = [name for name in project_files("src/*", "tests/*", "observability/*", "bench/*", "etc/*", "docs/*") if not name.endswith((".json", ".png", ".bin"))]
    return lines_with(r"\b(TODO|FIXME|XXX|HACK)\b", names)


def length():
    names = [name for name in project_files("src/*", "tests/*", "bench/*", "lab.d/*") if name.endswith((".c", ".h", ".py", ".sh", ".lua"))]
    sizes = {name: len((TOP / name).read_text(encoding="utf-8").splitlines()) for name in names}
    return [f"{name}: {size} lines" for name, size in sizes.items() if size > MAX_LINES]


def functions():
    """C functions that are too long. clang-format puts their first and last lines at the margin."""
    found = []
    for name in project_files("*.c"):
        for function in re.finditer(r"^(?!END_TEST)\w[^;{}]*\) \{\n.*?^\}", (TOP / name).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            size = function[0].count("\n") + 1
            found += [f"{name}: {function[0].splitlines()[0]}: {size} lines"] if size > MAX_FUNCTION else []
    return found


def layers():
    return [line for layer, below in LAYERS.items()
            for line in lines_with(rf'^#include "(?!({"|".join(below.split())})/)[a-z-]+/', project_files(f"src/{layer}/*.[ch]"))]


def documented_layers():
    """docs/architecture.md says which layers each layer uses."""
    page = (TOP / "docs/architecture.md").read_text(encoding="utf-8")
    said = {layer: set(re.sub(r" \(.*?\)|nothing", "", uses).replace(",", "").split())
            for layer, uses in re.findall(r"^\| `src/([\w-]+)/` \|.*\| ([^|]+) \|$", page, re.MULTILINE)}
    return [f"docs/architecture.md: {layer} uses {' '.join(sorted(wanted))}" for layer, below in LAYERS.items()
            if said.get(layer) != (wanted := {"telemetry" if name == "tel" else name for name in below.split()} - {layer})]


def packages():
    """docs/install.md and the image name the packages that the lab installs."""
    wanted = output("sh", "-c", ". lab.d/packages.sh; echo $packages_build check").split()
    return [f"{name}: {package} is not in its list (lab.d/packages.sh)" for name in ("docs/install.md", "Dockerfile") for package in wanted
            if package not in re.findall(r"[\w.+-]+", (TOP / name).read_text(encoding="utf-8"))]


def headings(page):
    """The anchors of a page. A comment in a block of code counts too, which does no harm."""
    return {re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("#")}


def links():
    """Links of the documents to no file, or to no heading."""
    found = []
    for name in project_files("*.md"):
        for target in re.findall(r"""(?:\]\(|src=")(?!\w+:)([^)\s"]+)""", (TOP / name).read_text(encoding="utf-8")):
            path, _, heading = target.partition("#")
            file = (TOP / name).parent / path if path else TOP / name
            if not file.exists() or heading and heading not in headings(file):
                found.append(f"{name}: {target}")
    return found


FILE = r"(?<![\w/.$}-])(?:src|tests|docs|observability|lab\.d|etc|man|bench|deploy|examples)/[\w./-]*\.(?:[ch38]|py|sh|md|ya?ml|conf|tmpl|html|txt)\b(?![.-])"


def named_files():
    """Files that documents, comments or configurations name, but that do not exist. A patch may add a file; NAME stands for any name."""
    found = []
    for line in lines_with(FILE, (name for name in project_files("*.md", "*.[ch]", "*.yml", "*.yaml", "*.conf", "*.tmpl") if name != "CHANGELOG.md")):
        place, text = line.split(": ", 1)
        if not text.startswith(("+", "-")):
            found += [f"{place}: {file}" for file in re.findall(FILE, text) if "NAME" not in file and not (TOP / file).exists()]
    return found


def named_tests():
    """Tests that the documents name, but that are not in the file named before them. A file may be named without its folder."""
    found, sources = [], project_files("*.py", "*.c")
    for page in project_files("*.md"):
        file = None
        for word in re.findall(r"`([^`\n]+)`", (TOP / page).read_text(encoding="utf-8")):
            if re.fullmatch(r"[\w/.-]+\.(py|c)", word):
                file = next((TOP / name for name in sources if f"/{name}".endswith(f"/{word}")), None)
            elif re.fullmatch(r"(test|check)_\w+", word) and not (file and re.search(rf"\b{word}\b", file.read_text(encoding="utf-8"))):
                found.append(f"{page}: {word} is not in {file and file.relative_to(TOP)}")
    return found


def threads():
    return lines_with(UNSAFE, project_files("src/*.c"))


def dialect():
    return lines_with(OTHER_DIALECTS, [name for name in project_files("src/*", "tests/*", "bench/*") if name.endswith((".c", ".h"))])


def formatting():
    if f"version {CLANG_FORMAT}." not in captured("sh", "-c", "clang-format --version")[1]:
        print(f"SKIP the layout of the C sources: there is no clang-format {CLANG_FORMAT}")
        return []
    return linter("clang-format", "--dry-run", "-Werror", *project_files("*.c", "*.h"))


def licence():
    sources = [name for name in project_files("*") if name.endswith((".c", ".h", ".py", ".sh", ".js", ".css", ".lua", ".proto", ".mk", ".m4"))
               and not name.startswith(("tests/data/", "tests/fuzz/corpus/"))]
    heads = {name: (TOP / name).read_text(encoding="utf-8")[:200] for name in sources}
    return [f"{name}: no SPDX line" for name, head in heads.items() if head and "SPDX-License-Identifier: MIT" not in head]


CHECKS = {
    "each source names its licence": licence,
    "C style": dialect,
    "C is formatted": formatting,
    "shell scripts (shellcheck)": lambda: linter("shellcheck", "-x", "lab", "bootstrap", "lab.d/install-packages", *project_files("[!l]*.sh")),
    "YAML (yamllint)": lambda: linter("yamllint", "--strict", *project_files("*.yml", "*.yaml")),
    "manual pages (mandoc)": lambda: linter("mandoc", "-Tlint", "-Wwarning", *project_files("man/*.[38]")),
    "Python (pyflakes)": lambda: linter(SYSTEM_PYTHON, "-m", "pyflakes", *project_files("*.py")),
    "nothing left to do in the sources": leftovers,
    f"no file above {MAX_LINES} lines": length,
    f"no function above {MAX_FUNCTION} lines": functions,
    "includes go downwards only": layers,
    "the layers are documented": documented_layers,
    "headers: no include cycles, private headers stay private, each function in its file's header": lambda: linter(SYSTEM_PYTHON, "tests/lint_includes.py"),
    "one list of packages": packages,
    "links of the documents lead somewhere": links,
    "files that are named exist": named_files,
    "tests that the documents name exist": named_tests,
    "no function that is unsafe with threads": threads,
}


if __name__ == "__main__":
    sys.exit(not all([verdict(not found, name, *found[:40]) for name, found in ((name, check()) for name, check in CHECKS.items())]))
