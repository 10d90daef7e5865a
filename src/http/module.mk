# SPDX-License-Identifier: MIT
# http: the shop's interface, on the server.

noinst_LIBRARIES += libhttp.a
libhttp_a_SOURCES = \
	src/http/exchange.c src/http/exchange.h \
	src/http/handle_order.c src/http/handle_payment.c src/http/handle_probes.c src/http/handle_tracez.c \
	src/http/json_body.c src/http/json_body.h \
	src/http/metrics.c src/http/metrics.h \
	src/http/observe.c src/http/observe.h \
	src/http/problem.c src/http/problem.h \
	src/http/reply.c src/http/reply.h \
	src/http/routes.c src/http/routes.h \
	src/http/tracez_page.c src/http/tracez_page.h src/http/tracez_style.h src/http/html.c src/http/html.h src/http/local.c src/http/local.h \
	src/http/service.c src/http/service.h src/http/service_private.h
LIBHTTP = libhttp.a $(LIBUNTRUSTEDJSON) $(LIBSHOP)
