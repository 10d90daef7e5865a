# SPDX-License-Identifier: MIT
"""The process behind a case: it breaks the lab, and mends it on request. It keeps what is broken only in its memory.

It listens on a socket in LAB_DIR/run for ./lab answer and ./lab mend, which see only its replies.
"""
import contextlib
import json
import os
import pathlib
import signal
import socket
import sys
import threading
import time
import traceback

from . import grader, page, score
from .actions import ACTIONS, worsened
from .cases import ANSWERS_FROM_S, Plan
from .control import Control, Failed, remember, settings
from .crowd import Crowd
from .engines import Away, Engines
from .faults import JOB, LONGEST_CASE, Params
from .words import CALLERS

SOCKET, RECORD = "oncall.sock", "oncall.case"
REQUEST_BYTES = 4096  # more than the longest answer in JSON, with 12 bytes a character
TICK_S = 0.5
BEAT_S = 30          # the heartbeat, alternately firing and resolved
LOOK_S = 2           # whether somebody has restarted or reloaded the shop
LONGEST_CASE_S = 3600 * int(LONGEST_CASE.removesuffix("h"))
BASE = {"inventory.restock_s": 3600}  # in every case: a restock would hide what leaves the stock


class Part:
    """One fault of the case, from its beginning to its end."""

    def __init__(self, at, fault, params):
        self.at, self.fault, self.params = at, fault, params
        self.began = self.ended = None

    @property
    def active(self):
        return self.began is not None and self.ended is None


def take_effect(parts, action, name, now):
    """Applies an action to the faults: it ends those that it mends, and makes others worse."""
    for part in filter(lambda part: part.active, parts):
        if f"{action} {name}".strip() in part.fault.mends(part.params):
            part.ended = now
        elif action in part.fault.worse:
            part.params = Params(worsened(part.params))


