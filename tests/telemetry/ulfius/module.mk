# SPDX-License-Identifier: MIT
# The tests of the Ulfius adapter, which is compiled into them.
check_PROGRAMS += tests/telemetry/ulfius/test_adapter
TESTS += tests/telemetry/ulfius/test_adapter
tests_telemetry_ulfius_test_adapter_SOURCES = tests/telemetry/ulfius/test_adapter.c $(libtel_ulfius_la_SOURCES) $(ALLOCATIONS)
tests_telemetry_ulfius_test_adapter_LDADD = $(TELEMETRY_TEST_LIBS) $(ULFIUS_LIBS) $(JANSSON_LIBS) $(MICROHTTPD_LIBS)
tests_telemetry_ulfius_test_adapter_LDFLAGS = $(WRAP_ALLOCATIONS)
