#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The commands ./lab oncall, answer and mend; lab.d/oncall.sh calls it. Exit status: 0 right or done, 1 wrong, 2 bad input, 3 cannot tell."""
import signal

if __name__ == "__main__":  # before the other imports, so that Ctrl-C shows no traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import contextlib
import json
import os
import pathlib
import random
import re
import select
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from oncall import cases, control, grader, hand, score, words  # noqa: E402
from oncall.actions import ACTIONS  # noqa: E402
from oncall.engines import Away, Engines, place_of_lab, prometheus_pages, silences_page  # noqa: E402

LONGEST_ANSWER = 300  # characters of an answer
USUAL_S = 1
WAIT_S = 300  # the end of a case in containers waits for several commands of Compose


def stop(text, status):
    print(f"lab: {text}", file=sys.stderr)
    sys.exit(status)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        stop(f"oncall: {message} (see ./lab help)", 2)


def directory():
    return pathlib.Path(os.environ["LAB_DIR"])


def ask(**request):
    """The reply of the case: {status, text}."""
    run = directory() / "run"
    here = os.getcwd()
    if any(len(str(value)) > LONGEST_ANSWER for value in request.values()):
        stop(f"the answer is too long: at most {LONGEST_ANSWER} characters", 2)
    try:
        os.chdir(run)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(WAIT_S)
            connection.connect(hand.SOCKET)
            connection.sendall(json.dumps(request).encode() + b"\n")
            patiently(connection)
            reply = connection.makefile().read()
            if not reply:
                raise ConnectionResetError
            return json.loads(reply)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        stop("no case runs: ./lab oncall begins one", 1)
    except ConnectionError:
        stop("the case has ended meanwhile: another command has ended it, or its process was killed. ./lab oncall begins a new one", 1)
    except (OSError, ValueError) as error:
        stop(f"the case does not respond ({error}); end it with ./lab oncall end or ./lab down", 3)
    finally:
        os.chdir(here)
    return None


def patiently(source):
    """Waits for data, and tells a person who waits longer than usual."""
    if not select.select([source], [], [], USUAL_S)[0] and sys.stderr.isatty():
        print("The lab is still working. This usually takes less than half a minute.", file=sys.stderr)


def numbered(word, numbers):
    """The number that the word spells, if it is one of these; else None."""
    return next((number for number in numbers if word == str(number)), None)


def show(reply):
    print(reply["text"])
    return reply["status"]


