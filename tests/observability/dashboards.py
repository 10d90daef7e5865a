# SPDX-License-Identifier: MIT
"""The queries of Grafana: those of dashboards, data-source links and rules, and the names that the documents list.

Needs PyYAML, and tests/e2e on the path. dashboards_test.py compares them with the documents, tests/e2e/stack_test.py with running engines.
"""
import dataclasses
import json
import pathlib
import re

import labtest
import yaml

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
OBSERVABILITY = TOP / "observability"
GRAFANA = OBSERVABILITY / "grafana"
# Grafana's own variables, with typical values: the last 15 minutes on a wide screen.
BUILT_IN = {"__rate_interval": "17s", "__interval": "15s", "__auto": "15s", "__range": "900s", "__range_s": "900", "__interval_ms": "15000"}


@dataclasses.dataclass
class Query:
    """One query as it stands in the file. kind: prometheus, loki or jaeger; text: the expression, or Jaeger's whole target."""
    where: str
    kind: str
    text: object
    legend: str = ""


EXPORT = "In Grafana choose Export, Export as code, Model: Classic, Format: JSON, and write that over the file"
# Other export formats: a test on the parsed file, the format, the advice.
OTHER_FORMATS = (
    (lambda board: str(board.get("apiVersion", "")).startswith("dashboard.grafana.app/v2") or {"elements", "layout"} <= set(board),
     "is a dashboard of schema v2 (V2 Resource), which Grafana does not read from a file", EXPORT),
    (lambda board: str(board.get("apiVersion", "")).startswith("dashboard.grafana.app/"),
     "is a dashboard wrapped as a resource (V1 Resource)", EXPORT + ", or keep its \"spec\" alone"),
    (lambda board: "model" in board or "result" in board, "is a library panel, not a dashboard", EXPORT),
    (lambda board: "apiVersion" in board or "kind" in board and "panels" not in board, "is a resource, not a dashboard", EXPORT),
    (lambda board: "dashboard" in board and "panels" not in board, "is a response of Grafana's API", EXPORT + ", or keep its \"dashboard\" alone"),
    (lambda board: "panels" not in board and ("targets" in board or "gridPos" in board), "is one panel, not a dashboard", EXPORT),
    (lambda board: board.get("__inputs") or board.get("__elements"),
     "was exported for another Grafana: its data sources are placeholders (__inputs)", EXPORT + ", without \"Share dashboard with another instance\""),
)


def refuse(path, what, advice=EXPORT):
    raise labtest.TestFailure(f"{path.name} {what}. {advice}")


def read_board(path):
    """A dashboard file in Grafana's classic format, the only one that its file provisioning reads. TestFailure with advice for others."""
    try:
        board = json.loads(path.read_text(encoding="utf-8") or "null")
    except ValueError as error:
        refuse(path, f"is not JSON ({error})")
    if not isinstance(board, dict):
        refuse(path, "is empty" if board is None else f"is a JSON {'array' if isinstance(board, list) else 'value'}, not an object")
    for matches, what, advice in OTHER_FORMATS:
        if matches(board):
            refuse(path, what, advice)
    for name, found in (("uid", board.get("uid")), ("title", board.get("title")), ("panels", board.get("panels"))):
        if not found:
            refuse(path, f'has no "{name}"')
    for name in ("annotations", "templating"):
        if not isinstance(board.setdefault(name, {"list": []}), dict) or not isinstance(board[name].setdefault("list", []), list):
            refuse(path, f'has a "{name}" that is not an object with a "list"')
    for panel in panels(board):
        check_panel(path, panel)
    return board


def check_panel(path, panel):
    title = f"has a panel {panel.get('title', panel.get('id'))!r}"
    if "libraryPanel" in panel:
        refuse(path, f"{title} that is a library panel, which only Grafana's database has", "In Grafana choose Unlink library panel, then export again")
    for target in panel.setdefault("targets", []):
        target.setdefault("datasource", panel.get("datasource"))
        source = target["datasource"]
        if not isinstance(source, dict) or not {"type", "uid"} <= set(source):
            refuse(path, f"{title} with the data source {json.dumps(source)}",
                   "A query names its data source by type and uid, as observability/grafana/provisioning/datasources has them")
        if source["type"] in ("prometheus", "loki") and "expr" not in target:
            refuse(path, f"{title} with a query {target.get('refId')} without an expression", "Write one, or remove the query")


def boards():
    """{file name without its suffix: dashboard}"""
    files = sorted(path for path in (GRAFANA / "dashboards").iterdir() if path.is_file() and not path.name.startswith("."))
    for path in files:
        if path.suffix != ".json":
            refuse(path, "is not a .json file, and Grafana reads no other")
    return {path.stem: read_board(path) for path in files}


def panels(board):
    """All panels except rows, including those inside rows."""
    for panel in board["panels"]:
        if panel.get("type") == "row":
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
            if annotation.get("builtIn"):
                continue
            yield Query(f"{name}: annotation {annotation['name']}", annotation["datasource"]["type"], annotation["expr"])


def variable_queries():
    """(where, metric selector, label) of each variable of the form label_values(selector, label)."""
    for name, board in boards().items():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                query = variable["query"] if isinstance(variable["query"], str) else variable["query"]["query"]
                match = re.fullmatch(r"label_values\((.+), *(\w+)\)", query)
                if not match:
                    raise labtest.TestFailure(f"{name}: variable {variable['name']}: {query}: only label_values(SELECTOR, LABEL) can be checked")
                yield f"{name}: variable {variable['name']}", *match.groups()


def link_queries():
    """The queries behind the links of a span."""
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
    """Replaces $name, ${name} and ${name:format} by values and Grafana's own; KeyError names an unknown variable."""
    known = {**BUILT_IN, **(values or {})}
    return re.sub(r"\$(?:\{([\w.]+)(?::\w+)?\}|([a-zA-Z_]\w*))", lambda match: known[match[1] or match[2]], text)


def section_rows(title):
    """The rows of the tables of one section of docs/telemetry.md, as lists of cells."""
    text = (TOP / "docs/telemetry.md").read_text().split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0].startswith("`"):
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
