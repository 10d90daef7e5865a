# SPDX-License-Identifier: MIT
# libtel: metrics, traces, logs. It does not depend on the HTTP server or the shop.
noinst_LTLIBRARIES += libtelemetry.la
libtelemetry_la_SOURCES =
LIBTELEMETRY = libtelemetry.la $(LIBBASE)
LIBTELEMETRY_LIBS = $(YDER_LIBS) $(ORCANIA_LIBS) $(CURL_LIBS) $(PROTOBUF_C_LIBS) $(ZLIB_LIBS)

include src/telemetry/core/module.mk
include src/telemetry/settings/module.mk
include src/telemetry/metrics/module.mk
include src/telemetry/traces/module.mk
include src/telemetry/recent/module.mk
include src/telemetry/otlp/module.mk
include src/telemetry/logs/module.mk
include src/telemetry/http/module.mk
include src/telemetry/lib.mk
