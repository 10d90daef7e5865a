#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks Grafana's files without Grafana: no name in them is misspelled or missing.

A round trip through the classes of grafana-foundation-sdk compares a dashboard's fields with Grafana's schema: unknown fields are
lost in it. Metrics, labels, log fields and messages are compared with docs/telemetry.md, the recording rules, and promtool's
parser; addresses with docker-compose.yml. stack_test.py checks whether each query returns data.
"""
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parent.parent / "e2e")]
import labtest  # noqa: E402
from labtest import TestFailure  # noqa: E402

try:
    import yaml
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.cog.plugins import register_default_plugins
    from grafana_foundation_sdk.models import units
    from grafana_foundation_sdk.models.dashboard import Dashboard
except ImportError as error:
    print(f"SKIP dashboards: {error.name} is missing: python3 -m pip install -r tests/requirements.txt")
    sys.exit(labtest.SKIPPED)
import dashboards  # noqa: E402

PROMTOOL = os.environ.get("PROMTOOL", "promtool")
# The annotation fields of Prometheus' and Loki's data sources, besides those of every data source.
ANNOTATION_OWN = {"titleFormat", "textFormat", "tagKeys", "step"}
# Metrics of other programs: stack_test.py checks that they exist and have data.
FOREIGN = re.compile(r"(otelcol|loki|prometheus|alertmanager|slack_mock|traces_span_metrics|scrape)_\w+|up|ALERTS")
EVERYWHERE = {"job", "instance"}
LOKI_LABELS = {"app", "level", "service_name", "trace_id"}
# The fields that Grafana 13 reads for each kind of data source used here; provisioning files have no published schema.
SOURCE_KEYS = {"name", "uid", "type", "access", "url", "isDefault", "editable", "jsonData"}
JSON_KEYS = {
    "prometheus": {"httpMethod", "prometheusType", "timeInterval", "manageAlerts", "exemplarTraceIdDestinations"},
    "alertmanager": {"implementation", "handleGrafanaManagedAlerts"},
    "loki": {"maxLines", "derivedFields"},
    "jaeger": {"nodeGraph", "tracesToLogsV2", "tracesToMetrics"},
    "tempo": {"nodeGraph", "tracesToLogsV2", "tracesToMetrics"},
}
LINK_KEYS = {
    "exemplarTraceIdDestinations": {"name", "datasourceUid", "urlDisplayLabel"},
    "derivedFields": {"name", "matcherType", "matcherRegex", "url", "datasourceUid"},
    "tracesToLogsV2": {"datasourceUid", "spanStartTimeShift", "spanEndTimeShift", "customQuery", "query"},
    "tracesToMetrics": {"datasourceUid", "spanStartTimeShift", "spanEndTimeShift", "tags", "queries"},
}
PROVIDER_KEYS = {"name", "folder", "type", "disableDeletion", "allowUiUpdates", "updateIntervalSeconds", "options"}
KEYWORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "or", "and", "unless", "bool", "offset", "inf", "nan"}
# Grafana's built-in data sources, which an export names too.
OWN_SOURCES = {"-- Grafana --", "-- Mixed --", "-- Dashboard --"}
CASES = labtest.TOP / "tests/data/dashboard"
ANY = {name: ".*" for name in ("instance", "route")} | {"slow_ms": "50"}
SPAN = {"__tags": 'route="/order"', "__span.name": "ChargeCard", "__trace.traceId": "4bf92f3577b34da6a3ce929d0e0e4736"}


def expect_none(what, found):
    found = list(found)
    if found:
        raise TestFailure(f"{what}:\n       " + "\n       ".join(map(str, found)))


def lost(written, read, path=""):
    """The parts of `written` that `read` lacks, or has with other values."""
    if isinstance(written, dict) and isinstance(read, dict):
        for key, value in written.items():
            if key in read:
                yield from lost(value, read[key], f"{path}.{key}")
            else:
                yield f"{path}.{key} = {json.dumps(value)[:80]}"
    elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
        for number, (one, other) in enumerate(zip(written, read)):
            yield from lost(one, other, f"{path}[{number}]")
    elif written != read:
        yield f"{path}: {json.dumps(written)[:80]} became {json.dumps(read)[:80]}"


def round_trip(board):
    register_default_plugins()
    return json.loads(JSONEncoder().encode(Dashboard.from_json(board)))


def test_other_formats_are_refused(_):
    """Other formats are refused by name; a classic export with all of Grafana's additions is accepted."""
    for case in sorted((CASES / "invalid").glob("*.json")):
        wanted = case.with_suffix(".message").read_text().strip()
        try:
            dashboards.read_board(case)
        except TestFailure as refused:
            if wanted not in str(refused) or not str(refused).startswith(case.name):
                raise TestFailure(f"{case.name}: {refused} (not: {wanted})") from None
        else:
            raise TestFailure(f"{case.name} was taken")
    for case in sorted((CASES / "valid").glob("*.json")):
        dashboards.read_board(case)


