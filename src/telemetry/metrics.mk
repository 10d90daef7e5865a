# The sources of metrics.
libtelemetry_a_SOURCES += src/telemetry/metrics.h src/telemetry/exposition.h src/telemetry/process.h
