#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Cases on call in a running lab: each is begun, answered wrongly and rightly, mended, and leaves nothing behind. Tricks do not help.

Usage: oncall_test.py [--all | NAME...]. Without --all four cases of different classes; with it every case, in six labs at once.
"""
import concurrent.futures
import contextlib
import os
import pathlib
import queue
import re
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
from labtest import TestFailure, contains, expect, wait_until  # noqa: E402
from private_lab import Lab  # noqa: E402

sys.path.insert(0, str(labtest.TOP / "lab.d"))
import oncall_signals as signals  # noqa: E402
from oncall import cases, faults  # noqa: E402
from oncall.engines import Away, Engines  # noqa: E402

PACE = 0.2              # of the usual time
ANSWERS_S = cases.ANSWERS_FROM_S * PACE
SHORT = (3, 16, 21, 1)  # dependency, client, observer, nothing
RIGHT, WRONG, BAD, UNKNOWN = 0, 1, 2, 3
LABS = 6
BUILDING = threading.Lock()  # the labs start one after the other: the first runs its cases while the next one is built
WELL_S = 120
SEED = 5
NOWHERE_WRONG = "GET /order/{order_id}"  # no case breaks it


def today(clock):
    """Seconds since 1970 of a recent time of day in UTC."""
    hours, minutes, seconds = map(int, clock.split(":"))
    now = time.time()
    when = now - now % 86400 + 3600 * hours + 60 * minutes + seconds
    return when - 86400 if when > now + 3600 else when


def engines_of(lab, native):
    if not native:
        return Engines({"place": "containers", "trace_store": "jaeger", **lab.urls}, lab.directory)
    urls = {f"{name.lower()}_url": f"http://127.0.0.1:{lab.ports[f'LAB_{name}_PORT']}" for name in ("MINISHOP", "SLACK", "PROMETHEUS", "ALERTMANAGER")}
    return Engines({"place": "native", **urls}, lab.directory)


class Case:
    """A case in a lab, with its plan."""

    def __init__(self, lab, number, seed=SEED, native=True):
        self.lab, self.plan, self.engines = lab, cases.Plan(seed, number, native), engines_of(lab, native)
        text = lab("oncall", str(number), "--seed", str(seed))
        self.began, self.text = today(re.search(r"On call since ([\d:]+) UTC", text)[1]), text
        contains(text, "On call since", "./lab answer", "The lab accepts answers from")
        for _, _, params in self.plan.parts:
            if "replica" in params:
                targets = (lab.directory / "run/prometheus/targets/minishop.yml").read_text()
                params["address"] = re.findall(r'targets: \["([^"]+)"', targets)[params.replica]
        if any(fault.name in text for _, fault, _ in self.plan.parts):
            raise TestFailure(f"it says what it is:\n{text}")
        self.before = standing(self) if native else set()

    @property
    def fault_began(self):
        """When the first fault began, or slightly earlier: the process checks twice a second."""
        return self.began + self.plan.at * PACE

    def once(self, *words_):
        """(exit status, output) of a command."""
        done = subprocess.run([self.lab.program, *words_], env=self.lab.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
        return done.returncode, done.stdout

    def ask(self, *words_, expected, timeout=90):
        """The answer, once it is not "cannot tell"."""
        last = []

        def said():
            last[:] = self.once(*words_)
            return last if last[0] != UNKNOWN or expected == UNKNOWN else None
        try:
            status, text = wait_until(f"./lab {' '.join(words_)} can tell", said, timeout, 1)
        except TestFailure as failure:
            raise TestFailure(f"{failure}: {last[1]}") from None
        if status != expected:
            raise TestFailure(f"case {self.plan.number}, {[fault.name for _, fault, _ in self.plan.parts]}: ./lab {' '.join(words_)} "
                              f"ended with {status}, not {expected}:\n{text}")
        return text

    def wait_for_answers(self):
        time.sleep(max(0, self.began + ANSWERS_S + 1 - time.time()))  # a fixed wait: answers are not possible before

    def end(self):
        text = self.lab("oncall", "end")
        for _, fault, params in self.plan.parts:
            contains(text, fault.told(params), f"./lab mend {fault.mends(params)[0]}")
        return text


def solve(lab, number, seed=SEED, native=True, lasting=False):
    """lasting: after the repair, the service must stay well for two minutes."""
    case = Case(lab, number, seed, native)
    status, early = case.once("answer", "2", NOWHERE_WRONG)
    if time.time() < case.began + ANSWERS_S:  # on a busy machine the beginning may have taken all that time
        expect("an early answer", (status, "the lab accepts answers from" in early), (UNKNOWN, True))
    case.wait_for_answers()
    if case.plan.parts:
        something(case, lasting)
    else:
        nothing(case)
    text = case.end()
    contains(text, f"Case {number}, seed {seed}")
    if native:
        nothing_is_left(lab)
    contains(lab("oncall", "score"), "cases solved")


def nothing(case):
    case.ask("answer", "1", "2 min ago", expected=WRONG)
    for question, value in ((1, "no"), (2, "nowhere"), (3, "nothing")):
        contains(case.ask("answer", str(question), value, expected=RIGHT), "right")
    case.ask("answer", "4", expected=WRONG)
    case.ask("mend", "nothing", expected=RIGHT)
    case.ask("answer", "4", expected=RIGHT)
    signals.Watch(case.engines, []).check(case.fault_began)


def something(case, lasting):
    parts = [(fault, params) for _, fault, params in case.plan.parts]
    wide = [place for fault, params in parts for place in fault.broad(params)]
    case.ask("answer", "1", "no", expected=WRONG)
    contains(case.ask("answer", "1", f"{case.fault_began:.0f}", expected=RIGHT), "right")
    watch = signals.Watch(case.engines, [fault for fault, _ in parts])
    watch.check(case.fault_began)
    follow_what_is_printed(case)
    case.ask("answer", "2", NOWHERE_WRONG, expected=WRONG)
    for place in wide[:1]:
        case.ask("answer", "2", place, expected=WRONG)
    case.ask("answer", "2", ", ".join(fault.where(params)[0] for fault, params in parts), expected=RIGHT)
    contains(case.ask("answer", "3", "unknown_sku" if number_of(parts) != 27 else "wrong_build", expected=WRONG), "is not the cause here", ". Here, ", " now")
    explain(case, parts)
    if case.engines.native:
        expect("what can be read", readable(case), [])
    case.ask("mend", "raise-limit", expected=RIGHT)
    case.ask("answer", "4", expected=WRONG)
    for fault, params in parts:
        case.ask("mend", *fault.mends(params)[0].split(), expected=RIGHT)
    contains(case.ask("oncall", "end", expected=WRONG), "only question 4 is open", "./lab oncall end --now")
    wait_until("all is well again", lambda: case.once("answer", "4")[0] == RIGHT, 180, 2)
    well = watch.wait_until_quiet(case.fault_began)
    if lasting:
        time.sleep(WELL_S)  # a fixed wait: the service stays well for as long
        watch.stays_quiet(case.fault_began, well)


def follow_what_is_printed(case):
    """Follows each way to find the fault that the lab prints at the end. Containers have no log file."""
    for _, fault, params in case.plan.parts:
        for look in fault.found_by:
            if case.engines.native or "LOG" not in look.text and "./lab trace" not in look.text:
                signals.follow(look, params, case.lab, case.engines)


def number_of(parts):
    return parts[0][0].number if len(parts) == 1 else 0 if all(fault.name != "unknown-sku" for fault, _ in parts) else 27


def explain(case, parts):
    """The engines show some of the reasons that a row allows, and the reason of the newest failure is one of them."""
    last = ""
    for reason in parts[0][0].reasons:
        value = ", ".join([f"{parts[0][0].families[0]} {reason}", *(f"{fault.families[0]} {fault.reasons[0]}" for fault, _ in parts[1:])])
        status, last = case.once("answer", "3", value)
        if status == RIGHT:
            return
    raise TestFailure(f"no reason of {parts[0][0].name} is right: {last}")


def nothing_is_left(lab):
    run = lab.directory / "run"
    expect("what a case leaves in run", [path.name for path in run.iterdir() if path.name.startswith(("oncall", "incident"))], [])
    urls = {name: f"http://127.0.0.1:{lab.ports[f'LAB_{name}_PORT']}" for name in ("SLACK", "PROMETHEUS", "ALERTMANAGER", "MINISHOP")}
    expect("slack-mock", labtest.http_json(f"{urls['SLACK']}/control")["mode"], "ok")
    expect("the heartbeat", [alert["labels"] for alert in labtest.http_json(f"{urls['ALERTMANAGER']}/api/v2/alerts")
                             if alert["labels"]["alertname"] == "Heartbeat"], [])
    expect("silences", [silence for silence in labtest.http_json(f"{urls['ALERTMANAGER']}/api/v2/silences")
                        if silence["status"]["state"] != "expired"], [])
    rules = {rule["name"] for group in labtest.http_json(f"{urls['PROMETHEUS']}/api/v1/rules")["data"]["groups"] for rule in group["rules"]}
    wanted = {name for file in (labtest.OBSERVABILITY / "prometheus/rules").glob("*.yml")
              for name in re.findall(r"- (?:alert|record): (\S+)", file.read_text())}
    expect("rules that are not loaded", wanted - rules, set())
    expect("the rules", (run / "prometheus/rules").resolve(), labtest.OBSERVABILITY / "prometheus/rules")
    metrics = labtest.http_get(f"{urls['MINISHOP']}/metrics")
    contains(metrics, "minishop_config_last_reload_successful 1", "minishop_payment_connections_limit +Inf")
    contains(lab("status"), "incident       none")


def test_four_cases(directory):
    labtest.need(labtest.PROMETHEUS, labtest.ALERTMANAGER, "wrk", "curl", "jq")
    with ready(directory) as lab:
        for number in SHORT:
            began = time.monotonic()
            solve(lab, number)
            print(f"     case {number} ({time.monotonic() - began:.0f} s)", flush=True)


@contextlib.contextmanager
def ready(directory):
    """A running lab with traffic, in which cases take a fifth of their time."""
    with Lab(directory) as lab:
        lab.program = labtest.TOP / "lab"
        lab.env["LAB_ONCALL_PACE"] = str(PACE)
        with BUILDING:
            lab.up()
        wait_until("shoppers have come", lambda: 'route="/order",status="201"} 0\n' not in labtest.http_get(f"{lab.url}/metrics"))
        yield lab


def test_bad_input_and_order(directory):
    """All of these errors occur without a case, most of them without a lab."""
    lab = Lab(directory)
    contains(lab("oncall", status=1), "the lab does not run: ./lab up first")
    for words_ in (("99",), ("payment",), ("3", "end"), ("²",), ("1" * 5000,)):
        contains(lab("oncall", *words_, status=2), "oncall")
    for words_, said in ((("--seed", "x"), "argument --seed: invalid int value: 'x'"), (("--seed",), "argument --seed: expected one argument"),
                         (("-x",), "unrecognized arguments: -x")):
        expect(" ".join(words_), lab("oncall", *words_, status=2), f"lab: oncall: {said} (see ./lab help)\n")
    contains(lab("oncall", "score", "--seed", "1", status=2), "takes no seed")
    for words_ in (("--now",), ("3", "--now"), ("score", "--now")):
        contains(lab("oncall", *words_, status=2), "--now belongs to oncall end")
    contains(lab("answer", status=1), "no case runs: ./lab oncall begins one")
    contains(lab("answer", "5", "x", status=2), "the number of a question, 1 to 4", "a question of the guide has two numbers, as in 4.2")
    for word in ("one", "²", "1" * 5000, b"\xff"):
        contains(lab("answer", word, "x", status=2), "the number of a question, 1 to 4", "a question of the guide has two numbers, as in 4.2")
    contains(lab("answer", "2", "x" * 5000, status=2), "the answer is too long: at most")
    contains(lab("answer", "1", "no", status=1), "no case runs")
    contains(lab("answer", "2"), "Where?")
    contains(lab("oncall", "end", status=1), "no case runs")
    contains(lab("oncall", "score"), "No case is over yet")
    contains(lab("mend"), "switch-provider", "block-caller")
    for words_ in (("mend",), ("answer", "2"), ("oncall", "score")):  # a pager may end first
        with subprocess.Popen([labtest.TOP / "lab", *words_], env=lab.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
            command.stdout.close()
            expect(f"errors of {' '.join(words_)} | head", command.stderr.read(), "")
    contains(lab("mend", "pray", status=2), "unknown action 'pray'")
    contains(lab("mend", "block-caller", status=2), "takes one caller: kiosk")
    contains(lab("mend", "block-caller", "mug", status=2), "takes one caller: kiosk")
    contains(lab("mend", "restock", "mug", status=2), "takes no 'mug'")
    contains(lab("mend", "restock", status=1), "no case runs")
    contains(lab("mend", "Switch", "provider", status=1), "no case runs")
    (lab.directory / "oncall/history.jsonl").mkdir(parents=True)
    contains(lab("oncall", "score", status=1), "lab: cannot use the files of the lab: [Errno 21] Is a directory:")
    (lab.directory / "run").write_text("")
    contains(lab("answer", status=1), "no case runs")
    contains(lab("answer", "4", "switch provider", status=1), "no case runs")


def test_the_question_has_the_addresses_of_the_lab(directory):
    """Also for other ports, and for the shops of a case. The files are those of a lab whose processes have ended."""
    lab = Lab(directory)
    targets = lab.directory / "run/prometheus/targets"
    targets.mkdir(parents=True)
    (lab.directory / "run/ports").write_text("28080 28090 29090 29093\n")
    contains(lab("answer", "2"), "its address, as in Prometheus and in the log: 127.0.0.1:28080\n")
    (targets / "minishop.yml").write_text("".join(f'- targets: ["127.0.0.1:{port}"]\n  labels: {{url: "x"}}\n' for port in (28080, 4001)))
    contains(lab("answer", "2"), "127.0.0.1:28080,", "127.0.0.1:4001\n")


def secrets(case):
    """Words that would reveal the case: its name and its settings; and its parameters, which signals may show (a SKU, a caller)."""
    names = {word for _, fault, params in case.plan.parts for word in (fault.name, *fault.config(params))}
    return names, {value for _, fault, params in case.plan.parts for value in params.values() if isinstance(value, str) and value}


def readable(case):
    """The places in LAB_DIR, file names, environments and command lines of the lab's processes that have one of these words. It excludes
    the signals themselves, and the places that had the word before the fault."""
    return sorted(standing(case) - case.before)


def standing(case):
    names, parameters = secrets(case)
    found = set()
    for path in case.lab.directory.rglob("*"):
        inside = path.relative_to(case.lab.directory)
        if inside.parts[0] in ("build", "installed", "data") or not path.is_file():
            continue
        try:
            text = path.read_text(errors="replace")
        except FileNotFoundError:
            continue  # it has its final name now
        lines = text.splitlines()
        if path.name.startswith("minishop.json"):
            lines = [line for line in text.split("\n")[:-1] if '"route"' not in line]  # the last line may not be whole yet
        wanted = names if inside.parts[0] == "log" and path.name != "oncall.log" else names | parameters
        found |= {f"{inside}: {word}" for word in wanted for line in (str(inside), *lines) if re.search(rf"\b{re.escape(word)}\b", line)}
    for file in (case.lab.directory / "run").glob("*.id"):
        for name in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                text = pathlib.Path(f"/proc/{file.read_text().split()[0]}/{name}").read_text(errors="replace").replace("\0", " ")
                found |= {f"{name} of {file.stem}: {word}" for word in (*names, *parameters, f"--seed {case.plan.seed}") if word in text}
    return found


def test_it_cannot_be_fooled(directory):
    labtest.need(labtest.PROMETHEUS, labtest.ALERTMANAGER, "wrk", "curl", "jq")
    with ready(directory) as lab:
        case = Case(lab, 3)
        expect("what can be read before", sorted(case.before), [])
        page = re.search(r"the page of the case (http://127.0.0.1:\d+/)", case.text)[1]
        text = labtest.http_get(page)
        contains(text, "Is something wrong, and since when?", f"http://127.0.0.1:{lab.ports['LAB_PROMETHEUS_PORT']}/classic/rules")
        expect("secrets that the page shows", [word for word in secrets(case)[0] if word in text], [])
        contains(labtest.http_get(f"{page}log"), "order created", "trace_id=")
        contains(lab("oncall", status=1), "a case already runs")
        contains(lab("incident", "payment-outage", status=1), "./lab oncall end first")
        contains(lab("status"), "case           runs; ./lab answer shows its questions")
        case.wait_for_answers()
        case.ask("answer", "1", f"{case.began + case.plan.at * PACE:.0f}", expected=RIGHT)
        expect("signals of wrong answers that have no number",
               [reason for reason, (_, query, *_) in faults.SEEN.items() if case.engines.number(query) is None], [])
        expect("what can be read", readable(case), [])
        restarting_does_not_mend(lab, case)
        stopping_it_does_not_mend(lab, case)
        silencing_does_not_mend(case)
        blind_engines_cannot_tell(lab, case)
        trying_every_action_is_no_way(lab)
        contains(lab("down"), "The case on call ends", "what mends it: ./lab mend switch-provider", "minishop       stopped")
        contains(lab("answer", status=1), "no case runs")
        lab.up()
        a_case_needs_every_service(lab)
        two_terminals_end_a_case(lab)
        an_interrupted_beginning_leaves_nothing(lab)
        an_interrupted_case_is_cleaned_up(lab)
        an_alert_of_an_incident_is_not_of_the_case(lab)


def failing(lab):
    """The share of payments that fail, by the shop's own counters, over two seconds."""
    def counts():
        text = labtest.http_get(f"{lab.url}/metrics")
        return [sum(float(value) for value in re.findall(rf'^{name}{{[^}}]*route="/payment/pay"[^}}]*}} (\d+)$', text, re.M))
                for name in ("error_total", "request_total")]
    before = counts()
    time.sleep(2)  # the time over which to count
    errors, requests = (after - start for after, start in zip(counts(), before))
    return errors / requests if requests >= 5 else 0


