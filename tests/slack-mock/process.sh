#!/bin/sh
# Runs ../e2e/slack_mock_test.py on the program that was just built; without Python 3 it is skipped, and says so.
if ! command -v python3 >/dev/null; then
	echo "SKIP slack_mock_test.py: python3 missing"
	exit 77
fi
exec python3 "$(dirname "$0")/../e2e/slack_mock_test.py" "$@"
