#!/bin/sh
# SPDX-License-Identifier: MIT
# LAB_PYTHON: an interpreter that has the packages of tests/requirements.txt.
python=${LAB_PYTHON:-python3}
command -v "$python" >/dev/null || { echo "SKIP otlp_decode: python3 is missing"; exit 77; }
exec "$python" "$(dirname "$0")/otlp_decode_test.py" .
