# The sources of traces.
libtelemetry_la_SOURCES += \
	src/telemetry/context.c  src/telemetry/traceparent.c src/telemetry/tracestate.c \
	 src/telemetry/span_clock.h src/telemetry/span.c src/telemetry/span.h src/telemetry/span_pool.c src/telemetry/span_pool.h \
	src/telemetry/span_packet.c src/telemetry/span_packet.h \
	src/telemetry/sampler.c src/telemetry/sampler.h src/telemetry/span_counts.h \
	src/telemetry/batch.c src/telemetry/batch.h src/telemetry/failure_report.c src/telemetry/failure_report.h \
	src/telemetry/left_behind.c src/telemetry/left_behind.h src/telemetry/fork_claim.c src/telemetry/fork_claim.h \
	src/telemetry/tracing.c src/telemetry/tracing.h src/telemetry/tracing_settings.c \
	src/telemetry/otel_env.c src/telemetry/otel_env.h src/telemetry/otel_env_traces.c src/telemetry/otel_env_otlp.c \
	src/telemetry/otel_variables.c src/telemetry/otel_variables.h \
	src/telemetry/endpoint.c src/telemetry/endpoint.h src/telemetry/proxy.c src/telemetry/proxy.h \
	src/telemetry/keyvalues.c src/telemetry/keyvalues.h src/telemetry/resource.c src/telemetry/resource.h \
	src/telemetry/console.c src/telemetry/console.h src/telemetry/attributes_json.c src/telemetry/attributes_json.h \
	src/telemetry/recent.c src/telemetry/recent.h src/telemetry/recent_store.h src/telemetry/recent_read.c \
	src/telemetry/recent_part.c src/telemetry/recent_part.h src/telemetry/recent_json.c src/telemetry/recent_metrics.c \
	src/telemetry/otlp_encoder.c src/telemetry/otlp_encoder.h src/telemetry/otlp_response.c src/telemetry/span_wire.c src/telemetry/wire.h src/telemetry/arena.c src/telemetry/arena.h \
	src/telemetry/otlp_exporter.c src/telemetry/otlp_exporter.h src/telemetry/retry.c src/telemetry/retry.h \
	src/telemetry/transport.h src/telemetry/transport_curl.c src/telemetry/trace_metrics.c src/telemetry/trace_metrics.h

# OTLP's messages, made by protoc-c: a library of its own, because generated code is not held to our warnings.
noinst_LTLIBRARIES += libotlp.la
nodist_libotlp_la_SOURCES = src/telemetry/otlp.pb-c.c src/telemetry/otlp.pb-c.h
libotlp_la_CFLAGS = -std=gnu11 -w -fvisibility=hidden $(HARDENING_CFLAGS) $(SANITIZER_FLAGS)
LIBTELEMETRY += libotlp.la
EXTRA_DIST += src/telemetry/otlp.proto
BUILT_SOURCES += src/telemetry/otlp.pb-c.h
CLEANFILES += src/telemetry/otlp.pb-c.c src/telemetry/otlp.pb-c.h
src/telemetry/otlp.pb-c.c: src/telemetry/otlp.proto
	$(AM_V_GEN)$(MKDIR_P) src/telemetry && $(PROTOC_C) --proto_path='$(srcdir)/src/telemetry' --c_out=src/telemetry otlp.proto
src/telemetry/otlp.pb-c.h: src/telemetry/otlp.pb-c.c
	@test -f $@ || { rm -f src/telemetry/otlp.pb-c.c && $(MAKE) $(AM_MAKEFLAGS) src/telemetry/otlp.pb-c.c; }
src/telemetry/otlp_response.lo: src/telemetry/otlp.pb-c.h
