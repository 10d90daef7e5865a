# SPDX-License-Identifier: MIT
"""Says of an answer: right, wrong, or that it cannot tell. What is true is asked of the engines each time.

The row of the fault says what may be right, and the engines must show it now. Where they do not show it, or do not answer, no answer is wrong.
"""
import dataclasses
import re
import time

from . import words
from .actions import ACTIONS
from .engines import Away
from .faults import JOB, caller_of, groups

RIGHT, WRONG, BAD, UNKNOWN = 0, 1, 2, 3  # exit statuses
TRIES = 4              # wrong answers to a question
ACTIONS_TAKEN = 6      # of a case
TOLERANCE_S = 30
SETTLED_S = 120
SHOWS_S = 40            # after an action: its effect is seen in rates
EFFECT_STEP_S, SETTLED_STEP_S = 2, 5
LATE_S = 60            # an effect that shows this much later than its cause is another one
# number: (what is asked, how it is answered, [(kind, what can be answered)])
QUESTIONS = {
    1: ("Is something wrong, and since when?", "no, or a time (UTC, 30 s either way)", [("", "14:03, 14:03:12, '2 min ago', seconds since 1970")]),
    2: ("Where?", "the narrowest place that is true", words.kinds_of_places()),
    3: ("Why?", "a class, a reason, or both", words.kinds_of_causes()),
    4: ("What mends it?", "an action; ./lab mend lists them. Right when all has been well for two minutes", []),
}


@dataclasses.dataclass
class Verdict:
    status: int
    text: str
    counts: bool = False  # as a wrong answer


class CannotTell(Exception):
    pass


@dataclasses.dataclass
class Question:
    wrong: int = 0
    hints: int = 0
    right_at: float = None
    found: set = dataclasses.field(default_factory=set)  # parts of the case that are answered


class Case:
    """What is known of a case while it runs. parts: have fault, params, began, ended."""

    def __init__(self, began, parts, answers_from, settled):
        self.began, self.parts, self.answers_from, self.settled = began, parts, answers_from, settled
        self.instances = []  # addresses, where the case has more than one
        self.base, self.rules, self.silences, self.actions = None, [], set(), []
        self.questions = {number: Question() for number in QUESTIONS}
        self.mended_at = self.ended = None

    @property
    def alerts(self):
        return [name for name in self.rules if re.fullmatch(r"[A-Z]\w+", name)]

    @property
    def places(self):
        """Names of places that only this case has."""
        return [*self.alerts, *self.instances]

    def end(self, now):
        self.ended = now


def clock(seconds):
    return time.strftime("%H:%M:%S", time.gmtime(seconds))


def progress(question, total):
    """How far a question is that is not answered yet."""
    if question.found:
        yield f"{len(question.found)} of {total} found"
    if question.wrong:
        yield f"{question.wrong} of {TRIES} wrong answers"


def public(case):
    """What everybody may know of a case: {began, from, questions}."""
    def state(question):
        return (f"right at {clock(question.right_at)}" if question.right_at else "closed" if question.wrong >= TRIES else
                ", ".join(progress(question, len(case.parts))) or "open")
    return {"began": case.began, "from": case.began + case.answers_from,
            "questions": [{"number": number, "asked": asked, "how": how, "allowed": allowed, "state": state(case.questions[number])}
                          for number, (asked, how, allowed) in QUESTIONS.items()]}


def questions(case, now):
    """What is asked, and how far the answers are."""
    lines = [f"The case runs since {clock(case.began)} UTC ({now - case.began:.0f} s)."]
    if now < case.began + case.answers_from:
        lines.append(f"Answers are taken from {clock(case.began + case.answers_from)} on: until then it may not have begun.")
    lines += ["  {number}. {asked} [{state}]\n     {how}".format(**question) for question in public(case)["questions"]]
    lines.append("./lab answer N lists what can be answered, ./lab answer N VALUE answers, ./lab answer N hint gives a hint,\n"
                 "./lab oncall end gives up.")
    return "\n".join(lines)


def answer(case, engines, number, text, now):
    """The verdict of an answer. Counts it."""
    question = case.questions.get(number)
    if not question:
        return Verdict(BAD, f"there is no question {number}; 1 to 4")
    try:
        judge = JUDGES[number](case, text, now)  # reads the answer first: one that cannot be read needs no engine
        if question.right_at:
            return Verdict(RIGHT, "right (answered before)")
        if question.wrong >= TRIES:
            return Verdict(WRONG, f"closed: {TRIES} answers were wrong. ./lab oncall end says what it was")
        if now < case.began + case.answers_from:
            raise CannotTell(f"answers are taken from {clock(case.began + case.answers_from)} UTC on: until then it may not have begun")
        verdict = judge(engines)
    except words.Unclear as unclear:
        return Verdict(BAD, str(unclear))
    except (CannotTell, Away) as reason:
        return Verdict(UNKNOWN, f"cannot tell: {reason}")
    if verdict.status == RIGHT:
        question.right_at = now
    if verdict.counts:
        question.wrong += 1
        left = TRIES - question.wrong
        verdict.text += f" ({left} more {'try' if left == 1 else 'tries'})" if left else " (that was the last try)"
    return verdict


