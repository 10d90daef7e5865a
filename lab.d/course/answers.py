# SPDX-License-Identifier: MIT
"""Compares a learner's answer with the true value from an engine.

A kind parses a text into the values that it may mean ("25 %" is 0.25; "48" without a unit may be 48 s or 48 ms) and compares them with
the true value. Text that it cannot parse is Unreadable, so a misspelled number is not "wrong".
"""
import re
import unicodedata

LONGEST_ANSWER = 200
HUGE = 1e18  # no signal of the lab has such a number
NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)(e[-+]?\d+)?", re.IGNORECASE)
GROUPED = re.compile(r"[-+]?[1-9]\d{0,2}([,' ]\d{3})+(\.\d+)?(?!\d)")  # 1,474 as the pages write it
OUTPUT = re.compile(r".*=> (\S+) @\[.*")  # of promtool
ABOUT = re.compile(r"^(~|≈|about|around|roughly|approximately|approx\.?|circa|ca\.?) ?")


class Unreadable(Exception):
    """The answer cannot be parsed; the text says what is allowed."""


def tidy(text):
    """The text in lower case, without quotes and outer blanks, with single spaces."""
    if len(text) > LONGEST_ANSWER:
        raise Unreadable(f"the answer has {len(text)} characters, and at most {LONGEST_ANSWER} are allowed")
    if any(unicodedata.category(char) == "Cc" for char in text):
        raise Unreadable("the answer has control characters; only printable characters are allowed")
    text = " ".join(unicodedata.normalize("NFKC", text).casefold().split()).strip("\"'`´‘’“” ").rstrip(".")
    if not text:
        raise Unreadable("the answer is empty")
    return text


class Number:
    """A number with a unit. units: {unit: factors}, in lower case; "" is for a number without a unit. With several factors, it may mean any of them.
    within: the relative error that is allowed; least: the absolute error that is always allowed."""

    def __init__(self, what, units, within=0.1, least=0.0):
        self.what, self.units, self.within, self.least = what, units, within, least

    def read(self, text):
        text = ABOUT.sub("", OUTPUT.sub(r"\1", tidy(text)))
        numbers = []
        for form, separators, point in ((NUMBER, "", ","), (GROUPED, ",' ", ".")):
            match = form.match(text)
            unit = text[match.end():].strip().rstrip(".") if match else None
            if unit in self.units:
                number = float(match[0].translate(dict.fromkeys(map(ord, separators))).replace(point, "."))
                numbers += [number * factor for factor in self.units[unit]]
        if not numbers:
            raise Unreadable(f"'{text}' is not {self.what}")
        numbers = [number for number in numbers if abs(number) < HUGE]
        if not numbers:
            raise Unreadable(f"'{text}' is too large: not {self.what}")
        return numbers

    def is_one_of(self, values, truths):
        return any(abs(value - truth) <= max(self.within * abs(truth), self.least) for value in values for truth in truths)


class Word:
    """One of several names. Case, quotes, blanks, dashes and underscores do not matter, nor does the word for the kind: the span ChargeCard."""

    KIND = re.compile(r"^the |^(span|step|metric|reason|code|sku) | (span|step|metric|reason|code|sku)$")

    def __init__(self, what, choices=None):
        self.what, self.choices = what, choices and {self.plain(choice) for choice in choices}

    @staticmethod
    def plain(text):
        return re.sub(r"[\s_-]+", "", text.casefold())

    def read(self, text):
        text = self.KIND.sub("", self.KIND.sub("", tidy(text)))
        word = self.plain(text)
        if not re.fullmatch(r"[\w:]+", word) or self.choices and word not in self.choices:
            raise Unreadable(f"'{text.strip()}' is not {self.what}")
        return [word]

    def is_one_of(self, values, truths):
        return any(value == self.plain(truth) for value in values for truth in truths)


class Route(Word):
    """A path, with or without its method: POST /order, /order, order."""

    def read(self, text):
        labelled = re.search(r'route="([^"]+)', text)
        path = re.sub(r"^(get|head|post|put|delete|patch|options)( |$)", "", tidy(labelled[1] if labelled else text))
        if not re.fullmatch(r"/?[a-z0-9_{}/-]+", path):
            raise Unreadable(f"'{text.strip()}' is not {self.what}")
        return ["/" + path.strip("/")]

    def is_one_of(self, values, truths):
        return any(value == "/" + truth.casefold().strip("/") for value in values for truth in truths)


class Id:
    """An identifier of a certain form, alone or in a line of output that has one of them."""

    def __init__(self, what, form):
        self.what, self.form = what, re.compile(rf"(?<![0-9a-z]){form}(?![0-9a-z])")

    def read(self, text):
        found = {match[0] for match in self.form.finditer(tidy(text))}
        if len(found) != 1:
            raise Unreadable(f"'{text.strip()}' is not {self.what}")
        return list(found)

    def is_one_of(self, values, truths):
        return any(value == truth.casefold() for value in values for truth in truths)


class Clock:
    """A time of the day in UTC, as seconds since midnight. within: the allowed error in whole seconds, a divisor of 30."""

    FORM = re.compile(r"(?:since )?(?:\d{4}-\d\d-\d\d[t ])?(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)? ?(?:z|utc)?(?: firing)?")
    DAY = 86400

    def __init__(self, what, within):
        self.what, self.within = what, within

    def read(self, text):
        match = self.FORM.fullmatch(tidy(text))
        if not match or int(match[1]) > 23 or int(match[2]) > 59 or int(match[3] or 0) > 59:
            raise Unreadable(f"'{text.strip()}' is not {self.what}")
        begin = int(match[1]) * 3600 + int(match[2]) * 60
        # Without seconds, the whole minute is meant, and no second of another one.
        return [begin + int(match[3])] if match[3] else list(range(begin + self.within, begin + 60, 2 * self.within))

    def is_one_of(self, values, truths):
        return any(min((value - truth) % self.DAY, (truth - value) % self.DAY) <= self.within for value in values for truth in truths)


TRACE_ID = Id("a trace id: 32 hexadecimal digits, as in 4bf92f3577b34da6a3ce929d0e0e4736", r"[0-9a-f]{32}")
ORDER_ID = Id("an order id: ord_ and 20 hexadecimal digits", r"ord_[0-9a-f]{20}")
SHARE = Number("a share: a number, with % or without, as in 2.5 % or 0.025",
               {"%": (0.01,), "percent": (0.01,), "per cent": (0.01,), "": (1, 0.01)}, 0.05, 0.0005)
RATE = Number("a rate: a number, with /s or without, as in 3.7 or 3.7/s", dict.fromkeys(
    ("", "1/s", "hz", "rps", "qps", *(f"{noun}{each}".strip() for noun in ("", "req", "reqs", "requests", "spans")
                                      for each in ("/s", "/sec", "/second", " per s", " per sec", " per second", " a second"))), (1,)), 0.05, 0.05)
DURATION = Number("a duration: a number with ms or s, as in 48 ms or 0.048 s",
                  {**dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), (0.001,)), **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), (1,)), "": (1, 0.001)}, 0.05)
# The true value and its estimate are close.
P95 = Number(DURATION.what, DURATION.units, 0.03)
COUNT = Number("a number, as in 42", dict.fromkeys((
    "", "series", "new series", "samples", "orders", "payments", "failed payments", "spans", "targets", "lines", "requests", "bytes", "times"), (1,)), 0.05)
