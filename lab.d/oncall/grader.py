# SPDX-License-Identifier: MIT
"""Judges an answer: right, wrong, or cannot tell. It queries the engines each time.

An answer is right only if the row of the fault allows it and the engines show it now. If they do not show it, or do not respond, no answer counts as wrong.
"""
import dataclasses
import math
import re
import time

from . import words
from .actions import ACTIONS
from .engines import Away
from .faults import JOB, SEEN, caller_of, groups

RIGHT, WRONG, BAD, UNKNOWN = 0, 1, 2, 3  # exit statuses
TRIES = 4              # wrong answers to a question
ACTIONS_TAKEN = 6      # of a case
TOLERANCE_S = 30
SETTLED_S = 120
SHOWS_S = 40            # after an action, until rates show its effect
EFFECT_STEP_S, SETTLED_STEP_S = 2, 5
LATE_S = 60            # an effect that shows later than this has another cause
STILL = "requests arrive and few of them fail, but a fault of the case still shows"
# number: (question, form of the answer, function of the lab's instances that returns [(kind, possible answers)])
QUESTIONS = {
    1: ("Is something wrong, and since when?", "no, or a time (UTC, 30 s either way)", lambda _: [("", "14:03, 14:03:12, '2 min ago', seconds since 1970")]),
    2: ("Where?", "the narrowest true place", words.kinds_of_places),
    3: ("Why?", "a class, a reason, or both", lambda _: words.kinds_of_causes()),
    4: ("What mends it?", "an action; ./lab mend lists them. Right when the service has been healthy for two minutes", lambda _: []),
}


@dataclasses.dataclass
class Verdict:
    status: int
    text: str
    counts: bool = False  # counts as a wrong answer


class CannotTell(Exception):
    pass


@dataclasses.dataclass
class Question:
    wrong: int = 0
    hints: int = 0
    right_at: float = None
    found: set = dataclasses.field(default_factory=set)  # the parts of the case that have an answer


class Case:
    """The state of a case while it runs. parts: have fault, params, began, ended."""

    def __init__(self, began, parts, answers_from, settled):
        self.began, self.parts, self.answers_from, self.settled = began, parts, answers_from, settled
        self.instances = []  # the addresses of the native shops
        self.earlier = []    # alerts from before the case: "NAME (state)"
        self.base, self.rules, self.silences, self.actions = None, [], set(), []
        self.questions = {number: Question() for number in QUESTIONS}
        self.mended_at = self.ended = None

    @property
    def alerts(self):
        return [name for name in self.rules if re.fullmatch(r"[A-Z]\w+", name)]

    @property
    def places(self):
        """The names of places that only this case has."""
        return [*self.alerts, *self.instances]

    def end(self, now):
        self.ended = now


def clock(seconds):
    return time.strftime("%H:%M:%S", time.gmtime(seconds))


def progress(question, total):
    """The state of a question that has no right answer yet."""
    if question.found:
        yield f"{len(question.found)} of {total} found"
    if question.wrong:
        yield f"{question.wrong} of {TRIES} wrong answers"


def public(case):
    """The public state of a case: {began, from, earlier, questions}."""
    def state(question):
        return (f"right at {clock(question.right_at)}" if question.right_at else "closed" if question.wrong >= TRIES else
                ", ".join(progress(question, len(case.parts))) or "open")
    return {"began": case.began, "from": case.began + case.answers_from, "earlier": earlier(case),
            "questions": [{"number": number, "asked": asked, "how": how, "allowed": allowed(case.instances), "state": state(case.questions[number])}
                          for number, (asked, how, allowed) in QUESTIONS.items()]}


def earlier(case):
    """A sentence about the alerts from before the case, or ""."""
    if not case.earlier:
        return ""
    return (f"Alerts from before the case: {', '.join(case.earlier)}. Their cause is not part of the case.\n"
            "Alerts look back for minutes, so they may fire for a while.")