# What the engines show.

def onset(case, engines, part, now):
    """When the effect of a part began to show; None if it does not."""
    if part.began is None:
        return None
    if part.fault.lasting:
        spans = part.fault.lasting(engines, part.params, case.began, now)
        return min((max(begin, case.began) for begin, _ in spans if begin >= part.began - TOLERANCE_S), default=None)
    found = engines.query_range(part.fault.effect(part.params, case.base), case.began, now, EFFECT_STEP_S)
    samples = [sample for _, series in found for sample in series]
    if not samples:
        raise CannotTell("Prometheus has no samples that could show it: does it scrape, and do shoppers come? ./lab status")
    for (when, value), (_, following) in zip(samples, samples[1:]):
        if value and following and when >= part.began - EFFECT_STEP_S:
            return when
    return None


def begins(case, engines, now):
    """[(when a part was done, when it showed)]; CannotTell where one does not show."""
    found = [(part.began, onset(case, engines, part, now)) for part in case.parts]
    if not all(shown for _, shown in found):
        raise CannotTell("the signals do not show enough yet; wait half a minute")
    return found


def testimony(case, engines, now):
    """For each part: (places, reasons) that are right, and that the engines show."""
    said = []
    for part in case.parts:
        if part.began is None:
            raise CannotTell("the signals do not show enough yet; wait half a minute")
        places, reasons = part.fault.witness(engines, part.params, part.began, part.ended or now)
        said.append((set(places) & set(part.fault.where(part.params)), set(reasons) & set(part.fault.reasons)))
    if not all(places and reasons for places, reasons in said):
        raise CannotTell("the signals do not show it clearly; wait half a minute. Is everything there? ./lab status")
    return said


def calm(case, engines, now):
    """CannotTell where something is wrong that the case has not made."""
    seconds, why = settled(case, engines, now)
    if seconds < min(case.settled, TOLERANCE_S):
        raise CannotTell(f"something is wrong that this exercise has not made: {why}")


# The questions.

def judge_since(case, text, now):
    spans = words.since(text, now)

    def judge(engines):
        if not case.parts:
            calm(case, engines, now)
            if spans is None:
                return Verdict(RIGHT, "right: nothing is wrong")
            return Verdict(WRONG, "wrong: what changed then? Not every change does harm: look at errors, durations, and what watches them", True)
        known = begins(case, engines, now)
        if spans is None:
            return Verdict(WRONG, "wrong: something is. Compare now with the time before the case: each route, each caller, the stock, the log, "
                                  "and what watches all this", True)
        times = [when for done, shown in known for when in (done, min(shown, done + LATE_S))]
        distance = min((max(begin - when, when - end, 0) for when in times for begin, end in spans))
        if distance <= TOLERANCE_S:
            return Verdict(RIGHT, f"right: since {clock(min(shown for _, shown in known))} UTC it shows")
        early = all(end < min(times) for _, end in spans)
        return Verdict(WRONG, f"wrong: {'at that time all was as before' if early else 'it had begun before that'}. "
                              "Look at the graph of the signal that tells it, at a window of a minute or less", True)
    return judge


def several(text):
    """The parts of an answer that names more than one thing."""
    return [part for part in re.split(r"\s*(?:,|;|\+|&|\band\b)\s*", text) if part.strip()] or [text]


def collect(question, hits, total):
    """Right, or right so far."""
    question.found |= hits
    if len(question.found) == total:
        return Verdict(RIGHT, "right")
    return Verdict(WRONG, "right so far: that is one. There is another one, somewhere else")


def judge_where(case, text, now):
    places = [words.place(part, case.places) for part in several(text)]

    def judge(engines):
        if not case.parts:
            calm(case, engines, now)
            if places == ["nowhere"]:
                return Verdict(RIGHT, "right: nowhere")
            return Verdict(WRONG, f"wrong: {observation(case, engines, places[0], now)}", True)
        said = testimony(case, engines, now)
        hits = set()
        for place in places:
            hit = {index for index, (right, _) in enumerate(said) if place in right}
            if not hit and any(place in part.fault.broad(part.params) for part in case.parts):
                return Verdict(WRONG, f"not narrow enough: {place} is hit, but not all of it, or that is where it shows and not where it is", True)
            if not hit:
                return Verdict(WRONG, f"wrong: {observation(case, engines, place, now)}", True)
            hits |= hit
        return collect(case.questions[2], hits, len(said))
    return judge


