# SPDX-License-Identifier: MIT
# Recent traces, kept in memory for /debug/tracez.
libtelemetry_la_SOURCES += \
	src/telemetry/recent/recent.c src/telemetry/recent/recent.h src/telemetry/recent/recent_json.c \
	src/telemetry/recent/recent_metrics.c src/telemetry/recent/recent_part.c src/telemetry/recent/recent_part.h \
	src/telemetry/recent/recent_read.c src/telemetry/recent/recent_store.h
