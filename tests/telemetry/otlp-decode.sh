#!/bin/sh
# LAB_PYTHON: an interpreter that has what tests/requirements.txt lists.
exec "${LAB_PYTHON:-python3}" "$(dirname "$0")/otlp_decode_test.py" .
