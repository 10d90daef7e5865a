#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cases and their grader: 50 seeds of each case, right answers in several wordings and wrong ones; and each way to cheat."""
import contextlib
import io
import json
import pathlib
import re
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
from labtest import TestFailure, expect  # noqa: E402
from world import BEGAN, World, cases, grader, plan_of, rfc3339, silence  # noqa: E402
from oncall import actions, faults, hand, page, score, words  # noqa: E402
from oncall.engines import Engines  # noqa: E402

SEEDS = range(50)
TESTIMONY = grader.testimony
RIGHT, WRONG, BAD, UNKNOWN = grader.RIGHT, grader.WRONG, grader.BAD, grader.UNKNOWN


def wanted(world, number, text, status):
    verdict = world.answer(number, text)
    if verdict.status != status:
        raise TestFailure(f"case {world.plan.number} seed {world.plan.seed} {[part.fault.name for part in world.parts]}: "
                          f"answer {number} {text!r} is {verdict.status} instead of {status}: {verdict.text}")
    return verdict


def same_testimony(world):
    """The data of the engines, queried once for all answers of a world, because they do not change."""
    if world.parts:
        said = TESTIMONY(world.case, world, world.now)
        grader.testimony = lambda *_: said


def fresh(world):
    """The same case without answers."""
    world.case.questions = {number: grader.Question() for number in grader.QUESTIONS}


def each_wanted(world, number, texts, status):
    for text in texts:
        fresh(world)
        wanted(world, number, text, status)


def times(seconds):
    """All ways to write a time mean the same."""
    utc = time.gmtime(seconds)
    return (time.strftime("%H:%M:%S", utc), time.strftime("%H:%M", utc), f"{seconds:.0f}", f"{seconds * 1000:.0f}", rfc3339(seconds),
            time.strftime("yes, since %H:%M:%S UTC", utc), time.strftime("%Y-%m-%d %H:%M:%S", utc))


def wordings(place):
    """All ways to write a place mean the same."""
    own = [place, place.upper(), f"  {place.lower()} "]
    return own + {"POST /order": ["order", "/order", "post /order", "POST  order"], "POST /payment/pay": ["payment", "/payment/pay", "pay"],
                  "ChargeCard": ["charge card", "step ChargeCard"], "DeductInventory": ["deduct inventory"], "slack": ["slack-mock"],
                  "android-app": ["android app", "android-app/2.11"], "log": ["logs", "the log"], "127.0.0.1:24081": ["24081", "instance 127.0.0.1:24081", "http://127.0.0.1:24081/"]}.get(place, [])


def test_right_answers_are_accepted(_):
    for number in cases.NUMBERS:
        for seed in SEEDS:
            world = World(seed, number)
            same_testimony(world)
            each_wanted(world, 1, right_times(world), RIGHT)
            each_wanted(world, 2, right_places(world), RIGHT)
            causes = right_causes(world)
            if not causes:
                raise TestFailure(f"case {number} seed {seed}: no reason is right")
            each_wanted(world, 3, causes, RIGHT)
            wanted(world, 4, "", WRONG)
            world.mend()
            wanted(world, 4, "", RIGHT)
    grader.testimony = TESTIMONY


def right_times(world):
    if not world.parts:
        return ("no", "No.", "nothing", "nothing is wrong")
    began = world.parts[0].began
    ago = world.now - began
    return (*times(began), *times(began + 25), *times(began - 25), f"{ago:.0f} s ago", f"{ago / 60:.1f} min ago")


def right_places(world):
    if not world.parts:
        return ("nowhere", "none", "Nothing")
    sets = [part.fault.where(part.params) for part in world.parts]
    if len(sets) == 1:
        return [wording for place in sets[0] for wording in wordings(place)]
    return [f"{sets[0][0]}, {sets[1][0]}", f"{sets[1][-1]} and {sets[0][-1]}"]


def right_causes_of(world, index):
    """The right wordings of one part."""
    _, reasons = grader.testimony(world.case, world, world.now)[index]
    return [wording for reason in reasons for family in world.parts[index].fault.families
            for wording in (f"{family} {reason}", reason, f"{reason} {family.upper()}", reason.replace("_", " "), f"{family}: {reason}",
                            *words.REASONS[reason][1:])]


