# SPDX-License-Identifier: MIT
# The tests of OTEL_* variables.
SETTINGS_TESTS = tests/telemetry/settings/test_tracing_env tests/fuzz/fuzz_otel_env
check_PROGRAMS += $(SETTINGS_TESTS)
TESTS += $(SETTINGS_TESTS)
EXTRA_DIST += tests/fuzz/corpus/otel_env

tests_telemetry_settings_test_tracing_env_LDADD = $(TELEMETRY_TEST_LIBS)
tests_fuzz_fuzz_otel_env_SOURCES = tests/fuzz/fuzz_otel_env.c tests/fuzz/replay.c
tests_fuzz_fuzz_otel_env_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