def test_schema_round_trip(_):
    for name, board in dashboards.boards().items():
        own = re.compile(rf"\.annotations\.list\[\d+\]\.({'|'.join(ANNOTATION_OWN)}) ")
        expect_none(f"{name}.json: Grafana does not know", (field for field in lost(board, round_trip(board)) if not own.match(field)))


def test_round_trip_would_find_a_misspelling(_):
    """The check above finds each of these errors."""
    board = next(iter(dashboards.boards().values()))
    for place in (board, board["panels"][0], board["panels"][0]["options"], board["panels"][0]["fieldConfig"]["defaults"], board["panels"][0]["targets"][0]):
        place["misspelled"] = 1
        if not list(lost(board, round_trip(board))):
            raise TestFailure(f"an unknown field is not found among {sorted(place)[:4]}")
        del place["misspelled"]


def overlaps(board):
    taken = {}
    for panel in board["panels"]:
        place = panel["gridPos"]
        if place["x"] + place["w"] > 24:
            yield f"{panel['title']} is wider than the page"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                other = taken.setdefault((x, y), panel["title"])
                if other != panel["title"]:
                    yield f"{panel['title']} covers {other} at {x}, {y}"
                    return


def test_layout_and_words(_):
    uids = [board["uid"] for board in dashboards.boards().values()]
    if len(set(uids)) != len(uids):
        raise TestFailure(f"uids are not unique: {uids}")
    known = {value for value in vars(units).values() if isinstance(value, str)}
    for name, board in dashboards.boards().items():
        every = [panel for panel in board["panels"] if panel["type"] == "row"] + list(dashboards.panels(board))
        ids = [panel["id"] for panel in every]
        if len(set(ids)) != len(ids):
            raise TestFailure(f"{name}: panel ids are not unique")
        titles = [panel.get("title", "") for panel in every if panel["type"] != "row"]
        expect_none(f"{name}: overlapping", overlaps(board))
        expect_none(f"{name}: without a description", (p["title"] for p in dashboards.panels(board) if len(p.get("description", "")) < 20))
        if name == "minishop" and len(set(titles)) != len(titles):
            raise TestFailure(f"{name}: two panels have one title")
        expect_none(f"{name}: unknown units", (f"{panel['title']}: {unit}" for panel in dashboards.panels(board)
                                                for unit in re.findall(r'"unit": "(\w+)"', json.dumps(panel)) if unit not in known))


def test_data_sources_exist(_):
    provisioned = dashboards.provisioned("datasources")["datasources"]
    types = {source["uid"]: source["type"] for source in provisioned}
    if len(types) != len(provisioned) or sum(source.get("isDefault", False) for source in provisioned) != 1:
        raise TestFailure("data sources need different uids, and one default")
    expect_none("no such data source", (
        f"{name}: {json.dumps(reference)}" for name, board in dashboards.boards().items() for reference in references(board)
        if reference.get("uid") not in OWN_SOURCES and types.get(reference.get("uid")) != reference.get("type")))
    expect_none("links to no data source", (uid for uid in re.findall(r'"datasourceUid": "([^"]*)"', json.dumps(provisioned)) if uid not in types))
    for source in provisioned:
        if source["type"] in ("jaeger", "tempo"):
            expect_none(f"{source['name']} lacks", {"tracesToLogsV2", "tracesToMetrics"} - set(source["jsonData"]))
    by_uid = {source["uid"]: source["jsonData"] for source in provisioned}
    if "trace_id" not in [link["name"] for link in by_uid["prometheus"]["exemplarTraceIdDestinations"]]:
        raise TestFailure("no link from an exemplar's trace_id")
    interval = yaml.safe_load((dashboards.OBSERVABILITY / "prometheus/prometheus.yml").read_text())["global"]["scrape_interval"]
    if by_uid["prometheus"]["timeInterval"] != interval:
        raise TestFailure(f"timeInterval is not the scrape interval, {interval}")


