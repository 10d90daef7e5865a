# The library as one object.
check_PROGRAMS += tests/telemetry/test_library
TESTS += tests/telemetry/test_library
tests_telemetry_test_library_SOURCES = tests/telemetry/test_library.c $(ALLOCATIONS)
tests_telemetry_test_library_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_library_LDFLAGS = $(WRAP_ALLOCATIONS)
