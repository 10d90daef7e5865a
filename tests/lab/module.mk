# SPDX-License-Identifier: MIT
# The lab as users run it, and the runner of its tests.
EXTRA_DIST += tests/lab/runner_test.py \
	tests/lab/bench_test.py \
	tests/lab/engine_builds_test.py \
	tests/lab/guide_answers_test.py \
	tests/lab/guide_pages.py \
	tests/lab/guide_stack_test.py \
	tests/lab/guide_test.py \
	tests/lab/lab_containers_test.py \
	tests/lab/lab_test.py \
	tests/lab/lab_trace_test.py \
	tests/lab/oncall_signals.py \
	tests/lab/oncall_test.py \
	tests/lab/ports_test.py \
	tests/lab/private_lab.py \
	tests/lab/promises_test.py
