#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Copies files of the project into the manifests, because kustomize reads no file outside its own directory. With --check it only
reports copies that differ. A test runs that.

    deploy/kubernetes/generate.py [--check]
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent.parent
COLLECTOR = "overlays/clusters/collector"
COPIES = {
    "base/minishop.conf": "etc/minishop.conf",
    f"{COLLECTOR}/config.yaml": "observability/otel-collector/config.yaml",
    f"{COLLECTOR}/logs.yaml": "observability/otel-collector/logs-collector.yaml",
    f"{COLLECTOR}/traces.yaml": "observability/otel-collector/traces-tempo.yaml",
}
RULES = ("recording.yml", "alerts.yml")
RULE_HEAD = """# Made by deploy/kubernetes/generate.py from observability/prometheus/rules.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: minishop
spec:
  groups:
"""


def prometheus_rule():
    """The groups of all rule files as one resource: all lines, comments too, indented by two more blanks."""
    text = RULE_HEAD
    for name in RULES:
        _, groups = (TOP / "observability/prometheus/rules" / name).read_text().split("\ngroups:\n")
        text += "".join(f"  {line}\n" if line else "\n" for line in groups.rstrip("\n").split("\n"))
    return text


def main():
    check = sys.argv[1:] == ["--check"]
    wanted = {name: (TOP / source).read_text() for name, source in COPIES.items()}
    wanted["base/prometheus-rule.yaml"] = prometheus_rule()
    stale = [name for name, text in wanted.items() if not (HERE / name).exists() or (HERE / name).read_text() != text]
    for name in stale:
        if check:
            print(f"deploy/kubernetes/{name} differs from its source: run deploy/kubernetes/generate.py")
        else:
            (HERE / name).write_text(wanted[name])
            print(name)
    sys.exit(1 if check and stale else 0)


if __name__ == "__main__":
    main()
