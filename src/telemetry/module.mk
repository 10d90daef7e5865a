# telemetry: metrics, traces, logs. Knows neither HTTP server nor shop; could be lifted out as a library unchanged.
noinst_LIBRARIES += libtelemetry.a
libtelemetry_a_SOURCES = \
	src/telemetry/attributes.c src/telemetry/include/tel/attributes.h \
	src/telemetry/error.c src/telemetry/include/tel/error.h
LIBTELEMETRY = libtelemetry.a $(LIBBASE)
LIBTELEMETRY_LIBS = $(YDER_LIBS) $(ORCANIA_LIBS) $(CURL_LIBS) $(PROTOBUF_C_LIBS) $(ZLIB_LIBS)

include src/telemetry/metrics.mk
include src/telemetry/traces.mk
include src/telemetry/logs.mk