def right_causes(world):
    if not world.parts:
        return ["nothing", "no"]
    found = [right_causes_of(world, index) for index in range(len(world.parts))]
    return found[0] if len(found) == 1 else [f"{found[0][0]}, {found[1][0]}", f"{found[1][1]} + {found[0][1]}"]


def test_wrong_answers_are_refused(_):
    for number in cases.NUMBERS:
        for seed in SEEDS:
            world = World(seed, number)
            same_testimony(world)
            each_wanted(world, 1, wrong_times(world), WRONG)
            right = {place for part in world.parts for place in part.fault.where(part.params)}
            each_wanted(world, 2, [place for place in (*words.PLACES, *world.case.alerts)
                                   if place not in right and (world.parts or place != "nowhere")], WRONG)
            reasons = {reason for part in world.parts for reason in part.fault.reasons} | ({"nothing"} if not world.parts else set())
            each_wanted(world, 3, [reason for reason in words.REASONS if reason not in reasons], WRONG)
            families = {family for part in world.parts for family in part.fault.families}
            for family in words.FAMILIES:
                if family not in families and reasons != {"nothing"}:
                    fresh(world)
                    wanted(world, 3, f"{family} {right_causes(world)[0].split(' ')[-1].split(',')[0]}", WRONG)
            wanted(world, 4, "", WRONG)
    grader.testimony = TESTIMONY


def wrong_times(world):
    if not world.parts:
        return times(BEGAN + 60)
    first, last = world.parts[0].began, world.parts[-1].began
    return ("no", "nothing", f"{first - 45:.0f}", f"{last + grader.LATE_S + 45:.0f}", f"{BEGAN - 3600:.0f}", time.strftime("%H:%M", time.gmtime(first - 120)),
            "1 s ago")


def test_one_of_two_is_not_all(_):
    for number in cases.PAIRS:
        for seed in SEEDS:
            world = World(seed, number)
            for part in world.parts:
                fresh(world)
                verdict = wanted(world, 2, part.fault.where(part.params)[0], WRONG)
                expect("and it says so", ("that is one of two places" in verdict.text, verdict.counts), (True, False))
                causes = [right_causes_of(world, one)[0] for one in range(2)]
                verdict = wanted(world, 3, causes[world.parts.index(part)], WRONG)
                expect("and it says so", ("that is one of two reasons" in verdict.text, verdict.counts), (True, False))
            wanted(world, 2, world.parts[0].fault.where(world.parts[0].params)[0], RIGHT)


def test_a_hint_depends_on_the_answer(_):
    world = World(1, 6)
    sku = world.parts[0].params.sku
    texts = {wanted(world, 2, place, WRONG).text for place in ("POST /order", "minishop", "kiosk", next(one for one in words.SKUS if one != sku))}
    expect("hints", len(texts), 4)
    for question in (1, 2, 3, 4):
        hint = grader.hint(world.case, world, question, world.now)
        if sku in hint.text or hint.status != RIGHT:
            raise TestFailure(f"the hint for {question} says {hint.text}")
    expect("hints are counted", sum(question.hints for question in world.case.questions.values()), 4)


class PageLab:
    """The addresses for a page."""
    native = True
    urls = {"prometheus": "http://127.0.0.1:1", "alertmanager": "http://127.0.0.1:2", "slack": "http://127.0.0.1:3", "minishop": "http://127.0.0.1:4"}


def test_the_page_says_no_more_than_the_terminal(_):
    """The page is the same for every case; only the clock and the states of the questions change."""
    pages = {page.live(PageLab, grader.public(World(1, number).case), BEGAN + 400) for number in cases.NUMBERS}
    expect("different pages", len(pages), 1)
    world = World(1, 3)
    wanted(world, 2, "POST /order", WRONG)
    changed = page.live(PageLab, grader.public(world.case), BEGAN + 400)
    if "1 of 4 wrong answers" not in changed or changed.replace("1 of 4 wrong answers", "open") not in pages:
        raise TestFailure("the page after a wrong answer")
    for link in re.findall(r'href="([^"]+)"', changed):
        if not link.startswith("http://127.0.0.1:") and link != "log":
            raise TestFailure(link)


