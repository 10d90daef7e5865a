#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The guide with all kinds of input, and with engines that do not respond or return nonsense. (guide_test.py uses real engines.)"""
import contextlib
import functools
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import guide_pages as pages  # noqa: E402
import labtest  # noqa: E402
from labtest import TestFailure, contains, expect  # noqa: E402
from private_lab import Lab  # noqa: E402

sys.dont_write_bytecode = True  # write no bytecode into the project
sys.path.insert(0, str(labtest.TOP / "lab.d"))
import guide  # noqa: E402  lab.d/guide.py, after the path
from course import answers, numbers  # noqa: E402
from course.question import LATELY, Answer, CannotTell  # noqa: E402
from oncall.engines import Engines  # noqa: E402

RIGHT, WRONG, BAD_INPUT, CANNOT_TELL = range(4)
SHARE, RATE, DURATION, COUNT = answers.SHARE, answers.RATE, answers.DURATION, answers.COUNT
ROUTE, REASON = answers.Route("a route"), answers.Word("a reason")
CLOCK = answers.Clock("a time", 30)
SINCE, PATIENCE, SPAN, SIZE, METRIC = (guide.QUESTIONS[number].kind for number in ("8.1", "8.2", "1.2", "11.2", "10.1"))
TRACE, ORDER = "4bf92f3577b34da6a3ce929d0e0e4736", "ord_9c6227d79d31ee8a0be3"

