# SPDX-License-Identifier: MIT
"""The page of the case: its clock, the questions, and links that open each tool at the right place and time. Natively one of them
opens its second page, with the newest lines of the log.

It gets only the public state of the case, so it shows only what ./lab answer and ./lab logs show. The process behind the case serves it,
on a port of this machine."""
import html
import http.server
import json
import pathlib
import threading
import time
import urllib.parse

from .engines import Away, prometheus_pages, shops, silences_page
from .grader import clock

import logs  # lab.d/logs.py: engines.py has put lab.d on the path

STYLE = pathlib.Path(__file__).resolve().parent.parent.parent / "observability/prometheus/assets/console.css"
BEFORE_S = 300  # the usual values, before the case
LOG_S, LOG_LINES = 120, 400
SCRIPT = """
const live = document.getElementById("live"), over = document.getElementById("over");
async function look() {
  try {
    const response = await fetch("live", {cache: "no-store"});
    live.innerHTML = await response.text();
    over.hidden = true;
  } catch { over.hidden = false; }
}
setInterval(look, 2000);
"""
OWN_STYLE = """
.question { display: grid; grid-template-columns: 1.6em minmax(0, 1fr); gap: 0 8px; padding: 10px 14px; margin-bottom: 8px;
  background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.question > :not(:first-child) { grid-column: 2; margin: 0; overflow-wrap: anywhere; }
.question .state { color: var(--quiet); font-size: 13px; }
.question.right { border-color: var(--good); } .question.right .state { color: var(--good); }
.question.closed { border-color: var(--bad); } .question.closed .state { color: var(--bad); }
code { overflow-wrap: anywhere; } ul.links { columns: 18em; padding-left: 1.2em; margin: 0; }
.question dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 2px 12px; padding: 6px 0; font-size: 13px; }
.question dt { color: var(--quiet); } .question dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 500px) { .question dl { grid-template-columns: minmax(0, 1fr); } .question dd { padding-bottom: 4px; } }
pre.log { margin: 0; font-size: 12px; white-space: pre-wrap; overflow-wrap: anywhere; }
.clock { font-size: 32px; font-variant-numeric: tabular-nums; margin: 0; }
"""


def duration(seconds):
    return f"{int(seconds // 60)}:{int(seconds % 60):02d}"


def query(pages, expression, now, began):
    """A graph of Prometheus from before the case until now."""
    minutes = int((now - began + BEFORE_S) / 60) + 1
    return f"{pages}/graph?" + urllib.parse.urlencode({
        "g0.expr": expression, "g0.tab": 0, "g0.range_input": f"{minutes}m",
        "g0.end_input": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now)), "g0.moment_input": ""})


def explore(grafana, source, since, **query):
    """A query in Grafana, from `since` (in ms) until now."""
    pane = {"datasource": source, "queries": [{"refId": "A", **query}], "range": {"from": str(since), "to": "now"}}
    return f"{grafana}/explore?left={urllib.parse.quote(json.dumps(pane))}"


def links(engines, began, now):
    """[(title, address)]: a case with several shops has a link to the traces of each."""
    urls, since = engines.urls, int((began - BEFORE_S) * 1000)
    prometheus, pages = urls["prometheus"], prometheus_pages(engines)
    found = [("The console page", f"{prometheus}/consoles/minishop.html"),
             ("Errors by route and reason", query(pages, "sum by (route, reason) (rate(error_total[1m]))", now, began)),
             ("P95 by route", query(pages, "job_route:request_duration_seconds:p95_rate1m", now, began)),
             ("Responses by route and status", query(pages, "sum by (route, status) (rate(request_total[1m]))", now, began)),
             ("Stock", query(pages, "minishop_inventory_stock", now, began)),
             ("Open file descriptors", query(pages, "process_open_fds", now, began)),
             ("Reloads", query(pages, "minishop_config_reloads_total", now, began)),
             ("Targets", f"{pages}/targets"), ("Rules", f"{pages}/rules"), ("Alerts", f"{pages}/alerts"),
             ("Silences", silences_page(engines)), ("The Slack channel", urls["slack"]),
             ("Runbook", f"{prometheus}/consoles/runbook.html")]
    if engines.native:
        of_shops = shops(urls)
        return [*found, *((f"Recent traces{' of ' + url.split('//')[1] if len(of_shops) > 1 else ''}", f"{url}/debug/tracez") for url in of_shops),
                ("The log", "log")]
    traces = f"{urls['jaeger']}/search?service=minishop&start={since * 1000}&end={int(now * 1e6)}&limit=100"
    if engines.trace_store == "tempo":
        traces = explore(urls["grafana"], "tempo", since, queryType="traceql", query="{}")
    return [*found, ("Grafana", f"{urls['grafana']}/d/minishop?from={since}&to=now"),
            ("The log", explore(urls["grafana"], "loki", since, expr='{app="minishop"} | json')), ("Traces", traces)]


