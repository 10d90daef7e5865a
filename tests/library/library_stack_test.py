# SPDX-License-Identifier: MIT
"""A program of thirty lines outside this tree, with the real engines: Prometheus has its metrics, Jaeger its traces, and the
trace ids of its log line and its exemplar lead there."""
import json
import os
import pathlib
import sys
import urllib.error

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import labtest  # noqa: E402
import library_test  # noqa: E402
import stack  # noqa: E402
from labtest import claim, expect, wait_until  # noqa: E402

PROGRAM = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <tel/ulfius.h>

static int hello(const struct _u_request *request, struct _u_response *response, void *data) {
  (void)request, (void)data;
  ulfius_set_string_body_response(response, 200, "hello");
  return U_CALLBACK_COMPLETE;
}

int main(int argc, char **argv) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct _u_instance instance;
  char rest[64];
  address.sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "8080"));
  if (ulfius_init_instance(&instance, ntohs(address.sin_port), &address, NULL) != U_OK) return 1;
  ulfius_add_endpoint_by_val(&instance, "GET", NULL, "/hello/:name", 0, hello, NULL);
  struct tel *tel = tel_new("thirty-lines", "1.0");
  tel_ulfius_observe(tel, &instance);
  if (tel_start(tel) != 0) return fprintf(stderr, "%s\n", tel_error(tel)), 1;
  if (ulfius_start_framework(&instance) != U_OK) return 1;
  while (read(STDIN_FILENO, rest, sizeof rest) > 0) continue;
  ulfius_stop_framework(&instance);
  tel_free(tel, 5000);
  ulfius_clean_instance(&instance);
  return 0;
}
"""
REQUESTS = 20
SCRAPE = "global: {{scrape_interval: 1s}}\nscrape_configs: [{{job_name: thirty-lines, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n"


def jaeger(directory):
    """Jaeger with the project's configuration; its ports by name."""
    names = ("UI", "METRICS", "HEALTH", "QUERY_GRPC", "OTLP_GRPC", "OTLP_HTTP")
    ports = dict(zip(names, labtest.free_ports(len(names))))
    env = {**os.environ, "JAEGER_ADDRESS": "127.0.0.1", **{f"JAEGER_{name}_PORT": str(port) for name, port in ports.items()}}
    return ports, labtest.Engine("jaeger", [stack.built("jaeger"), "--config", labtest.OBSERVABILITY / "jaeger/config.yaml"], directory,
                                 f"http://127.0.0.1:{ports['HEALTH']}/status", env)


def prometheus(directory, port, target):
    config = directory / "prometheus.yml"
    config.write_text(SCRAPE.format(port=target))
    return labtest.Engine("prometheus", [stack.built("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={directory}/data",
                                         f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage"],
                          directory, f"http://127.0.0.1:{port}/-/ready")


def trace_of(url, trace_id):
    try:
        [trace] = labtest.http_json(f"{url}/api/traces/{trace_id}")["data"]
    except urllib.error.HTTPError:
        return None  # not yet
    return trace


def test_a_program_of_thirty_lines(directory):
    stack.need_engines("jaeger", "prometheus")
    prefix = library_test.installed()
    claim("it has thirty lines", len([line for line in PROGRAM.splitlines() if line.strip()]) <= 30)
    source = directory / "thirty_lines.c"
    source.write_text(PROGRAM)
    program = library_test.compile_program(prefix, directory, source, "tel-ulfius")
    ports, engine = jaeger(directory)
    with engine:
        env = library_test.environment(prefix, f"http://127.0.0.1:{ports['OTLP_HTTP']}")
        with library_test.Program(program, directory, env) as server:
            port = labtest.free_port()
            with prometheus(directory, port, server.port):
                for number in range(REQUESTS):
                    claim_silently(server.raw("GET", f"/hello/{number}").endswith(b"hello"))
                look(server, f"http://127.0.0.1:{port}/api/v1", f"http://127.0.0.1:{ports['UI']}")


def claim_silently(condition):
    if not condition:
        raise labtest.TestFailure("the program does not respond")


def look(server, prometheus_url, jaeger_url):
    counter = 'request_total{route="/hello/:name",status="200"}'
    wait_until("Prometheus has all requests", lambda: [sample["value"][1] for sample in stack.get(f"{prometheus_url}/query", query=counter)["data"]["result"]]
               == [str(REQUESTS)])
    line = server.line(path="/hello/0")
    trace = wait_until("Jaeger has the trace that the log line names", lambda: trace_of(jaeger_url, line["trace_id"]))
    [span] = trace["spans"]
    tags = {tag["key"]: tag["value"] for tag in span["tags"]}
    expect("the span", (span["operationName"], span["spanID"], tags["span.kind"], tags["http.route"], tags["http.response.status_code"]),
           ("GET /hello/:name", line["span_id"], "server", "/hello/:name", 200))
    expect("its service", trace["processes"][span["processID"]]["serviceName"], "thirty-lines")

    def exemplars():
        found = stack.get(f"{prometheus_url}/query_exemplars", query="request_duration_seconds_bucket", start=0, end=9999999999)["data"]
        return [exemplar["labels"] for series in found if series["seriesLabels"].get("route") == "/hello/:name" for exemplar in series["exemplars"]]

    [exemplar, *_] = wait_until("Prometheus has an exemplar", exemplars)
    wait_until("its trace is in Jaeger, too", lambda: trace_of(jaeger_url, exemplar["trace_id"]))
    claim("the exemplar is of a line that was logged", exemplar["trace_id"] in {entry.get("trace_id") for entry in server.lines()}, json.dumps(exemplar))


if __name__ == "__main__":
    labtest.run_tests(globals())
