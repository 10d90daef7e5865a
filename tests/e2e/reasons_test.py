#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A payment failure is one row of src/shop/reason.h. Every other list of the failures of a group is complete: in rules,
dashboards, configuration, documents, the lab."""
import re

import labtest
import source_tables
from labtest import TestFailure, expect

PLACES = ("deploy", "docs", "etc", "lab.d", "man", "observability/*", "README.md", "tests/oncall")
OTHER_DATA = ("docs/assets", "observability/prometheus/tests")  # single failures, pictures


def groups():
    """The sets of failures that a list may stand for: one group, or all."""
    failures = source_tables.payment_failures()
    cards = {word for word, (group, _) in failures.items() if group == "CARD"}
    return [cards, set(failures) - cards]


def incomplete(text):
    """(line number, missing words) of each passage that lists several, but not all, failures of a group. A passage is an
    alternation (a|b), or lines without an empty one between them."""
    passages = [(match.start(), match[0]) for match in re.finditer(r"\w+(?:\|\w+)+", text)]
    passages += [(match.start(), match[0]) for match in re.finditer(r"(?:.*\S.*\n?)+", text)]
    for start, passage in passages:
        words = set(re.findall(r"\w+", passage))
        for group in groups():
            if len(words & group) > 1 and not group <= words:
                yield text.count("\n", 0, start) + 1, ", ".join(sorted(group - words))


def files():
    for place in PLACES:
        for found in sorted(labtest.TOP.glob(place)):
            for path in sorted(found.rglob("*")) if found.is_dir() else [found]:
                name = str(path.relative_to(labtest.TOP))
                if path.is_file() and not name.startswith(OTHER_DATA) and "__pycache__" not in name:
                    yield name, path


def test_lists_are_complete(directory):
    faults, lists = [], 0
    for name, path in files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        lists += any(group <= set(re.findall(r"\w+", text)) for group in groups())
        faults += [f"{name}:{line}: {missing} missing" for line, missing in incomplete(text)]
    if faults:
        raise TestFailure("; ".join(faults))
    if lists < 8:
        raise TestFailure(f"only {lists} files with a list were found")


def test_an_incomplete_list_is_found(directory):
    cards = sorted(groups()[0])
    expect("an alternation", list(incomplete(f"\nreason!~'{'|'.join(cards[1:])}'\n\n{cards[0]}\n"))[:1], [(2, cards[0])])
    expect("lines of a list", list(incomplete("\n".join(f"- {word}" for word in cards[1:]))), [(1, cards[0])])
    expect("a whole list", list(incomplete("|".join(cards))), [])
    expect("a single failure", list(incomplete(cards[0])), [])


def test_weights(directory):
    """The simulated world of the on-call cases draws failures as the shop does."""
    world = (labtest.TOP / "tests/oncall/world.py").read_text()
    rates = dict(re.findall(r'"(\w+)": ([\d.]+)', re.search(r"^RATES = (\{.*\})", world, re.M)[1]))
    failures = source_tables.payment_failures()
    whole = sum(weight for _, weight in failures.values())
    expect("RATES", {word: float(rate) for word, rate in rates.items()}, {word: weight / whole for word, (_, weight) in failures.items()})


if __name__ == "__main__":
    labtest.run_tests(globals())
