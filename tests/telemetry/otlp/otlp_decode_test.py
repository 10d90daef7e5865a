#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Decodes the export of emit_sample with the classes of opentelemetry-proto, and compares it field by field.

argv: the directory of the built tests (default: the current one). Ends with 77 (skipped) without opentelemetry-proto.
"""
import gzip
import math
import os
import pathlib
import shutil
import ssl
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
import labtest  # noqa: E402
from collector import value  # noqa: E402 (ends as skipped without opentelemetry-proto)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: E402
    ExportTraceServiceRequest, ExportTraceServiceResponse)

EMIT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "tests/telemetry/otlp/emit_sample"
START = 1700000000123456789
FILLED = {
    "text": "grüß dich", "nul": "a\0b", "broken": "a\ufffd\ufffdz", "empty": "", "static": "constant", "zero": 0,
    "least": -2**63, "most": 2**63 - 1, "pi": math.pi, "largest": sys.float_info.max, "minus_zero": -0.0, "yes": True, "no": False}


class Receiver(labtest.HttpThread):
    """Keeps requests as (path, headers, body) and responds to each with the result of responses(): (status, message)."""

    def __init__(self, responses=lambda number: (200, ExportTraceServiceResponse())):
        receiver = self
        self.requests = []

        class Handler(labtest.Handler):
            def do_POST(self):
                body = self.body()
                status, message = responses(len(receiver.requests))
                receiver.requests.append((self.path, self.headers, body))
                self.respond(status, message.SerializeToString(), "application/x-protobuf")

        super().__init__(Handler)


def emit(receiver, *arguments, expect=0, under=(), **environment):
    """Runs emit_sample, perhaps under another program. Returns its {name: traceparent} and its standard error."""
    env = labtest.environment({"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url}, environment)
    run = subprocess.run([*under, EMIT, *arguments], env=env, capture_output=True, text=True, timeout=30)
    check(f"exit code ({run.stderr.strip()})", run.returncode, expect)
    return dict(line.split() for line in run.stdout.splitlines()), run.stderr


def check(what, seen, expected):
    same = seen == expected and type(seen) is type(expected)
    if same and isinstance(seen, float):
        same = struct.pack("d", seen) == struct.pack("d", expected)  # also the sign of zero
    if not same:
        raise AssertionError(f"{what}: {seen!r} instead of {expected!r}")


def check_attributes(what, pairs, expected):
    check(f"{what}: keys", [pair.key for pair in pairs], list(expected))
    for pair in pairs:
        check(f"{what}: {pair.key}", value(pair.value), expected[pair.key])


def decode(body):
    """The one group's resource, scope and spans by name; no field that OTLP does not know."""
    request = ExportTraceServiceRequest()
    request.ParseFromString(body)
    request.DiscardUnknownFields()
    check("nothing unknown", request.ByteSize(), len(body))
    check("resources", len(request.resource_spans), 1)
    check("scopes", len(request.resource_spans[0].scope_spans), 1)
    group = request.resource_spans[0].scope_spans[0]
    return request.resource_spans[0].resource, group.scope, list(group.spans)


def check_resource(resource, scope):
    seen = {pair.key: value(pair.value) for pair in resource.attributes}
    check("keys once", len(seen), len(resource.attributes))
    check("dropped of resource", resource.dropped_attributes_count, 0)
    for key, expected in {
            "service.name": "emitter", "service.version": "1.2.3",
            "service.instance.id": "7b2d6f0e-0000-4000-8000-000000000001", "telemetry.sdk.language": "c",
            "telemetry.sdk.name": "libtel", "process.executable.name": "emit_sample", "host.name": os.uname().nodename,
            "team": "a,b=c", "deployment.environment.name": "test"}.items():
        check(f"resource: {key}", seen.get(key), expected)
    check("pid is a number", type(seen["process.pid"]), int)
    for key in "telemetry.sdk.version", "host.arch":
        assert seen[key], key
    check("scope", scope.name, "minishop")
    assert scope.version