def restarting_does_not_mend(lab, case):
    """A reload and a restart by hand: the fault of the provider is outside the shop, so it remains."""
    os.kill(lab.pid("minishop"), signal.SIGHUP)
    wait_until("payments fail after a reload", lambda: failing(lab) > 0.15, interval=0)
    lab("mend", "restart-minishop")
    wait_until("payments fail after a restart", lambda: failing(lab) > 0.15, interval=0)
    lab("mend", "retry-at-once")
    case.ask("answer", "4", expected=WRONG)
    expect("what can be read", readable(case), [])


def stopping_it_does_not_mend(lab, case):
    """The right action, and then the shop stops: clients get no errors any more, but no responses either."""
    lab("mend", "switch-provider")
    os.kill(lab.pid("minishop"), signal.SIGSTOP)
    wait_until("a stopped shop is seen", lambda: re.search("no longer reaches|too few requests", case.once("answer", "4")[1]), interval=1)
    os.kill(lab.pid("minishop"), signal.SIGCONT)


def silencing_does_not_mend(case):
    silence = case.engines.silence({"alertname": "MiniShopHighErrorRate"}, 600, "me", "I know")
    contains(case.ask("answer", "4", expected=WRONG), "a silence holds back MiniShopHighErrorRate")
    case.engines.expire(silence)