def questions(case, now):
    """The questions, and the state of the answers."""
    lines = [f"The case has been running since {clock(case.began)} UTC ({now - case.began:.0f} s)."]
    lines += filter(None, [earlier(case)])
    if now < case.began + case.answers_from:
        lines.append(f"The lab accepts answers from {clock(case.began + case.answers_from)} UTC on: until then the fault may not have begun.")
    lines += ["  {number}. {asked} [{state}]\n     {how}".format(**question) for question in public(case)["questions"]]
    lines.append("./lab answer N lists the possible answers, ./lab answer N VALUE answers, ./lab answer N hint gives a hint,\n"
                 "./lab oncall end gives up.")
    return "\n".join(lines)


def answer(case, engines, number, text, now):
    """Returns the verdict on an answer, and counts the answer."""
    question = case.questions.get(number)
    if not question:
        return Verdict(BAD, f"there is no question {number}; 1 to 4")
    try:
        judge = JUDGES[number](case, text, now)  # parses the answer first: an invalid one needs no engine
        if question.right_at:
            return Verdict(RIGHT, f"right since {clock(question.right_at)} UTC: this question needs no further answer, so the new one was not judged")
        if question.wrong >= TRIES:
            return Verdict(WRONG, f"closed: {TRIES} answers were wrong. ./lab oncall end shows the fault")
        if now < case.began + case.answers_from:
            raise CannotTell(f"the lab accepts answers from {clock(case.began + case.answers_from)} UTC on: until then the fault may not have begun")
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


# Queries of the engines.

def onset(case, engines, part, now):
    """When the effect of a part began to show; None if it does not show."""
    if part.began is None:
        return None
    if part.fault.lasting:
        spans = part.fault.lasting(engines, part.params, case.began, now)
        return min((max(begin, case.began) for begin, _ in spans if begin >= part.began - TOLERANCE_S), default=None)
    found = engines.query_range(part.fault.effect(part.params, case.base), case.began, now, EFFECT_STEP_S)
    samples = [sample for _, series in found for sample in series]
    if not samples:
        raise CannotTell("Prometheus has no samples that could show it. Does it scrape the shop, and is there traffic? See ./lab status")
    for (when, value), (_, following) in zip(samples, samples[1:]):
        if value and following and when >= part.began - EFFECT_STEP_S:
            return when
    return None


def begins(case, engines, now):
    """[(when a part began, when it showed)]; CannotTell if one does not show."""
    found = [(part.began, onset(case, engines, part, now)) for part in case.parts]
    if not all(shown for _, shown in found):
        raise CannotTell("the signals do not show enough yet; wait half a minute")
    return found


def testimony(case, engines, now):
    """For each part: the (places, reasons) that are right and that the engines show."""
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
    """Raises CannotTell if something is wrong that the case has not caused."""
    seconds, why = settled(case, engines, now)
    if seconds < min(case.settled, TOLERANCE_S):
        raise CannotTell(f"something is wrong that this exercise has not caused: {why}")


# The questions.

def judge_since(case, text, now):
    spans = words.since(text, now)

    def judge(engines):
        if not case.parts:
            calm(case, engines, now)
            if spans is None:
                return Verdict(RIGHT, "right: nothing is wrong")
            return Verdict(WRONG, "wrong: what changed then? Not every change does harm: look at errors, durations, and monitoring", True)
        known = begins(case, engines, now)
        if spans is None:
            return Verdict(WRONG, "wrong: something is wrong. Compare now with the time before the case: each route, each caller, the stock, the log, "
                                  "and monitoring", True)
        times = [when for done, shown in known for when in (done, min(shown, done + LATE_S))]
        distance = min((max(begin - when, when - end, 0) for when in times for begin, end in spans))
        if distance <= TOLERANCE_S:
            return Verdict(RIGHT, f"right: it has shown since {clock(min(shown for _, shown in known))} UTC")
        early = all(end < min(times) for _, end in spans)
        return Verdict(WRONG, f"wrong: {'at that time everything was as before' if early else 'it had begun before that'}. "
                              "Look at the graph of the signal that shows it, with a window of a minute or less", True)
    return judge


