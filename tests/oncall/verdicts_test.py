#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How answers are read, what verdicts say and do not say, when a case ends, and printed queries that find a fault as long as it lasts."""
import pathlib
import re
import shutil
import subprocess
import sys
import types

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
import labtest  # noqa: E402
from labtest import expect  # noqa: E402
from cases_test import RIGHT, SEEDS, TESTIMONY, WRONG, PageLab, right_causes, right_places, right_times, wanted  # noqa: E402
from world import BEGAN, World, cases, grader  # noqa: E402
from oncall import faults, hand, main, page, words  # noqa: E402


def test_the_check_of_the_service_does_not_name_the_fault(_):
    """Question 4 costs no try, so its verdict must not be the answer to the others. It names the fault once question 3 is answered."""
    revealing = {"target-lost": "targets", "rule-missing": "the rule", "alert-silenced": "a silence"}
    met = set()
    for number in cases.NUMBERS:
        for seed in SEEDS:
            world = World(seed, number)
            named = [(part.fault.name, revealing[part.fault.name]) for part in world.parts if part.fault.name in revealing]
            text = wanted(world, 4, "", WRONG).text
            for part in world.parts:
                if part.fault.name not in revealing:
                    world.act(part.fault.mends(part.params)[0])
                    text += wanted(world, 4, "", WRONG if named or part is not world.parts[-1] else RIGHT).text
            for name, word in named:
                met.add(name)
                expect(f"case {number} seed {seed}: {word} in {text}", word in text, False)
                if number not in cases.PAIRS:
                    wanted(world, 3, right_causes(world)[0], RIGHT)
                    expect(f"{name}, once it is answered", word in wanted(world, 4, "", WRONG).text, True)
                world.act(next(part.fault.mends(part.params)[0] for part in world.parts if part.fault.name == name), 1)
                expect(f"{name}, just after the repair", word in world.answer(4, "").text and number in cases.PAIRS, False)
    expect("faults that a check could name", met, set(revealing))


def test_a_wrong_reason_shows_its_own_signal(_):
    """The verdict says that it is not so, what would be seen if it were, and what is seen instead. It does not name the right reason."""
    expect("reasons without a metric", set(words.REASONS) - set(faults.SEEN), {"nothing", "alert_silenced", "provider_credentials"})
    for number in (*cases.FAULTS, *cases.NOTHING):
        for reason in [name for name in words.REASONS if name != "nothing"]:
            world = World(9, number)
            right = {one for part in world.parts for one in (*part.fault.reasons, *part.fault.near)}
            if reason in right:
                continue
            text = wanted(world, 3, reason, WRONG).text
            for said in (f"{reason} is not the cause here", "Its signs would be: ", f"Here, {faults.SEEN[reason][0]}: " if reason in faults.SEEN else "Here, no log line"):
                labtest.contains(text, said)
            expect(f"the right reason in {text}", [one for one in right if re.search(rf"\b{one}\b", text)], [])
            world = World(9, number)
            said = grader.testimony(world.case, world, world.now)
            grader.testimony = lambda *_, said=said: said
            world.away = {"prometheus"} if world.parts else set()
            expect("without Prometheus", "is not the cause here" in wanted(world, 3, reason, WRONG).text, True)
            grader.testimony = TESTIMONY


def proving(number, seed=1):
    """A case in which everything is answered and mended just now."""
    world = World(seed, number)
    for question, text in ((1, right_times(world)[0]), (2, right_places(world)[0]), (3, right_causes(world)[0])):
        wanted(world, question, text, RIGHT)
    world.mend(settled=0)
    return world


def test_a_verdict_is_a_sentence(_):
    """The text of a class completes "CLASS means that ...", and nowhere is a wrong place if something is wrong."""
    for family, meaning in words.FAMILIES.items():
        labtest.contains(wanted(World(1, cases.NOTHING[0]), 3, family, RIGHT if family == "nothing" else WRONG).text,
                         "nothing is wrong" if family == "nothing" else f"{family} means that {meaning}. Is that what the signals show?")
        expect(f"a verb in {meaning!r}", bool(re.search(r" (is|are|returns|does) ", meaning)), True)
    labtest.contains(wanted(World(1, 3), 3, "deploy gateway_error", WRONG).text, "the class is not: deploy means that a configuration or a build is wrong")
    expect("nowhere", wanted(World(1, 3), 2, "nowhere", WRONG).text.partition(" (")[0], "wrong: something is wrong somewhere")


