# SPDX-License-Identifier: MIT
"""Parses the output of expose_sample with the parsers of the Python client, and checks the result."""

import gzip
import math
import subprocess
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text


def expose(*arguments):
    return subprocess.run([sys.argv[1], *arguments], check=True, capture_output=True).stdout


def samples(families):
    """{(name, labels): sample}; le as a number, since its spelling differs between the formats."""
    found = {}
    for family in families:
        for sample in family.samples:
            labels = dict(sample.labels)
            if "le" in labels:
                labels["le"] = float(labels["le"])
            key = (sample.name, tuple(sorted(labels.items())))
            assert key not in found, f"twice: {key}"
            found[key] = sample
    return found


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


text = expose("text").decode("utf-8")
openmetrics = expose("openmetrics").decode("utf-8")
text_families = list(parse_text(text))
openmetrics_families = {family.name: family for family in parse_openmetrics(openmetrics)}
from_text = samples(text_families)
from_openmetrics = samples(openmetrics_families.values())

# Both formats have the same values, except those that change over time.
assert from_text.keys() == from_openmetrics.keys(), from_text.keys() ^ from_openmetrics.keys()
for key, sample in from_text.items():
    if not key[0].startswith(("process_", "telemetry_scrape_")):
        assert same(sample.value, from_openmetrics[key].value), key

# Metadata, escapes, exact values.
request = openmetrics_families["request"]
assert request.type == "counter"
assert openmetrics_families["paid_euros"].unit == "euros"
assert openmetrics_families["paid_euros"].documentation == 'A unit,\na "quote" and a \\ backslash.'
assert {f.name: f.documentation for f in text_families}["paid_euros"].startswith("A unit,\na \"quote\" and a \\")
assert openmetrics_families["process_cpu_seconds"].unit == "seconds"
info = openmetrics_families["minishop_build_info"].samples[0]
assert info.labels == {"version": "", "path": "C:\\dir\n", "text": '"caf\u00e9" \U0001f600'}, info.labels
assert from_text[("sample_values", (("kind", "fraction"),))].value == 0.1 + 0.2
assert from_text[("sample_values", (("kind", "-inf"),))].value == -math.inf
assert "} 18446744073709551615\n" in text

# Exemplars: on their buckets, only in OpenMetrics.
exemplars = {sample.labels["le"]: sample.exemplar
             for sample in openmetrics_families["request_duration_seconds"].samples if sample.exemplar}
assert set(exemplars) == {"0.0025", "1.0", "+Inf"}, set(exemplars)
assert exemplars["1.0"].value == 0.5
assert exemplars["1.0"].labels == {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7"}
assert float(exemplars["1.0"].timestamp) == 1700000003.5
assert "# {" not in text

assert openmetrics.endswith("\n# EOF\n") and openmetrics.count("# EOF") == 1 and "# EOF" not in text
assert gzip.decompress(expose("openmetrics", "gzip")).decode("utf-8").endswith("# EOF\n")
print(f"{len(from_text)} samples in {len(openmetrics_families)} families")
