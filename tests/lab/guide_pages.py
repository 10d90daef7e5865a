# SPDX-License-Identifier: MIT
"""Reads the pages of docs/guide for tests: the blocks of commands, the output below each, and whether a real output matches it.

Python 3's standard library only.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
from labtest import TestFailure  # noqa: E402

GUIDE = labtest.TOP / "docs/guide"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KINDS = ("sh", "text", "promql", "logql", "c", "diff")
NUMBER = r"[-+]?(?:\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|Inf|NaN)"
# docs/guide/README.md explains these placeholders.
PLACEHOLDERS = {
    "TRACE_ID": "[0-9a-f]{32}", "SPAN_ID": "[0-9a-f]{16}", "ORDER_ID": "ord_[0-9a-f]{20}", "PAYMENT_ID": "pay_[0-9a-f]{20}",
    "ANY_ID": "[0-9A-Za-z-]+", "TIME": r"(?:\d{4}-\d\d-\d\d[T ])?\d\d:\d\d:\d\d(?:\.\d+)?(?: ?UTC|Z)?", "SKU": "(?:SKU|mug|tshirt|sticker|poster|socks)",
    "REASON": "[a-z]+(?:_[a-z]+)*", "N": NUMBER}
TOKEN = re.compile(r"~\d+(?:\.\d+)?|\.\.\.|\b(?:" + "|".join(PLACEHOLDERS) + r")\b")


class Block:
    """A block of commands, and the output that the page shows below it (None: it shows none)."""

    def __init__(self, page, line, commands, output):
        self.where, self.commands, self.output = f"{page.name}:{line}", commands, output


def blocks(page):
    """[(kind, line, text)] of all fenced blocks. TestFailure for one of an unknown kind, or a fence that is not closed."""
    text = page.read_text()
    if text.count("\n```") % 2:
        raise TestFailure(f"{page.name}: a fence is not closed")
    found = [(match[1], text.count("\n", 0, match.start()) + 1, match[2]) for match in FENCE.finditer(text)]
    for kind, line, _ in found:
        if kind not in KINDS:
            raise TestFailure(f"{page.name}:{line}: a block of the kind {kind!r} (one of: {', '.join(KINDS)})")
    return found


def commands(page):
    """The page's Blocks of commands."""
    found, last = [], None
    for kind, line, text in blocks(page):
        if kind == "text" and last is not None:
            last.output = text
        last = Block(page, line, text, None) if kind == "sh" else None
        if last:
            found.append(last)
    return found


def squeezed(text):
    """Lines without outer blanks and empty lines, with single inner blanks, so that columns may have any width."""
    return [line for line in (" ".join(line.split()) for line in text.splitlines()) if line]


def pattern(line):
    """A line of a page as a regular expression; each ~number is a group."""
    result, at = "", 0
    for token in TOKEN.finditer(line):
        result += re.escape(line[at:token.start()])
        at = token.end()
        if token[0] == "...":
            result += ".*?"
        else:
            result += f"({NUMBER})" if token[0].startswith("~") else PLACEHOLDERS[token[0]]
    return result + re.escape(line[at:])


def difference(page_says, seen):
    """None if an output matches the page, else the difference. Lines are compared in order; a line of dots matches any lines.
    The series of a query may have any order."""
    expected, lines = squeezed(page_says), as_ordered(squeezed(page_says), squeezed(seen))
    at, anywhere = 0, False
    for line in expected:
        if line == "...":
            anywhere = True
            continue
        while True:
            if at >= len(lines):
                return f"the page has the line {line!r}, the output does not"
            told = mismatch(line, lines[at])
            at += 1
            if told is None:
                break
            if not anywhere:
                return told
        anywhere = False
    if at < len(lines) and not anywhere:
        return f"the output has the line {lines[at]!r}, the page does not"
    return None


def as_ordered(expected, lines):
    """The lines, with series in the page's order if both have the same series."""
    series = [line for line in expected if " => " in line]
    rest = [line for line in lines if " => " in line]
    ordered = [next((seen for seen in rest if re.fullmatch(pattern(line), seen)), None) for line in series]
    if len(rest) != len(series) or None in ordered or len(set(ordered)) != len(rest):
        return lines
    return [ordered.pop(0) if " => " in line else line for line in lines]


def mismatch(line, seen):
    match = re.fullmatch(pattern(line), seen)
    if not match:
        return f"the page has the line {line!r}, the output {seen!r}"
    for about, number in zip(re.findall(r"~(\d+(?:\.\d+)?)", line), match.groups()):
        if not float(about) / 2 <= float(number) <= 2 * float(about):
            return f"the page says about {about}, the output {number}, in {seen!r}"
    return None


class Terminal:
    """A bash that runs blocks one after the other, as a reader's terminal does. replaced: (text, its substitute) for commands and
    pages, such as the addresses of the lab under test."""

    END = "end-of-block-7f3a"

    def __init__(self, env, replaced, directory):
        self.replaced, self.script = replaced, pathlib.Path(directory) / "block.sh"
        self.shell = subprocess.Popen(["bash", "--norc", "--noprofile"], cwd=labtest.TOP, env={**env, "TERM": "dumb"}, text=True, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, errors="replace")

    def mine(self, text):
        for usual, substitute in self.replaced:
            text = text.replace(usual, substitute)
        return text

    def run(self, text, timeout=400):
        """(exit status, output) of a block."""
        self.script.write_text(self.mine(text))
        self.shell.stdin.write(f". {self.script} </dev/null; ended=$?; echo; echo {self.END} $ended\n")
        self.shell.stdin.flush()
        timer = threading.Timer(timeout, self.kill)
        timer.start()
        lines = []
        try:
            for line in self.shell.stdout:
                if line.startswith(self.END):
                    return int(line.split()[1]), "".join(lines)
                lines.append(line)
        finally:
            timer.cancel()
        raise TestFailure(f"the commands did not end within {timeout} s, or ended the shell:\n{text}\n{''.join(lines)[-2000:]}")

    def check(self, block):
        """TestFailure if a block fails, or its output differs from the page."""
        status, output = self.run(block.commands)
        if status:
            raise TestFailure(f"{block.where}: the commands ended with {status}:\n{block.commands}\n{output[-2000:]}")
        told = difference(self.mine(block.output), output) if block.output is not None else None
        if told:
            raise TestFailure(f"{block.where}: {told}\nThe whole output:\n{output[-3000:]}")

    def kill(self):
        os.killpg(self.shell.pid, signal.SIGKILL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.shell.stdin.close()
        try:
            self.shell.wait(5)
        except subprocess.TimeoutExpired:
            self.kill()
            self.shell.wait()