def test_the_end_waits_for_the_proof(_):
    for number in cases.NUMBERS:
        world = World(1, number)
        expect(f"case {number}, given up", grader.unproven(world.case, world, world.now), "")
        world.mend(settled=60)
        expect(f"case {number}, given up after an action", grader.unproven(world.case, world, world.now), "")
        world = proving(number)
        # Without a fault the service was always well.
        for age in (1, 60) if world.parts else ():
            world.now += age
            labtest.contains(grader.unproven(world.case, world, world.now), "only question 4 is open", "./lab oncall end --now")
            expect("question 4", world.case.questions[4].right_at, None)
        world.now += grader.SETTLED_S
        expect(f"case {number}, proven", grader.unproven(world.case, world, world.now), "")
        expect("question 4", bool(world.case.questions[4].right_at), True)
        if world.parts:
            expect(f"case {number}, mended after the action", world.case.mended_at >= world.case.actions[-1][0], True)
        world = proving(number)
        for part in world.parts:
            part.ended = None
        world.now += grader.SHOWS_S  # long enough to tell
        expect(f"case {number}, after actions that did not help", grader.unproven(world.case, world, world.now), "")


def test_hiding_a_fault_is_not_mending(_):
    """A learner may send so many healthy requests that the share of the bad ones is small."""
    for number in cases.NUMBERS:
        world = World(1, number)
        if not any(part.fault.held(part.params) for part in world.parts):
            continue
        world.hidden_since = world.now
        world.act("nothing")
        labtest.contains(wanted(world, 4, "", WRONG).text, grader.STILL)
        world.mend()
        wanted(world, 4, "", RIGHT)


def test_alerts_from_before_are_told(_):
    for alerts in (["MiniShopDown (firing)"], ["MiniShopDown (firing)", "MiniShopTelemetryDropped (pending)"]):
        world = World(1, 1)
        expect("without one", ("before the case" in grader.questions(world.case, world.now), grader.public(world.case)["earlier"]), (False, ""))
        world.case.earlier = alerts
        for text in (grader.questions(world.case, world.now), grader.public(world.case)["earlier"], page.live(PageLab, grader.public(world.case), world.now)):
            labtest.contains(text, ", ".join(alerts), "not part of the case")


STEADY = """
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {{series: 'process_open_fds{{job="minishop"}}', values: '24x19 231x160'}}
      - {{series: 'up{{job="slack-mock"}}', values: '1x19 stale _x159'}}
      - {{series: 'up{{job="minishop"}}', values: '1x180'}}
    promql_expr_test:
      - {{expr: '{look}', eval_time: {minutes}m, exp_samples: [{{labels: '{labels}', value: {value}}}]}}
"""


def test_a_printed_query_finds_the_fault_as_long_as_it_lasts(directory):
    """The level rises within a minute, or the series ends, and then nothing changes until the case ends by itself."""
    if not shutil.which("promtool"):
        raise labtest.Skip("promtool missing")
    for name, labels, value in (("descriptors", 'process_open_fds{job="minishop"}', 231), ("target-lost", '{job="slack-mock"}', 1)):
        [look] = [look for look in cases.BY_NAME[name].found_by if not look.shell]
        for minutes in (21, 30, 60, 179):
            file = directory / f"{name}.yml"
            file.write_text(STEADY.format(look=look.text, minutes=minutes, labels=labels, value=value))
            done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, timeout=60, check=False)
            expect(f"{look.text} after {minutes} minutes\n{done.stdout}{done.stderr}", done.returncode, 0)