def judge_why(case, text, now):
    causes = [words.cause(part) for part in several(text)]

    def judge(engines):
        if not case.parts:
            calm(case, engines, now)
            if causes == [("nothing", "nothing")]:
                return Verdict(RIGHT, "right: nothing is wrong")
            return Verdict(WRONG, f"wrong: {look(causes[0])}", True)
        said = testimony(case, engines, now)
        hits = set()
        for family, reason in causes:
            faults = [part.fault for part in case.parts]
            hit = {index for index, (_, reasons) in enumerate(said) if reason in reasons}
            if hit and family and not any(family in faults[index].families for index in hit):
                return Verdict(WRONG, f"wrong: the reason is right, the class is not: {family} is {words.FAMILIES[family]}", True)
            if not hit and reason is None and any(family in fault.families for fault in faults):
                return Verdict(WRONG, "the class is right. Say the reason too")
            if not hit and any(reason in fault.near for fault in faults):
                return Verdict(WRONG, "true, but there is a cause behind it: read one such trace and its log line to the end", True)
            if not hit:
                return Verdict(WRONG, f"wrong: {look((family, reason))}", True)
            hits |= hit
        return collect(case.questions[3], hits, len(said))
    return judge


def look(cause):
    """A hint that depends on what was answered."""
    family, reason = cause
    if reason and reason != "nothing":
        return f"if it were {reason}, one would see that {words.REASONS[reason][0]}"
    return f"{family} means that {words.FAMILIES[family]}. Is that what the signals show?"


def done_last(case, now):
    """The last action, and whether it is too early to see what it does: rates look at the last 20 s."""
    if not case.actions:
        return "nothing has been done yet: ./lab mend ACTION"
    when, action = case.actions[-1]
    return f"{action} was done last" + (f", {now - when:.0f} s ago: wait until it is {SHOWS_S}" if now - when < SHOWS_S else "")


def judge_mended(case, text, now):
    def judge(engines):
        if not case.parts:
            others = [action for _, action in case.actions if action != "nothing"]
            if not case.actions or case.actions[-1][1] != "nothing":
                return Verdict(WRONG, f"wrong: {others[-1]} was done; was it needed?" if others else "nothing has been done yet: ./lab mend ACTION")
        seconds, why = settled(case, engines, now)
        if case.parts:
            begins(case, engines, now)  # what never showed is not mended
        if seconds >= case.settled:
            # Where nothing was wrong, all was well before the action too.
            case.mended_at = now - seconds if case.parts else case.actions[-1][0]
            return Verdict(RIGHT, f"right: all is well for {seconds:.0f} s, with traffic")
        if seconds == 0:
            return Verdict(WRONG, f"not mended: {why}; {done_last(case, now)}")
        raise CannotTell(f"all is well for {seconds:.0f} s; {case.settled:.0f} s are needed")
    return judge


JUDGES = {1: judge_since, 2: judge_where, 3: judge_why, 4: judge_mended}


# The service level.

def bad_times(engines, expression, good, begin, now):
    """When a series is not as it should be, or has no sample: [times]."""
    found = engines.query_range(expression, begin, now, SETTLED_STEP_S)
    seen = {round(when, 1): value for _, series in found for when, value in series}
    steps = int((now - begin) / SETTLED_STEP_S)
    times = [round(begin + step * SETTLED_STEP_S, 1) for step in range(steps + 1)]
    return [when for when in times if not any(abs(when - known) < 0.2 and good(value) for known, value in seen.items())]


def settled(case, engines, now):
    """(for how many seconds all has been well, what was not well last)."""
    begin = now - case.settled - 2 * SETTLED_STEP_S
    base = case.base or {"rate": 1, "up": 1}
    checks = [("too few requests arrive", f"sum(rate(request_total{{{JOB}}}[20s]))", lambda value: value >= base["rate"] / 2),
              ("more than a tenth of the requests fails", f"sum(rate(error_total{{{JOB}}}[20s])) / (sum(rate(request_total{{{JOB}}}[20s])) > 0)",
               lambda value: value <= 0.1),
              ("a program that Prometheus scraped is away", "count(up == 1)", lambda value: value >= base["up"])]
    checks += [("what is wrong still shows", part.fault.effect(part.params, base), lambda value: value == 0)
               for part in case.parts if not part.fault.lasting]
    worst, why = 0, ""
    for text, expression, good in checks:
        bad = bad_times(engines, expression, good, begin, now)
        if bad and bad[-1] > worst:
            worst, why = bad[-1], text
    for text in tampered(case, engines, now):
        worst, why = now, text
    return (0, why) if now - worst < SETTLED_STEP_S else (now - max(worst, begin), why)


