# The tests of traces.
TRACES_TESTS = tests/telemetry/test_traceparent tests/telemetry/test_tracestate tests/telemetry/test_sampler \
	tests/telemetry/test_span tests/telemetry/test_batch tests/telemetry/test_tracing_threads \
	tests/telemetry/test_tracing tests/telemetry/test_otlp_exporter tests/telemetry/test_otlp_http tests/telemetry/test_tracing_memory \
	tests/telemetry/test_endpoint tests/telemetry/test_retry tests/telemetry/test_tracing_env tests/telemetry/test_resource \
	tests/telemetry/test_span_clock tests/telemetry/test_recent tests/telemetry/test_recent_threads tests/telemetry/test_recent_memory \
	tests/telemetry/test_left_behind tests/telemetry/test_schedules \
	tests/fuzz/fuzz_traceparent tests/fuzz/fuzz_tracestate tests/fuzz/fuzz_otlp_answer tests/fuzz/fuzz_otel_env
check_PROGRAMS += $(TRACES_TESTS)
TESTS += $(TRACES_TESTS)
EXTRA_DIST += tests/data/traceparent tests/data/tracestate \
	tests/fuzz/corpus/traceparent tests/fuzz/corpus/tracestate tests/fuzz/corpus/otlp_answer tests/fuzz/corpus/otel_env

tests_telemetry_test_traceparent_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_tracestate_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_sampler_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_endpoint_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_retry_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_tracing_env_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_resource_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_span_SOURCES = tests/telemetry/test_span.c tests/telemetry/tracer_fixture.h
tests_telemetry_test_span_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_batch_SOURCES = tests/telemetry/test_batch.c tests/telemetry/tracer_fixture.h
tests_telemetry_test_batch_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_tracing_threads_SOURCES = tests/telemetry/test_tracing_threads.c tests/telemetry/tracer_fixture.h
tests_telemetry_test_tracing_threads_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_otlp_exporter_SOURCES = tests/telemetry/test_otlp_exporter.c tests/telemetry/tracer_fixture.h
tests_telemetry_test_otlp_exporter_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_otlp_http_SOURCES = tests/telemetry/test_otlp_http.c \
	tests/telemetry/fake_collector.c tests/telemetry/fake_collector.h
tests_telemetry_test_otlp_http_LDADD = $(TELEMETRY_TEST_LIBS) $(MICROHTTPD_LIBS)
tests_telemetry_test_tracing_memory_SOURCES = tests/telemetry/test_tracing_memory.c tests/telemetry/tracer_fixture.h $(ALLOCATIONS)
tests_telemetry_test_tracing_memory_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_tracing_memory_LDFLAGS = $(WRAP_ALLOCATIONS)
tests_telemetry_test_tracing_SOURCES = tests/telemetry/test_tracing.c tests/telemetry/tracer_fixture.h \
	tests/telemetry/fake_collector.c tests/telemetry/fake_collector.h
tests_telemetry_test_tracing_LDADD = $(TELEMETRY_TEST_LIBS) $(MICROHTTPD_LIBS) $(JANSSON_LIBS)
tests_telemetry_test_span_clock_SOURCES = tests/telemetry/test_span_clock.c tests/telemetry/tracer_fixture.h
tests_telemetry_test_span_clock_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_recent_SOURCES = tests/telemetry/test_recent.c tests/telemetry/recent_fixture.h tests/telemetry/tracer_fixture.h
tests_telemetry_test_recent_LDADD = $(TELEMETRY_TEST_LIBS) $(JANSSON_LIBS)
tests_telemetry_test_recent_threads_SOURCES = tests/telemetry/test_recent_threads.c tests/telemetry/recent_fixture.h \
	tests/telemetry/tracer_fixture.h
tests_telemetry_test_recent_threads_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_recent_memory_SOURCES = tests/telemetry/test_recent_memory.c tests/telemetry/recent_fixture.h \
	tests/telemetry/tracer_fixture.h $(ALLOCATIONS)
tests_telemetry_test_recent_memory_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_recent_memory_LDFLAGS = $(WRAP_ALLOCATIONS)
tests_telemetry_test_left_behind_SOURCES = tests/telemetry/test_left_behind.c tests/telemetry/tracer_fixture.h
tests_telemetry_test_left_behind_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_left_behind_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=tel_packet_release,--wrap=write
tests_telemetry_test_schedules_SOURCES = tests/telemetry/test_schedules.c tests/telemetry/tracer_fixture.h
tests_telemetry_test_schedules_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_test_schedules_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=random_unit
tests_fuzz_fuzz_traceparent_SOURCES = tests/fuzz/fuzz_traceparent.c tests/fuzz/replay.c
tests_fuzz_fuzz_traceparent_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
tests_fuzz_fuzz_tracestate_SOURCES = tests/fuzz/fuzz_tracestate.c tests/fuzz/replay.c
tests_fuzz_fuzz_tracestate_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)

# Spans over the wire, read by an implementation that is not ours.
check_PROGRAMS += tests/telemetry/emit_sample
tests_telemetry_emit_sample_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
TESTS += tests/telemetry/otlp-decode.sh
EXTRA_DIST += tests/telemetry/otlp-decode.sh tests/telemetry/otlp_decode_test.py
tests_fuzz_fuzz_otlp_answer_SOURCES = tests/fuzz/fuzz_otlp_answer.c tests/fuzz/replay.c
tests_fuzz_fuzz_otlp_answer_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
tests_fuzz_fuzz_otel_env_SOURCES = tests/fuzz/fuzz_otel_env.c tests/fuzz/replay.c
tests_fuzz_fuzz_otel_env_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
