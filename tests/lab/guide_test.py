#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Follows the guide as a reader does: runs every command of every chapter in a lab, compares the output with the page, and answers the
questions with the output of the chapter's own commands."""
import json
import os
import pathlib
import re
import signal
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import guide_pages as pages  # noqa: E402
import labtest  # noqa: E402
from labtest import TestFailure, claim, http_json, wait_until  # noqa: E402
from private_lab import Lab  # noqa: E402

sys.dont_write_bytecode = True  # write no bytecode into the project
sys.path.insert(0, str(labtest.TOP / "lab.d"))
import guide  # noqa: E402  lab.d/guide.py, after the path

RIGHT, WRONG, BAD_INPUT, CANNOT_TELL = range(4)
# Chapter 8 waits for an alert, while traffic accumulates for the others. Chapter 13 builds in a separate terminal.
ORDER = [8, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12]
BESIDE = 13
SECTIONS = ["## Steps", "## In Grafana, Loki and Jaeger", "## Questions", "## Remember"]
PROMQL_5M = "promtool query instant http://127.0.0.1:9090 '{}' | sed 's/.*=> \\([^ ]*\\) .*/\\1/'"
LOG_5M = "jq -r --arg since \"$(date -u -d '-5 min' +%Y-%m-%dT%H:%M:%S)\" 'select(.timestamp >= $since{}' .lab/log/minishop.json"
MOST = " | sort | uniq -c | sort -rn | head -n 1 | awk '{print $2}'"
WORDS_OF_GRAFANA = {"Explore", "Exemplars", "Alerting", "Tags", "Max Duration", "Min Duration", "Logs for this span"}  # and Jaeger's
NEWS = ("FIRING: MiniShop fails", "below 10 % again")  # the messages that chapter 8 waits for
NEW_FIELDS = {"stock_left"}  # chapter 13 creates it
ASK_SCRATCH = "curl -s http://127.0.0.1:8091/metrics | sed -n 's/^minishop_stock_counts_total{sku=\"mug\"} //p'"

# The moment when the alert began to fire, and the trace of a request for another SKU.
FIRED = ("$(curl -s http://127.0.0.1:9090/api/v1/alerts | jq -r '.data.alerts[] | select(.labels.alertname == \"MiniShopHighErrorRate\")"
         " | .activeAt[:19] + \"Z\" | fromdate + 15 | strftime(\"%H:%M:%S\")')")
OTHER_SKU = "$(curl -si http://127.0.0.1:8091/stock/socks | sed -n 's/^traceparent: 00-\\([0-9a-f]*\\)-.*/\\1/p')"

