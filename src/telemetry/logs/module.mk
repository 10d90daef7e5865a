# SPDX-License-Identifier: MIT
# Log records and their output.
libtelemetry_la_SOURCES += \
	src/telemetry/logs/log.c src/telemetry/logs/log_json.c src/telemetry/logs/log_json.h src/telemetry/logs/log_output.c \
	src/telemetry/logs/log_output.h src/telemetry/logs/log_record.c src/telemetry/logs/log_record.h \
	src/telemetry/logs/log_clock.h src/telemetry/logs/log_rename.h src/telemetry/logs/log_stats.c src/telemetry/logs/log_stats.h \
	src/telemetry/logs/log_writer.c src/telemetry/logs/log_writer.h