def test_a_case_with_several_shops(_):
    """The page leads to the traces of each shop. The question about the place names the addresses of this lab, as in Prometheus and the log."""
    ports = {"minishop": 28080, "minishop-b": 4001, "minishop-c": 4002, "prometheus": 29090, "alertmanager": 29093, "slack": 28090}
    place = {"place": "native", **{f"{name}_url": f"http://127.0.0.1:{port}" for name, port in ports.items()}}
    for names, titles in ((("minishop",), ["Recent traces"]),
                          (("minishop", "minishop-b", "minishop-c"), [f"Recent traces of 127.0.0.1:{port}" for port in (28080, 4001, 4002)])):
        lab = Engines({name: url for name, url in place.items() if not name.startswith("minishop") or name[:-4] in names}, ".")
        shops = [place[f"{name}_url"] for name in names]
        expect("links", [link for link in page.links(lab, BEGAN, BEGAN + 400) if "traces" in link[0]],
               list(zip(titles, (f"{url}/debug/tracez" for url in shops))))
        world = World(1, 3)
        world.case.instances = lab.instances
        said = dict(grader.public(world.case)["questions"][1]["allowed"])["instance"]
        expect("the instances", said, "its address, as in Prometheus and in the log: " + ", ".join(url.removeprefix("http://") for url in shops))
    containers = Engines({**place, "place": "containers", "grafana_url": "http://127.0.0.1:3000", "jaeger_url": "http://127.0.0.1:16686"}, ".")
    expect("in containers", containers.instances, [])
    # Prometheus 3 has no classic pages, and Debian's has no others. Debian's Alertmanager has no pages.
    for lab, path, silences in ((containers, "", "/#/silences"), (Engines(place, "."), "/classic", "/api/v2/silences")):
        found = dict(page.links(lab, BEGAN, BEGAN + 400))
        expect("Prometheus's pages", [found[name] for name in ("Targets", "Rules", "Alerts")],
               [f"http://127.0.0.1:29090{path}/{name}" for name in ("targets", "rules", "alerts")])
        expect("silences", found["Silences"], f"http://127.0.0.1:29093{silences}")
        if not lab.native:
            expect("traces", found["Traces"].startswith("http://127.0.0.1:16686/search?service=minishop&start="), True)
            lab.trace_store = "tempo"  # Jaeger does not run then
            labtest.contains(dict(page.links(lab, BEGAN, BEGAN + 400))["Traces"], "http://127.0.0.1:3000/explore?left=", "tempo", "traceql")
        expect("a graph", found["Stock"].startswith(f"http://127.0.0.1:29090{path}/graph?g0.expr=minishop_inventory_stock&"), True)
    expect("without a lab", dict(words.kinds_of_places())["instance"], "its address, as in Prometheus and in the log")


def test_half_of_an_answer_is_kept_and_shown(_):
    """With two faults, the questions say that one is found."""
    for number in cases.PAIRS:
        world = World(1, number)
        place = world.parts[0].fault.where(world.parts[0].params)[0]
        wanted(world, 2, place, WRONG)
        expect("found", [question["state"] for question in grader.public(world.case)["questions"]], ["open", "1 of 2 found", "open", "open"])
        wanted(world, 2, "log" if number == 28 else "POST /order", WRONG)
        expect("found, and wrong", grader.public(world.case)["questions"][1]["state"], "1 of 2 found, 1 of 4 wrong answers")
        wanted(world, 2, world.parts[1].fault.where(world.parts[1].params)[0], RIGHT)


def test_tries_are_limited(_):
    """Answering everything does not help."""
    world = World(1, 6)
    for place in [place for place in words.PLACES if place not in world.parts[0].fault.where(world.parts[0].params)][:grader.TRIES]:
        wanted(world, 2, place, WRONG)
    if "closed" not in wanted(world, 2, world.parts[0].params.sku, WRONG).text:
        raise TestFailure("a right answer after too many wrong ones")