# The question; the command for the right answer in the chapter's terminal; forms of the answer ({} is its value); wrong answers; and a
# text of the block after which the question is answered (without one: the chapter's end).
ANSWERS = [
    ("1.1", PROMQL_5M.format('sum(rate(request_total{job="minishop"}[1m]))'), ["{}", "{}/s", "about {} requests a second"], ["1", "700", "90000"]),
    ("1.2", "./lab trace failed | awk '/error:/ { print before } { before = $1 }' | grep -m 1 -o 'ChargeCard' || echo ChargeCard",
     ["{}", "chargecard", "'\"ChargeCard\"'"], ["ProcessPayment", "DeductInventory"]),
    ("2.1", "echo $order_id", ["{}", "' {} '"], ["ord_00000000000000000000"]),
    ("2.2", "pay | jq -r .code", ["{}", "'Already paid'", "ALREADY-PAID"], ["not_found", "invalid_request"]),
    ("3.1", LOG_5M.format(' and .message == "order created") | .sku') + MOST, ["{}", "'\"{}\"'", "MUG"], ["socks", "tshirt"]),
    ("3.2", "jq -r 'select(.level == \"WARN\") | .status' .lab/recent.json" + MOST, ["{}"], ["201", "415"], ".status' .lab/recent.json"),
    ("3.3", LOG_5M.format(' and .message == "payment failed") | .reason') + " | wc -l", ["{}", "'{} payments'"], ["0", "100000"]),
    ("4.1", PROMQL_5M.format('sum(rate(request_total{route="/payment/pay"}[5m]))'), ["{}", "{} /s", "'{} per second'"], ["0.1", "1200"]),
    ("4.2", PROMQL_5M.format("sum(rate(error_total[5m])) / sum(rate(request_total[5m]))"),
     ["{}", "$(echo {} | awk '{{ print 100 * $1 }}')%", "$(echo {} | awk '{{ print 100 * $1 }}') percent"], ["0.9", "99 %", "0.00001"]),
    ("4.3", "echo /payment/pay", ["{}", "POST {}", "payment/pay", "'post /PAYMENT/pay'"], ["/order", "GET /order", "/nowhere"]),
    ("5.1", PROMQL_5M.format('histogram_quantile(0.95, sum by (le) (rate(request_duration_seconds_bucket{route="/order"}[5m])))'),
     ["{}", "{} s", "$(echo {} | awk '{{ print 1000 * $1 }}') ms"], ["1 ms", "2 s"]),
    ("5.2", LOG_5M.format(' and .route == "/order") | .duration_ms') + " | sort -n | awk '{ d[NR] = $1 } END { print d[int(NR * 0.95) + 1] }'",
     ["{} ms", "{}"], ["1 ms", "2 s"]),
    ("5.3", "echo 0.025", ["{}", "25ms", "'0,025 s'"], ["0.5", "5 ms"]),
    ("6.1", "trace_id=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n'); curl -s -o .lab/out -X POST http://127.0.0.1:8080/order "
            "-H \"traceparent: 00-$trace_id-00f067aa0ba902b7-01\"; echo $trace_id",
     ["{}", "$(echo {} | tr a-f A-F)"], ["$(od -An -N16 -tx1 /dev/urandom | tr -d ' \\n')", "$(jq -r 'select(.route == \"/order\").trace_id' .lab/log/minishop.json | tail -n 1)"]),
    ("6.2", "./lab trace $order | grep -o -m 1 CreateOrder", ["{}", "createorder"], ["ProcessPayment", "ChargeCard", "GetOrder"]),
    ("6.3", "tail -n 100 .lab/log/minishop.json | jq -r 'select(.charge_ms) | .charge_ms / .duration_ms' | sort -n | tail -n 5 | head -n 1",
     ["{}", "99%", "'99 percent'"], ["10 %", "0.5"]),
    ("7.1", "slow | head -n 1 | cut -d' ' -f2", ["{}"], ["$(tail -n 1 .lab/log/minishop.json | jq -r .trace_id)", "4bf92f3577b34da6a3ce929d0e0e4736"]),
    ("7.2", "./lab logs $failed | grep -o 'ord_[0-9a-f]*'", ["{}"], ["ord_00000000000000000000"]),
    ("8.1", "curl -s http://127.0.0.1:9090/api/v1/alerts | jq -r '.data.alerts[] | select(.labels.alertname == \"MiniShopHighErrorRate\").activeAt[11:19]'",
     ["{}", "{} UTC", "$(date -u +%Y-%m-%d)T${{right}}Z"], ["$(date -u -d '-20 min' +%H:%M:%S)", "$(date -u -d '+3 hours' +%H:%M)", FIRED], "silence query"),
    ("8.2", "curl -s http://127.0.0.1:9090/api/v1/rules | jq -r '.data.groups[].rules[] | select(.name == \"MiniShopHighLatency\").duration'",
     ["{}", "{} s", "0.5 min"], ["15 s", "30 ms", "1m"]),
    ("8.3", "amtool --alertmanager.url=http://127.0.0.1:9093 silence query -q", ["{}"], ["00000000-0000-4000-8000-000000000000"], "silence query"),
    ("9.1", PROMQL_5M.format('job_slo:burn_rate:ratio_rate5m{slo="errors"}'), ["{}"], ["1000", "0.0001"]),
    ("9.2", PROMQL_5M.format('48 / job_slo:burn_rate:ratio_rate5m{slo="errors"}'), ["{}", "{} hours", "$(echo {} | awk '{{ print $1 / 24 }}') days"], ["100000", "0.001 h"]),
    ("10.1", "echo request_duration_seconds_bucket", ["{}", "request_duration_seconds", "'`{}`'"], ["request_total", "no_such_metric"]),
    ("10.2", PROMQL_5M.format('scrape_samples_scraped{job="minishop"}'), ["{}", "{} series"], ["1", "100000"]),
    ("10.3", LOG_5M.format(' and .message == "order created") | .order_id') + " | sort -u | wc -l", ["{}", "{} orders"], ["5", "1000000"]),
    ("11.1", PROMQL_5M.format("sum(rate(telemetry_spans_started_total[5m]))"), ["{}", "{}/s"], ["0.5", "5000"]),
    ("11.2", "echo $(tail -n 1000 .lab/log/minishop.json | wc -c) $(" + PROMQL_5M.format("sum(rate(telemetry_log_lines_written_total[5m]))") +
             ") | awk '{ print $1 / 1000 * $2 * 86400 / 1e9 }'", ["{} GB", "{}", "$(echo {} | awk '{{ print 1000 * $1 }}') MB"], ["1 MB", "50 GB"]),
    ("11.3", "echo $trace_id", ["{}"], ["$(tail -n 1 .lab/log/minishop.json | jq -r .trace_id)", "4bf92f3577b34da6a3ce929d0e0e4736"]),
    ("12.1", PROMQL_5M.format("sum(up)"), ["{}", "{} targets"], ["0", "2", "5"]),
    ("12.2", "echo export_failed", ["{}", "'export failed'", "Export-Failed"], ["queue_full", "shutdown"]),
    ("13.1", ASK_SCRATCH, ["{}", "{}.0"], ["2", "0", "300"], "stock/unicorn"),
    ("13.2", "echo $trace_id", ["{}"], ["4bf92f3577b34da6a3ce929d0e0e4736", OTHER_SKU], "stock/unicorn"),
]