# kind, input, a true value that it matches, a true value that it does not match
READ = [
    (SHARE, "25 %", 0.25, 0.28), (SHARE, "0.25", 0.25, 25), (SHARE, "25%", 0.25, 0.2), (SHARE, "0,25", 0.25, 0.3), (SHARE, " 25  Percent ", 0.25, 0.5),
    (SHARE, "2.5", 0.025, 0.25), (SHARE, "'2.3 %'", 0.0231, 0.03), (SHARE, ".023", 0.023, 0.23), (SHARE, "99", 0.998, 0.5), (SHARE, "~2.3%", 0.023, 0.1),
    (RATE, "3.7", 3.71, 4.2), (RATE, "3.7/s", 3.7, 37), (RATE, "3.7 requests per second", 3.7, 0.37), (RATE, "3.7 per second", 3.7, 0.37),
    (RATE, "3.7 a second", 3.7, 37), (RATE, "about 12", 11.8, 9),
    (DURATION, "48 ms", 0.048, 48), (DURATION, "0.048 s", 0.048, 0.48), (DURATION, "48", 0.048, 0.48), (DURATION, "0.048", 0.048, 0.0048), (DURATION, "1.1 S", 1.1, 1.4),
    (COUNT, "1100 orders", 1120, 1300), (COUNT, "1.1e3", 1100, 110), (ROUTE, "POST /order", "/order", "/payment/pay"), (ROUTE, "order", "/order", "/order/{order_id}"),
    (ROUTE, "/PAYMENT/PAY/", "/payment/pay", "/order"), (ROUTE, "GET /order/{order_id}", "/order/{order_id}", "/order"),
    (RATE, "3.7 requests per sec.", 3.7, 37), (RATE, "3.7 req/second", 3.7, 37), (DURATION, "2 secs", 2, 3), (DURATION, "1 millisecond", 0.001, 1),
    (PATIENCE, "1 minute", 60, 1), (PATIENCE, "0.5 Min", 30, 60), (PATIENCE, "1m", 60, 1), (PATIENCE, "90 s", 90, 60),
    (SPAN, "charge card", "ChargeCard", "ProcessPayment"), (SPAN, "Charge-Card.", "ChargeCard", "Charge"), (REASON, "gatewaytimeout", "gateway_timeout", "timeout"),
    (REASON, "Gateway timeout", "gateway_timeout", "gateway_error"), (REASON, '"gateway-timeout"', "gateway_timeout", "timeout"),
    (answers.TRACE_ID, "4BF92F3577B34DA6A3CE929D0E0E4736", "4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4737"),
    (CLOCK, "14:03:20", 50600, 50640), (CLOCK, "2026-11-27T14:03:20.123Z", 50600, 0), (CLOCK, "14:03", 50610, 50800), (CLOCK, "23:59:50 UTC", 5, 100),
    # A thousand as the pages write it, and in other usual forms.
    (COUNT, "1,474", 1474, 14740), (COUNT, "1 474 new series", 1474, 474), (COUNT, "1'474", 1474, 1), (COUNT, "1,474,000.5", 1474000, 1474), (RATE, "3,725", 3.725, 37.25),
    (SIZE, "626316499", 6.26e8, 6.26e5), (SIZE, "1203000000", 1.203e9, 1.203e6), (SIZE, "626,316,499 bytes", 6.26e8, 6.26e5), (SIZE, "626316 kB", 6.26e8, 6.26e5), (SIZE, "0,6", 6e8, 6e5),
    (COUNT, "272 samples", 272, 300), (COUNT, "3 times", 3, 4), (RATE, "≈ 3.7", 3.7, 37), (RATE, "roughly 3.7/s", 3.7, 37), (RATE, "ca. 3.7", 3.7, 37),
    # Pasted output.
    (RATE, "{} => 11.845644527208774 @[1795826415.262]", 11.85, 1.8e9), (SHARE, '{route="/payment/pay"} => 0.048 @[1795826415.262]', 0.048, 0.48),
    (ROUTE, '{route="/payment/pay"} => 0.048 @[1795826415.262]', "/payment/pay", "/order"), (ROUTE, 'route="/order"', "/order", "/payment/pay"),
    (answers.TRACE_ID, f"00-{TRACE}-00f067aa0ba902b7-01", TRACE, TRACE[::-1]), (answers.TRACE_ID, f"0.400147124 {TRACE}", TRACE, TRACE[::-1]),
    (answers.ORDER_ID, f'{{"order_id":"{ORDER}","sku":"poster","quantity":3,"status":"created"}}', ORDER, "ord_"), (answers.ORDER_ID, f"order_id={ORDER}", ORDER, "ord_"),
    (SPAN, "the span ChargeCard", "ChargeCard", "Charge"), (SPAN, "The ChargeCard step", "ChargeCard", "Charge"), (METRIC, "job:request:rate1m", "job:request:rate1m", "request"),
    (CLOCK, "2026-11-27T14:03:20.053034037Z firing", 50600, 0), (CLOCK, "since 14:03:20", 50600, 0),
    # The alert fires 15 s after its condition began.
    (SINCE, "15:15:44", 54942.5, 54928.6), (SINCE, "15:15", 54900, 54961), (SINCE, "15:15", 54959.9, 54899), (SINCE, "15:15:28Z", 54932.9, 54913),
]
UNREADABLE = [
    (SHARE, ""), (SHARE, "  "), (SHARE, "many"), (SHARE, "25 % or so"), (SHARE, "1 2"), (SHARE, "nan"), (SHARE, "inf"), (SHARE, "0x10"), (SHARE, "1" * 500),
    (SHARE, "1e999"), (RATE, "-1e999"), (COUNT, "1e19"),
    (SHARE, "5\x1b[2J"), (RATE, "3.7 %"), (DURATION, "48 m"), (DURATION, "ms"), (ROUTE, "POST"), (ROUTE, "/order; rm -rf /"), (ROUTE, "$(id)"),
    (answers.TRACE_ID, "4bf92f35"), (answers.TRACE_ID, "x" * 32), (answers.ORDER_ID, "4a0cc521be6f09f8963f"), (REASON, "_"), (SPAN, "- -"), (PATIENCE, "1 h"), (SPAN, "ChargeCard 16.4 ms ████"),
    (METRIC, "request_total => 110 @[1]"), (REASON, '"code":"already_paid"'), (COUNT, "1,47,4"), (COUNT, "1.6k"), (answers.TRACE_ID, f"{TRACE} {TRACE[::-1]}"),
    (answers.TRACE_ID, TRACE + "0"), (CLOCK, "25:00:00"), (CLOCK, "14:61"), (CLOCK, "soon"),
]
# Bad responses of an engine.
NONSENSE = [(200, b"<html>It works!</html>"), (200, b""), (200, b"null"), (200, b"[]"), (200, b"{}"), (200, b'{"status":"success","data":{"resultType":"vector","result":[]}}'),
            (200, b'{"status":"success","data":null}'), (200, b'{"data":{"result":[{"metric":{},"value":[1,"NaN"],"values":[[1,"NaN"]]}],"resultType":"vector"}}'),
            (200, b'{"data":[],"traces":[],"messages":[]}'), (200, b"\xff\xfe\x00" * 100), (404, b"{}"), (500, b"overloaded"), (503, b"")]