def misspelled():
    for source in dashboards.provisioned("datasources")["datasources"]:
        yield from set(source) - SOURCE_KEYS
        yield from set(source["jsonData"]) - JSON_KEYS[source["type"]]
        for key, known in LINK_KEYS.items():
            links = source["jsonData"].get(key, [])
            for link in links if isinstance(links, list) else [links]:
                yield from (f"{key}.{name}" for name in set(link) - known)
    for provider in dashboards.provisioned("dashboards")["providers"]:
        yield from set(provider) - PROVIDER_KEYS


def test_provisioning_keys(_):
    expect_none("not a key that Grafana reads", misspelled())


def references(value):
    if isinstance(value, dict):
        if "datasource" in value:
            yield value["datasource"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def test_log_line_links(_):
    """The regular expression finds the trace's id in a line as MiniShop writes it; the label's name is the one that the collector sets."""
    trace = SPAN["__trace.traceId"]
    line = json.dumps({"message": "payment failed", "trace_id": trace, "span_id": "00f067aa0ba902b7"}, separators=(",", ":"))
    sources = {source["uid"]: source for source in dashboards.provisioned("datasources")["datasources"]}
    for field in sources["loki"]["jsonData"]["derivedFields"]:
        if field["url"] != "${__value.raw}":
            raise TestFailure(f"{field['name']}: {field['url']}")
        if field["matcherType"] == "regex":
            if re.findall(field["matcherRegex"], line) != [trace] or re.findall(field["matcherRegex"], line.replace('":"', '": "')) != [trace]:
                raise TestFailure(f"{field['matcherRegex']} does not find the trace in {line}")
        elif field["matcherRegex"] not in LOKI_LABELS:
            raise TestFailure(f"no label {field['matcherRegex']}")


def test_addresses(_):
    """Data sources name services of docker-compose.yml; links for the browser use published ports; folders are mounted."""
    compose = yaml.safe_load((dashboards.TOP / "docker-compose.yml").read_text())["services"]
    expect_none("not a service", (source["url"] for source in dashboards.provisioned("datasources")["datasources"]
                                  if re.match(r"http://([\w-]+):", source["url"])[1] not in compose))
    published = {re.match(r"127\.0\.0\.1:(?:\$\{\w+:-)?(\d+)", port)[1] for service in compose.values() for port in service.get("ports", [])}
    links = re.findall(r"http://127\.0\.0\.1:(\d+)", json.dumps(dashboards.boards()))
    expect_none("not a published port", set(links) - published)
    mounts = [volume.split(":")[1] for volume in compose["grafana"]["volumes"]]
    for provider in dashboards.provisioned("dashboards")["providers"]:
        if provider["options"]["path"] not in mounts:
            raise TestFailure(f"{provider['options']['path']} is not mounted")
        # Grafana refuses such a dashboard, and says so only in its log.
        expect_none("a dashboard called as its folder", (board["title"] for board in dashboards.boards().values() if board["title"] == provider["folder"]))


def bare(expression):
    """The expression without strings, and without durations."""
    return re.sub(r"\[[^\]]*\]", "", re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression))


def metrics_of(expression):
    """The names of series in it."""
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", re.sub(r"\{[^}]*\}", "{}", bare(expression)))
    words = re.findall(r"(?<![\w:.])([a-zA-Z_:][\w:]*)\s*(\()?", text)
    return {word for word, call in words if not call and word.lower() not in KEYWORDS}


def labels_of(expression):
    """The labels that it selects or groups by."""
    text = bare(expression)
    grouped = re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", text)
    selected = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", " ".join(re.findall(r"\{([^}]*)\}", text)))
    return {label.strip() for group in grouped for label in group.split(",") if label.strip()} | set(selected)


def prometheus_queries():
    for query in [*dashboards.board_queries(), *dashboards.link_queries()]:
        if query.kind == "prometheus":
            yield query, dashboards.substitute(query.text, ANY | SPAN)
    for where, selector, label in dashboards.variable_queries():
        yield dashboards.Query(where, "prometheus", selector), f"count by ({label}) ({selector})"