def several(text):
    """The parts of an answer that names several things."""
    return [part for part in re.split(r"\s*(?:,|;|\+|&|\band\b)\s*", text) if part.strip()] or [text]


def collect(question, hits, total, things):
    """Right, or right so far. things: what the question asks for, in the plural."""
    question.found |= hits
    if len(question.found) == total:
        return Verdict(RIGHT, "right")
    return Verdict(WRONG, f"right so far: that is one of two {things}. Find the other one")


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
                return Verdict(WRONG, f"not narrow enough: only a part of {place} is affected, or the effect shows there but the cause is elsewhere", True)
            if not hit:
                return Verdict(WRONG, f"wrong: {observation(case, engines, place, now)}", True)
            hits |= hit
        return collect(case.questions[2], hits, len(said), "places")
    return judge


def judge_why(case, text, now):
    causes = [words.cause(part) for part in several(text)]

    def judge(engines):
        if not case.parts:
            calm(case, engines, now)
            if causes == [("nothing", "nothing")]:
                return Verdict(RIGHT, "right: nothing is wrong")
            return Verdict(WRONG, f"wrong: {look(case, engines, causes[0], now)}", True)
        said = testimony(case, engines, now)
        hits = set()
        for family, reason in causes:
            faults = [part.fault for part in case.parts]
            hit = {index for index, (_, reasons) in enumerate(said) if reason in reasons}
            if hit and family and not any(family in faults[index].families for index in hit):
                return Verdict(WRONG, f"wrong: the reason is right, the class is not: {family} means that {words.FAMILIES[family]}", True)
            if not hit and reason is None and any(family in fault.families for fault in faults):
                return Verdict(WRONG, "the class is right. Say the reason too")
            if not hit and any(reason in fault.near for fault in faults):
                return Verdict(WRONG, "true, but it has another cause: read one such trace and its log line to the end", True)
            if not hit:
                return Verdict(WRONG, f"wrong: {look(case, engines, (family, reason), now)}", True)
            hits |= hit
        return collect(case.questions[3], hits, len(said), "reasons")
    return judge


def look(case, engines, cause, now):
    """A hint that depends on the answer: the signs of a wrong reason, and what its signal shows. It says nothing about the right one."""
    family, reason = cause
    if reason and reason != "nothing":
        return f"{reason} is not the cause here. Its signs would be: {words.REASONS[reason][0]}{shown(case, engines, reason, now)}"
    return f"{family} means that {words.FAMILIES[family]}. Is that what the signals show?"


def shown(case, engines, reason, now):
    """What the signal of a reason shows now and showed before the fault. The answer is wrong even if the engines do not respond."""
    before = min((part.began for part in case.parts if part.began), default=case.began) - EFFECT_STEP_S
    if reason not in SEEN:
        return ". Here, no log line and no silence shows this"
    what, expression, *usual = SEEN[reason]
    try:
        values = [engines.number(expression, when) for when in ((now,) if usual else (now, before))]
    except Away:
        values = []
    said = [f"{round(value, 2):g} {word}" for value, word in zip(values, ("now", "before")) if value is not None and not math.isnan(value)]
    return f". Here, {what}: {', '.join(said + usual)}" if said else ""


def done_last(case, now):
    """The last action, and whether its effect can show already: rates look at the last 20 s."""
    if not case.actions:
        return "nothing has been done yet: ./lab mend ACTION"
    when, action = case.actions[-1]
    ago = int(now - when)
    return f"the last action was {action}" + (f", {ago} s ago: wait {SHOWS_S - ago} s more" if ago < SHOWS_S else "")


