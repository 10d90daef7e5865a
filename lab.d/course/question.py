# SPDX-License-Identifier: MIT
"""A question of the guide: its number, what kind of answer it takes, and how the running engines are asked for the truth.

A check gets the engines and the learner's answer, and returns Right or Wrong. It raises CannotTell (or the engines raise Away) where the
truth cannot be had: no engine, no traffic, or a step of the chapter that was not done. Nothing passes because it could not be asked.
"""
import time

from oncall.engines import timestamp

WINDOW_S = 300  # the questions are about the last five minutes
PATIENCE_S = 300  # and an answer may be as old as this: looked up, thought about, typed
YOUNG_S = 60
HOUR_S = 3600
SHOPPERS = "minishop-shoppers/"

QUESTIONS = {}


class CannotTell(Exception):
    """The engines answer, but do not know the truth now; the text says why, and what to do."""


class Right(str):
    """The answer is right; the text says what the engine said."""


class Wrong(str):
    """The answer is wrong; the text is a hint that depends on the answer."""


class Answer:
    """What the learner typed, read as a kind."""

    def __init__(self, kind, text):
        self.kind, self.values = kind, kind.read(text)

    @property
    def value(self):
        return self.values[0]

    def is_one_of(self, truths):
        return self.kind.is_one_of(self.values, truths)


class Question:
    def __init__(self, number, kind, check):
        self.number, self.kind, self.check = number, kind, check

    def judge(self, engines, text):
        """Right or Wrong. Unreadable, CannotTell or Away."""
        return self.check(engines, Answer(self.kind, text))


def question(number, kind):
    """Registers a check under its number, CHAPTER.QUESTION."""
    def register(check):
        QUESTIONS[number] = Question(number, kind, check)
        return check
    return register


def moments(engines, expression, step=10):
    """The values of an expression at any moment of the last minutes: an answer was true when it was looked up. The first minute of a series
    that began meanwhile says little, and is left out where more is known."""
    now = time.time()
    points = sorted((when, value) for _, series in engines.query_range(expression, now - PATIENCE_S, now, step) for when, value in series if value == value)
    young = points and points[0][0] > now - PATIENCE_S + step
    values = [value for when, value in points if not young or when >= min(points[0][0] + YOUNG_S, points[-1][0])]
    if not values:
        raise CannotTell("Prometheus has no such requests in the last five minutes. Does traffic run (./lab status)? "
                         "A lab that has just started needs a minute")
    return values


def log_windows(engines, wanted, text="", step=30):
    """The records that are wanted, of each window of five minutes that ended in the last five minutes. Windows with few
    records are left out: those of a lab that has just started say nothing."""
    now = time.time()
    records = [(timestamp(record["timestamp"]), record) for record in engines.log(now - WINDOW_S - PATIENCE_S, now, text) if wanted(record)]
    windows = [[record for when, record in records if end - WINDOW_S <= when <= end] for end in
               (now - back for back in range(0, PATIENCE_S + 1, step))]
    most = max(map(len, windows))
    windows = [window for window in windows if 2 * len(window) >= most]
    if not most:
        raise CannotTell("the log has no such lines of the last five minutes. Does traffic run (./lab status)?")
    return windows


def top(counts):
    """The names with the highest count; more than one where they are equal."""
    return {name for name, count in counts.items() if count == max(counts.values())}