def test_a_printed_command_finds_one_instance_of_several(directory):
    """The instances share the log, so its newest line may be of another instance."""
    log = directory / "log.json"
    log.write_text('{"version":"3.4.1"}\n' + 3 * '{"version":"0.1.0"}\n')
    [look] = [look for look in cases.BY_NAME["wrong-build"].found_by if look.shell]
    labtest.contains(labtest.output("sh", "-c", look.put({"LOG": str(log)})), *look.shows(faults.Params(version="3.4.1")))


def test_answers_are_read_as_people_word_them(_):
    for text, place in (("t-shirt", "tshirt"), ("T SHIRT", "tshirt"), ("the payment provider", "ChargeCard"), ("in the log", "log"), ("paymentpay", "POST /payment/pay"),
                        ("at the step ChargeCard", "ChargeCard"), ("the alert manager", "alertmanager"), ("Slack-Channel", "slack"), ("in the webhook", "slack"),
                        ("the span ChargeCard", "ChargeCard"), ('job="alertmanager"', "alertmanager")):
        expect(text, words.place(text), place)
    expect("a label of Prometheus", words.place('alertname="MiniShopDown"', ["MiniShopDown"]), "MiniShopDown")
    for text, reason in (("gatewayerror", "gateway_error"), ("GatewayTimeout", "gateway_timeout"), ("the connection pool", "pool_exhausted"), ("sold-out", "out_of_stock"),
                         ("dependency errors: gateway_error", "gateway_error"), ("gateway errors", "gateway_error"), ("Provider errors", "gateway_error"),
                         ('reason="gateway_error"', "gateway_error"), ("error.type=gateway_timeout", "gateway_timeout"), ("client: retry storms", "retry_storm")):
        expect(text, words.cause(text)[1], reason)
    for text in ("since about 14:03:12", "yes, from about 14:03:12", "~14:03:12", "ca. 14:03:12"):
        expect(text, words.since(text, BEGAN + 400)[0], words.since("14:03:12", BEGAN + 400)[0])
    for text, action in (("switch-provider", ("switch-provider", [])), ("Switch provider", ("switch-provider", [])), ("block caller android app", ("block-caller", ["android", "app"])),
                         ("replace-instance 127.0.0.1:1", ("replace-instance", ["127.0.0.1:1"])), ("nothing", ("nothing", []))):
        expect(text, main.action_of(text.split()), action)


def test_nowhere_is_answered_with_a_sentence(_):
    for number in cases.FAULTS:
        labtest.contains(wanted(World(1, number), 2, "nowhere", WRONG).text, "wrong: something is wrong somewhere")


def test_an_answered_question_judges_no_more(_):
    """The text does not call a later wrong answer right."""
    world = World(1, 6)
    right = right_places(world)[0]
    wanted(world, 2, right, RIGHT)
    labtest.contains(wanted(world, 2, "nowhere", RIGHT).text, "right since ", "the new one was not judged")


def test_targets_of_an_earlier_case_are_not_expected(_):
    """Prometheus was restarted just after a case with three shops: their series `up` last for five minutes."""
    world = World(1, 3)
    world.number = lambda expression, when=None: 6.0
    world.targets = lambda: [{"labels": {"job": "minishop"}, "health": health} for health in ("up", "up", "up", "up", "down")]
    begun = types.SimpleNamespace(base=None, engines=world, case=world.case)
    hand.Hand.measure(begun)
    expect("targets that must respond", begun.base["up"], 4)


def test_a_full_disk_does_not_hide_the_fault(directory):
    (directory / "oncall").mkdir()
    (directory / "oncall/history.new").symlink_to("/dev/full")
    world = World(1, 3)
    ended = types.SimpleNamespace(crowd=None, case=world.case, plan=world.plan, began=BEGAN, control=types.SimpleNamespace(tidy=lambda _: []),
                                  engines=types.SimpleNamespace(directory=directory, addresses=lambda: {"LOG": "minishop.json"}))
    labtest.contains(hand.Hand.finish(ended), "what mends it: ./lab mend switch-provider",
                     f"The score is not saved in {directory}/oncall/history.jsonl: No space left on device")


if __name__ == "__main__":
    labtest.run_tests(globals())
