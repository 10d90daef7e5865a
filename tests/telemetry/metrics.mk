# The tests of metrics.
METRICS_TESTS = tests/telemetry/test_metrics tests/telemetry/test_metrics_threads tests/telemetry/test_metrics_memory \
	tests/telemetry/test_exposition tests/telemetry/test_accept tests/telemetry/test_process tests/fuzz/fuzz_accept
check_PROGRAMS += $(METRICS_TESTS) tests/telemetry/expose_sample
TESTS += $(METRICS_TESTS) tests/telemetry/conformance-promtool.sh tests/telemetry/conformance-python.sh
EXTRA_DIST += tests/telemetry/conformance-promtool.sh tests/telemetry/conformance-python.sh \
	tests/telemetry/check_exposition.py tests/data/exposition tests/data/accept tests/data/accept-encoding \
	tests/data/process tests/fuzz/corpus/accept
SAMPLE_REGISTRY = tests/telemetry/sample_registry.c tests/telemetry/sample_registry.h

tests_telemetry_test_metrics_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_metrics_threads_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_metrics_memory_SOURCES = tests/telemetry/test_metrics_memory.c $(SAMPLE_REGISTRY) $(ALLOCATIONS)
tests_telemetry_test_metrics_memory_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_metrics_memory_LDFLAGS = $(WRAP_ALLOCATIONS) -Wl,--wrap=deflateInit2_
tests_telemetry_test_exposition_SOURCES = tests/telemetry/test_exposition.c $(SAMPLE_REGISTRY)
tests_telemetry_test_exposition_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_accept_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_process_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_expose_sample_SOURCES = tests/telemetry/expose_sample.c $(SAMPLE_REGISTRY)
tests_telemetry_expose_sample_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
tests_fuzz_fuzz_accept_SOURCES = tests/fuzz/fuzz_accept.c tests/fuzz/replay.c
tests_fuzz_fuzz_accept_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
