# SPDX-License-Identifier: MIT
# The conventions of HTTP: spans and metrics of a server.
libtelemetry_la_SOURCES += \
	src/telemetry/http/describe.c src/telemetry/http/describe.h src/telemetry/http/exchange.c src/telemetry/http/instruments.c \
	src/telemetry/http/instruments.h
