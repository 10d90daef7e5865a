# SPDX-License-Identifier: MIT
"""An OTLP/HTTP receiver of logs. It replaces Loki in tests of the pipeline: it counts the lines, and accepts no queries."""
import gzip
import json

import labtest
from collector import attributes

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest


def log_lines(body):
    """The lines of one request: [(time, labels, line)]. The labels have the names that Loki gives them."""
    request = ExportLogsServiceRequest()
    request.ParseFromString(body)
    for group in request.resource_logs:
        resource = {key.replace(".", "_"): text for key, text in attributes(group.resource.attributes).items()}
        for scope in group.scope_logs:
            for record in scope.log_records:
                own = {"trace_id": record.trace_id.hex(), "span_id": record.span_id.hex()}
                yield record.time_unix_nano, {**resource, **attributes(record.attributes), **own}, record.body.string_value


class LogSink(labtest.HttpThread):
    """A context manager. .url takes the place of Loki's /otlp; .received is [(time, labels, line)]; while .away is set, it
    does not respond, and counts requests in .refused."""

    def __init__(self):
        sink = self
        self.received = []
        self.away = False
        self.refused = 0

        class Handler(labtest.Handler):
            def do_POST(self):
                body = self.body()
                if sink.away:
                    sink.refused += 1
                    self.close_connection = True
                    return
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                sink.received.extend(log_lines(body))
                self.respond(200, b"", "application/x-protobuf")

        super().__init__(Handler)

    def lines(self):
        """[(labels, line)], oldest first: what Stack.lines() has from Loki."""
        return [(labels, line) for _, labels, line in sorted(self.received, key=lambda entry: entry[0])]

    def requests(self):
        """Those of lines() that belong to a request."""
        return [(labels, line) for labels, line in self.lines() if labels["trace_id"]]

    def failed(self):
        return [(labels, line) for labels, line in self.lines() if json.loads(line)["message"] == "payment failed"]
