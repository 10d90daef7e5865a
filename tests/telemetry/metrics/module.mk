# SPDX-License-Identifier: MIT
# The tests of metrics.
METRICS_TESTS = tests/telemetry/metrics/test_metrics tests/telemetry/metrics/test_metrics_threads tests/telemetry/metrics/test_metrics_memory \
	tests/telemetry/metrics/test_exposition tests/telemetry/metrics/test_accept tests/telemetry/metrics/test_process \
	tests/telemetry/metrics/test_read_families tests/fuzz/fuzz_accept
check_PROGRAMS += $(METRICS_TESTS) tests/telemetry/metrics/expose_sample
TESTS += $(METRICS_TESTS) tests/telemetry/metrics/conformance-promtool.sh tests/telemetry/metrics/conformance-python.sh
EXTRA_DIST += tests/telemetry/metrics/conformance-promtool.sh tests/telemetry/metrics/conformance-python.sh \
	tests/telemetry/metrics/check_exposition.py tests/data/exposition tests/data/accept tests/data/accept-encoding \
	tests/data/process tests/fuzz/corpus/accept
SAMPLE_REGISTRY = tests/telemetry/metrics/sample_registry.c tests/telemetry/metrics/sample_registry.h

tests_telemetry_metrics_test_metrics_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_metrics_test_metrics_threads_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_metrics_test_metrics_memory_SOURCES = tests/telemetry/metrics/test_metrics_memory.c $(SAMPLE_REGISTRY) $(ALLOCATIONS)
tests_telemetry_metrics_test_metrics_memory_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_metrics_test_metrics_memory_LDFLAGS = $(WRAP_ALLOCATIONS) -Wl,--wrap=deflateInit2_
tests_telemetry_metrics_test_exposition_SOURCES = tests/telemetry/metrics/test_exposition.c $(SAMPLE_REGISTRY)
tests_telemetry_metrics_test_exposition_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_metrics_test_accept_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_metrics_test_process_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_metrics_test_read_families_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_metrics_expose_sample_SOURCES = tests/telemetry/metrics/expose_sample.c $(SAMPLE_REGISTRY)
tests_telemetry_metrics_expose_sample_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
tests_fuzz_fuzz_accept_SOURCES = tests/fuzz/fuzz_accept.c tests/fuzz/replay.c
tests_fuzz_fuzz_accept_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
