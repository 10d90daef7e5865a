# SPDX-License-Identifier: MIT
# Whole processes; `./lab test` runs them.
EXTRA_DIST += tests/coverage
EXTRA_DIST += \
	tests/e2e/abuse_test.py \
	tests/e2e/collector.py \
	tests/e2e/contract_test.py \
	tests/e2e/crash_test.py \
	tests/e2e/daemon_test.py \
	tests/e2e/exporter_test.py \
	tests/e2e/framing_test.py \
	tests/e2e/hardening_test.py \
	tests/e2e/secrets_test.py \
	examples \
	tests/e2e/labtest.py \
	tests/e2e/log_pipeline_test.py \
	tests/e2e/log_sink.py \
	tests/e2e/loop_test.py \
	tests/e2e/shop.py \
	tests/e2e/shutdown_test.py \
	tests/e2e/negotiation_test.py \
	tests/e2e/neighbours_test.py \
	tests/e2e/new_route_test.py \
	tests/e2e/place.py \
	tests/e2e/plot.py \
	tests/e2e/startup_test.py \
	tests/e2e/reasons_test.py \
	tests/e2e/openapi_test.py \
	tests/e2e/problems_test.py \
	tests/e2e/signals_agree_test.py \
	tests/e2e/slack_mock_guards_test.py \
	tests/e2e/slack_troubles_test.py \
	tests/e2e/soak.py \
	tests/e2e/source_tables.py \
	tests/e2e/stack.py \
	tests/e2e/stack_test.py \
	tests/e2e/telemetry_doc_test.py \
	tests/e2e/tracez_test.py \
	tests/e2e/turned_clock.c \
	tests/lint_includes.py \
	tests/cluster \
	tests/engines