def judge_mended(case, text, now):
    def judge(engines):
        if not case.parts:
            others = [action for _, action in case.actions if action != "nothing"]
            if not case.actions or case.actions[-1][1] != "nothing":
                return Verdict(WRONG, f"wrong: {others[-1]} was done; was it necessary?" if others else "nothing has been done yet: ./lab mend ACTION")
        seconds, why = settled(case, engines, now)
        if case.parts:
            begins(case, engines, now)  # a fault that never showed cannot be mended
        if seconds >= case.settled:
            # If nothing was wrong, the service was well before the action too.
            case.mended_at = now - seconds if case.parts else case.actions[-1][0]
            return Verdict(RIGHT, f"right: the service has been healthy for {seconds:.0f} s, with traffic")
        if seconds == 0:
            return Verdict(WRONG, f"not mended: {why}; {done_last(case, now)}")
        raise CannotTell(f"the service has been healthy for {seconds:.0f} s; {case.settled:.0f} s are needed")
    return judge


def unproven(case, engines, now):
    """Why the case should not end yet: only the proof of the repair is missing. Otherwise "". It counts a complete proof."""
    if not case.actions or not all(case.questions[number].right_at for number in (1, 2, 3)):
        return ""
    verdict = answer(case, engines, 4, "", now)
    if verdict.status == RIGHT or verdict.status == WRONG and now - case.actions[-1][0] >= SHOWS_S:
        return ""
    return (f"The case goes on, because only question 4 is open. Its verdict is: {verdict.text}.\n"
            "./lab oncall end counts the proof once it is complete. ./lab oncall end --now ends the case unsolved.")


JUDGES = {1: judge_since, 2: judge_where, 3: judge_why, 4: judge_mended}


# The service level.

def bad_times(engines, expression, good, begin, now):
    """The times at which a series has a bad value, or no sample: [times]."""
    found = engines.query_range(expression, begin, now, SETTLED_STEP_S)
    seen = {round(when, 1): value for _, series in found for when, value in series}
    steps = int((now - begin) / SETTLED_STEP_S)
    times = [round(begin + step * SETTLED_STEP_S, 1) for step in range(steps + 1)]
    return [when for when in times if not any(abs(when - known) < 0.2 and good(value) for known, value in seen.items())]


def settled(case, engines, now):
    """(how many seconds the service has been healthy, the last thing that was wrong)."""
    begin = now - case.settled - 2 * SETTLED_STEP_S
    base = case.base or {"rate": 1, "up": 1}
    checks = [("too few requests arrive", f"sum(rate(request_total{{{JOB}}}[20s]))", lambda value: value >= base["rate"] / 2),
              ("more than a tenth of the requests fail", f"sum(rate(error_total{{{JOB}}}[20s])) / (sum(rate(request_total{{{JOB}}}[20s])) > 0)",
               lambda value: value <= 0.1),
              (unnamed(case, "unscrapes", "Prometheus no longer reaches one of its targets", now), "count(up == 1)", lambda value: value >= base["up"])]
    checks += [(STILL, part.fault.effect(part.params, base), lambda value: value == 0) for part in case.parts if not part.fault.lasting]
    worst, why = 0, ""
    for text, expression, good in checks:
        bad = bad_times(engines, expression, good, begin, now)
        if bad and bad[-1] > worst:
            worst, why = bad[-1], text
    for part in case.parts:
        ends = [min(end, now) for _, end in part.fault.lasting(engines, part.params, case.began, now)] if part.fault.lasting else []
        if max(ends, default=0) > worst:
            worst, why = max(ends), STILL
    for text in tampered(case, engines, now):
        if text != STILL or now - worst >= SETTLED_STEP_S:  # STILL is not true while a check fails
            why = text
        worst = now
    return (0, why) if now - worst < SETTLED_STEP_S else (now - max(worst, begin), why)


def unnamed(case, deed, text, now):
    """The text, unless an unanswered fault of the case does this deed, or did it until just now: then the text would be the answer."""
    return STILL if any(getattr(part.fault, deed)(part.params) and index not in case.questions[3].found and
                        (part.ended is None or now - part.ended < SHOWS_S) for index, part in enumerate(case.parts)) else text


