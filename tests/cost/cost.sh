#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs cost_test.py with the programs of this build. Prints SKIP if Python 3 is missing.
if ! command -v python3 >/dev/null; then
	echo "SKIP cost_test.py: python3 missing"
	exit 77
fi
LAB_BUILD=$(pwd) exec python3 "$(dirname "$0")/cost_test.py" "$@"