def trying_every_action_is_no_way(lab):
    for action in ("raise-limit", "restock", "recount-stock"):
        lab("mend", action)
    contains(lab("mend", "switch-inventory", status=1), "closed: 6 actions were taken")


def blind_engines_cannot_tell(lab, case):
    os.kill(lab.pid("traffic"), signal.SIGSTOP)  # stops the shell: its round ends, and no other one begins
    os.kill(lab.pid("prometheus"), signal.SIGKILL)
    for question, value in ((2, "POST /payment/pay"), (3, "gateway_error"), (4, "")):
        contains(case.ask("answer", str(question), *([value] if value else []), expected=UNKNOWN), "prometheus does not respond")


def a_case_needs_every_service(lab):
    """Nobody could solve a case without traffic, or without Slack."""
    for name in ("traffic", "slack-mock"):
        record = lab.directory / f"run/{name}.id"
        record.rename(record.with_suffix(".away"))
        contains(lab("oncall", "3", status=1), f"lab: {name} does not run: ./lab up starts it")
        record.with_suffix(".away").rename(record)


def two_terminals_end_a_case(lab):
    Case(lab, 7)
    said = []
    labtest.at_once([lambda: said.append(subprocess.run([lab.program, "oncall", "end"], env=lab.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                                        stderr=subprocess.STDOUT, text=True, check=False).stdout)] * 3)
    ended = re.compile("Case 7, seed|lab: the case has ended meanwhile|lab: no case runs")
    expect("other messages", [text for text in said if not ended.match(text)], [])
    expect("summaries", sum(text.startswith("Case 7") for text in said), 1)