def test_answers_are_read_as_people_word_them(directory):
    for kind, text, truth, other in READ:
        values = kind.read(text)
        expect(f"{text!r} is {truth}", kind.is_one_of(values, [truth]), True)
        expect(f"{text!r} is {other}", kind.is_one_of(values, [other]), False)
        expect(f"{text!r} is nothing", kind.is_one_of(values, []), False)


def test_what_cannot_be_read_is_not_wrong(directory):
    for kind, text in UNREADABLE:
        try:
            values = kind.read(text)
        except answers.Unreadable:
            continue
        raise TestFailure(f"{text!r} was read as {values}")


def test_a_status_is_a_whole_number(directory):
    records = [{"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "level": "WARN", "status": 404}] * 3
    (directory / "log").mkdir()
    (directory / "log/minishop.json").write_text("".join(json.dumps(record) + "\n" for record in records))
    for text, wanted in (("404", "Right"), ("404.0", "Right"), ("4.04e2", "Right"), ("404.7", "Wrong"), ("400", "Wrong")):
        expect(text, verdict_of(engines_at("http://127.0.0.1:9", directory, True), "3.2", text), wanted)


def test_numbers_while_they_change(directory):
    """The true number grows to 10, and a usual mistake is half of it. A minute later it is no longer right, and an earlier mistake gets no hint."""
    def absent(engines):
        raise CannotTell("no such series")

    def verdict(truths, text):
        row = numbers.Row("0.0", RATE, lambda engines: truths, "now {}".format, ((absent, "absent"), (lambda engines: [0.5, 2, 5], "half")), "other")
        try:
            return str(numbers.check(row)(None, Answer(RATE, text)))
        except CannotTell:
            return "cannot tell"
    late = [10] * LATELY
    for truths, text, wanted in (([1, 4, 10], "10", "now 10"), ([1, 4, 10], "4", "now 10"), ([1, 4, 10], "5", "half"), ([1, 4, 10], "2", "other"),
                                 ([1, 4, 10], "7", "other"), ([1, 5, 10], "5", "cannot tell"), ([10, 5], "5", "now 5"), ([7, *late], "7", "cannot tell"),
                                 ([7, *late[1:]], "7", "now 10"), ([7, *late], "12", "other"), ([10, *[1] * LATELY, 10], "10", "now 10")):
        expect(f"{text} of {truths}", verdict(truths, text), wanted)


def test_a_hint_is_near_its_mistake(directory):
    """The absolute error of a right answer is larger than some mistakes: only its relative error counts for a hint."""
    row = numbers.Row("0.0", numbers.BURN, lambda engines: [4], "{}".format, ((lambda engines: [0.02], "the share"),), "other")
    for text, wanted in (("0.02", "the share"), ("0.0001", "other"), ("0.06", "other"), ("0.0205", "the share")):
        expect(text, str(numbers.check(row)(None, Answer(row.kind, text))), wanted)


class Course:
    """The guide's program in a directory of its own, where no lab runs."""

    def __init__(self, directory):
        self.directory = directory
        self.env = {key: value for key, value in os.environ.items() if not key.startswith("LAB_")}
        self.env["LAB_DIR"] = str(directory)
        # Docker is not asked for containers.
        for name in ("docker", "docker-compose"):
            (directory / name).write_text("#!/bin/sh\nexit 1\n")
            (directory / name).chmod(0o755)
        self.env["PATH"] = f"{directory}:{self.env['PATH']}"

    def __call__(self, *words, status=0):
        done = subprocess.run([sys.executable, "-B", labtest.TOP / "lab.d/guide.py", *words], env=self.env, cwd=labtest.TOP, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        expect(f"exit status of {' '.join(words)} ({done.stdout[-500:]})", done.returncode, status)
        if "Traceback" in done.stdout:
            raise TestFailure(done.stdout)
        return done.stdout


def test_bad_input(directory):
    course = Course(directory)
    for words, part in ((["answer"], "requires a question"), (["answer", "x"], "CHAPTER.QUESTION"), (["answer", "4"], "CHAPTER.QUESTION"),
                        (["answer", "4.2.1", "1"], "CHAPTER.QUESTION"), (["answer", "-4.2", "1"], "CHAPTER.QUESTION"), (["answer", "99.1", "1"], "there is no chapter 99"),
                        (["answer", "0.1", "1"], "there is no chapter 0"), (["answer", "4.9", "1"], "4.1, 4.2, 4.3"), (["answer", "4.2", "many"], "as in 2.5 %"),
                        (["answer", "4.2", ""], "is empty"), (["answer", "1.2", "Hint"], "has no hints"),
                        (["answer", "4.2 ", "many"], "as in 2.5 %"), (["answer", "4.2", "1" * 1000], "at most"), (["answer", "4.2", "\x1b[2J"], "printable"),
                        (["answer", "4." + "1" * 50, "1"], "CHAPTER.QUESTION"), (["show", "99"], "is not a chapter"), (["show", "../x"], "is not a chapter"),
                        (["show", "0"], "is not a chapter"), (["show", "1", "2"], "one chapter")):
        said = course(*words, status=BAD_INPUT)
        if part not in said or not said.startswith("lab: ") or len(said.splitlines()) != 1:
            raise TestFailure(f"{words}: {said!r} does not say {part!r} in one line")
        if any(ord(char) < 32 and char != "\n" for char in said):
            raise TestFailure(f"{words}: a control character was printed")


def test_shows(directory):
    course = Course(directory)
    said = course("show")
    for part in ("13 chapters", "Answered: 0.", "Three signals", "Next: ./lab guide 1"):
        if part not in said:
            raise TestFailure(f"{part!r} is not in {said}")
    chapter = course("show", "04")
    scratch = course("show", "13")
    pasted = [text for kind, _, text in pages.blocks(guide.chapters()[13].path) if kind == "sh" and "<<" in text]
    for text in pasted:
        if text.replace(".lab/", f"{directory}/") not in scratch:
            raise TestFailure(f"the terminal does not show the here-document as it must be pasted:\n{text}")
    expect("chapter 13 has here-documents", len(pasted) > 3, True)
    if "```" in chapter or "rate(request_total" not in chapter or "4.2" not in chapter:
        raise TestFailure(f"chapter 4 in the terminal: {chapter[:500]}")
    asked = course("answer", "04.02")
    if "Which share of all requests failed?" not in asked or "./lab guide 4" not in asked:
        raise TestFailure(f"the question 4.2: {asked}")


def test_addresses_of_the_running_lab(directory):
    """Each address is replaced once, also if one engine has the usual port of another. Other addresses remain."""
    os.environ["LAB_DIR"] = str(directory)
    engines = engines_at("http://127.0.0.1:1", directory, True)
    engines.urls = {"minishop": "http://127.0.0.1:8090", "slack": "http://127.0.0.1:8080", "scratch": "http://127.0.0.1:7000"}
    expect("replaced", guide.with_addresses("http://127.0.0.1:8080/order 127.0.0.1:8090 --listen 127.0.0.1:8091 127.0.0.1:80 127.0.0.1:80801", engines),
           "http://127.0.0.1:8090/order 127.0.0.1:8080 --listen 127.0.0.1:7000 127.0.0.1:80 127.0.0.1:80801")
    for native, path in ((True, "/classic/graph"), (False, "/graph")):
        expect("Prometheus's page", guide.with_addresses("http://127.0.0.1:9090/classic/graph", engines_at("http://127.0.0.1:1", directory, native)),
               f"http://127.0.0.1:1{path}")


def test_the_port_of_the_learners_shop(directory):
    """`up` stores LAB_SCRATCH_PORT with the other ports; a variable of the terminal wins. The page and the check use it. A file of an
    earlier version has no such port."""
    course = Course(directory)
    (directory / "run").mkdir()
    for ports, variable, wanted in (("1 2 3 4", None, "8091"), ("1 2 3 4 7001", None, "7001"), ("1 2 3 4 7001", "7002", "7002"), ("1 2 3 4", "none", "none")):
        (directory / "run/ports").write_text(f"{ports}\n")
        course.env.pop("LAB_SCRATCH_PORT", None)
        if variable:
            course.env["LAB_SCRATCH_PORT"] = variable
        for number in ("11", "13"):
            contains(course("show", number), f"--listen 127.0.0.1:{wanted} ", f"http://127.0.0.1:{wanted}/readyz")
        for number, text in (("13.1", "3"), ("13.2", "4bf92f3577b34da6a3ce929d0e0e4736")):
            contains(course("answer", number, text, status=CANNOT_TELL), f"your shop does not respond at http://127.0.0.1:{wanted}/", "set LAB_SCRATCH_PORT")


def test_commands_of_the_pages(directory):
    """Each amtool has an address. A wait for a message or a log line takes only new ones. A response without a newline is followed by one."""
    for chapter in [pages.GUIDE / "README.md", *sorted(pages.GUIDE.glob("[0-9]*.md"))]:
        text = chapter.read_text()
        for call in re.findall(r"[`(\n](amtool [^`\n]*)", text):
            contains(call, "--alertmanager.url=")
        for block in pages.commands(chapter):
            for line in block.commands.splitlines():
                if "grep" in line and "/messages" in line:
                    contains(line, "/messages?after=$last")
                if re.match(r"(curl|pay)\b(?!\()[^|>]*$", line) and not line.endswith("; echo"):
                    raise TestFailure(f"{block.where}: the response sticks to the prompt: {line}")
            if re.search("until.*\n?.*minishop.json|minishop.json(.*\n)+until", block.commands):
                contains(block.commands, ".timestamp >= $")


def test_the_patches_fit_the_sources(directory):
    """Each patch of chapter 13 applies to the sources at its line numbers and with its context, after those before it."""
    copy = directory / ".lab/scratch/shop"
    shutil.copytree(labtest.TOP / "src", copy / "src")
    environment = {**os.environ, "PATCH_GET": "0", "LC_ALL": "C"}
    for block in pages.commands(pages.GUIDE / "13-instrument-a-service.md"):
        if "<<'END'" not in block.commands:
            continue
        done = subprocess.run(["sh", "-c", block.commands.replace("patch -s ", "patch -F0 ")], cwd=directory, env=environment, capture_output=True, text=True,
                              check=False)
        expect(f"{block.where}: it applies", (done.returncode, done.stderr), (0, ""))
        expect(f"{block.where}: its line numbers are right", re.findall("Hunk.*", done.stdout), [])


def test_terms_of_the_guide(directory):
    glossary = (labtest.TOP / "docs/glossary.md").read_text()
    for term in ("`job`, `instance`", "SKU", "PromQL, LogQL", "trace context, `traceparent`"):
        contains(glossary, f"| **{term}** |")


def test_the_labs_commands(directory):
    lab = Lab(directory)
    contains(lab("help"), "guide [N]", "answer C.Q VALUE", "LAB_SCRATCH_PORT=8091")
    contains(lab("guide"), "Answered: 0.", "Next: ./lab guide 1")
    contains(lab("guide", "3"), "3. Structured logs", str(lab.directory), "LogQL: ")
    contains(lab("guide", "seven", status=BAD_INPUT), "lab: 'seven' is not a chapter: 1 to 13")
    contains(lab("answer", "7.1"), "trace id of an exemplar", "./lab guide 7")
    contains(lab("answer", "7.1", "x", status=BAD_INPUT), "lab: question 7.1: 'x' is not a trace id: 32 hexadecimal digits")
    contains(lab("answer", "4.2", "2.5", "%", status=CANNOT_TELL), "Cannot tell: the lab does not run: ./lab up first")


def test_nothing_passes_without_a_lab(directory):
    course = Course(directory)
    said = course("answer", "4.3", "/payment/pay", status=CANNOT_TELL)
    if not said.startswith("Cannot tell: the lab does not run: ./lab up first"):
        raise TestFailure(said)
    expect("progress", (directory / "guide.json").exists(), False)


def guesses(kind):
    """Answers of this kind, including right ones."""
    texts = ["0", "1", "100", "mug", "404", "export_failed", "ChargeCard", "CreateOrder", "/payment/pay", "request_duration_seconds_bucket", "12:00:00", "already_paid",
             "ord_00000000000000000000", "4bf92f3577b34da6a3ce929d0e0e4736", "00000000-0000-4000-8000-000000000000", "30 s", "25 ms"]
    return [text for text in texts if guide.readable(kind, text)]


def engines_at(url, directory, native):
    """Engines that are all at one address."""
    place = {"place": "native" if native else "containers", "trace_store": "jaeger", "compose": "docker-compose"}
    place.update({f"{name}_url": url for name in ("minishop", "slack", "prometheus", "alertmanager", "loki", "jaeger", "grafana", "scratch")})
    return Engines(place, directory)


def test_nonsense_is_no_truth(directory):
    """With a bad response from an engine, no answer of a learner passes."""
    class Handler(labtest.Handler):
        def do_GET(self):
            self.respond(*self.server.nonsense, "application/json")

    (directory / "log").mkdir()
    (directory / "log/minishop.json").write_text('not JSON\n{}\n[1]\n{"timestamp": 7}\n')
    with labtest.HttpThread(Handler) as server:
        for server.server.nonsense in NONSENSE:
            for native in (True, False):
                for number, question in guide.QUESTIONS.items():
                    for text in guesses(question.kind):
                        verdict = verdict_of(engines_at(server.url, directory, native), number, text)
                        if verdict == "Right":
                            raise TestFailure(f"{number} {text} is right where the engines say {server.server.nonsense}")


def verdict_of(engines, number, text):
    try:
        return type(guide.judge(number, text, engines)).__name__
    except guide.CannotTell as reason:
        if len(str(reason)) < 20:
            raise TestFailure(f"{number}: {reason} is not a reason") from reason
        return "CannotTell"


def test_progress_is_bounded_and_survives_damage(directory):
    os.environ["LAB_DIR"] = str(directory)
    progress = guide.Progress()
    expect("at first", progress.read(), {})
    progress.note("4.2", False)
    progress.note("4.2", True)
    first = progress.read()["4.2"]
    progress.note("4.2", False)
    expect("a later wrong answer does not undo a right one", progress.read()["4.2"], {**first, "tries": 3})
    kept = {"4.2": {"tries": 10 ** 9, "right": "2026-01-01T00:00:00Z"}, "99.9": {"tries": 1}, **{f"x{n}": {"tries": 1} for n in range(1000)}}
    progress.path.write_text(json.dumps(kept))
    expect("unknown questions are dropped", list(progress.read()), ["4.2"])
    progress.note("4.1", True)
    if progress.path.stat().st_size > 500:
        raise TestFailure(f"the file of two answers has {progress.path.stat().st_size} bytes")
    for damage in (b"", b"{", b"[]", b"null", b'{"4.2": 7}', b'{"4.2": {"tries": "x"}}', b"\xff" * 100, b" " * (1 << 20), b"[" * 100000):
        progress.path.write_bytes(damage)
        expect(f"after {damage[:20]!r}", progress.read(), {})
        progress.note("1.1", True)
        expect(f"and again after {damage[:20]!r}", list(progress.read()), ["1.1"])


def test_a_full_disk_does_not_hide_the_verdict(directory):
    os.environ["LAB_DIR"] = str(directory)
    (directory / "guide.new").symlink_to("/dev/full")
    for reason in ("No space left on device", "Is a directory"):
        with contextlib.redirect_stderr(io.StringIO()) as said:
            guide.Progress().note("4.2", True)
        contains(said.getvalue(), f"lab: cannot save your progress in {directory}/guide.json: {reason}")
        (directory / "guide.lock").unlink() if reason.startswith("No space") else None
        (directory / "guide.lock").mkdir(exist_ok=True)


def test_two_answers_at_once(directory):
    os.environ["LAB_DIR"] = str(directory)
    numbers = list(guide.QUESTIONS)
    labtest.at_once(functools.partial(guide.Progress().note, number, True) for number in numbers for _ in range(3))
    expect("all were noted", {number: entry["tries"] for number, entry in guide.Progress().read().items()}, dict.fromkeys(numbers, 3))


if __name__ == "__main__":
    labtest.run_tests(globals())
