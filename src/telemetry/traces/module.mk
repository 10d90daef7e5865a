# SPDX-License-Identifier: MIT
# Spans, propagation, sampling, the export queue.
libtelemetry_la_SOURCES += \
	src/telemetry/traces/batch.c src/telemetry/traces/batch.h src/telemetry/traces/console.c src/telemetry/traces/console.h \
	src/telemetry/traces/context.c src/telemetry/traces/failure_report.c src/telemetry/traces/failure_report.h src/telemetry/traces/sampler.c src/telemetry/traces/sampler.h src/telemetry/traces/span.c \
	src/telemetry/traces/span.h src/telemetry/traces/span_clock.h src/telemetry/traces/span_counts.h \
	src/telemetry/traces/span_packet.c src/telemetry/traces/span_packet.h src/telemetry/traces/span_wire.c \
	src/telemetry/traces/trace_metrics.c src/telemetry/traces/trace_metrics.h \
	src/telemetry/traces/traceparent.c src/telemetry/traces/tracestate.c src/telemetry/traces/tracing.c \
	src/telemetry/traces/tracing.h