def an_interrupted_beginning_leaves_nothing(lab):
    """Ctrl-C while ./lab oncall prepares the case: nobody knows of it, so its process undoes everything itself. Without
    Alertmanager the preparation goes no further."""
    run = lab.directory / "run"
    history = (lab.directory / "oncall/history.jsonl").read_text()
    os.kill(lab.pid("alertmanager"), signal.SIGSTOP)
    with subprocess.Popen([lab.program, "oncall", "--seed", "16"], env=lab.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          start_new_session=True) as command:
        wait_until("the process of the case", (run / "oncall.case").exists, interval=0.005)
        os.killpg(command.pid, signal.SIGINT)
        os.kill(lab.pid("alertmanager"), signal.SIGCONT)
        expect("output", command.stdout.read(), "")
    wait_until("the process undoes everything", lambda: not list(run.glob("oncall*")) and not list(run.glob("minishop-*")))
    nothing_is_left(lab)
    expect("what the next command says", lab("answer", status=1), "lab: no case runs: ./lab oncall begins one\n")
    expect("the history", (lab.directory / "oncall/history.jsonl").read_text(), history)


def an_interrupted_case_is_cleaned_up(lab):
    case = Case(lab, 3)
    wait_until("payments fail", lambda: failing(lab) > 0.15, interval=0)
    killed = time.time()
    os.kill(int((lab.directory / "run/oncall.id").read_text().split()[0]), signal.SIGKILL)
    contains(lab("status"), "A case was interrupted; its faults are undone.", "incident       none")
    wait_until("payments succeed", lambda: failing(lab) < 0.15, interval=0)
    nothing_is_left(lab)
    replicas = case.engines.query_range(f'up{{job="minishop",instance!="{case.engines.instances[0]}"}}', killed, time.time(), 1)
    expect("the values of up of the stopped replicas", {value for _, points in replicas for _, value in points}, {1})
    contains(lab("answer", status=1), "no case runs")
    expect("parts of the case", len(case.plan.parts), 1)


