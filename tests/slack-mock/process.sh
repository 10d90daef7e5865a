#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs ../e2e/slack_mock_test.py with the program of this build. Prints SKIP if Python 3 is missing.
if ! command -v python3 >/dev/null; then
	echo "SKIP slack_mock_test.py: python3 missing"
	exit 77
fi
exec python3 "$(dirname "$0")/../e2e/slack_mock_test.py" "$@"
