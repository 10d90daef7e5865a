# SPDX-License-Identifier: MIT
# OTLP over HTTP: encoder, exporter, responses, retries.
libtelemetry_la_SOURCES += \
	src/telemetry/otlp/endpoint.c src/telemetry/otlp/endpoint.h src/telemetry/otlp/otlp_encoder.c \
	src/telemetry/otlp/otlp_encoder.h src/telemetry/otlp/otlp_exporter.c src/telemetry/otlp/otlp_exporter.h \
	src/telemetry/otlp/otlp_response.c src/telemetry/otlp/proxy.c src/telemetry/otlp/proxy.h src/telemetry/otlp/retry.c \
	src/telemetry/otlp/retry.h src/telemetry/otlp/transport.h src/telemetry/otlp/transport_curl.c

# OTLP's messages, made by protoc-c: a separate library, because our warnings do not apply to generated code.
noinst_LTLIBRARIES += libotlp.la
nodist_libotlp_la_SOURCES = src/telemetry/otlp/otlp.pb-c.c src/telemetry/otlp/otlp.pb-c.h
libotlp_la_CFLAGS = -std=gnu11 -w -fvisibility=hidden $(HARDENING_CFLAGS) $(SANITIZER_FLAGS)
LIBTELEMETRY += libotlp.la
EXTRA_DIST += src/telemetry/otlp/otlp.proto
BUILT_SOURCES += src/telemetry/otlp/otlp.pb-c.h
CLEANFILES += src/telemetry/otlp/otlp.pb-c.c src/telemetry/otlp/otlp.pb-c.h
src/telemetry/otlp/otlp.pb-c.c: src/telemetry/otlp/otlp.proto
	$(AM_V_GEN)$(MKDIR_P) src/telemetry/otlp && $(PROTOC_C) --proto_path='$(srcdir)/src/telemetry/otlp' --c_out=src/telemetry/otlp otlp.proto
src/telemetry/otlp/otlp.pb-c.h: src/telemetry/otlp/otlp.pb-c.c
	@test -f $@ || { rm -f src/telemetry/otlp/otlp.pb-c.c && $(MAKE) $(AM_MAKEFLAGS) src/telemetry/otlp/otlp.pb-c.c; }
# make builds BUILT_SOURCES first for all, check and install alone: an object that is made for another target needs this. The name is in a
# variable, because automake would take a rule for it as a replacement of its own.
otlp_includer = src/telemetry/otlp/libtelemetry_la-otlp_response.lo
$(otlp_includer): src/telemetry/otlp/otlp.pb-c.h
