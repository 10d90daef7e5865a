# SPDX-License-Identifier: MIT
# The tests of the conventions of HTTP.
check_PROGRAMS += tests/telemetry/http/test_describe
TESTS += tests/telemetry/http/test_describe
tests_telemetry_http_test_describe_SOURCES = tests/telemetry/http/test_describe.c $(ALLOCATIONS)
tests_telemetry_http_test_describe_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_http_test_describe_LDFLAGS = $(WRAP_ALLOCATIONS)
