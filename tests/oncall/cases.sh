#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs cases_test.py; without Python 3 it is skipped, and says so.
if ! command -v python3 >/dev/null; then
	echo "SKIP cases_test.py: python3 missing"
	exit 77
fi
exec python3 -B "$(dirname "$0")/cases_test.py" "$@"
