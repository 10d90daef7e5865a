# SPDX-License-Identifier: MIT
# The tests of OTLP.
OTLP_TESTS = tests/telemetry/otlp/test_otlp_exporter tests/telemetry/otlp/test_otlp_http \
	tests/telemetry/otlp/test_endpoint tests/telemetry/otlp/test_retry tests/telemetry/otlp/test_transport tests/fuzz/fuzz_otlp_answer
check_PROGRAMS += $(OTLP_TESTS)
TESTS += $(OTLP_TESTS)
EXTRA_DIST += tests/fuzz/corpus/otlp_answer

tests_telemetry_otlp_test_endpoint_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_otlp_test_retry_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_otlp_test_otlp_exporter_SOURCES = tests/telemetry/otlp/test_otlp_exporter.c \
	tests/telemetry/traces/tracer_fixture.h
tests_telemetry_otlp_test_otlp_exporter_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_otlp_test_otlp_http_SOURCES = tests/telemetry/otlp/test_otlp_http.c \
	tests/telemetry/otlp/fake_collector.c tests/telemetry/otlp/fake_collector.h
tests_telemetry_otlp_test_otlp_http_LDADD = $(TELEMETRY_TEST_LIBS) $(MICROHTTPD_LIBS)
tests_telemetry_otlp_test_transport_SOURCES = tests/telemetry/otlp/test_transport.c $(ALLOCATIONS)
tests_telemetry_otlp_test_transport_LDADD = $(TELEMETRY_TEST_LIBS)
tests_telemetry_otlp_test_transport_LDFLAGS = $(WRAP_ALLOCATIONS) \
	-Wl,--wrap=curl_global_init,--wrap=curl_easy_init,--wrap=curl_multi_init,--wrap=curl_slist_append,--wrap=curl_easy_setopt \
	-Wl,--wrap=curl_multi_add_handle,--wrap=curl_multi_perform,--wrap=curl_multi_poll,--wrap=curl_multi_info_read,--wrap=clock_mono_ns
tests_fuzz_fuzz_otlp_answer_SOURCES = tests/fuzz/fuzz_otlp_answer.c tests/fuzz/replay.c
tests_fuzz_fuzz_otlp_answer_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)

# Spans over the wire, read by an implementation that is not ours.
check_PROGRAMS += tests/telemetry/otlp/emit_sample
tests_telemetry_otlp_emit_sample_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
TESTS += tests/telemetry/otlp/otlp-decode.sh
EXTRA_DIST += tests/telemetry/otlp/otlp-decode.sh tests/telemetry/otlp/otlp_decode_test.py