def check_server(span):
    check("trace id", span.trace_id.hex(), "0af7651916cd43dd8448eb211c80319c")
    check("parent", span.parent_span_id.hex(), "b7ad6b7169203331")
    check("trace state", span.trace_state, "a=1,b=2")
    check("kind", span.kind, 2)
    check("start", span.start_time_unix_nano, START)
    check("end", span.end_time_unix_nano, START + 1500000)
    check("flags", span.flags, 0x303)
    check("status", (span.status.code, span.status.message), (2, "it broke"))
    check_attributes("server", span.attributes, FILLED)
    check("dropped", (span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count), (0, 0, 0))
    check("events", [event.name for event in span.events], ["first", "second"])
    for event in span.events:
        assert abs(event.time_unix_nano - time.time_ns()) < 60e9, event.time_unix_nano
    check_attributes("first event", span.events[0].attributes, FILLED)
    check_attributes("second event", span.events[1].attributes, {})
    check("links", [(link.trace_id.hex(), link.span_id.hex(), link.flags) for link in span.links],
          [("1" * 32, "2" * 16, 0x301), ("1" * 32, "2" * 16, 0x100)])
    check_attributes("link", span.links[0].attributes, {"linked": 1})


def check_child(span, server):
    check("trace", span.trace_id, server.trace_id)
    check("parent", span.parent_span_id, server.span_id)
    check("trace state", span.trace_state, "a=1,b=2")
    check("kind", span.kind, 1)
    check("flags", span.flags, 0x103)
    check("status: ok is final", (span.status.code, span.status.message), (1, ""))
    assert 0 < span.start_time_unix_nano <= span.end_time_unix_nano


def check_limited(span):
    check("no parent", span.parent_span_id, b"")
    check("no status", span.HasField("status"), False)
    check("kind", span.kind, 3)
    check("flags", span.flags, 0x103)
    check_attributes("limited", span.attributes, {f"k{i:02}": i for i in range(20)})
    check("counts", (len(span.events), len(span.links)), (3, 2))
    check("dropped", (span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count), (1, 1, 1))
    check("ends at its start", span.end_time_unix_nano, START)


def test_every_field(compression):
    with Receiver() as receiver:
        announced, said = emit(
            receiver, OTEL_SERVICE_NAME="emitter", OTEL_EXPORTER_OTLP_COMPRESSION=compression,
            OTEL_RESOURCE_ATTRIBUTES="team=a%2Cb%3Dc,deployment.environment.name=test,service.name=loses",
            OTEL_EXPORTER_OTLP_HEADERS="x-token=a%20b,x-second=2",
            OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT="20", OTEL_SPAN_EVENT_COUNT_LIMIT="3", OTEL_SPAN_LINK_COUNT_LIMIT="2")
        check("silence", said, "")
        check("requests", len(receiver.requests), 1)
        path, headers, body = receiver.requests[0]
    check("path", path, "/v1/traces")
    check("content type", headers["Content-Type"], "application/x-protobuf")
    check("encoding", headers["Content-Encoding"], "gzip" if compression == "gzip" else None)
    check("no Expect", headers["Expect"], None)
    check("headers", (headers["x-token"], headers["x-second"]), ("a b", "2"))
    assert headers["User-Agent"].startswith("OTel-OTLP-Exporter-C/"), headers["User-Agent"]
    resource, scope, spans = decode(gzip.decompress(body) if compression == "gzip" else body)
    check_resource(resource, scope)
    check("order of ending", [span.name for span in spans], ["child", "server", "limited"])
    child, server, limited = spans
    for span in spans:
        check("announced", announced[span.name], f"00-{span.trace_id.hex()}-{span.span_id.hex()}-03")
        check("lengths", (len(span.trace_id), len(span.span_id)), (16, 8))
    check_server(server)
    check_child(child, server)
    check_limited(limited)


