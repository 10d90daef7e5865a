#!/bin/sh
# SPDX-License-Identifier: MIT
# Prometheus' own parser and linter accept the text format.
set -eu
command -v promtool >/dev/null || { echo "SKIP: promtool is not installed"; exit 77; }
tests/telemetry/metrics/expose_sample text | promtool check metrics
