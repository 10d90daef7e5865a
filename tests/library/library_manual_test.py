# SPDX-License-Identifier: MIT
"""The library's manual pages and tour against its headers: the same functions, the same prototypes, and code that compiles."""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
import public_api  # noqa: E402
from labtest import TestFailure, claim, expect  # noqa: E402

PAGES = sorted((labtest.TOP / "man").glob("*.3"))
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "RETURN VALUE", "ERRORS", "THREADS", "EXAMPLE", "SEE ALSO"]


def plain(text):
    """Text without roff's escapes and fonts."""
    text = re.sub(r"\\f[BIPR]", "", text)
    for escape, character in {r"\-": "-", r"\(aq": "'", r"\(ga": "`", r"\(ha": "^", r"\(ti": "~", r"\&": "", r"\e": "\\"}.items():
        text = text.replace(escape, character)
    return text


def sections(page):
    """The sections of a page, in their order."""
    parts = re.split(r"^\.SH (.*)\n", page.read_text(), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def documented_header(page):
    found = re.search(r"#include <tel/(\w+)\.h>", sections(page)["SYNOPSIS"])
    return found and found[1]


def test_each_header_has_a_page_with_all_of_its_functions(_):
    of_header = {documented_header(page): page for page in PAGES if documented_header(page)}
    declared = {}
    for header, name, prototype in public_api.functions():
        declared.setdefault(header, {})[name] = prototype
    expect("headers with functions, and headers with a page", set(of_header), set(declared))
    for header, page in of_header.items():
        told = set(re.findall(r"tel_\w+", plain(sections(page)["NAME"]).split(" - ")[0])) - {page.stem}
        expect(f"names of {page.name}", told - {page.stem}, set(declared[header]) - {page.stem})
        synopsis = re.sub(r"^\.\w+.*\n", "\n", sections(page)["SYNOPSIS"].split(".fi")[0], flags=re.M)
        prototypes = {" ".join(part.split()) for part in re.split(r"(?<=;)", plain(synopsis)) if part.strip()}
        expect(f"prototypes of {page.name}", prototypes, set(declared[header].values()))
        for name in declared[header]:
            claim_silently(f"{page.name} says what {name}() does", f"\\fB{name}\\fP(" in sections(page)["DESCRIPTION"])


def claim_silently(what, condition):
    if not condition:
        raise TestFailure(what)


INTERNAL = {"tel_key", "tel_place"}  # structs; and constants:
CONSTANTS = {"TEL_ATTRIBUTES_INLINE", "TEL_ATTRIBUTES_TEXT", "TEL_KEY_SIZE"}


def words_of_header(path):
    """The enumerators and members that a program uses."""
    text = re.sub(r"^ */\* The rest is internal\..*?^};", "};", path.read_text(), flags=re.S | re.M)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    enumerators = {word for body in re.findall(r"^enum(?: \w+)? \{([^#]*?)\}", text, re.S | re.M) for word in re.findall(r"\bTEL_(?!ERROR)\w+", body)}
    structs = {name: body for name, body in re.findall(r"^struct (\w+) \{(.*?)^\};", text, re.S | re.M) if name not in INTERNAL}
    return enumerators - CONSTANTS | {word for body in structs.values() for word in re.findall(r"(\w+)(?:\[[^]]*\])?\s*[;,]", body)}


def test_pages_have_each_enumerator_and_member(_):
    of_header = {documented_header(page): plain(page.read_text()) for page in PAGES if documented_header(page)}
    for header, text in of_header.items():
        words = words_of_header(public_api.HEADERS / f"{header}.h")
        expect(f"words of <tel/{header}.h> that its page lacks", sorted(word for word in words if not re.search(rf"\b{word}\b", text)), [])
    claim("the headers have enumerators and members", len(words_of_header(public_api.HEADERS / "log.h")) > 12)


def test_pages_are_whole(_):
    for page in PAGES:
        found = [section for section in sections(page) if section in SECTIONS]
        wanted = [section for section in SECTIONS if page.stem != "tel" or section not in ("RETURN VALUE", "ERRORS")]
        expect(f"sections of {page.name}, in order", found, wanted)
        for name in re.findall(r"^\.BR (tel\w*) \(3\)", page.read_text(), re.M) + re.findall(r"\\fB(tel_\w+)\\fP\(3\)", page.read_text()):
            known = {other.stem for other in PAGES} | {function for _, function, _ in public_api.functions()}
            claim_silently(f"{page.name} refers to {name}(3), which exists", name in known)
    overview = (labtest.TOP / "man/tel.3").read_text()
    for page in PAGES:
        claim_silently(f"tel(3) leads to {page.stem}(3)", page.stem == "tel" or f"\\fB{page.stem}\\fP(3)" in overview)


def test_variables_of_the_manual(_):
    """The variables of the daemon's page, which another test compares with the program."""
    def entries(name):
        return re.findall(r"^\.B (OTEL_\w+)\n(.*)\n(Takes .*)$", (labtest.TOP / "man" / name).read_text(), re.M)
    expect("variables", entries("tel.3"), entries("minishop.8"))


# The declarations that the snippets of pages and tour assume.
PRELUDE = """
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <tel/http.h>
#include <tel/scrape.h>
#include <tel/telemetry.h>
#include <tel/ulfius.h>
int run_query(void);
unsigned handle(const char *method, const char *path);
struct given { struct tel *tel; struct _u_instance instance; struct _u_response *response; struct tel_span *span, *request; const char *id, *sku,
  *header, *method, *path, *peer; struct tel_http_route *route; uint64_t size; struct tel_counter *mugs; int children; };
"""
GIVEN = {"tel": "struct tel *tel = given->tel;", "instance": "struct _u_instance instance = given->instance;",
         "response": "struct _u_response *response = given->response;", "span": "struct tel_span *span = given->span;",
         "request": "struct tel_span *request = given->request;", "id": "const char *id = given->id;", "sku": "const char *sku = given->sku;",
         "header": "const char *header = given->header;", "method": "const char *method = given->method;", "path": "const char *path = given->path;",
         "peer": "const char *peer = given->peer;", "route": "struct tel_http_route *route = given->route;", "size": "uint64_t size = given->size;",
         "mugs": "struct tel_counter *mugs = given->mugs;", "children": "int children = given->children;",
         "table": "static const struct tel_metric table[1];"}


def program_of(snippet):
    """A snippet as a source file: unchanged if it has a main(), else as the body of a function."""
    if re.search(r"\bint main\(", snippet):
        return "#include <stdio.h>\n" + snippet
    code = re.sub(r"^\s*\.\.\.\s*$", "", snippet, flags=re.M)
    includes = "\n".join(re.findall(r"^#include .*$", code, re.M))
    body = re.sub(r"^#include .*$", "", code, flags=re.M)
    given = "\n".join(text for name, text in GIVEN.items() if not re.search(rf"\b\w+ \*?{name}( =|;|\[)", body))
    return f"{PRELUDE}{includes}\nint snippet(struct given *given);\nint snippet(struct given *given) {{\n{given}\n{body}\nreturn 0;\n}}\n"


def compile_snippet(directory, where, snippet):
    source = directory / "snippet.c"
    source.write_text(program_of(snippet))
    flags = labtest.output("pkg-config", "--cflags", "libulfius").split()
    run = subprocess.run(["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wno-unused", "-c", source, "-o", directory / "snippet.o",
                          f"-I{public_api.HEADERS.parent}", *flags], capture_output=True, text=True)
    if run.returncode:
        raise TestFailure(f"{where} does not compile:\n{snippet}\n{run.stderr}")


def test_examples_of_the_pages_compile(directory):
    for page in PAGES:
        for example in re.findall(r"^\.EX\n(.*?)^\.EE", sections(page)["EXAMPLE"], re.M | re.S):
            compile_snippet(directory, page.name, plain(example))


def test_snippets_of_the_tour_compile(directory):
    snippets = re.findall(r"^```c\n(.*?)^```", (labtest.TOP / "docs/library.md").read_text(), re.M | re.S)
    claim("the tour has snippets", len(snippets) >= 5)
    for snippet in snippets:
        compile_snippet(directory, "docs/library.md", snippet)


if __name__ == "__main__":
    labtest.run_tests(globals())