def test_batches():
    with Receiver() as receiver:
        emit(receiver, "1300", OTEL_BSP_MAX_EXPORT_BATCH_SIZE="512")
        sizes = [len(decode(body)[2]) for _, _, body in receiver.requests]
        ids = {span.span_id for _, _, body in receiver.requests for span in decode(body)[2]}
    check("spans", sum(sizes), 1300)
    check("each once", len(ids), 1300)
    assert max(sizes) <= 512, sizes


def test_partial_success():
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = 2
    response.partial_success.error_message = "two are too old"
    with Receiver(lambda number: (200, response)) as receiver:
        _, said = emit(receiver, expect=1)
        check("never retried", len(receiver.requests), 1)
    assert "two are too old" in said and "2 spans lost" in said, said


def test_value_limit():
    with Receiver() as receiver:
        emit(receiver, OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT="3")
        _, _, spans = decode(receiver.requests[0][2])
    seen = {pair.key: value(pair.value) for pair in spans[1].attributes}
    check("in characters", seen["text"], "grü")
    check("static", seen["static"], "con")


def make_certificate(folder, name):
    """The paths of a key and of a certificate for 127.0.0.1 that signs itself."""
    key, certificate = f"{folder}/{name}.key", f"{folder}/{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate,
                    "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True)
    return key, certificate


def serve_tls(receiver, key, certificate, clients=None):
    """Makes the receiver an https server that asks clients for a certificate of this authority. Returns its variable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if clients:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    receiver.server.socket = context.wrap_socket(receiver.server.socket, server_side=True)
    receiver.server.handle_error = lambda *_: None  # refused handshakes are meant
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": f"https://127.0.0.1:{receiver.port}"}


def test_tls():
    """Server and client show the same certificate, which signs itself."""
    if not shutil.which("openssl"):
        print("SKIP TLS: openssl is missing")
        return
    with tempfile.TemporaryDirectory() as folder, Receiver() as receiver:
        key, certificate = make_certificate(folder, "test")
        url = serve_tls(receiver, key, certificate, clients=certificate)
        client = {"OTEL_EXPORTER_OTLP_CLIENT_KEY": key, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": certificate}
        emit(receiver, OTEL_EXPORTER_OTLP_CERTIFICATE=certificate, **url, **client)
        check("requests", len(receiver.requests), 1)
        _, said = emit(receiver, expect=1, **url, **client)
        assert "certificate" in said, said
        emit(receiver, expect=1, OTEL_EXPORTER_OTLP_CERTIFICATE=certificate, **url)
        check("no further request", len(receiver.requests), 1)


def test_the_named_authority_replaces_those_of_the_system():
    """In a mount namespace, the system trusts the server's certificate. With another authority's file nothing else is trusted."""
    under = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount --bind "$0" /etc/ssl/certs && exec "$@"']
    if not shutil.which("openssl") or subprocess.run([*under, "/etc/ssl/certs", "true"], capture_output=True).returncode:
        print("SKIP the system's authorities: openssl or unshare --mount cannot be used")
        return
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as system, Receiver() as receiver:
        key, certificate = make_certificate(folder, "server")
        _, other = make_certificate(folder, "other")
        shutil.copy(certificate, f"{system}/ca-certificates.crt")
        url, under = serve_tls(receiver, key, certificate), [*under, system]
        emit(receiver, under=under, **url)
        check("requests", len(receiver.requests), 1)
        _, said = emit(receiver, expect=1, under=under, OTEL_EXPORTER_OTLP_CERTIFICATE=other, **url)
        assert "certificate" in said, said
        emit(receiver, under=under, OTEL_EXPORTER_OTLP_CERTIFICATE=certificate, **url)
        check("requests", len(receiver.requests), 2)


def main():
    tests = [lambda: test_every_field("none"), lambda: test_every_field("gzip"), test_batches, test_partial_success,
             test_value_limit, test_tls, test_the_named_authority_replaces_those_of_the_system]
    for test in tests:
        test()
    print(f"{len(tests)} passed, 0 failed")


main()