def test_promql_parses(directory):
    labtest.need(PROMTOOL)
    queries = [text for _, text in prometheus_queries()]
    (directory / "rules.yml").write_text(json.dumps({"groups": [{"name": "queries", "rules": [
        {"record": f"query:{number}", "expr": text} for number, text in enumerate(queries)]}]}))
    result = subprocess.run([PROMTOOL, "check", "rules", directory / "rules.yml"], capture_output=True, text=True, check=False)
    if result.returncode:
        raise TestFailure(result.stdout + result.stderr)


def test_metrics_and_labels_exist(_):
    known = dashboards.documented_metrics() | dashboards.recorded_metrics()

    def wrong():
        for query, text in prometheus_queries():
            names = metrics_of(text)
            if not names:
                yield f"{query.where}: no metric in {text}"
            for name in names - set(known):
                if not FOREIGN.fullmatch(name):
                    yield f"{query.where}: there is no metric {name}"
            # Prometheus' own programs have process_* too, without labels of their own.
            if all(name in known for name in names):
                labels = set.union(EVERYWHERE, *(known[name] for name in names))
                for label in labels_of(text) - labels:
                    yield f"{query.where}: {', '.join(sorted(names))} have no label {label}"
                for label in set(re.findall(r"\{\{\s*(\w+)\s*\}\}", query.legend)) - labels:
                    yield f"{query.where}: the legend names {label}"
            grouped = re.findall(r"\bby\s*\(([^)]*)\)", bare(text))
            if grouped and query.legend and not re.search(r"\bor\b", text):
                for label in set(re.findall(r"\{\{\s*(\w+)\s*\}\}", query.legend)) - {part.strip() for part in ",".join(grouped).split(",")}:
                    yield f"{query.where}: the legend names {label}, which is summed away"
    expect_none("unknown", wrong())


REFUSED = [f'otelcol_receiver_refused_{what}_total{{job="otel-collector", receiver="otlp"}}' for what in ("spans", "log_records")]
QUEUES = [f'telemetry_{queue}_queue_{what}{{job="minishop", instance="a"}}' for queue in ("span", "log") for what in ("size", "capacity")]
SAID = [f'slack_mock_messages_total{{job="slack-mock", instance="a", result="{result}"}}' for result in ("ok", "rate_limited")]
# (panel, {series: its values}, the result)
COMBINED = (
    # With LOG_SHIPPER=alloy or promtail the collector receives no log lines, so it has no counter of refused ones.
    ("Accepted a second (C)", dict(zip(REFUSED, ["0+10x60"])), {"{}": 2}),
    ("Accepted a second (C)", dict(zip(REFUSED, 2 * ["0+10x60"])), {"{}": 4}),
    ("MiniShop's fullest queue (A)", dict(zip(QUEUES, ("1x60", "10x60", "9x60", "10x60"))), {"{}": 0.9}),
    ("MiniShop's fullest queue (A)", dict(zip(QUEUES, ("8x60", "10x60", "1x60", "10x60"))), {"{}": 0.8}),
    ("Alertmanager to Slack (C)", dict(zip(SAID, ("0x60", "0x60"))), {"{}": 0}),
    ("Alertmanager to Slack (C)", dict(zip(SAID, ("3x60", "0x60"))), {'{result="ok"}': 3}),
)


def test_combined_series(directory):
    """An operator between two series drops neither: "or" drops a series with the labels of another one, and "+" needs both."""
    labtest.need(PROMTOOL)
    queries = {query.where: dashboards.substitute(query.text, ANY) for query in dashboards.board_queries() if query.kind == "prometheus"}
    (directory / "tests.yml").write_text(json.dumps({"tests": [
        {"interval": "5s", "input_series": [{"series": name, "values": values} for name, values in series.items()],
         "promql_expr_test": [{"expr": queries[f"pipeline: {panel}"], "eval_time": "2m",
                               "exp_samples": [{"labels": labels, "value": value} for labels, value in result.items()]}]}
        for panel, series, result in COMBINED]}))
    result = subprocess.run([PROMTOOL, "test", "rules", directory / "tests.yml"], capture_output=True, text=True, check=False)
    if result.returncode:
        raise TestFailure(result.stdout + result.stderr)


