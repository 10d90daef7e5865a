# SPDX-License-Identifier: MIT
# The runner of ./lab test.
EXTRA_DIST += tests/lab/runner_test.py