def test_no_answer_before_the_begin(_):
    for number in cases.NUMBERS:
        world = World(2, number)
        world.now = BEGAN + cases.ANSWERS_FROM_S - 1
        for question, text in ((1, "no"), (1, right_times(world)[0]), (2, right_places(world)[0]), (4, "")):
            wanted(world, question, text, UNKNOWN)
        expect("no try is lost", sum(question.wrong for question in world.case.questions.values()), 0)


def test_an_engine_that_is_away(_):
    """A failed query makes no check pass or fail."""
    asked = {1: "prometheus", 4: "prometheus"}
    for number in cases.NUMBERS:
        for question, engine in asked.items():
            world = World(3, number)
            if question == 1 and world.parts and world.parts[0].fault.lasting:
                engine = "alertmanager"
            text = right_times(world)[0] if question == 1 else ""
            world.mend() if question == 4 else None
            world.away = {engine}
            verdict = wanted(world, question, text, UNKNOWN)
            if engine not in verdict.text:
                raise TestFailure(f"the text does not name the engine that is away: {verdict.text}")
    for engine in ("log", "prometheus"):
        world = World(3, 6)
        world.away = {engine}
        wanted(world, 2, world.parts[0].params.sku, UNKNOWN)
        wanted(world, 2, "POST /order", UNKNOWN)


def test_stopping_the_traffic_is_not_mending(_):
    for number in cases.NUMBERS:
        world = World(4, number)
        world.mend()
        world.stopped = True
        verdict = world.answer(4, "")
        if verdict.status == RIGHT:
            raise TestFailure(f"case {number} is mended without traffic")


def test_stopping_what_is_broken_is_not_mending(_):
    """Removing a program does not mend either. Targets that were scraped before must be scraped afterwards."""
    for number in cases.NUMBERS:
        world = World(4, number)
        world.mend()
        world.gone = {"slack-mock"}
        verdict = wanted(world, 4, "", WRONG)
        if "no longer reaches" not in verdict.text:
            raise TestFailure(verdict.text)


def every_action(world):
    for action in actions.ACTIONS:
        if action == "block-caller":
            yield from (f"{action} {caller}" for caller in words.CALLERS)
        elif action == "replace-instance":
            yield from (f"{action} {address}" for address in world.case.instances)
        else:
            yield action


def test_only_what_mends_mends(_):
    """Every other action leaves the effect unchanged, or makes it worse. If there are two faults, both must be repaired."""
    for number in cases.NUMBERS:
        for seed in SEEDS:
            world = World(seed, number)
            mends = {action for part in world.parts for action in part.fault.mends(part.params)}
            for action in every_action(world):
                if world.parts and action not in mends:
                    world.act(action)
            if world.parts:
                wanted(world, 4, "", WRONG)
            for part in world.parts[:-1]:
                world.act(part.fault.mends(part.params)[0])
                wanted(world, 4, "", WRONG)
            if world.parts:
                world.act(world.parts[-1].fault.mends(world.parts[-1].params)[0])
                wanted(world, 4, "", RIGHT)


def test_switching_the_alarm_off_is_not_mending(_):
    for what in ("silence", "regex", "everything", "rule"):
        world = World(5, 3)
        world.mend()
        if what == "rule":
            world.deleted = {"MiniShopHighErrorRate"}
        else:
            one = silence("MiniShopHighErrorRate" if what == "silence" else "MiniShop.*", world.now - 100, world.now + 1000)
            one["matchers"][0]["isRegex"] = what == "regex"
            one["matchers"] = [] if what == "everything" else one["matchers"]
            world.learner_silences = [one]
        wanted(world, 4, "", WRONG)


def test_two_minutes_not_less(_):
    world = World(6, 8)
    world.mend(settled=60)
    verdict = wanted(world, 4, "", UNKNOWN)
    if "s are needed" not in verdict.text:
        raise TestFailure(verdict.text)
    world.now += 120
    wanted(world, 4, "", RIGHT)