def test_log_fields_exist(_):
    fields, messages = dashboards.documented_fields()

    def wrong():
        for query in [*dashboards.board_queries(), *dashboards.link_queries()]:
            if query.kind != "loki":
                continue
            for text in re.findall(r'\|[=~] "([^"]*)"', query.text):
                for word in text.split("|"):
                    if word not in messages:
                        yield f"{query.where}: no line says {word}"
            # A client may write these words into its User-Agent, which is in the line too.
            if re.search(r'\|[=~] "', query.text) and not re.search(r'\| json \| message=~?"', query.text):
                yield f"{query.where}: does not select by the field message"
            templates = " ".join(re.findall(r"\{\{(.*?)\}\}", query.text))
            named = re.findall(r"(?<![\w.])\.([a-z]\w*)", templates) + re.findall(r"\| (\w+) ?(?:=~|!=|=|>|<)", query.text) + \
                re.findall(r"by \((\w+)\)", query.text) + re.findall(r"\{\{(\w+)\}\}", query.legend)
            for field in set(named) - fields - LOKI_LABELS:
                yield f"{query.where}: a line has no field {field}"
            if not query.text.replace("sum by (reason) (count_over_time(", "").startswith('{app="minishop"}'):
                yield f"{query.where}: selects other lines than MiniShop's"
    expect_none("unknown", wrong())


def test_the_runbook_names_settings_that_are_there(_):
    [section] = re.findall(r"\n## MiniShopLogsRefused\n(.*?)\n## ", (labtest.OBSERVABILITY / "runbook.md").read_text(), re.DOTALL)
    files = "".join((labtest.OBSERVABILITY / name).read_text() for name in ("loki/loki.yaml", "otel-collector/logs-collector.yaml"))
    named = re.findall(r"`([a-z]+(?:_[a-z]+)+)`", section)
    labtest.expect("settings of Loki and of the collector", [name for name in named if f"{name}:" not in files], [])
    labtest.expect("their number", len(named) >= 3, True)


def test_red_line_is_the_alert(_):
    """The limits in the graphs are those of the alerts."""
    limits = {rule["alert"]: float(rule["expr"].rsplit(">", 1)[1]) for rule in dashboards.rules() if rule.get("alert") in (
        "MiniShopHighErrorRate", "MiniShopHighLatency")}
    # The line of a quantile is at the bound of the slow requests: both mean the same.
    [limits["P95"]] = {float(bound) for rule in dashboards.rules() if "request_slow" in rule.get("record", "")
                       for bound in re.findall(r'le="([\d.]+)"', rule["expr"])}
    watched = {"error_rate": "MiniShopHighErrorRate", "request_slow": "MiniShopHighLatency", "histogram_quantile(0.95": "P95"}
    shown = {}
    for panel in dashboards.panels(dashboards.boards()["minishop"]):
        reds = [step["value"] for step in panel["fieldConfig"]["defaults"].get("thresholds", {}).get("steps", []) if step["color"] == "red" and step["value"]]
        expressions = " ".join(str(target.get("expr")) for target in panel["targets"])
        for part, name in watched.items():
            if part in expressions and "traces_span" not in expressions:
                shown.setdefault(name, []).append(reds)
    wanted = {name: [[limit]] * (1 if name == "P95" else 2) for name, limit in limits.items()}
    if shown != wanted:
        raise TestFailure(f"the limits are {wanted}; red lines are at {shown}")


