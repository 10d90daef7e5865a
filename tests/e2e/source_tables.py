# SPDX-License-Identifier: MIT
"""The tables of the sources, for tests that compare other files with them."""
import re

import labtest

REASONS, PROBLEMS = labtest.TOP / "src/shop/reason.h", labtest.TOP / "src/http/problem"


def payment_failures():
    """{word: (group, weight)} of src/shop/reason.h, in its order."""
    rows = re.findall(r'X\(\w+, "(\w+)", (CARD|PROVIDER|LATE), (\d+),', REASONS.read_text())
    return {word: (group, int(weight)) for word, group, weight in rows}


def problems():
    """{code: (status, level, counts in error_total)} of src/http/problem.h and of the payment failures."""
    rows = re.findall(r'X\(HTTP_\w+,\s*"(\w+)",\s*(\d+),\s*TEL_(\w+),\s*(true|false),', PROBLEMS.with_suffix(".h").read_text())
    groups = {group: (int(status), level, True)
              for group, status, level in re.findall(r"#define GROUP_(CARD|PROVIDER|LATE) (\d+), TEL_(\w+)", PROBLEMS.with_suffix(".c").read_text())}
    return {**{code: (int(status), level, error == "true") for code, status, level, error in rows},
            **{word: groups[group] for word, (group, _) in payment_failures().items()}}
