#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs cases_test.py and verdicts_test.py. Prints SKIP if Python 3 is missing.
if ! command -v python3 >/dev/null; then
	echo "SKIP cases_test.py, verdicts_test.py: python3 missing"
	exit 77
fi
cd "$(dirname "$0")" && python3 -B cases_test.py && exec python3 -B verdicts_test.py