def tampered(case, engines, now):
    """Disabling alerts does not mend a fault, and neither do healthy requests that hide it. Yields each way in which this was done."""
    if any(part.began and not part.ended and part.fault.held(part.params) for part in case.parts):
        yield STILL
    loaded = set(engines.rules())
    missing = [name for name in case.rules if name not in loaded]
    if missing:
        yield unnamed(case, "unloads", f"Prometheus does not have the rule {missing[0]}", now)
    for silence in engines.silences():
        matched = [matcher["value"] for matcher in silence["matchers"] if matcher["name"] == "alertname"]
        if silence["id"] not in case.silences and (not matched or any(value in loaded or matcher_is_regex(silence) for value in matched)):
            yield unnamed(case, "silences", f"a silence holds back {', '.join(matched) or 'alerts'}", now)


def matcher_is_regex(silence):
    return any(matcher.get("isRegex") for matcher in silence["matchers"])


# Hints.

def kind_of(case, place):
    return "instance" if place in case.instances else words.PLACES.get(place, ("alert",))[0]


def observation(case, engines, place, now):
    """The engines' data about the place in the answer. The answer is wrong even if they do not respond."""
    try:
        return observed(case, engines, place, now)
    except Away:
        return f"{place} is not the place"


def observed(case, engines, place, now):
    kind = kind_of(case, place)
    if kind == "instance":
        return f"{place}: compare the counts of the instances: sum by (instance) (rate(request_total[1m]))"
    if kind == "route":
        route = place.split(" ", 1)[1]
        share = engines.number(f'sum(rate(error_total{{{JOB},route="{route}"}}[1m])) / sum(rate(request_total{{{JOB},route="{route}"}}[1m]))', now)
        p95 = engines.number(f'histogram_quantile(0.95, sum by (le) (rate(request_duration_seconds_bucket{{{JOB},route="{route}"}}[1m])))', now)
        if share is None or p95 is None or math.isnan(share + p95):
            return f"{place}: no such request in the last minute"
        return f"{place}: {100 * share:.1f} % fail, and P95 is {p95 * 1000:.0f} ms"
    if kind in ("SKU", "caller"):
        field, same = ("sku", str) if kind == "SKU" else ("user_agent", caller_of)
        counts = groups(engines.log(now - 120, now), field, lambda record: record.get("status", 200) >= 400)
        hit, total = [sum(column) for column in zip((0, 0), *(pair for value, pair in counts.items() if same(value) == place))]
        return f"{place}: {hit} of {total} requests of the last two minutes failed or were refused, according to the log"
    if kind == "step":
        return f"{place}: ./lab trace slow and ./lab trace failed show its state"
    if kind == "component":
        up = engines.query("up == 1", now)
        return f"{place}: {len(up)} of the lab's targets respond. Look at the metrics of this one"
    return f"{place}: compare the loaded and the silenced rules with observability/prometheus/rules" if kind == "alert" else "something is wrong somewhere"


def hint(case, engines, number, now):
    """Returns a hint, and counts it."""
    question = case.questions.get(number)
    if not question:
        return Verdict(BAD, f"there is no question {number}; 1 to 4")
    if now < case.began + case.answers_from:
        return Verdict(UNKNOWN, f"cannot tell: the fault may not have begun; the lab gives hints from {clock(case.began + case.answers_from)} UTC on")
    question.hints += 1
    order = sorted(words.FAMILIES)
    if number == 1:
        return Verdict(RIGHT, "Look at four places: errors and durations by route; request_total by status; the stock beside the ordered units; "
                              "and monitoring: targets, rules, silences, written log lines, delivered messages")
    if not case.parts:
        return Verdict(RIGHT, {2: "There may be no fault at all", 3: "Not every change is a fault", 4: "Not every change needs an action"}[number])
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
