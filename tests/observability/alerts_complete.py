#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks every alert rule against the project's promises about alerts.

Usage: alerts_complete.py OBSERVABILITY_DIR. Prints what is missing; exit 1 if anything is.
"""
import pathlib
import re
import sys

import yaml

ANNOTATIONS = ("summary", "description", "resolved", "runbook_url", "console_url")


def alert_rules(directory):
    for path in sorted((directory / "prometheus/rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from (rule for rule in group["rules"] if "alert" in rule)


def tested_alerts(directory):
    """For each alert name, the set of outcomes that its tests expect: {"fires", "is silent"}."""
    expected = {}
    for path in sorted((directory / "prometheus/tests").glob("*.yml")):
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test.get("alert_rule_test", []):
                outcome = "fires" if case.get("exp_alerts") else "is silent"
                expected.setdefault(case["alertname"], set()).add(outcome)
    return expected


def unknown_names(directory, runbook):
    """Names of settings, metrics and error codes in the runbook that no other file has."""
    top = directory.parent
    others = [path for pattern in ("observability/**/*", "docs/telemetry.md", "src/app/config_keys.h", "src/slack-mock/*.[ch]") for path in top.glob(pattern)]
    known = "".join(path.read_text() for path in others if path.is_file() and path.suffix != ".json" and path.name != "runbook.md")
    return sorted({name for name in re.findall(r"`([a-z]+(?:_[a-z0-9]+)+)`", runbook) if not re.search(rf"\b{name}\b", known)})


def main():
    directory = pathlib.Path(sys.argv[1])
    runbook = (directory / "runbook.md").read_text()
    sections = set(re.findall(r"^## (\S+)$", runbook, re.MULTILINE))
    tests = tested_alerts(directory)
    missing = []
    names = set()
    for rule in alert_rules(directory):
        name = rule["alert"]
        names.add(name)
        if "for" not in rule:
            missing.append(f"{name} has no `for`")
        if rule.get("labels", {}).get("severity") not in ("critical", "warning"):
            missing.append(f"{name} has no severity")
        if not rule.get("labels", {}).get("service"):
            missing.append(f"{name} has no service")
        for key in ANNOTATIONS:
            if not rule.get("annotations", {}).get(key):
                missing.append(f"{name} has no annotation {key}")
        if not rule.get("annotations", {}).get("runbook_url", "").endswith("#" + name):
            missing.append(f"{name}: runbook_url does not lead to its section")
        if name not in sections:
            missing.append(f"{name} has no section in runbook.md")
        for outcome in {"fires", "is silent"} - tests.get(name, set()):
            missing.append(f"{name}: no test in which it {outcome}")
    if not names:
        missing.append("there is no alert at all")
    missing += [f"runbook.md names {name}, which exists nowhere else" for name in unknown_names(directory, runbook)]
    print("\n".join(missing))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
