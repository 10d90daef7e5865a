# SPDX-License-Identifier: MIT
# The tests of logs.
LOGS_TESTS = tests/telemetry/logs/test_log tests/telemetry/logs/test_log_file tests/telemetry/logs/test_log_stream \
	tests/telemetry/logs/test_log_memory tests/telemetry/logs/test_log_json tests/fuzz/fuzz_log_json
LOGS_TEST_LIBS = $(TELEMETRY_TEST_LIBS) $(JANSSON_LIBS)
LOG_FIXTURE = tests/telemetry/logs/log_fixture.c tests/telemetry/logs/log_fixture.h
check_PROGRAMS += $(LOGS_TESTS)
TESTS += $(LOGS_TESTS)
EXTRA_DIST += tests/data/log-json tests/fuzz/corpus/log_json

tests_telemetry_logs_test_log_SOURCES = tests/telemetry/logs/test_log.c $(LOG_FIXTURE)
tests_telemetry_logs_test_log_LDADD = $(LOGS_TEST_LIBS)
tests_telemetry_logs_test_log_file_SOURCES = tests/telemetry/logs/test_log_file.c $(LOG_FIXTURE)
tests_telemetry_logs_test_log_file_LDADD = $(LOGS_TEST_LIBS)
tests_telemetry_logs_test_log_stream_SOURCES = tests/telemetry/logs/test_log_stream.c $(LOG_FIXTURE)
tests_telemetry_logs_test_log_stream_LDADD = $(LOGS_TEST_LIBS)
tests_telemetry_logs_test_log_memory_SOURCES = tests/telemetry/logs/test_log_memory.c $(LOG_FIXTURE) $(ALLOCATIONS)
tests_telemetry_logs_test_log_memory_LDADD = $(LOGS_TEST_LIBS)
tests_telemetry_logs_test_log_memory_LDFLAGS = $(WRAP_ALLOCATIONS)
tests_telemetry_logs_test_log_json_LDADD = $(LOGS_TEST_LIBS)
tests_fuzz_fuzz_log_json_SOURCES = tests/fuzz/fuzz_log_json.c tests/fuzz/replay.c
tests_fuzz_fuzz_log_json_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS) $(JANSSON_LIBS)