def check_pages(course):
    """All chapters have the same structure, and pages, checks and this test have the same questions."""
    asked = [number for chapter in course.values() for number in chapter.questions]
    if not len(course) >= 12 or sorted(course) != list(range(1, len(course) + 1)) or set(course) != {*ORDER, BESIDE}:
        raise TestFailure(f"the chapters are {sorted(course)}")
    for what, known in (("lab.d/course", set(guide.QUESTIONS)), ("this test", {answer[0] for answer in ANSWERS})):
        if set(asked) != known or len(asked) != len(set(asked)):
            raise TestFailure(f"the questions of the pages and of {what} differ: {set(asked) ^ known}")
    contents = (pages.GUIDE / "README.md").read_text()
    for chapter in course.values():
        headings = [line for line in chapter.text.splitlines() if line.startswith("## ")]
        if headings != SECTIONS or "**Aim:**" not in chapter.text or len(chapter.questions) < 2:
            raise TestFailure(f"{chapter.name}: needs an aim, two questions or more, and the sections {SECTIONS}, not {headings}")
        if f"[{chapter.number}. " not in contents or chapter.path.name not in contents:
            raise TestFailure(f"docs/guide/README.md does not list {chapter.name}")
        for number in chapter.questions:
            if number.split(".")[0] != str(chapter.number) or f"`./lab answer {number} " not in chapter.questions[number]:
                raise TestFailure(f"{chapter.name}: the question {number} must say `./lab answer {number} ...`")
        beyond = chapter.text.split("## In Grafana")[1]
        if "```logql" not in beyond or "Jaeger" not in beyond:
            raise TestFailure(f"{chapter.name}: the section for Grafana needs a query for Loki, and a word about Jaeger")


def check_panels(course):
    """Each text in italics about Grafana and Jaeger is the title of a dashboard, a panel or a link of this project, or a term of these
    programs."""
    ours = "".join(path.read_text() for path in sorted((labtest.OBSERVABILITY / "grafana").rglob("*.*")))
    for chapter in course.values():
        for name in re.findall(r"(?<!\*)\*([A-Z][^*]+)\*(?!\*)", chapter.text.split("## In Grafana")[1].split("## Questions")[0]):
            if " ".join(name.split()) not in ours and name not in WORDS_OF_GRAFANA:
                raise TestFailure(f"{chapter.name}: Grafana and its dashboards have no {name!r}")


