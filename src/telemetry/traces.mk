# The sources of traces.
libtelemetry_a_SOURCES += src/telemetry/context.h src/telemetry/trace.h src/telemetry/tracing.h
