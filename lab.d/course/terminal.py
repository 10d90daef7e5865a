# SPDX-License-Identifier: MIT
"""Renders a page's Markdown for a terminal: wraps paragraphs, colours headings and commands, and marks the output of commands with a line."""
import re
import shutil
import sys
import textwrap

WIDEST = 100
BOLD, CYAN = "1", "36"


class Page:
    def __init__(self, text, is_answered):
        """is_answered(number): whether the question already has a right answer; it gets a mark."""
        self.text, self.is_answered = text, is_answered
        self.colour = sys.stdout.isatty()
        self.width = max(40, min(shutil.get_terminal_size((80, 24)).columns, WIDEST))

    def paint(self, text, code):
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def inline(self, text):
        """Renders emphasis and links in a line of prose; text in backticks stays unchanged, without the backticks."""
        parts = text.split("`")
        for at in range(0, len(parts), 2):
            parts[at] = re.sub(r"\[([^]]+)\]\(([^)]+)\)", r"\1 (\2)", parts[at]).replace("<http", "http").replace(">", "")
            parts[at] = re.sub(r"\*\*(.+?)\*\*", r"\1", parts[at])
            parts[at] = re.sub(r"\*(.+?)\*", r"\1", parts[at])
        return "".join(parts)

    def paragraph(self, lines):
        """Renders prose, a list item, or a table, which keeps its lines."""
        if lines[0].startswith("|"):
            return [self.inline(line) for line in lines if not set(line) <= set("|-: ")]
        text = self.inline(" ".join(line.strip() for line in lines))
        question = re.match(r"- (\d+\.\d+) ", text)
        if question:
            text = ("✓ " if self.is_answered(question[1]) else "- ") + text[2:]
        indent = "  " if lines[0].startswith("- ") else ""
        return textwrap.wrap(text, self.width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)

    def block(self, kind, lines):
        if kind == "text":
            return [f"    │ {line}" for line in lines]
        if kind == "sh" and any("<<" in line for line in lines):  # indented, a here-document would have no end
            return [self.paint(line, CYAN) for line in lines]
        label = {"promql": "PromQL: ", "logql": "LogQL: "}.get(kind, "")
        return ["    " + (label if at == 0 else " " * len(label)) + self.paint(line, CYAN) for at, line in enumerate(lines)]

    def __str__(self):
        shown, prose, fence, fenced = [], [], None, []

        def flush():
            if prose:
                shown.extend(self.paragraph(prose))
                prose.clear()

        for line in self.text.splitlines():
            if fence is not None and line.startswith("```"):
                shown.extend(self.block(fence, fenced))
                fence = None
            elif fence is not None:
                fenced.append(line)
            elif line.startswith("```"):
                flush()
                fence, fenced = line[3:], []
            elif line.startswith("#"):
                flush()
                shown.append(self.paint(line.lstrip("# "), BOLD))
            else:
                if not line.strip() or line.startswith("- "):
                    flush()
                if line.strip():
                    prose.append(line)
                else:
                    shown.append("")
        flush()
        return "\n".join(shown)
