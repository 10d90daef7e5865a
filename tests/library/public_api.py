# SPDX-License-Identifier: MIT
"""The functions that the public headers declare."""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402

HEADERS = labtest.TOP / "src/telemetry/include/tel"


def functions():
    """(header, name, prototype) of each; the prototype in one line, without attributes."""
    found = []
    for path in sorted(HEADERS.glob("*.h")):
        text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        for declaration in re.findall(r"^TEL_API\b[^;]*;", text, re.M):
            prototype = re.sub(r"^TEL_API\s+|TEL_MUST_CHECK\s+|\s*__attribute__\(\(.*\)\)", "", declaration, flags=re.S)
            found.append((path.stem, re.search(r"(tel_\w+)\(", prototype)[1], " ".join(prototype.split())))
    return found
