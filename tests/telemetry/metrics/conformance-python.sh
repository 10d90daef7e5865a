#!/bin/sh
# SPDX-License-Identifier: MIT
# The parsers of the Python client read the expected values from both formats. Its OpenMetrics parser is strict.
# LAB_PYTHON: an interpreter that has prometheus_client.
set -eu
python=${LAB_PYTHON:-python3}
"$python" -c 'import prometheus_client' 2>/dev/null ||
	{ echo "SKIP: $python has no prometheus_client"; exit 77; }
exec "$python" "$(dirname "$0")/check_exposition.py" tests/telemetry/metrics/expose_sample
