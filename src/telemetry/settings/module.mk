# SPDX-License-Identifier: MIT
# Settings from OTEL_* variables.
libtelemetry_la_SOURCES += \
	src/telemetry/settings/keyvalues.c src/telemetry/settings/keyvalues.h src/telemetry/settings/otel_env.c \
	src/telemetry/settings/otel_env.h src/telemetry/settings/otel_env_otlp.c src/telemetry/settings/otel_env_traces.c \
	src/telemetry/settings/otel_variables.c src/telemetry/settings/otel_variables.h \
	src/telemetry/settings/tracing_settings.c src/telemetry/settings/tracing_settings.h
