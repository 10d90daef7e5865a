# SPDX-License-Identifier: MIT
# Metrics and their exposition.
libtelemetry_la_SOURCES += \
	src/telemetry/metrics/accept.c src/telemetry/metrics/exposition.c src/telemetry/metrics/exposition.h \
	src/telemetry/metrics/gzip.c src/telemetry/metrics/metric_names.c src/telemetry/metrics/metric_table.c \
	src/telemetry/metrics/metrics.c src/telemetry/metrics/metrics_model.h src/telemetry/metrics/process.c \
	src/telemetry/metrics/process.h src/telemetry/metrics/registry.c src/telemetry/metrics/scrape.c
