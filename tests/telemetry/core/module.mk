# SPDX-License-Identifier: MIT
# The tests of what all signals share.
CORE_TESTS = tests/telemetry/core/test_attributes tests/telemetry/core/test_encoding \
	tests/telemetry/core/test_left_behind tests/telemetry/core/test_library tests/telemetry/core/test_pool tests/telemetry/core/test_resource \
	tests/telemetry/core/test_schedules tests/telemetry/core/test_stdout_turn
check_PROGRAMS += $(CORE_TESTS)
TESTS += $(CORE_TESTS)

tests_telemetry_core_test_library_SOURCES = tests/telemetry/core/test_library.c $(ALLOCATIONS)
tests_telemetry_core_test_library_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_core_test_library_LDFLAGS = $(WRAP_ALLOCATIONS)
tests_telemetry_core_test_attributes_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_core_test_encoding_SOURCES = tests/telemetry/core/test_encoding.c \
	tests/telemetry/traces/tracer_fixture.h
tests_telemetry_core_test_encoding_LDADD = $(TELEMETRY_TEST_LIBS) $(JANSSON_LIBS)
tests_telemetry_core_test_stdout_turn_LDADD = $(TELEMETRY_TEST_LIBS) $(JANSSON_LIBS)
tests_telemetry_core_test_pool_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_core_test_resource_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_core_test_left_behind_SOURCES = tests/telemetry/core/test_left_behind.c \
	tests/telemetry/traces/tracer_fixture.h
tests_telemetry_core_test_left_behind_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_core_test_left_behind_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=tel_packet_release,--wrap=write
tests_telemetry_core_test_schedules_SOURCES = tests/telemetry/core/test_schedules.c \
	tests/telemetry/traces/tracer_fixture.h
tests_telemetry_core_test_schedules_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_core_test_schedules_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=random_unit
