# The sources of metrics.
libtelemetry_la_SOURCES += \
	src/telemetry/metrics.c  src/telemetry/metrics_model.h \
	src/telemetry/registry.c src/telemetry/metric_names.c src/telemetry/metric_table.c \
	src/telemetry/exposition.c src/telemetry/exposition.h \
	src/telemetry/accept.c src/telemetry/gzip.c \
	src/telemetry/process.c src/telemetry/process.h