def begin(options):
    place, lab = place_of_lab()
    pace = os.environ.get("LAB_ONCALL_PACE", "1")
    if not re.fullmatch(r"\d+(\.\d+)?", pace) or not 0.1 <= float(pace) <= 10:
        stop(f"LAB_ONCALL_PACE is a number from 0.1 to 10 (for tests: a factor of the usual times), not '{pace}'", 2)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1, 1_000_000)
    wanted = {"place": place, "directory": lab, "seed": seed, "number": options.case, "pace": float(pace)}
    (directory() / "log").mkdir(exist_ok=True)
    with open(directory() / "log/oncall.log", "wb") as log:
        process = subprocess.Popen([sys.executable, "-B", str(pathlib.Path(__file__).resolve()), "background"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=log, start_new_session=True, cwd="/")
    process.stdin.write(json.dumps(wanted).encode())
    process.stdin.close()
    with contextlib.suppress(FileNotFoundError):  # it has ended already
        control.remember(directory() / "run", "oncall", process.pid)  # at once, so that no other ./lab begins a case if this one is interrupted
    patiently(process.stdout)
    said = process.stdout.readline().decode().strip()
    if said != "ready":
        stop(f"cannot begin the case: {said or 'see ' + str(directory() / 'log/oncall.log')}", 1)
    reply = ask(do="show")
    print(f"On call since {grader.clock(reply['began'])} UTC. Something may go wrong now, or nothing does.\n")
    print(f"  {'the page of the case':20} {reply['page']}")
    engines = Engines(place, lab)
    for what, address in (("the console page", f"{engines.urls['prometheus']}/consoles/minishop.html"), ("the alerts", f"{prometheus_pages(engines)}/alerts"),
                          ("the Slack channel", engines.urls["slack"]), ("silences", silences_page(engines))):
        print(f"  {what:20} {address}")
    print("  one request          ./lab trace failed, ./lab trace slow, ./lab logs\n")
    if reply["earlier"]:
        print(f"{reply['earlier']}\n")
    print(f"The lab accepts answers from {grader.clock(reply['from'])} UTC on. ./lab answer shows the questions, ./lab mend the possible actions,\n"
          "./lab oncall end gives up and shows the fault.")
    return 0


def oncall(arguments, only_check=False):
    parser = Parser(prog="./lab oncall", description="Breaks something, or nothing, and does not say what.")
    parser.add_argument("case", nargs="?", help=f"the number of a case, {cases.NUMBERS[0]} to {cases.NUMBERS[-1]}; or: end, score")
    parser.add_argument("--seed", type=int, help="the same number repeats the same case")
    parser.add_argument("--now", action="store_true", help="with end: end the case even if only the proof of the repair is missing")
    options = parser.parse_args(arguments)
    if options.now and options.case != "end":
        stop("--now belongs to oncall end", 2)
    if options.case in ("end", "score"):
        if options.seed is not None:
            stop(f"oncall {options.case} takes no seed", 2)
        if options.case == "score":
            print(score.table(directory()))
            return 0
        return show(ask(do="end", now=options.now))
    if options.case is not None:
        case = numbered(options.case, cases.NUMBERS)
        if case is None:
            stop(f"oncall takes the number of a case, {cases.NUMBERS[0]} to {cases.NUMBERS[-1]}, or end, or score, not '{options.case}'", 2)
        options.case = case
    return 0 if only_check else begin(options)


def answer(arguments):
    if not arguments:
        return show(ask(do="show"))
    word, *value = arguments
    word = word.strip()
    number = numbered(word, grader.QUESTIONS)
    if number is None:
        stop(f"answer takes the number of a question, 1 to 4, and a value, not '{word}'; a question of the guide has two numbers, as in 4.2", 2)
    value = " ".join(value).strip()
    if value.casefold() == "hint":
        return show(ask(do="hint", question=number))
    if number == 4:
        if value:
            status = mend(value.split())
            if status:
                return status
        return show(ask(do="answer", question=4, value=""))
    if not value:
        asked, how, allowed = grader.QUESTIONS[number]
        instances = []
        with contextlib.suppress(Away):  # without a lab there are none to name
            instances = Engines.find().instances
        print(f"{number}. {asked} {how[0].upper()}{how[1:]}:\n{words.listed(allowed(instances))}")
        return 0
    return show(ask(do="answer", question=number, value=value))


def action_of(arguments):
    """(action, the other words). The action may be several words, as in `switch provider`."""
    for count in range(len(arguments), 0, -1):
        action = "-".join(words.plain(" ".join(arguments[:count])).split())
        if action in ACTIONS:
            return action, arguments[count:]
    return stop(f"unknown action '{arguments[0]}'; ./lab mend lists them", 2)


def mend(arguments):
    if not arguments:
        print("./lab mend ACTION, with one of:")
        for name, what in ACTIONS.items():
            print(f"  {name:20} {what}")
        return 0
    action, names = action_of(arguments)
    name = ""
    if action == "block-caller":
        try:
            name = words.place(" ".join(names))
        except words.Unclear:
            name = ""
        if name not in words.CALLERS:
            stop(f"block-caller takes one caller: {', '.join(words.CALLERS)}", 2)
    elif action == "replace-instance":
        name = "".join(names).removeprefix("http://").strip("/")
        if not re.fullmatch(r"[\w.-]+:\d+", name):
            stop("replace-instance takes one address, HOST:PORT, as Prometheus has it in the label instance", 2)
    elif names:
        stop(f"mend {action} takes no '{' '.join(names)}'", 2)
    return show(ask(do="mend", action=action, name=name))


def tidy():
    """Cleans up after a case whose process has died."""
    record = directory() / "run" / hand.RECORD
    try:
        since = float(record.read_text())
    except (OSError, ValueError):
        since = time.time()
    troubles = []
    try:
        troubles = control.Control(Engines.find()).tidy(since)
    except Away:
        pass  # nothing runs, so nothing is broken
    hand.forget(directory() / "run")
    print("A case was interrupted; its faults are undone." + "".join(f"\nNot undone: {trouble}" for trouble in troubles))
    return 0


def main():
    command, *arguments = sys.argv[1:]
    sys.stdout.reconfigure(errors="replace")  # for what the terminal's encoding does not have
    try:
        if command == "background":
            return hand.main()
        status = {"check": lambda: oncall(arguments, only_check=True), "oncall": lambda: oncall(arguments), "answer": lambda: answer(arguments),
                  "mend": lambda: mend(arguments), "tidy": tidy}[command]()
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader of the output has ended, such as head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except Away as away:
        stop(str(away), 3 if command != "oncall" else 1)
    except OSError as error:  # such as a full disk, or files of another user
        stop(f"cannot use the files of the lab: {error}", 1)
    return 1


if __name__ == "__main__":
    sys.exit(main())
