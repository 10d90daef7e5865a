# SPDX-License-Identifier: MIT
"""A configured secret appears nowhere: the test puts a canary into each setting that may hold a secret, and searches all outputs."""
import pathlib
import subprocess

import labtest
import shop
from labtest import TestFailure, expect, wait_until

CANARY = "c4n4ry-s3cr3t"
DEAD = "127.0.0.1:9"  # "discard": nothing listens

# Settings that can hold a secret, with valid and with refused values.
PLACES = {
    "headers": {"OTEL_EXPORTER_OTLP_HEADERS": f"authorization=Bearer%20{CANARY},x-key={CANARY}"},
    "headers for traces": {"OTEL_EXPORTER_OTLP_TRACES_HEADERS": f"api-key={CANARY}"},
    "headers without a name": {"OTEL_EXPORTER_OTLP_HEADERS": f"Bearer {CANARY}"},
    "headers with a bad name": {"OTEL_EXPORTER_OTLP_HEADERS": f"bad name {CANARY}={CANARY}"},
    "headers with a line break": {"OTEL_EXPORTER_OTLP_HEADERS": f"a={CANARY}%0d%0aX: {CANARY}"},
    "headers with a bad escape": {"OTEL_EXPORTER_OTLP_HEADERS": f"a={CANARY}%zz"},
    "password in the address": {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://user:{CANARY}@{DEAD}"},
    "password for traces": {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"http://user:{CANARY}@{DEAD}/v1/traces"},
    "key in the query": {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{DEAD}/?key={CANARY}"},
    "key in the fragment": {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{DEAD}/#{CANARY}"},
    "address without a scheme": {"OTEL_EXPORTER_OTLP_ENDPOINT": f"user:{CANARY}@{DEAD}"},
    "address for gRPC": {"OTEL_EXPORTER_OTLP_ENDPOINT": f"grpc://user:{CANARY}@{DEAD}"},
    "address in quotes": {"OTEL_EXPORTER_OTLP_ENDPOINT": f'"http://user:{CANARY}@{DEAD}"'},
    "password in the setting": {"MINISHOP_TRACES_ENDPOINT": f"http://user:{CANARY}@{DEAD}"},
    "password in the setting, for gRPC": {"MINISHOP_TRACES_ENDPOINT": f"http://user:{CANARY}@127.0.0.1:4317"},
    "proxy": {"http_proxy": f"http://user:{CANARY}@{DEAD}", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://192.0.2.1:4318"},
    "password of another exporter": {"OTEL_EXPORTER_JAEGER_PASSWORD": CANARY},
}


def search(where, texts):
    """Searches the texts, which are keyed by their place, for the canaries."""
    shown = [place for place, text in texts.items() if CANARY in text]
    if shown:
        line = next(line for line in texts[shown[0]].splitlines() if CANARY in line)
        raise TestFailure(f"{where}: shown in {', '.join(shown)}: {line[:300]}")


def run(env, *arguments):
    done = subprocess.run([shop.program("minishop"), *arguments], env=labtest.environment(env), capture_output=True, text=True, timeout=30)
    return done.stdout + done.stderr


def told(server):
    """All output of a running service."""
    pages = {f"GET {path} ({accept})": server.get(path, {"Accept": accept}).body.decode() for path, accept in (
        ("/metrics", "*/*"), ("/version", "*/*"), ("/readyz", "*/*"), ("/debug/tracez", "text/html"), ("/debug/tracez", "application/json"))}
    return {**pages, "process list": pathlib.Path(f"/proc/{server.pid}/cmdline").read_text(),
            "process name": pathlib.Path(f"/proc/{server.pid}/comm").read_text()}


def test_minishop(directory):
    for number, (place, env) in enumerate(PLACES.items()):
        search(place, {option: run(env, option) for option in ("--help", "--version", "--check-config")})
        own = directory / str(number)
        own.mkdir()
        with shop.Shop(own, {"traces.recent_bytes": 1 << 20, "log.level": "debug"},
                       env={"OTEL_TRACES_EXPORTER": "otlp", "OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_EXPORTER_OTLP_TIMEOUT": "300",
                            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{DEAD}", **env}) as server:
            expect("the canary is there", CANARY in pathlib.Path(f"/proc/{server.pid}/environ").read_text(), True)
            expect("an order", server.order().status, 201)
            wait_until(f"{place}: the end of the span", lambda: server.metrics()["telemetry_spans_exported_total"] +
                       server.metrics()["telemetry_spans_dropped_total"] > 0)
            server.get("/nothing")
            search(place, told(server))
            log = own / "minishop.log"
            expect(f"{place}: exit status", server.terminate()[0], 0)
        search(place, {"log": (own / "minishop.json").read_text(), "output": log.read_text()})
    labtest.figure(f"{len(PLACES)} settings with a secret, 0 outputs that show one")


def test_refused_settings(directory):
    """Unlike a refused variable of OpenTelemetry, a refused setting prevents the start. Its message shows the setting's value."""
    for number, url in enumerate((f"ftp://user:{CANARY}@{DEAD}", f"user:{CANARY}@{DEAD}", f"http://user:{CANARY}@ {DEAD}",
                                  f"http://{DEAD}/?key={CANARY}", f"ftp://{DEAD}/#{CANARY}", f"http://user:{CANARY}@[::1:1")):
        file = directory / f"{number}.conf"
        file.write_text(f'traces = {{ endpoint = "{url}"; }};\n')
        for option in ("--check-config", "--listen=127.0.0.1:0"):
            texts = {"environment": run({"MINISHOP_TRACES_ENDPOINT": url}, option), "file": run({}, option, f"--config={file}")}
            search(url, texts)
            expect("messages about the setting", [place for place, text in texts.items() if "traces.endpoint takes" not in text], [])


def test_what_is_hidden_is_told(_):
    """The output has the syntax of the file, so a reader could take it for the whole value."""
    for url, shown in ((f"http://user:{CANARY}@{DEAD}/x", f'"http://{DEAD}/x"; # the environment, MINISHOP_TRACES_ENDPOINT; user and password are not shown\n'),
                       (f"http://{DEAD}", f'"http://{DEAD}"; # the environment, MINISHOP_TRACES_ENDPOINT\n')):
        expect(url, f"  endpoint = {shown}" in run({"MINISHOP_TRACES_ENDPOINT": url}, "--check-config"), True)


def test_syntax_errors(directory):
    """The text at the place of a syntax error may be the address."""
    url = f'"http://user:{CANARY}@{DEAD}"'
    for number, line in enumerate((url, f"traces = {{ {url} }}", f"traces = {{ enabled = true {url}; }}", f"x = [1 {url}]",
                                   f"traces = {{ endpoint {url}; }}", f"traces = {{ endpoint = {url}", f"traces = {{ endpoint = '{url}'; }}")):
        file = directory / f"{number}.conf"
        file.write_text(line + "\n")
        text = run({}, "--check-config", f"--config={file}")
        search(line, {"message": text})
        expect("a message about the line", f"{file}:1: " in text, True)


def test_secrets_in_a_query(directory):
    """The query of a client is an attribute of its span. The values that the HTTP conventions list are redacted, and the log has no query."""
    secret = "&".join(f"{name}={CANARY}" for name in ("sig", "Signature", "AWSAccessKeyId", "X-Amz-Signature", "X-Goog-Signature"))
    with shop.Shop(directory, {"traces.recent_bytes": 1 << 20, "log.level": "debug"}, f"http://{DEAD}") as server:
        texts = {}
        for path in ("/order", "/payment/pay", "/nothing"):
            response = server.request("POST", f"{path}?a=shown&{secret}&b=2")
            texts[path] = server.get(f"/debug/tracez?format=json&trace_id={response.trace_id}").body.decode()
        expect("spans with a query", [path for path, text in texts.items() if "a=shown&sig=REDACTED&" in text], ["/order", "/payment/pay"])
        search("a client's query", {**texts, **told(server), "log": (directory / "minishop.json").read_text(), "output": server.log_tail()})


def test_a_password_in_a_target(directory):
    """A client without a proxy's configuration sends a whole URL. The log has its path."""
    with shop.Shop(directory, {"traces.recent_bytes": 1 << 20, "log.level": "debug"}, f"http://{DEAD}") as server:
        for scheme in "http", "HTTPS", "ftp", "ws+x":
            for method in "GET", "POST", "CONNECT":
                target = f"{scheme}://user:{CANARY}@shop/{scheme}/{method}?a=b"
                expect(target, server.raw(f"{method} {target} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n".encode())[9:12], b"400")
                server.logged(path=f"/{scheme}/{method}", status=400)
        search("a target", {**told(server), "log": (directory / "minishop.json").read_text(), "output": server.log_tail()})


def test_core_files(directory):
    """A core file would contain every secret. Its name contains none: the kernel derives it from the program's name."""
    with shop.Shop(directory, env={"OTEL_EXPORTER_OTLP_HEADERS": f"a={CANARY}"}) as server:
        expect("the name that a core file takes", pathlib.Path(f"/proc/{server.pid}/comm").read_text(), "minishop\n")


def test_webhook_of_the_lab(directory):
    """The lab's scripts write the address into a file that only its user can read, and pass it to slack-mock in the environment."""
    script = (labtest.TOP / "lab.d/up.sh").read_text()
    expect("the umask of the file", "(umask 077 && printf '%s' \"${LAB_SLACK_URL:-" in script, True)
    expect("--hook among the arguments", "--hook" in script, False)


if __name__ == "__main__":
    labtest.run_tests(globals())