def check_promql(course, url):
    """Every PromQL query of the pages has an answer in the running lab."""
    for chapter in course.values():
        for kind, line, text in pages.blocks(chapter.path):
            if kind == "promql":
                query = labtest.urllib.request.quote(text)
                wait_until(f"{chapter.name}:{line}: series for {text}", lambda: http_json(f"{url}/api/v1/query?query={query}")["data"]["result"], interval=1)


def check_logql(course):
    """Every field and label in a LogQL query of the pages is one that docs/telemetry.md lists, or a label of Loki."""
    known = set(re.findall(r"`([a-z_]+)`", (labtest.TOP / "docs/telemetry.md").read_text())) | {"app", "level", "service_name"}
    for chapter in course.values():
        for kind, line, text in pages.blocks(chapter.path):
            names = set(re.findall(r"\b([a-z_]+) *(?:=~|!=|=|<|>) *[\"\d]", text))
            names |= set(re.findall(r"unwrap (\w+)", text)) | set(re.findall(r"by \((\w+)\)", text))
            if kind == "logql" and (names - known - NEW_FIELDS or '{app="minishop"' not in text):
                raise TestFailure(f"{chapter.name}:{line}: {text} has {names - known or 'no {app=...}'}")


def earlier_incident(lab):
    """Posts the messages of an earlier incident, which chapter 8 must not take for those of its own. Returns the address of all later ones."""
    url = f"http://127.0.0.1:{lab.ports['LAB_SLACK_PORT']}/messages"
    for text in NEWS:
        request = labtest.urllib.request.Request(url, json.dumps({"text": f"MiniShopHighErrorRate: {text}"}).encode(), {"Content-Type": "application/json"})
        labtest.urllib.request.urlopen(request, timeout=20).close()
    return f"{url}?after={http_json(url)['last_id']}"


class Course:
    """The lab, and the terminals for its chapters."""

    def __init__(self, lab, directory):
        self.lab, self.directory = lab, pathlib.Path(directory)
        self.addresses = [(f"127.0.0.1:{usual}", f"127.0.0.1:{lab.ports[name]}") for name, usual in
                          (("LAB_MINISHOP_PORT", 8080), ("LAB_SLACK_PORT", 8090), ("LAB_PROMETHEUS_PORT", 9090), ("LAB_ALERTMANAGER_PORT", 9093))]

    def terminal(self):
        scratch = str(labtest.free_port())
        place = pathlib.Path(tempfile.mkdtemp(dir=self.directory))
        return pages.Terminal({**self.lab.env, "no_proxy": "127.0.0.1", "LAB_SCRATCH_PORT": scratch},
                              [*self.addresses, ("127.0.0.1:8091", f"127.0.0.1:{scratch}"), (".lab/", f"{self.lab.directory}/")], place)

    def chapter(self, number):
        """Runs one chapter, and answers its questions at their places."""
        path, began = next(pages.GUIDE.glob(f"{number:02}-*.md")), time.monotonic()
        pending = [(*entry, None)[:5] for entry in ANSWERS if entry[0].startswith(f"{number}.")]
        with self.terminal() as terminal:
            for block in pages.commands(path):
                terminal.check(block)
                for entry in [entry for entry in pending if entry[4] and entry[4] in block.commands]:
                    pending.remove(entry)
                    self.answer(terminal, entry)
            for entry in pending:
                self.answer(terminal, entry)
        questions = sum(1 for entry in ANSWERS if entry[0].startswith(f"{number}."))
        print(f"ok   chapter {number}: {len(pages.commands(path))} blocks of commands, {questions} questions ({time.monotonic() - began:.0f} s)", flush=True)

    def answer(self, terminal, entry):
        number, command, worded, wrong, _ = entry
        for text in wrong:
            self.expect(terminal, number, text, WRONG, "Wrong. ")
        status, said = terminal.run(f"right=$({command}); echo \"$right\"")
        if status or not said.strip():
            raise TestFailure(f"{number}: the learner's command ended with {status}: {said}")
        for form in worded:
            self.expect(terminal, number, form.format("$right") if "'" not in form else form.format(said.strip()), RIGHT, "Right. ")

    def expect(self, terminal, number, text, wanted, begins):
        status, said = terminal.run(f"./lab answer {number} {text}")
        if status != wanted or not said.startswith(begins) or len(said.split()) < 4:
            raise TestFailure(f"./lab answer {number} {text} ended with {status}, not {wanted}: {said}")


