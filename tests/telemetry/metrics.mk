# The tests of metrics.
METRICS_TESTS = tests/telemetry/test_metrics tests/telemetry/test_metrics_threads tests/telemetry/test_metrics_memory \
	tests/telemetry/test_exposition tests/telemetry/test_accept tests/telemetry/test_process tests/fuzz/fuzz_accept
METRICS_LIBS = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
check_PROGRAMS += $(METRICS_TESTS) tests/telemetry/expose_sample
TESTS += $(METRICS_TESTS) tests/telemetry/conformance-promtool.sh tests/telemetry/conformance-python.sh
EXTRA_DIST += tests/telemetry/conformance-promtool.sh tests/telemetry/conformance-python.sh \
	tests/telemetry/check_exposition.py tests/data/exposition tests/data/accept tests/data/accept-encoding \
	tests/data/process tests/fuzz/corpus/accept
SAMPLE_REGISTRY = tests/telemetry/sample_registry.c tests/telemetry/sample_registry.h

tests_telemetry_test_metrics_SOURCES = tests/telemetry/test_metrics.c
tests_telemetry_test_metrics_LDADD = $(METRICS_LIBS) $(CHECK_LIBS)
tests_telemetry_test_metrics_threads_SOURCES = tests/telemetry/test_metrics_threads.c
tests_telemetry_test_metrics_threads_LDADD = $(METRICS_LIBS) $(CHECK_LIBS)
tests_telemetry_test_metrics_memory_SOURCES = tests/telemetry/test_metrics_memory.c $(SAMPLE_REGISTRY)
tests_telemetry_test_metrics_memory_LDADD = $(METRICS_LIBS) $(CHECK_LIBS)
tests_telemetry_test_metrics_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc \
	-Wl,--wrap=aligned_alloc,--wrap=deflateInit2_
tests_telemetry_test_exposition_SOURCES = tests/telemetry/test_exposition.c $(SAMPLE_REGISTRY)
tests_telemetry_test_exposition_LDADD = $(METRICS_LIBS) $(CHECK_LIBS)
tests_telemetry_test_accept_SOURCES = tests/telemetry/test_accept.c
tests_telemetry_test_accept_LDADD = $(METRICS_LIBS) $(CHECK_LIBS)
tests_telemetry_test_process_SOURCES = tests/telemetry/test_process.c
tests_telemetry_test_process_LDADD = $(METRICS_LIBS) $(CHECK_LIBS)
tests_telemetry_expose_sample_SOURCES = tests/telemetry/expose_sample.c $(SAMPLE_REGISTRY)
tests_telemetry_expose_sample_LDADD = $(METRICS_LIBS)
tests_fuzz_fuzz_accept_SOURCES = tests/fuzz/fuzz_accept.c tests/fuzz/replay.c
tests_fuzz_fuzz_accept_LDADD = $(METRICS_LIBS)