def test_failed_payments_have_the_limits_of_the_error_rate(_):
    """At the rate of the shoppers, so that the panel is green in a healthy lab: docs/slo.md has 2.1 % errors."""
    rate = float(re.search(r"^SHOPPERS_RATE=(\S+)$", (labtest.TOP / ".env").read_text(), re.MULTILINE)[1])
    shown = {panel["title"]: [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"] if step["value"]]
             for panel in dashboards.panels(dashboards.boards()["minishop"]) if panel["type"] == "stat"}
    labtest.expect("failures in 5 minutes", shown["Failed payments in 5 minutes"], [round(share * rate * 300) for share in shown["Error rate (bad above 10 %)"]])


def test_burn_lines_are_the_alerts(_):
    """Each line of a burn rate is the limit of the alert over that window, and each such alert has its window and its line."""
    limits = {}
    for rule in dashboards.rules():
        if rule.get("alert", "").startswith("MiniShopBudgetBurn"):
            window, limit = re.match(r"job_slo:burn_rate:ratio_rate(\w+)\{[^}]*\} > ([\d.]+)", rule["expr"]).groups()
            limits[window] = float(limit)
    shown = []
    for panel in dashboards.panels(dashboards.boards()["minishop"]):
        windows = re.findall(r"burn_rate:ratio_rate(\w+)", " ".join(str(target.get("expr")) for target in panel["targets"]))
        if windows:
            lines = [step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"] if step["value"]]
            shown.append(dict(zip(windows, reversed(lines), strict=True)))
    if len(limits) != 3 or shown != [limits, limits]:
        raise TestFailure(f"the limits are {limits}; the lines are {shown}")


# Words in italics in docs/stack.md that are Grafana's own.
OWN_WORDS = {"Logs for this span", "Save as copy", "Export", "Export as code", "Classic", "JSON"}


def test_the_documents_name_panels_that_are_there(_):
    """docs/stack.md writes the title of a panel, a row or a link in italics, or the first words of it."""
    titles = {part["title"] for board in dashboards.boards().values() for part in (board, *board["panels"], *dashboards.panels(board)) if part.get("title")}
    titles |= set(re.findall(r"(?:name|urlDisplayLabel): ([^,}\n]+)", (dashboards.GRAFANA / "provisioning/datasources/minishop.yaml").read_text()))
    text = re.sub(r"`[^`\n]*`|(?s:```.*?```)", "", (labtest.TOP / "docs/stack.md").read_text())
    named = {" ".join(words.split()) for words in re.findall(r"(?<![*\w])\*([A-Z][^*]*)\*(?!\*)", text)}
    if len(named) < 12:
        raise TestFailure(f"the document names too few panels: {named}")
    expect_none("names of panels that do not exist", [words for words in named - OWN_WORDS if not any(title.startswith(words) for title in titles)])


def test_one_look(_):
    """A colour belongs to a name, not to a position in a response; values do not cover lines; numbers are rounded as elsewhere."""
    decimals = {"percentunit": 1, "s": 1, "reqps": 2}

    def wrong():
        for name, board in dashboards.boards().items():
            for panel in dashboards.panels(board):
                where = f"{name}: {panel['title']}"
                defaults = panel["fieldConfig"]["defaults"]
                if defaults.get("color", {}).get("mode") == "palette-classic":
                    yield f"{where}: colours by place"
                # A range query would show the last value of the time range, although the series has ended: an error rate without traffic.
                if panel["type"] == "stat" and any(not target.get("instant") or target.get("range", True) for target in panel["targets"]):
                    yield f"{where}: not the present value"
                if panel["options"].get("graphMode", "none") != "none":
                    yield f"{where}: the value covers the line"
                if panel["type"] in ("stat", "timeseries") and defaults.get("decimals") != decimals.get(defaults.get("unit"), defaults.get("decimals")):
                    yield f"{where}: {defaults['unit']} with {defaults.get('decimals')} decimals"
                fixed = [prop["value"]["fixedColor"] for override in panel["fieldConfig"].get("overrides", []) for prop in override["properties"] if prop["id"] == "color"]
                if len(set(fixed)) != len(fixed):
                    yield f"{where}: two names share a colour: {fixed}"
    expect_none("looks", wrong())


def test_heat_map_names_do_not_collide(_):
    """Each row is a bound. With more than two per unit of height, the names overlap. A bound is written 1 or 1.0."""
    bounds = ["0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.3", "0.4", "0.5", "0.6", "0.75", "1", "1.5", "2",
              "2.5", "5", "7.5", "10", "+Inf"]
    for panel in dashboards.panels(dashboards.boards()["minishop"]):
        if panel["type"] == "heatmap":
            [selected] = re.findall(r'le=~"([^"]*)"', panel["targets"][0]["expr"])
            for form in (bounds, [f"{bound}.0" if bound.isdigit() else bound for bound in bounds]):
                rows = [bound for bound in form if re.fullmatch(selected, bound)]
                if not 8 <= len(rows) <= 1.5 * panel["gridPos"]["h"] or rows[-1] != "+Inf" or "0.5" not in rows:
                    raise TestFailure(f"{panel['title']}: rows {rows}")


if __name__ == "__main__":
    # One message, not one for each test.
    labtest.run_main(dashboards.boards)
    labtest.run_tests(globals())
