check_PROGRAMS += tests/telemetry/test_attributes
TESTS += tests/telemetry/test_attributes
tests_telemetry_test_attributes_SOURCES = tests/telemetry/test_attributes.c
tests_telemetry_test_attributes_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS) $(CHECK_LIBS)

include tests/telemetry/metrics.mk
include tests/telemetry/traces.mk
include tests/telemetry/logs.mk