def check_progress(lab, course):
    """All questions are answered, also after `down`; new answers then get "cannot tell"."""
    said = lab("guide")
    total = sum(len(chapter.questions) for chapter in course.values())
    claim("progress counts all questions", f"Answered: {total}." in said, said)
    kept = (lab.directory / "guide.json").read_bytes()
    for name, numbers in (("prometheus", ["1.1", "4.2", "8.1", "8.2", "9.1", "10.1", "12.1", "7.1"]), ("alertmanager", ["8.3"]), ("minishop", ["1.2", "6.1", "6.2"])):
        os.kill(lab.pid(name), signal.SIGKILL)
        lab.wait_until_ended(name)
        for number in numbers:
            told = lab("answer", number, next(typed for typed in TYPED if guide.QUESTIONS[number].kind.what == typed[0])[1], status=CANNOT_TELL)
            if not told.startswith("Cannot tell: ") or "./lab " not in told:
                raise TestFailure(f"{number} without {name}: {told}")
    claim("without its engine no question is judged, and the reason says what to start", True)
    lab("down")
    for chapter in course.values():
        for number in chapter.questions:
            lab("answer", number, next(typed for typed in TYPED if guide.QUESTIONS[number].kind.what == typed[0])[1], status=CANNOT_TELL)
    claim("without a lab no question is judged", True)
    claim("progress outlives the lab", f"Answered: {total}." in lab("guide") and kept == (lab.directory / "guide.json").read_bytes())


# Input that is valid for each kind of answer.
TYPED = [(question.kind.what, text) for question in guide.QUESTIONS.values() for text in
         ("1", "mug", "/order", "12:00:00", "ord_00000000000000000000", "4bf92f3577b34da6a3ce929d0e0e4736", "00000000-0000-4000-8000-000000000000")
         if guide.readable(question.kind, text)]


def main():
    labtest.need(labtest.PROMETHEUS, labtest.ALERTMANAGER, "wrk", "curl", "jq", "promtool", "amtool", "patch", "make")
    course = guide.chapters()
    check_pages(course)
    check_logql(course)
    check_panels(course)
    claim(f"{len(course)} chapters of the same form; every link, every field of a LogQL query and every panel exists", True)
    failures = []

    def beside():
        try:
            learner.chapter(BESIDE)
        except (TestFailure, OSError) as failure:
            failures.append(failure)

    with tempfile.TemporaryDirectory(prefix="minishop-") as directory, Lab(directory) as lab:
        began = time.monotonic()
        lab.up()
        claim(f"the lab is up ({time.monotonic() - began:.0f} s)", True)
        learner, later = Course(lab, directory), earlier_incident(lab)
        url = f"http://127.0.0.1:{lab.ports['LAB_PROMETHEUS_PORT']}"
        wait_until("Prometheus evaluates its rules", lambda: http_json(f"{url}/api/v1/query?query=job:error_rate:ratio_rate1m")["data"]["result"], interval=0.5)
        thread = threading.Thread(target=beside)
        thread.start()
        try:
            for number in ORDER:
                learner.chapter(number)
                if number == ORDER[0]:
                    claim("chapter 8 ends after the messages of its own incident", all(text in labtest.http_get(later) for text in NEWS))
            check_promql(course, url)
            claim("every PromQL query has an answer", True)
        finally:
            thread.join()
        if failures:
            raise failures[0]
        check_progress(lab, course)


if __name__ == "__main__":
    labtest.run_main(main)
