# The parts of telemetry link the same; what one needs besides stands in its own file.
TELEMETRY_TEST_LIBS = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/telemetry/test_attributes
TESTS += tests/telemetry/test_attributes
tests_telemetry_test_attributes_LDADD = $(TELEMETRY_TEST_LIBS)

include tests/telemetry/metrics.mk
include tests/telemetry/traces.mk
include tests/telemetry/logs.mk
include tests/telemetry/library.mk
