# SPDX-License-Identifier: MIT
# The tests of the Ulfius adapter, which is compiled into them.
ADAPTER_TESTS = tests/telemetry/ulfius/test_adapter tests/telemetry/ulfius/test_ends
ADAPTER_SOURCES = tests/telemetry/ulfius/adapter_fixture.h $(libtel_ulfius_la_SOURCES)
ADAPTER_LIBS = $(TELEMETRY_TEST_LIBS) $(ULFIUS_LIBS) $(JANSSON_LIBS) $(MICROHTTPD_LIBS)
check_PROGRAMS += $(ADAPTER_TESTS)
TESTS += $(ADAPTER_TESTS)
tests_telemetry_ulfius_test_adapter_SOURCES = tests/telemetry/ulfius/test_adapter.c $(ADAPTER_SOURCES) $(ALLOCATIONS)
tests_telemetry_ulfius_test_adapter_LDADD = $(ADAPTER_LIBS)
tests_telemetry_ulfius_test_adapter_LDFLAGS = $(WRAP_ALLOCATIONS)
tests_telemetry_ulfius_test_ends_SOURCES = tests/telemetry/ulfius/test_ends.c $(ADAPTER_SOURCES)
tests_telemetry_ulfius_test_ends_LDADD = $(ADAPTER_LIBS)
