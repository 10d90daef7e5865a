# SPDX-License-Identifier: MIT
"""The score of a case, and the history of all cases in LAB_DIR."""
import json
import statistics
import time

from .control import put_file
from .grader import clock

KEPT = 200
LABELS = ("detect", "locate", "explain", "mend")


def counted(number, noun):
    return f"{number} {noun}{'' if number == 1 else 's'}"


def history_file(directory):
    return directory / "oncall/history.jsonl"


def seconds(value):
    return "-" if value is None else f"{value:.0f} s" if value < 100 else f"{int(value // 60)}:{int(value % 60):02d}"


def finish(plan, case, addresses):
    """Returns a text with the fault, the ways to find it, and the score; and the case's entry for the history. addresses: for the commands."""
    first = min((part.began for part in case.parts if part.began), default=case.began)
    taken = [None if question.right_at is None else max(0, question.right_at - first) for question in case.questions.values()]
    if case.mended_at:
        taken[3] = max(0, case.mended_at - first)
    entry = {"time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(case.began)), "case": plan.number, "seed": plan.seed,
             **{f"{label}_s": value and round(value, 1) for label, value in zip(LABELS, taken)},
             "wrong": sum(question.wrong for question in case.questions.values()), "actions": len(case.actions),
             "hints": sum(question.hints for question in case.questions.values()), "solved": all(value is not None for value in taken)}
    lines = [f"Case {plan.number}, seed {plan.seed} (./lab oncall {plan.number} --seed {plan.seed} repeats it)"]
    if not case.parts:
        lines.append("Nothing was wrong: all changes were harmless.")
    for part in case.parts:
        if part.began is None:
            lines.append("The fault had not begun yet.")
            break
        lines.append(f"{clock(part.began)} UTC: {part.fault.told(part.params)}")
        lines += [f"  to find it: {'$' if look.shell else 'PromQL:'} {look.put(addresses)}" for look in part.fault.found_by]
        lines.append(f"  what mends it: ./lab mend {part.fault.mends(part.params)[0]}")
    lines.append(f"to detect {seconds(taken[0])}, to locate {seconds(taken[1])}, to explain {seconds(taken[2])}, to mend {seconds(taken[3])}; " +
                 ", ".join(counted(entry[name], noun) for name, noun in (("wrong", "wrong answer"), ("hints", "hint"), ("actions", "action"))))
    return "\n".join(lines), entry


def keep(directory, entry):
    """Adds a case to the history."""
    path = history_file(directory)
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [*lines_of(path), json.dumps(entry)][-KEPT:]
    put_file(path, "\n".join(lines) + "\n")


def lines_of(path):
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []


def entry_of(line):
    """One case of the history, or None: a person may have edited the file."""
    try:
        entry = json.loads(line, parse_constant=lambda _: None)
        # int() refuses infinity.
        taken = {f"{label}_s": None if entry.get(f"{label}_s") is None else int(10 * float(entry[f"{label}_s"])) / 10 for label in LABELS}
        return {"time": str(entry["time"])[:20], "case": int(entry["case"]), **taken, **{name: int(entry.get(name, 0)) for name in ("wrong", "hints", "actions")},
                "solved": bool(entry.get("solved")) and None not in taken.values()}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def table(directory):
    """The history for people."""
    entries = list(filter(None, map(entry_of, lines_of(history_file(directory)))))
    if not entries:
        return "No case is over yet: ./lab oncall begins one."
    lines = [f"{'begin (UTC)':20} {'case':>4} {'detect':>8} {'locate':>8} {'explain':>8} {'mend':>8} {'wrong':>6} {'hints':>6} {'actions':>8}"]
    for entry in entries[-20:]:
        taken = " ".join(f"{seconds(entry[f'{label}_s']):>8}" for label in LABELS)
        lines.append(f"{entry['time']:20} {entry['case']:>4} {taken} {entry['wrong']:>6} {entry['hints']:>6} {entry['actions']:>8}")
    solved = [entry for entry in entries if entry["solved"]]
    lines.append(f"{len(solved)} of {len(entries)} cases solved" + (
        f"; median time to mend {seconds(statistics.median(entry['mend_s'] for entry in solved))}" if solved else ""))
    return "\n".join(lines)