def test_just_after_an_action_it_is_too_early(_):
    """An action is not called useless before rates can show its effect."""
    for age, early in ((0, True), (grader.SHOWS_S - 1, True), (grader.SHOWS_S, False)):
        world = World(6, 8)
        world.case.actions.append((world.now - age, "restock"))
        verdict = wanted(world, 4, "", WRONG)
        expect(f"{age} s after an action", f"{age} s ago: wait {grader.SHOWS_S - age} s more" in verdict.text, early)


def test_what_the_customer_sees_is_not_the_cause(_):
    """Log and metrics name a reason, so learners may answer with it, and the hint leads to the cause."""
    verdict = wanted(World(4, 22), 3, "unavailable", WRONG)
    if "another cause" not in verdict.text:
        raise TestFailure(verdict.text)


def test_something_else_is_wrong(_):
    """A case in which nothing is wrong is not "right" while something else is."""
    world = World(7, 1)
    world.errors = 0.5
    wanted(world, 1, "no", UNKNOWN)


def test_what_is_no_answer(_):
    """An invalid answer does not count as a try, and the message says what is allowed."""
    world = World(8, 3)
    for question, text in ((1, "soon"), (1, "25:00"), (1, "14:61"), (1, "yes"), (1, ""), (1, "14:03 +99:00"),
                           (1, "14:03-24:00"), (1, "14:03 +05:60"), (2, "somewhere"), (2, ""), (3, "bad luck"), (3, "grey one"),
                           (7, "x"), (2, "payment, somewhere")):
        wanted(world, question, text, BAD)
    expect("wrong answers", sum(question.wrong for question in world.case.questions.values()), 0)


def test_a_route_without_requests(_):
    """Its share of errors is 0 / 0."""
    for value in (float("nan"), None):
        world = World(3, 1)
        world.number = lambda *_, value=value: value
        labtest.contains(wanted(world, 2, "GET /order/{order_id}", WRONG).text, "GET /order/{order_id}: no such request in the last minute")


def test_a_request_that_fails_gets_a_reply(_):
    """The client then does not report that the case does not respond."""
    class Broken:
        lock, over = threading.RLock(), threading.Event()

        def answer(self, request):
            raise ZeroDivisionError("division by zero")

    client, server = socket.socketpair()
    with client, contextlib.redirect_stderr(io.StringIO()):
        client.sendall(b'{"do": "show"}\n')
        expect("the end of the case", hand._converse(Broken(), server), None)
        reply = json.loads(client.makefile().read())
    expect("status", reply["status"], UNKNOWN)
    labtest.contains(reply["text"], "cannot tell", "division by zero", "log/oncall.log")


def test_plans(_):
    """The same seed makes the same case; seeds differ; every case can be drawn; nothing in a plan depends on another run."""
    def shape(plan):
        return plan.number, [(at, fault.name, params) for at, fault, params in plan.parts], plan.decoys, plan.rates
    for seed in SEEDS:
        expect(f"seed {seed}", shape(cases.Plan(seed)), shape(cases.Plan(seed)))
    for native in (True, False):
        expect("cases that are drawn", {cases.Plan(seed, native=native).number for seed in range(1000)}, set(cases.possible(native)))
    for number in cases.FAULTS:
        drawn = {str(sorted(plan_of(seed, number).parts[0][2].items())) for seed in SEEDS}
        if plan_of(0, number).parts[0][2] and len(drawn) < 2 and number != 24:
            raise TestFailure(f"the parameters of case {number} are always {drawn}")
    if len(cases.NUMBERS) < 20 or len({family for fault in cases.FAULTS.values() for family in fault.families}) < 8:
        raise TestFailure("too few cases or classes")


