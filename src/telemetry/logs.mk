# The sources of logs.
libtelemetry_la_SOURCES += \
	src/telemetry/log.c  \
	src/telemetry/log_record.c src/telemetry/log_record.h \
	src/telemetry/log_rename.h src/telemetry/log_json.c src/telemetry/log_json.h \
	src/telemetry/log_output.c src/telemetry/log_output.h \
	src/telemetry/log_writer.c src/telemetry/log_writer.h \
	src/telemetry/log_stats.c src/telemetry/log_stats.h