def live(engines, state, now):
    """The parts that change: the clock, the questions, the links. state: the result of grader.public()."""
    parts = [f'<p class="clock">{duration(now - state["began"])}</p>',
             f'<p class="quiet">since {clock(state["began"])} UTC; now {clock(now)} UTC</p>']
    if now < state["from"]:
        parts.append(f'<p class="banner warn">Something may go wrong, or nothing does. The lab accepts answers from '
                     f'{clock(state["from"])} UTC on, in {duration(state["from"] - now)}.</p>')
    if state["earlier"]:
        parts.append(f'<p class="banner warn">{html.escape(state["earlier"])}</p>')
    parts.append("<h2>The questions</h2>")
    for question in state["questions"]:
        state_of = next((word for word in ("right", "closed") if question["state"].startswith(word)), "open")
        command = "./lab mend" if question["number"] == 4 else f"./lab answer {question['number']} VALUE"
        kinds = "".join(f"<dt>{html.escape(kind)}</dt><dd>{html.escape(text)}</dd>" for kind, text in question["allowed"] if kind)
        rest = "".join(f": {html.escape(text)}" for kind, text in question["allowed"] if not kind)
        parts.append(f'<div class="question {state_of}"><strong>{question["number"]}.</strong><strong>{html.escape(question["asked"])}</strong>'
                     f'<p>{html.escape(question["how"])}{rest}</p>{f"<dl>{kinds}</dl>" if kinds else ""}'
                     f'<p class="state">{html.escape(question["state"])} · <code>{command}</code></p></div>')
    parts.append('<h2>Where to look</h2><ul class="links">')
    parts += [f'<li><a href="{html.escape(address)}" target="_blank" rel="noreferrer">{html.escape(what)}</a></li>'
              for what, address in links(engines, state["began"], now)]
    parts.append("</ul>")
    return "".join(parts)


def whole(title, content, width="text"):
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f'<title>{title}</title><link rel="icon" href="data:,"><style>{STYLE.read_text()}{OWN_STYLE}</style><header><h1>{title}</h1></header>'
            f'<main class="{width}">{content}</main></html>')


def case_page(content):
    return whole("On call", (
            f'<p id="over" class="banner bad" hidden>The case is over: ./lab oncall score has how it went.</p>'
            f'<section id="live">{content}</section><p class="quiet">Answers, actions and hints are given in the terminal: ./lab answer, ./lab mend; '
            f'./lab oncall end gives up.</p><script>{SCRIPT}</script>'))


def log_page(engines, now):
    """The newest lines, as ./lab logs shows them, the newest first."""
    try:
        records = engines.log(now - LOG_S)[:-LOG_LINES - 1:-1]
        text = html.escape("\n".join(map(logs.short, records))) or f"No line in the last {LOG_S} s."
    except Away as away:
        text = html.escape(str(away))
    return whole("The log", f'<p class="quiet">The last {LOG_S} s, at most {LOG_LINES} lines, the newest first; UTC. '
                            f'<a href="log">Look again</a></p><pre class="log">{text}</pre>', "")


def serve(engines, state):
    """Serves the page on a free port of 127.0.0.1 until the process ends; state() is called for each look. Returns its address."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            now = time.time()
            pages = {"/": lambda: case_page(live(engines, state(), now)), "/live": lambda: live(engines, state(), now)}
            if engines.native:
                pages["/log"] = lambda: log_page(engines, now)
            if self.path not in pages:
                return self.send_error(404)
            body = pages[self.path]().encode()
            self.send_response(200)
            for name, value in (("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            return None

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.5,), daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/"