class Hand:
    def __init__(self, engines, plan, pace):
        self.engines, self.plan, self.pace = engines, plan, pace
        self.control = Control(engines)
        self.parts = [Part(at * pace, fault, params) for at, fault, params in plan.parts]
        self.decoys = [(at * pace, kind, what) for at, kind, what in plan.decoys]
        self.extra = {}       # the settings of decoys
        self.began = time.time()
        self.crowd = None
        self.page = ""        # its address
        self.base = None
        self.seen = None      # the shop's state as of our own last change
        self.trouble = ""     # why no verdict is possible now
        self.broken = ""      # why no verdict is possible any more
        self.last_beat = self.last_look = 0
        self.firing = False
        self.lock = threading.RLock()
        self.case = grader.Case(self.began, self.parts, ANSWERS_FROM_S * pace, grader.SETTLED_S * pace)
        self.over = threading.Event()

    # The course of the case.

    def prepare(self):
        """Sets up everything that every case has. Raises Away or Failed if that is not possible."""
        self.case.silences = {silence["id"] for silence in self.engines.silences(None)}
        self.case.rules = sorted(self.engines.rules())
        self.case.earlier = sorted({f"{alert['labels']['alertname']} ({alert['state']})" for alert in self.engines.alerts()})
        if self.plan.replicas:
            self.control.start_replicas()
        self.case.instances = self.engines.instances
        for part in self.parts:
            if "replica" in part.params:
                part.params["address"] = self.case.instances[part.params.replica]
        self.crowd = Crowd([self.engines.urls[shop] for shop in self.control.shops], self.plan.rates)
        self.apply()
        self.crowd.start()
        self.page = page.serve(self.engines, lambda: grader.public(self.case))

    def course(self):
        """The thread of the case: at each tick it performs the actions that are due."""
        while not self.over.wait(TICK_S):
            try:
                with self.lock:
                    self.step(time.time() - self.began)
                self.trouble = ""
            except (Away, Failed) as error:
                self.trouble = str(error)
            except Exception:  # a bug of this program: the case reports it instead of grading
                traceback.print_exc()
                self.broken = "the exercise itself has failed; see log/oncall.log, then run ./lab oncall end"
            if time.time() - self.began > LONGEST_CASE_S:
                self.over.set()

    def step(self, age):
        while self.decoys and self.decoys[0][0] <= age:
            self.decoy(*self.decoys.pop(0)[1:])
        for part in self.parts:
            if part.began is None and part.at <= age:
                self.measure()
                part.params["base"] = {**self.base, "rules": self.case.rules}
                part.began = time.time()
                try:
                    self.begin(part)
                except (Away, Failed) as error:
                    self.broken = f"cannot make the case ({error}); run ./lab oncall end, then begin another one"
                    raise
        if self.base is None and not self.parts and age >= self.plan.at * self.pace:
            self.measure()
        if time.time() - self.last_beat >= BEAT_S:
            self.last_beat = time.time()
            self.firing = not self.firing
            with contextlib.suppress(Away):  # a user may have stopped Alertmanager; other checks detect that
                self.control.heartbeat(self.firing)
        if time.time() - self.last_look >= LOOK_S:
            self.last_look = time.time()
            self.look()

    def measure(self):
        """The usual values, measured just before the case breaks anything."""
        if self.base is not None:
            return
        self.base = {"rate": self.engines.number(f"sum(rate(request_total{{{JOB}}}[20s]))") or 4,
                     "fds": self.engines.number(f"max(process_open_fds{{{JOB}}})") or 50,
                     "version": next((labels["version"] for labels, _ in self.engines.query(f"minishop_build_info{{{JOB}}}")), ""),
                     "rule_count": self.engines.number("sum(prometheus_rule_group_rules)") or 0,
                     # Not count(up): after a restart of Prometheus, the series of the shops of an earlier case last for five minutes.
                     "up": sum(target["health"] == "up" for target in self.engines.targets()) or 1}
        self.case.base = self.base

    def look(self):
        """The fault is outside the shop, so a restart or reload by a user does not mend it: this breaks it again."""
        with contextlib.suppress(Away):
            if self.states() != self.seen:
                self.apply()

    def apply(self):
        """Sends the shop its current settings."""
        for index, shop in enumerate(self.control.shops):
            values = {**BASE, **self.extra}
            rest = ""
            for part in self.parts:
                if part.active and part.params.get("replica", index) == index:
                    values.update(part.fault.config(part.params))
                    rest = part.fault.rejected(part.params) or rest
            self.control.configure(settings(values, rest), shop)
        self.seen = self.states()

    def states(self):
        return [self.control.state(shop) for shop in self.control.shops]

    def decoy(self, kind, what):
        """A harmless change."""
        if kind == "latency":
            self.extra = what
        if kind == "silence":
            alert, author = what
            self.case.silences.add(self.engines.silence({"alertname": alert, "service": "billing"}, 7200, author, "planned work"))
        elif kind == "busy":
            self.crowd.misbehave(what[0], "buy", what[1])
        else:
            self.apply()

    def begin(self, part):
        fault, p = part.fault, part.params
        for name, habit, rate, threads in fault.misbehaves(p):
            self.crowd.misbehave(name, habit, rate, threads)
        if fault.slack(p):
            self.engines.slack_mode(fault.slack(p))
        if fault.silences(p):
            self.engines.silence({"alertname": fault.silences(p)}, 3600 * p.hours, p.author, "planned work")
        if fault.unloads(p) or fault.unscrapes(p):
            self.control.prometheus(fault.unloads(p), fault.unscrapes(p))
        if fault.stops(p):
            self.control.stop(fault.stops(p))
        if fault.build(p):
            self.control.restart_shop(fault.build(p))
        if fault.config(p) or fault.rejected(p) or fault.build(p):
            self.apply()

    # Actions.

    def mend(self, action, name=""):
        """Performs an action. The text says that it was done, not whether it was right."""
        with self.lock:
            self.case.actions.append((time.time(), f"{action} {name}".strip()))
            take_effect(self.parts, action, name, time.time())
            self.act(action, name)
            if action not in ("nothing", "raise-limit"):
                self.apply()
        if action == "nothing":
            return "Nothing was done."
        return f"Done: {action} {name}".strip() + "."

    def act(self, action, name):
        """The effect of an action that is the same in every case."""
        if action == "block-caller":
            self.crowd.block(name)
        elif action == "reload-prometheus":
            self.control.prometheus()
        elif action == "expire-silences":
            for silence in self.engines.silences():
                self.engines.expire(silence["id"])
        elif action == "renew-webhook":
            self.engines.slack_mode("ok")
        elif action == "restart-collector" and not self.engines.native:
            self.control.restart("otel-collector")
        elif action in ("restart-minishop", "redeploy"):
            self.restart_shop()

    def restart_shop(self):
        """Restarts the deployed build, even a wrong one."""
        if self.engines.native:
            self.control.restart_shop(next((part.fault.build(part.params) for part in self.parts if part.active and part.fault.build(part.params)), None))
        else:
            self.control.compose("restart", "minishop")

    # Requests.

    def answer(self, request):
        """One request of ./lab answer or ./lab mend: {do, question, value, action, name}. Returns {status, text}."""
        do = request.get("do")
        now = time.time()
        if do == "end":
            unproven = "" if request.get("now") or self.broken or self.trouble else grader.unproven(self.case, self.engines, now)
            if not unproven:
                self.over.set()
            return {"status": 1, "text": unproven}
        if self.broken or self.trouble:
            return {"status": 3, "text": f"cannot tell: {self.broken or self.trouble}"}
        if do == "mend":
            if len(self.case.actions) >= grader.ACTIONS_TAKEN:
                return {"status": 1, "text": f"closed: {grader.ACTIONS_TAKEN} actions were taken. ./lab oncall end shows the fault"}
            try:
                text = self.mend(request["action"], request.get("name", ""))
            except (Away, Failed) as error:
                return {"status": 3, "text": f"cannot tell: {request['action']} failed: {error}"}
            return {"status": 0, "text": f"{text} ./lab answer 4 can tell whether it helped once the service has been healthy for {self.case.settled:.0f} s."}
        if do == "answer":
            verdict = grader.answer(self.case, self.engines, request["question"], request["value"], now)
            return {"status": verdict.status, "text": verdict.text}
        if do == "hint":
            verdict = grader.hint(self.case, self.engines, request["question"], now)
            return {"status": verdict.status, "text": verdict.text}
        return {"status": 0, "text": f"{grader.questions(self.case, now)}\nThe page of the case: {self.page}", "page": self.page,
                **grader.public(self.case)}

    def finish(self):
        """Ends the case and undoes everything. Returns a text with the fault and the score."""
        if self.crowd:
            self.crowd.stop()
        self.case.end(time.time())
        troubles = self.control.tidy(self.began)
        text, entry = score.finish(self.plan, self.case, self.engines.addresses())
        try:
            score.keep(self.engines.directory, entry)
        except OSError as error:
            text += f"\nThe score is not saved in {score.history_file(self.engines.directory)}: {error.strerror}"
        return text + "".join(f"\nNot undone: {trouble}" for trouble in troubles)


