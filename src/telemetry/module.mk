# telemetry: metrics, traces, logs. Knows neither HTTP server nor shop; could be lifted out as a library unchanged.
noinst_LTLIBRARIES += libtelemetry.la
libtelemetry_la_SOURCES = \
	src/telemetry/attributes.c src/telemetry/attributes_private.h src/telemetry/block.c \
	src/telemetry/core/pipeline.c src/telemetry/core/pipeline.h \
	src/telemetry/core/pipeline_system.c src/telemetry/core/pipeline_system.h \
	src/telemetry/pair_json.c src/telemetry/pair_otlp.c \
	src/telemetry/error.c 
LIBTELEMETRY = libtelemetry.la $(LIBBASE)
LIBTELEMETRY_LIBS = $(YDER_LIBS) $(ORCANIA_LIBS) $(CURL_LIBS) $(PROTOBUF_C_LIBS) $(ZLIB_LIBS)

include src/telemetry/metrics.mk
include src/telemetry/traces.mk
include src/telemetry/logs.mk
include src/telemetry/lib.mk
