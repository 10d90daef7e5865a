# SPDX-License-Identifier: MIT
# The tests of traces.
TRACES_TESTS = tests/telemetry/traces/test_traceparent tests/telemetry/traces/test_tracestate \
	tests/telemetry/traces/test_sampler tests/telemetry/traces/test_span tests/telemetry/traces/test_batch \
	tests/telemetry/traces/test_tracing_threads tests/telemetry/traces/test_tracing \
	tests/telemetry/traces/test_tracing_memory tests/telemetry/traces/test_span_clock tests/fuzz/fuzz_traceparent \
	tests/fuzz/fuzz_tracestate
check_PROGRAMS += $(TRACES_TESTS)
TESTS += $(TRACES_TESTS)
EXTRA_DIST += tests/data/traceparent tests/data/tracestate tests/fuzz/corpus/traceparent tests/fuzz/corpus/tracestate

tests_telemetry_traces_test_traceparent_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_traces_test_tracestate_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_traces_test_sampler_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_traces_test_span_SOURCES = tests/telemetry/traces/test_span.c tests/telemetry/traces/tracer_fixture.h
tests_telemetry_traces_test_span_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_traces_test_batch_SOURCES = tests/telemetry/traces/test_batch.c tests/telemetry/traces/tracer_fixture.h
tests_telemetry_traces_test_batch_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_traces_test_tracing_threads_SOURCES = tests/telemetry/traces/test_tracing_threads.c \
	tests/telemetry/traces/tracer_fixture.h
tests_telemetry_traces_test_tracing_threads_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_traces_test_tracing_memory_SOURCES = tests/telemetry/traces/test_tracing_memory.c \
	tests/telemetry/traces/tracer_fixture.h $(ALLOCATIONS)
tests_telemetry_traces_test_tracing_memory_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_traces_test_tracing_memory_LDFLAGS = $(WRAP_ALLOCATIONS)
tests_telemetry_traces_test_tracing_SOURCES = tests/telemetry/traces/test_tracing.c \
	tests/telemetry/traces/tracer_fixture.h tests/telemetry/otlp/fake_collector.c \
	tests/telemetry/otlp/fake_collector.h
tests_telemetry_traces_test_tracing_LDADD = $(TELEMETRY_TEST_LIBS) $(MICROHTTPD_LIBS) $(JANSSON_LIBS)
tests_telemetry_traces_test_span_clock_SOURCES = tests/telemetry/traces/test_span_clock.c \
	tests/telemetry/traces/tracer_fixture.h
tests_telemetry_traces_test_span_clock_LDADD = $(TELEMETRY_TEST_LIBS)
tests_fuzz_fuzz_traceparent_SOURCES = tests/fuzz/fuzz_traceparent.c tests/fuzz/replay.c
tests_fuzz_fuzz_traceparent_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
tests_fuzz_fuzz_tracestate_SOURCES = tests/fuzz/fuzz_tracestate.c tests/fuzz/replay.c
tests_fuzz_fuzz_tracestate_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