def listen(run):
    """The socket for ./lab answer and ./lab mend."""
    os.chdir(run)  # a socket's path may have 107 bytes only
    with contextlib.suppress(FileNotFoundError):
        os.unlink(SOCKET)
    listener = socket.socket(socket.AF_UNIX)
    os.umask(0o077)
    listener.bind(SOCKET)
    listener.listen(8)
    listener.settimeout(TICK_S)
    return listener


def serve(hand, listener):
    """Replies to requests until the case is over. The client that asked for the end then gets the summary."""
    asker = None
    while not hand.over.is_set():
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            asker = _converse(hand, connection)
    text = hand.finish()
    if asker:
        with contextlib.suppress(OSError), asker:
            asker.sendall(json.dumps({"status": 0, "text": text}).encode())


def _converse(hand, connection):
    """One request. Returns the connection when its reply is the end of the case."""
    connection.settimeout(10)
    try:
        request = json.loads(connection.makefile().readline(REQUEST_BYTES))
        try:
            with hand.lock:
                reply = hand.answer(request)
        except Exception as error:  # a bug of this program: the reply says so, and the case goes on
            traceback.print_exc()
            reply = {"status": grader.UNKNOWN, "text": f"cannot tell: the exercise itself has failed ({error}); see log/oncall.log"}
        if hand.over.is_set():
            return connection
        connection.sendall(json.dumps(reply).encode())
    except (OSError, ValueError) as error:
        print(f"a request has failed: {error}", file=sys.stderr, flush=True)
    connection.close()
    return None


def main():
    """Reads the plan from standard input, so that no argument or variable shows it. Prints "ready", or an error."""
    wanted = json.load(sys.stdin)
    run = pathlib.Path(wanted["directory"]) / "run"
    hand = None
    try:
        engines = Engines(wanted["place"], wanted["directory"])
        plan = Plan(wanted["seed"], wanted["number"], engines.native)
        run.mkdir(parents=True, exist_ok=True)
        remember(run, "oncall", os.getpid())
        (run / RECORD).write_text(f"{time.time():.3f}\n")
        hand = Hand(engines, plan, wanted["pace"])
        signal.signal(signal.SIGTERM, lambda *_: hand.over.set())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        hand.prepare()
        listener = listen(run)
        print("ready", flush=True)  # raises BrokenPipeError if ./lab oncall was interrupted: then nobody knows of the case
    except (Away, Failed, OSError, ValueError) as error:
        if hand:
            if hand.crowd:
                hand.crowd.stop()
            hand.control.tidy(hand.began)
        forget(run)
        with contextlib.suppress(OSError):
            print(error, flush=True)
        return 1
    threading.Thread(target=hand.course, daemon=True).start()
    with listener:
        serve(hand, listener)
        forget(run)
    return 0


def forget(run):
    """Removes the files of a case that is over."""
    for name in (SOCKET, RECORD, "oncall.id"):
        (run / name).unlink(missing_ok=True)


assert set(CALLERS).isdisjoint(ACTIONS)  # ./lab mend takes both in one command
