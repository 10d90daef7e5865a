# SPDX-License-Identifier: MIT
"""Queries of the engines that watch the shop: one module for native processes and for containers.

Every query returns data or raises Away, so that no caller mistakes a failed query for an empty result. A response in an unexpected format
raises Away too.
"""
import contextlib
import datetime
import gzip
import http.client
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

LAB_D = pathlib.Path(__file__).resolve().parent.parent
if str(LAB_D) not in sys.path:
    sys.path.insert(0, str(LAB_D))
import trace as traces  # noqa: E402  lab.d/trace.py

TIMEOUT_S = 5
RESPONSE_LIMIT = 64 << 20
LOKI_PAGE = 5000
LOG_CHUNK = 1 << 20
# The shell scripts know where the lab runs; this asks them.
PLACE = """cd "$LAB_SOURCE" && for part in ui process up containers place; do . "lab.d/$part.sh"; done && place_say"""
START = {"native": "start it with ./lab up", "containers": "docker-compose up -d starts it"}


class Away(Exception):
    """An engine does not respond, or responds in an unexpected format. The text is for people: which engine, where, why, what to do."""


def timestamp(text):
    """Seconds since 1970 of a time in RFC 3339, with any number of digits after the point."""
    head, _, rest = text.partition(".")
    digits = rest.rstrip("Z") if rest else "0"
    head = head.rstrip("Z")
    whole = datetime.datetime.fromisoformat(head).replace(tzinfo=datetime.timezone.utc)
    return whole.timestamp() + float(f"0.{digits}")


