# The sources of logs.
libtelemetry_a_SOURCES += src/telemetry/log.h
