#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs sound_test.py with the programs of this build. Prints SKIP if Python 3 is missing.
python=${LAB_PYTHON:-python3}
if ! command -v "$python" >/dev/null; then
	echo "SKIP sound_test.py: python3 missing"
	exit 77
fi
LAB_BUILD=$PWD exec "$python" -u "$(dirname "$0")/sound_test.py" "$@"
