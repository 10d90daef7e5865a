"""What Grafana will ask: the queries of dashboards, data-source links and rules, and what the project says there is to ask for.

Needs PyYAML. dashboards_test.py holds them against the documents, tests/e2e/stack_test.py against running engines.
"""
import dataclasses
import json
import pathlib
import re

import yaml

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
OBSERVABILITY = TOP / "observability"
GRAFANA = OBSERVABILITY / "grafana"
# Grafana's own variables, as Grafana would set them: the last quarter of an hour on a wide screen.
BUILT_IN = {"__rate_interval": "17s", "__interval": "15s", "__auto": "15s", "__range": "900s", "__range_s": "900", "__interval_ms": "15000"}


@dataclasses.dataclass
class Query:
    """One query as it stands in the file. kind: prometheus, loki or jaeger; text: the expression, or Jaeger's whole target."""
    where: str
    kind: str
    text: object
    legend: str = ""


def boards():
    """{file name without its end: dashboard}"""
    return {path.stem: json.loads(path.read_text()) for path in sorted((GRAFANA / "dashboards").glob("*.json"))}


def panels(board):
    """All panels but the rows, those inside of rows too."""
    for panel in board["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", [])
        else:
            yield panel


def provisioned(folder):
    """The one file of this folder of the provisioning, parsed; `$$` is a `$`, as Grafana reads it."""
    [path] = (GRAFANA / "provisioning" / folder).glob("*.yaml")
    return undollar(yaml.safe_load(path.read_text()))


def undollar(value):
    if isinstance(value, dict):
        return {key: undollar(part) for key, part in value.items()}
    if isinstance(value, list):
        return [undollar(part) for part in value]
    return value.replace("$$", "$") if isinstance(value, str) else value


def board_queries():
    for name, board in boards().items():
        for panel in panels(board):
            for target in panel["targets"]:
                kind = target["datasource"]["type"]
                yield Query(f"{name}: {panel['title']} ({target['refId']})", kind, target if kind == "jaeger" else target["expr"],
                            target.get("legendFormat", ""))
        for annotation in board["annotations"]["list"]:
            yield Query(f"{name}: annotation {annotation['name']}", annotation["datasource"]["type"], annotation["expr"])


def variable_queries():
    """(where, metric selector, label) of each variable of the form label_values(selector, label)."""
    for name, board in boards().items():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                selector, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"]).groups()
                yield f"{name}: variable {variable['name']}", selector, label


def link_queries():
    """The queries that a click on a span begins."""
    for source in provisioned("datasources")["datasources"]:
        links = source["jsonData"]
        if "tracesToLogsV2" in links:
            yield Query(f"{source['name']}: trace to logs", "loki", links["tracesToLogsV2"]["query"])
        for query in links.get("tracesToMetrics", {}).get("queries", []):
            yield Query(f"{source['name']}: trace to metrics, {query['name']}", "prometheus", query["query"])


def rules():
    """Every rule, recording and alerting."""
    for path in sorted((OBSERVABILITY / "prometheus/rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def rule_queries():
    for rule in rules():
        yield Query(f"rule {rule.get('record') or rule['alert']}", "prometheus", rule["expr"])


def substitute(text, values=None):
    """Replaces $name, ${name} and ${name:format} by values and Grafana's own; KeyError names what nobody knows."""
    known = {**BUILT_IN, **(values or {})}
    return re.sub(r"\$(?:\{([\w.]+)(?::\w+)?\}|([a-zA-Z_]\w*))", lambda match: known[match[1] or match[2]], text)


def section_rows(title, column="`"):
    """The rows of the tables of one section of docs/telemetry.md, as lists of cells."""
    text = (TOP / "docs/telemetry.md").read_text().split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0].startswith(column):
            yield cells


def documented_metrics():
    """{series name: label names}, from docs/telemetry.md; a histogram is its three series."""
    metrics = {}
    for name, kind, labels, *_ in section_rows("Metrics"):
        name, names = name.strip("`"), set(re.findall(r"`(\w+)`", labels))
        if kind == "histogram":
            metrics |= {f"{name}_bucket": names | {"le"}, f"{name}_sum": names, f"{name}_count": names}
        else:
            metrics[name] = names
    return metrics


def recorded_metrics():
    """{recorded series: label names}: their names begin with them, as level:metric:operations says."""
    return {rule["record"]: set(rule["record"].split(":")[0].split("_")) for rule in rules() if "record" in rule}


def documented_fields():
    """(fields of a log line, messages of log lines), from docs/telemetry.md."""
    fields, messages = set(), set()
    for cells in section_rows("Log lines"):
        names = re.findall(r"`([^`]+)`", cells[0])
        (messages if any(level in cells[1] for level in ("INFO", "WARN", "DEBUG", "reason's")) and len(cells) == 2 else fields).update(names)
    text = (TOP / "docs/telemetry.md").read_text()
    messages.update(re.findall(r"`((?:service|configuration) \w+)`", text))
    return fields, messages
