# SPDX-License-Identifier: MIT
# The tests of recent traces.
RECENT_TESTS = tests/telemetry/recent/test_recent tests/telemetry/recent/test_recent_threads \
	tests/telemetry/recent/test_recent_memory
check_PROGRAMS += $(RECENT_TESTS)
TESTS += $(RECENT_TESTS)

tests_telemetry_recent_test_recent_SOURCES = tests/telemetry/recent/test_recent.c \
	tests/telemetry/recent/recent_fixture.h tests/telemetry/traces/tracer_fixture.h
tests_telemetry_recent_test_recent_LDADD = $(TELEMETRY_TEST_LIBS) $(JANSSON_LIBS)
tests_telemetry_recent_test_recent_threads_SOURCES = tests/telemetry/recent/test_recent_threads.c \
	tests/telemetry/recent/recent_fixture.h tests/telemetry/traces/tracer_fixture.h
tests_telemetry_recent_test_recent_threads_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_recent_test_recent_memory_SOURCES = tests/telemetry/recent/test_recent_memory.c \
	tests/telemetry/recent/recent_fixture.h tests/telemetry/traces/tracer_fixture.h $(ALLOCATIONS)
tests_telemetry_recent_test_recent_memory_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_recent_test_recent_memory_LDFLAGS = $(WRAP_ALLOCATIONS)
