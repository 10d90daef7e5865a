# SPDX-License-Identifier: MIT
"""A question of the guide: its number, the kind of its answer, and the query for the true value.

A check gets the engines and the learner's answer, and returns Right or Wrong. It raises CannotTell (or the engines raise Away) if it cannot
get the true value: no engine, no traffic, or a step of the chapter that was not done. No answer passes because a query failed.
"""
import time

from oncall.engines import timestamp

WINDOW_S = 300  # the questions are about the last five minutes
PATIENCE_S = 300  # the checks know the true values of this time
STEP_S = 10  # between two of these values
LATELY = 60 // STEP_S + 1  # so many of them are right: a learner needs time to type the answer
YOUNG_S = 60
HOUR_S = 3600
SHOPPERS = "minishop-shoppers/"

QUESTIONS = {}


class CannotTell(Exception):
    """The engines respond, but do not have the true value now; the text says why, and what to do."""


class Right(str):
    """The answer is right; the text has the engine's value."""


class Wrong(str):
    """The answer is wrong; the text is a hint that depends on the answer."""


class Answer:
    """The learner's answer, parsed as a kind."""

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
        """Returns Right or Wrong. Raises Unreadable, CannotTell or Away."""
        return self.check(engines, Answer(self.kind, text))


def question(number, kind):
    """Registers a check under its number, CHAPTER.QUESTION."""
    def register(check):
        QUESTIONS[number] = Question(number, kind, check)
        return check
    return register


def moments(engines, expression):
    """The values of an expression at each moment of the last minutes, because the learner may have looked it up at any of them. Leaves out
    the first minute of a new series if there are later values."""
    now = time.time()
    points = sorted((when, value) for _, series in engines.query_range(expression, now - PATIENCE_S, now, STEP_S) for when, value in series if value == value)
    young = points and points[0][0] > now - PATIENCE_S + STEP_S
    values = [value for when, value in points if not young or when >= min(points[0][0] + YOUNG_S, points[-1][0])]
    if not values:
        raise CannotTell("Prometheus has no such requests in the last five minutes. Does traffic run (./lab status)? "
                         "A lab that has just started needs a minute")
    return values


def log_windows(engines, wanted, text=""):
    """The wanted records of each window of five minutes that ended in the last five minutes. Leaves out windows with few
    records, such as those of a lab that has just started."""
    now = time.time()
    records = [(timestamp(record["timestamp"]), record) for record in engines.log(now - WINDOW_S - PATIENCE_S, now, text) if wanted(record)]
    windows = [[record for when, record in records if end - WINDOW_S <= when <= end] for end in
               (now - back for back in range(0, PATIENCE_S + 1, STEP_S))]
    most = max(map(len, windows))
    windows = [window for window in windows if 2 * len(window) >= most]
    if not most:
        raise CannotTell("the log has no such lines of the last five minutes. Does traffic run (./lab status)?")
    return windows


def top(counts):
    """The names with the highest count; several if the counts are equal."""
    return {name for name, count in counts.items() if count == max(counts.values())}