def tampered(case, engines, now):
    """Switching the alarm off does not mend. Yields what is wrong with the alarm."""
    loaded = set(engines.rules())
    missing = [name for name in case.rules if name not in loaded]
    if missing:
        yield f"Prometheus does not have the rule {missing[0]}"
    for silence in engines.silences():
        matched = [matcher["value"] for matcher in silence["matchers"] if matcher["name"] == "alertname"]
        if silence["id"] not in case.silences and (not matched or any(value in loaded or matcher_is_regex(silence) for value in matched)):
            yield f"a silence holds back {', '.join(matched) or 'alerts'}"


def matcher_is_regex(silence):
    return any(matcher.get("isRegex") for matcher in silence["matchers"])


# Hints.

def kind_of(case, place):
    return "instance" if place in case.instances else words.PLACES.get(place, ("alert",))[0]


def observation(case, engines, place, now):
    """What the engines say of the place that was answered. The answer is wrong also where this cannot be asked."""
    try:
        return observed(case, engines, place, now)
    except Away:
        return f"{place} is not it"


def observed(case, engines, place, now):
    kind = kind_of(case, place)
    if kind == "instance":
        return f"{place}: compare what each instance counts: sum by (instance) (rate(request_total[1m]))"
    if kind == "route":
        route = place.split(" ", 1)[1]
        share = engines.number(f'sum(rate(error_total{{{JOB},route="{route}"}}[1m])) / sum(rate(request_total{{{JOB},route="{route}"}}[1m]))', now)
        p95 = engines.number(f'histogram_quantile(0.95, sum by (le) (rate(request_duration_seconds_bucket{{{JOB},route="{route}"}}[1m])))', now)
        if share is not None and p95 is not None:
            return f"{place}: {share:.1%} fail, and P95 is {p95 * 1000:.0f} ms"
    if kind in ("SKU", "caller"):
        field, same = ("sku", str) if kind == "SKU" else ("user_agent", caller_of)
        counts = groups(engines.log(now - 120, now), field, lambda record: record.get("status", 200) >= 400)
        hit, total = [sum(column) for column in zip((0, 0), *(pair for value, pair in counts.items() if same(value) == place))]
        return f"{place}: {hit} of {total} requests of the last two minutes failed or were refused, as far as the log says"
    if kind == "step":
        return f"{place}: ./lab trace slow and ./lab trace failed show how it does"
    if kind == "component":
        up = engines.query("up == 1", now)
        return f"{place}: {len(up)} of the lab's targets answer. What does this one count of itself?"
    return f"{place}: compare what is loaded, and what is silenced, with observability/prometheus/rules" if kind == "alert" else "something is"


def hint(case, engines, number, now):
    """Something that helps, and is counted."""
    question = case.questions.get(number)
    if not question:
        return Verdict(BAD, f"there is no question {number}; 1 to 4")
    if now < case.began + case.answers_from:
        return Verdict(UNKNOWN, f"cannot tell: it may not have begun; hints come from {clock(case.began + case.answers_from)} UTC on")
    question.hints += 1
    order = sorted(words.FAMILIES)
    if number == 1:
        return Verdict(RIGHT, "Four places tell: errors and durations by route; request_total by status; the stock beside what was ordered; "
                              "and what watches: targets, rules, silences, lines written, messages delivered")
    if not case.parts:
        return Verdict(RIGHT, {2: "It may be nowhere", 3: "Not every change is a fault", 4: "Not everything has to be mended"}[number])
    if number == 2:
        kinds = {kind_of(case, place) for part in case.parts for place in part.fault.where(part.params)}
        return Verdict(RIGHT, f"It is: {' or '.join(sorted(kinds))}")
    offset = int(case.began)
    some = {part.fault.families[0] for part in case.parts} | {order[offset % len(order)], order[(offset + 4) % len(order)]}
    if number == 3:
        return Verdict(RIGHT, f"The class is one of: {', '.join(sorted(some))}")
    names = list(ACTIONS)
    some = {part.fault.mends(part.params)[0].split()[0] for part in case.parts} | {names[offset % len(names)], names[(offset + 7) % len(names)]}
    return Verdict(RIGHT, f"One of: {', '.join(sorted(some))}")
