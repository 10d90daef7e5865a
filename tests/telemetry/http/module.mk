# SPDX-License-Identifier: MIT
# The tests of the conventions of HTTP, and of whole exchanges.
TELEMETRY_HTTP_TESTS = tests/telemetry/http/test_describe tests/telemetry/http/test_exchange
check_PROGRAMS += $(TELEMETRY_HTTP_TESTS)
TESTS += $(TELEMETRY_HTTP_TESTS)
tests_telemetry_http_test_describe_SOURCES = tests/telemetry/http/test_describe.c $(ALLOCATIONS)
tests_telemetry_http_test_describe_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_http_test_describe_LDFLAGS = $(WRAP_ALLOCATIONS)
tests_telemetry_http_test_exchange_LDADD = $(TELEMETRY_TEST_LIBS)
