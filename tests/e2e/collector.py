# SPDX-License-Identifier: MIT
"""An OTLP/HTTP receiver that decodes spans with independent code: the classes of opentelemetry-proto.

It can misbehave: collector.behave is called with each request's number, from 0, before the response, and returns the
status, or (status, headers), or (status, headers, body), or None to never respond. It may also sleep.
"""
import dataclasses
import gzip
import sys
import threading

import labtest

try:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
except ImportError:
    print("SKIP opentelemetry-proto is missing: python3 -m pip install -r tests/requirements.txt")
    sys.exit(labtest.SKIPPED)

INTERNAL, SERVER = 1, 2
UNSET, OK, ERROR = 0, 1, 2


@dataclasses.dataclass
class Span:
    """One span; ids in hex, "" without an id; times in nanoseconds."""
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    kind: int
    start: int
    end: int
    attributes: dict
    events: list
    links: list
    status: int
    status_message: str
    trace_state: str
    flags: int
    resource: dict


def value(any_value):
    which = any_value.WhichOneof("value")
    return getattr(any_value, which) if which else None


def attributes(pairs):
    return {pair.key: value(pair.value) for pair in pairs}


class Collector(labtest.HttpThread):
    """A context manager; .url is for OTEL_EXPORTER_OTLP_ENDPOINT, .spans has the spans of accepted requests."""

    def __init__(self, behave=lambda number: 200):
        collector = self
        self.behave = behave
        self.spans = []
        self.requests = []  # (path, headers) of each
        self.lock = threading.Lock()
        self.hanging = threading.Event()

        class Handler(labtest.Handler):
            def do_POST(self):
                body = self.body()
                with collector.lock:
                    number = len(collector.requests)
                    collector.requests.append((self.path, dict(self.headers)))
                response = collector.behave(number)
                if response is None:
                    collector.hanging.wait(60)
                    self.close_connection = True
                    return
                status, *rest = response if isinstance(response, tuple) else (response,)
                headers, content = (rest + [{}, b""][len(rest):])
                if status == 200:
                    collector.take(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
                self.respond(status, content, "application/x-protobuf", headers)

        super().__init__(Handler)

    def take(self, body):
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
        spans = []
        for group in request.resource_spans:
            resource = attributes(group.resource.attributes)
            for scope in group.scope_spans:
                for span in scope.spans:
                    spans.append(Span(
                        span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(), span.kind,
                        span.start_time_unix_nano, span.end_time_unix_nano, attributes(span.attributes),
                        [(event.name, event.time_unix_nano, attributes(event.attributes)) for event in span.events],
                        [(link.trace_id.hex(), link.span_id.hex(), attributes(link.attributes)) for link in span.links],
                        span.status.code, span.status.message, span.trace_state, span.flags, resource))
        with self.lock:
            self.spans.extend(spans)

    def by_trace(self):
        """The spans of each trace, by trace id."""
        traces = {}
        with self.lock:
            for span in self.spans:
                traces.setdefault(span.trace_id, []).append(span)
        return traces

    def wait_for(self, count):
        labtest.wait_until(f"{count} spans arrive", lambda: len(self.spans) >= count)
        return self.spans

    def __exit__(self, *details):
        self.hanging.set()
        super().__exit__(*details)