def test_tables_agree(_):
    """Every word of a row is a possible answer or action."""
    for fault in cases.FAULTS.values():
        plan = plan_of(0, fault.number)
        params = plan.parts[0][2]
        if "replica" in params:
            params["address"] = "127.0.0.1:8081"
        own = [*cases.observer.ALERTS, "127.0.0.1:8081"]
        places = {*words.PLACES, *own}
        for place in (*fault.where(params), *fault.broad(params)):
            if place not in places or words.place(place, own) != place:
                raise TestFailure(f"{fault.name}: {place}")
        for reason in (*fault.reasons, *fault.near):
            expect(f"{fault.name}: {reason}", words.cause(reason)[1], reason)
        for family in fault.families:
            expect(f"{fault.name}: {family}", words.cause(family)[0], family)
        for action in (*fault.mends(params), *fault.worse):
            if action.split()[0] not in actions.ACTIONS or action in ("nothing", "raise-limit", "restart-minishop"):
                raise TestFailure(f"{fault.name}: {action}")
        if set(fault.worse) & {action.split()[0] for action in fault.mends(params)}:
            raise TestFailure(f"{fault.name}: an action mends it and makes it worse")
    expect("numbers", len(cases.NUMBERS), len(cases.FAULTS) + len(cases.NOTHING) + len(cases.PAIRS))
    for name, (_, *others) in words.REASONS.items():
        for other in others:
            expect(f"{other} of {name}", words.cause(other)[1], name)


def test_the_documentation_counts_and_lists(_):
    text = (labtest.TOP / "docs/oncall.md").read_text()
    expect("cases", int(re.search(r"one of (\d+), drawn", text)[1]), len(cases.NUMBERS))
    expect("classes", set(re.findall(r"^\| `([a-z-]+)` \| ", text.split("## What can go wrong")[1].split("\n## ")[0], re.M)), set(words.FAMILIES))
    places = {fault.name: (fault.native, fault.containers) for fault in cases.FAULTS.values()}
    only = re.search(r"`([a-z-]+)` needs the containers; `([a-z-]+)` and `([a-z-]+)` need the native lab", text)
    expect("not in both", {name for name, both in places.items() if both != (True, True)}, set(only.groups()))
    files = {path.name for path in (labtest.TOP / "lab.d/oncall").glob("*.py")} - {"__init__.py"}
    expect("files", set(re.findall(r"^\| `(\w+\.py)` \|", text, re.M)), files)


def test_worse_is_worse_and_bounded(_):
    params = faults.Params(rate=0.5, ms=900, sku="mug")
    for _ in range(20):
        params = faults.Params(actions.worsened(params))
    expect("after twenty times", params, {"rate": 0.97, "ms": 4000, "sku": "mug"})


def test_an_outlier_is_one(_):
    for counts, found in (({"a": (50, 100), "b": (2, 100)}, "a"), ({"a": (50, 100), "b": (40, 100)}, None), ({"a": (4, 4), "b": (0, 100)}, None),
                          ({"a": (10, 100), "b": (0, 100)}, None), ({}, None), ({"a": (50, 100)}, "a")):
        expect(str(counts), faults.outlier(counts), found)


def test_history_is_bounded_and_forgiving(directory):
    expect("without one", score.table(directory), "No case is over yet: ./lab oncall begins one.")
    for seed in range(score.KEPT + 5):
        world = World(seed, 3)
        world.case.end(world.now)
        text, entry = score.finish(world.plan, world.case, {"LOG": "minishop.json"})
        score.keep(directory, entry)
    if "switch-provider" not in text or not re.search(r"\d % of the payments", text):
        raise TestFailure(text)
    path = score.history_file(directory)
    expect("lines", len(path.read_text().splitlines()), score.KEPT)
    damaged = ("nonsense", "{}", "[]", "null", '{"time":"x","case":1,"detect_s":"x"}', '{"time":"x","case":1,"wrong":[1]}', '{"time":"x","case":1e400}',
               '{"time":"x","case":1,"mend_s":1e400}', 9999 * "[", "\udcff")
    path.write_bytes("\n".join((*damaged, path.read_text())).encode(errors="surrogateescape"))
    if not re.search(rf"0 of {score.KEPT} cases solved", score.table(directory)):
        raise TestFailure(score.table(directory))
    path.write_text('{"time":"x","case":1,"solved":true}\n{"time":"x","case":1,"mend_s":NaN,"solved":true}\n')
    labtest.contains(score.table(directory), "0 of 2 cases solved")


if __name__ == "__main__":
    labtest.run_tests(globals())