def an_alert_of_an_incident_is_not_of_the_case(lab):
    lab("incident", "payment-outage")
    wait_until("the alert", lambda: any(alert["labels"]["alertname"] == "MiniShopHighErrorRate" for alert in engines_of(lab, True).alerts()), 90)
    lab("incident", "clear")
    for text in (Case(lab, 7).text, lab("answer")):
        sentence = re.search(r"Alerts from before the case: (.*)\. Their cause is not part of the case", text)
        expect(f"MiniShopHighErrorRate among the earlier alerts: {text}", bool(sentence and "MiniShopHighErrorRate (" in sentence[1]), True)
    lab("oncall", "end")
    nothing_is_left(lab)


def every_case(directory):
    """Each lab takes the next case from a queue of the remaining numbers."""
    numbers = queue.Queue()
    for number in cases.possible(native=True):
        numbers.put(number)
    failures = []

    def work(index):
        with ready(directory / str(index)) as lab:
            with contextlib.suppress(queue.Empty):
                while True:
                    number = numbers.get_nowait()
                    try:
                        began = time.monotonic()
                        solve(lab, number, lasting=True)
                        print(f"ok   case {number} ({time.monotonic() - began:.0f} s)", flush=True)
                    except (TestFailure, Away) as failure:
                        failures.append(number)
                        print(f"FAIL case {number}: {failure}", flush=True)
                        subprocess.run([lab.program, "oncall", "end", "--now"], env=lab.env, stdin=subprocess.DEVNULL, check=False)

    for index in range(LABS):
        (directory / str(index)).mkdir()
    with concurrent.futures.ThreadPoolExecutor(LABS) as pool:
        list(pool.map(work, range(LABS)))
    if failures:
        raise TestFailure(f"cases {sorted(failures)}")


if __name__ == "__main__":
    if "--all" in sys.argv:
        sys.argv.remove("--all")
        labtest.run_tests({"test_every_case": every_case})
    labtest.run_tests(globals())