@contextlib.contextmanager
def well_formed(name, url):
    """Raises Away for a response in an unexpected format."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise Away(f"{name} at {url} responds in an unexpected format ({type(error).__name__}: {error})") from error


def place_of_lab():
    """(output of place_say, LAB_DIR) of the running lab of this clone and LAB_DIR. Raises Away if none runs."""
    directory = os.environ.get("LAB_DIR") or str(LAB_D.parent / ".lab")
    said = subprocess.run(["sh", "-c", PLACE], env={**os.environ, "LAB_SOURCE": str(LAB_D.parent), "LAB_DIR": directory},
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    place = dict(line.split(" ", 1) for line in said.stdout.splitlines() if " " in line)
    if place.get("place") not in ("native", "containers"):
        raise Away("the lab does not run: ./lab up first, or docker-compose up -d for the containers")
    return place, directory


def shops(urls):
    """The addresses of all shops: a case may run several."""
    return [url for name, url in urls.items() if name.startswith("minishop")]


def prometheus_pages(engines):
    """The address of Prometheus's own pages. Debian's Prometheus 2.42 has only the classic ones, and Prometheus 3 does not have these."""
    return engines.urls["prometheus"] + ("/classic" if engines.native else "")


def silences_page(engines):
    """The address of Alertmanager's silences: Debian's Alertmanager has no page of them, only its API."""
    return engines.urls["alertmanager"] + ("/api/v2/silences" if engines.native else "/#/silences")


class Engines:
    """All engines of one lab. Times are seconds since 1970."""

    def __init__(self, place, directory):
        """place: the output of place_say in lab.d/place.sh, as a dictionary; directory: LAB_DIR."""
        self.native = place["place"] == "native"
        self.directory = pathlib.Path(directory)
        self.urls = {name[:-len("_url")]: url for name, url in place.items() if name.endswith("_url")}
        self.trace_store = place.get("trace_store", "")
        self.compose = place.get("compose", "").split()

    @classmethod
    def find(cls):
        """The running lab of this clone and LAB_DIR. Raises Away if none runs."""
        return cls(*place_of_lab())

    def addresses(self):
        """The values of LOG and of the engines' names in a learner's command. In containers LOG is the copy that docs/guide/README.md makes."""
        return {"LOG": f"{self.directory}/log/minishop.json", "PROMETHEUS": self.urls["prometheus"], "ALERTMANAGER": self.urls["alertmanager"]}

    @property
    def instances(self):
        """The addresses of the native shops, as in the label instance and in the log. No case in containers is about an instance."""
        return [url.split("//")[1] for url in shops(self.urls)] if self.native else []

    # Shared requests.

    def ask(self, name, path, body=None, method=None, **query):
        """The text of the engine `name`'s response; raises Away if it is not 2xx."""
        url = self.urls[name]
        request = urllib.request.Request(url + path + (f"?{urllib.parse.urlencode(query)}" if query else ""), method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=TIMEOUT_S) as response:
                return response.read(RESPONSE_LIMIT).decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            said = error.read(300).decode("utf-8", "replace").strip()
            raise Away(f"{name} at {url} refuses {path} with {error.code}: {said}") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            start = START["native" if self.native else "containers"]
            raise Away(f"{name} does not respond at {url}: {getattr(error, 'reason', error)}; {start}") from error

    def ask_json(self, name, path, **query):
        text = self.ask(name, path, **query)
        with well_formed(name, self.urls[name] + path):
            return json.loads(text)

    # Prometheus.

    def _prometheus(self, path, take, **query):
        """What take() makes of the data of a response."""
        response = self.ask_json("prometheus", f"/api/v1/{path}", **query)
        with well_formed("prometheus", self.urls["prometheus"]):
            return take(response["data"])

    def query(self, expression, when=None):
        """An instant query: [(labels, number)]. A scalar is one number without labels."""
        def take(data):
            if data["resultType"] == "scalar":
                return [({}, float(data["result"][1]))]
            return [(series["metric"], float(series["value"][1])) for series in data["result"]]
        return self._prometheus("query", take, query=expression, **({"time": when} if when is not None else {}))

    def number(self, expression, when=None):
        """The only number of an instant query, or None without a series. ValueError for several."""
        found = self.query(expression, when)
        if len(found) > 1:
            raise ValueError(f"{expression} has {len(found)} series")
        return found[0][1] if found else None

    def query_range(self, expression, start, end, step=2):
        """[(labels, [(time, number)])]."""
        return self._prometheus("query_range", lambda data: [
            (series["metric"], [(float(when), float(value)) for when, value in series["values"]]) for series in data["result"]],
            query=expression, start=f"{start:.3f}", end=f"{end:.3f}", step=step)

    def exemplars(self, expression, start, end):
        """[(labels of the series, labels of the exemplar, value, time)] of every series in the expression."""
        return self._prometheus("query_exemplars", lambda data: [
            (series["seriesLabels"], exemplar["labels"], float(exemplar["value"]), float(exemplar["timestamp"]))
            for series in data for exemplar in series["exemplars"]], query=expression, start=f"{start:.3f}", end=f"{end:.3f}")

    def rules(self):
        """The rules that Prometheus has loaded: {name: rule}, alerts and recording rules."""
        return self._prometheus("rules", lambda data: {rule["name"]: rule for group in data["groups"] for rule in group["rules"]})

    def alerts(self):
        """Alerts that are pending or firing, as Prometheus has them: [{labels, state, ...}]."""
        return self._prometheus("alerts", lambda data: list(data["alerts"]))

    def targets(self):
        """What Prometheus scrapes: [{labels, health, ...}]."""
        return self._prometheus("targets", lambda data: list(data["activeTargets"]), state="active")

    # Alertmanager.

    def silences(self, state="active"):
        """[{id, matchers, startsAt, endsAt, createdBy, comment, status: {state}}] in that state; None: all of them."""
        silences = self.ask_json("alertmanager", "/api/v2/silences")
        with well_formed("alertmanager", self.urls["alertmanager"]):
            return [silence for silence in silences if state in (None, silence["status"]["state"])]

    def silence(self, matchers, seconds, author, comment):
        """Silences the alerts with these labels ({name: value}). Returns the silence's id."""
        begin = datetime.datetime.now(datetime.timezone.utc)
        body = {"matchers": [{"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in matchers.items()],
                "startsAt": begin.isoformat(), "endsAt": (begin + datetime.timedelta(seconds=seconds)).isoformat(),
                "createdBy": author, "comment": comment}
        with well_formed("alertmanager", self.urls["alertmanager"]):
            return json.loads(self.ask("alertmanager", "/api/v2/silences", body))["silenceID"]

    def expire(self, silence_id):
        self.ask("alertmanager", f"/api/v2/silence/{silence_id}", method="DELETE")

    # The shop and the channel.

    def metrics(self):
        """The shop's own exposition, as text."""
        return self.ask("minishop", "/metrics")

    def slack_mode(self, mode=None):
        """The mode of slack-mock; with an argument, sets it."""
        text = self.ask("slack", "/control", *([{"mode": mode}] if mode else []))
        with well_formed("slack", self.urls["slack"]):
            return json.loads(text)["mode"]

    # Logs: MiniShop's file, with rotated ones, or Loki.

    def log(self, since, until=None, text=""):
        """MiniShop's log records from `since` on, oldest first; only lines with `text` in them."""
        until = time.time() + 60 if until is None else until
        records = self._log_of_files(since, text) if self.native else self._log_of_loki(since, until, text)
        with well_formed("the log", self.directory if self.native else self.urls["loki"]):
            dated = [(timestamp(record["timestamp"]), record) for record in records]
        return [record for when, record in sorted(dated, key=lambda pair: pair[0]) if since <= when <= until]

    def _log_of_files(self, since, text):
        path = self.directory / "log/minishop.json"
        if not path.exists():
            raise Away(f"there is no log {path}; ./lab up starts the shop that writes it")
        found = []
        older = sorted((file for file in path.parent.glob(f"{path.name}.*") if not file.name.endswith(".new")),
                       key=lambda file: file.stat().st_mtime, reverse=True)
        for file in [path, *older]:
            try:
                complete = self._read_back(file, since, text, found)
            except FileNotFoundError:
                continue  # rotated away meanwhile
            except OSError as error:
                raise Away(f"the log {file} cannot be read: {error.strerror}") from error
            if complete:
                break
        return found

    @staticmethod
    def _read_back(file, since, text, found):
        """Adds the lines of a file from its end back to `since`. Returns whether it holds an older line."""
        if file.suffix == ".gz":
            with gzip.open(file) as packed:
                return _keep(packed.read().splitlines(), since, text, found)
        with open(file, "rb") as log:
            end = log.seek(0, os.SEEK_END)
            rest = b""
            while end > 0:
                begin = max(0, end - LOG_CHUNK)
                log.seek(begin)
                lines = (log.read(end - begin) + rest).split(b"\n")
                rest = lines.pop(0) if begin else b""
                if _keep(lines, since, text, found):
                    return True
                end = begin
        return False

    def _log_of_loki(self, since, until, text):
        expression = '{app="minishop"}' + (f" |= {json.dumps(text)}" if text else "")
        found, begin = [], int(since * 1e9)
        while True:
            response = self.ask_json("loki", "/loki/api/v1/query_range", query=expression, start=begin, end=int(until * 1e9),
                                     limit=LOKI_PAGE, direction="forward")
            with well_formed("loki", self.urls["loki"]):
                page = sorted((int(when), line) for stream in response["data"]["result"] for when, line in stream["values"])
            for when, line in page:
                with contextlib.suppress(ValueError):
                    found.append(json.loads(line))
                begin = when + 1
            if len(page) < LOKI_PAGE:
                return found

    # Traces: the shops' own pages, or Jaeger.

    @contextlib.contextmanager
    def _traces(self):
        if not self.native and self.trace_store == "tempo":
            raise Away("Tempo keeps the traces (TRACE_STORE=tempo in .env), which is not read here")
        source = traces.Pages(shops(self.urls)) if self.native else traces.Jaeger(self.urls["jaeger"], self.urls["loki"])
        try:
            with well_formed("traces", source.url):
                yield source
        except traces.Trouble as trouble:
            raise Away(str(trouble)) from trouble

    def traces(self):
        """Recent traces: [{trace_id, name, status, outcome (ok, error), start, duration_ms, spans}]."""
        with self._traces() as source:
            return [{**trace, "start": int(trace["start"]) / 1e9 if str(trace["start"]).isdigit() else timestamp(trace["start"])}
                    for trace in source.list()]

    def trace(self, trace_id):
        """One trace: {trace_id, spans: [{name, duration_ms, attributes, events, links, status, ...}], log, page}; None if it is not kept."""
        with self._traces() as source:
            return source.get(trace_id)


def _keep(lines, since, text, found):
    """Adds the records of the lines that have the text and are not older than `since`. Returns whether one was older."""
    wanted, older = text.encode(), False
    for line in lines:
        try:
            record = json.loads(line)
            when = timestamp(record["timestamp"])
        except (ValueError, KeyError, TypeError):
            continue  # an incomplete line, or one from another program
        if when < since:
            older = True
        elif wanted in line:
            found.append(record)
    return older
