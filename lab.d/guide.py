#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The guide in the terminal: its chapters, the progress of the learner, and the check of an answer.

  guide.py show [CHAPTER]
  guide.py answer CHAPTER.QUESTION [VALUE...]

The chapters are docs/guide/NN-*.md. An answer is compared with the current data of the running engines (lab.d/course). Exit status: 0 right, 1
wrong, 2 bad input, 3 cannot tell.
"""
import signal

if __name__ == "__main__":  # before the other imports, so that Ctrl-C shows no traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import contextlib
import fcntl
import importlib
import json
import os
import pathlib
import re
import sys
import time

from course.answers import Unreadable
from course.question import QUESTIONS, CannotTell, Right
from course.terminal import Page
from oncall.engines import Away, Engines

for part in ("alerts", "code", "logs", "metrics", "numbers", "traces"):
    importlib.import_module(f"course.{part}")  # it registers its questions

RIGHT, WRONG, BAD_INPUT, CANNOT_TELL = range(4)
GUIDE = pathlib.Path(__file__).resolve().parent.parent / "docs/guide"
# The addresses that the pages name, by the name of the engine.
USUAL = {"minishop": "8080", "slack": "8090", "prometheus": "9090", "alertmanager": "9093", "grafana": "3000", "loki": "3100", "jaeger": "16686",
         "scratch": "8091"}
ASKED = re.compile(r"^- \*\*(\d+\.\d+)\*\* +(.+?)(?=^- \*\*|^#|\Z)", re.MULTILINE | re.DOTALL)
PROGRESS_LIMIT = 1 << 16
TRIES_MAX = 9999


class BadInput(Exception):
    """The input is invalid. The text says what is allowed."""


class Chapter:
    def __init__(self, path):
        self.path, self.text = path, path.read_text(encoding="utf-8")
        self.number = int(path.name.split("-")[0])
        self.title = re.match(r"# \d+\. (.+)", self.text)[1]
        self.questions = {number: " ".join(text.split()) for number, text in ASKED.findall(self.text)}

    @property
    def name(self):
        return self.path.relative_to(GUIDE.parent.parent)


def chapters():
    return {chapter.number: chapter for chapter in map(Chapter, sorted(GUIDE.glob("[0-9][0-9]-*.md")))}


class Progress:
    """The learner's progress: {question: {"right": time or absent, "tries": n}}, in a file of LAB_DIR. It has only questions of the guide, so it
    stays small."""

    def __init__(self):
        self.path = pathlib.Path(os.environ["LAB_DIR"]) / "guide.json"

    def read(self):
        try:
            with open(self.path, "rb") as file:
                kept = json.loads(file.read(PROGRESS_LIMIT))
            return {number: {"tries": min(int(entry["tries"]), TRIES_MAX), **({"right": str(entry["right"])} if entry.get("right") else {})}
                    for number, entry in kept.items() if number in QUESTIONS}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            print(f"lab: the progress in {self.path} cannot be read ({error}); it begins anew with your next answer", file=sys.stderr)
            return {}

    def note(self, number, right):
        """Adds an answer. On a full disk the learner still gets the verdict."""
        try:
            self._note(number, right)
        except OSError as error:
            print(f"lab: cannot save your progress in {self.path}: {error.strerror}. The verdict holds, but ./lab guide will not show it", file=sys.stderr)

    def _note(self, number, right):
        with open(self.path.with_suffix(".lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            kept = self.read()
            entry = kept.setdefault(number, {"tries": 0})
            entry["tries"] = min(entry["tries"] + 1, TRIES_MAX)
            if right:
                entry.setdefault("right", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
            new = self.path.with_suffix(".new")
            new.write_text(json.dumps(kept, indent=1, sort_keys=True), encoding="utf-8")
            new.replace(self.path)


def with_addresses(text, engines):
    """The text with the addresses and the directory of the running lab in place of the usual ones."""
    here = {port: engines.urls[name].removeprefix("http://") for name, port in USUAL.items() if name in engines.urls} if engines else {}
    text = re.sub(r"127\.0\.0\.1:(\d+)", lambda address: here.get(address[1], address[0]), text)
    if engines and not engines.native:
        text = text.replace("/classic/", "/")  # Prometheus 3 has no classic pages
    directory = os.environ["LAB_DIR"]
    usual = str(GUIDE.parent.parent / ".lab")
    return text if directory == usual else re.sub(r"(?<![\w/])\.lab/", f"{directory}/", text)


def running():
    """The engines of the running lab, or None."""
    with contextlib.suppress(Away):
        return Engines.find()


def show_all(course, progress):
    done = sum(1 for entry in progress.values() if entry.get("right"))
    print(f"The guide: {len(course)} chapters, {len(QUESTIONS)} questions. Answered: {done}.\n")
    for chapter in course.values():
        right = sum(1 for number in chapter.questions if progress.get(number, {}).get("right"))
        print(f"  {chapter.number:2}  {chapter.title:52} {right} of {len(chapter.questions)}   {chapter.name}")
    following = next((chapter for chapter in course.values() if not all(progress.get(n, {}).get("right") for n in chapter.questions)), None)
    if following:
        print(f"\nNext: ./lab guide {following.number}")
    else:
        print("\nAll questions are answered. Next: ./lab oncall")


def show(words, course):
    if len(words) > 1:
        raise BadInput("guide takes one chapter at most")
    progress = Progress().read()
    if not words:
        show_all(course, progress)
        return RIGHT
    if not re.fullmatch(r"0*[1-9]\d{0,3}", words[0]) or int(words[0]) not in course:
        raise BadInput(f"'{words[0]}' is not a chapter: 1 to {max(course)} (./lab guide lists them)")
    print(Page(with_addresses(course[int(words[0])].text, running()), lambda number: "right" in progress.get(number, {})))
    return RIGHT


def question_of(word, course):
    """(number, chapter) of a CHAPTER.QUESTION that the learner typed."""
    match = re.fullmatch(r"0*(\d{1,4})\.0*(\d{1,4})", word.strip())
    if not match:
        raise BadInput(f"'{word}' is not a question: CHAPTER.QUESTION, as in 4.2")
    chapter = course.get(int(match[1]))
    if not chapter:
        raise BadInput(f"there is no chapter {match[1]}: 1 to {max(course)} (./lab guide lists them)")
    number = f"{match[1]}.{match[2]}"
    if number not in chapter.questions:
        raise BadInput(f"chapter {match[1]} has no question {number}: {', '.join(chapter.questions)}")
    return number, chapter


def readable(kind, text):
    try:
        return kind.read(text)
    except Unreadable:
        return None


def judge(number, text, engines=None):
    """Returns Right or Wrong, from these engines or those of the running lab. Raises CannotTell with the reason, also if an engine gives an
    unexpected response, and Unreadable for bad input, before it asks any engine."""
    QUESTIONS[number].kind.read(text)
    try:
        return QUESTIONS[number].judge(engines or Engines.find(), text)
    except Away as away:
        raise CannotTell(str(away)) from away
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, StopIteration, ZeroDivisionError, RecursionError) as error:
        raise CannotTell(f"an engine's response has an unexpected format ({type(error).__name__}: {error})") from error


def answer(words, course):
    if not words:
        raise BadInput("answer requires a question, as in ./lab answer 4.2 '2.5 %'")
    number, chapter = question_of(words[0], course)
    if len(words) == 1:
        print(Page(f"{number}  {with_addresses(chapter.questions[number], running())}\n\nThe chapter: ./lab guide {chapter.number}", None))
        return RIGHT
    if " ".join(words[1:]).strip().casefold() == "hint":
        raise BadInput(f"the guide has no hints to ask for: a wrong answer shows one, and ./lab guide {chapter.number} shows the steps")
    try:
        verdict = judge(number, " ".join(words[1:]))
    except Unreadable as unreadable:
        allowed = QUESTIONS[number].kind.what
        raise BadInput(f"question {number}: {unreadable}" + (f"; it takes {allowed}" if allowed not in str(unreadable) else "")) from unreadable
    except CannotTell as reason:
        print(f"Cannot tell: {reason}. The answer is not counted.")
        return CANNOT_TELL
    right = isinstance(verdict, Right)
    Progress().note(number, right)
    print(f"{'Right' if right else 'Wrong'}. {verdict}")
    return RIGHT if right else WRONG


def main():
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.stdout.reconfigure(errors="replace")  # for what the terminal's encoding does not have
    commands = {"show": show, "answer": answer}
    try:
        return commands[sys.argv[1]](sys.argv[2:], chapters())
    except BadInput as error:
        print(f"lab: {error}", file=sys.stderr)
        return BAD_INPUT


if __name__ == "__main__":
    sys.exit(main())
