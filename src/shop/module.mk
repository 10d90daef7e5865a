# SPDX-License-Identifier: MIT
# shop: the simulated business, without Ulfius and JSON.
noinst_LIBRARIES += libshop.a
libshop_a_SOURCES = \
	src/shop/connections.c src/shop/connections.h \
	src/shop/faults.c src/shop/faults.h \
	src/shop/grey.c src/shop/grey.h \
	src/shop/inventory.c src/shop/inventory.h \
	src/shop/orders.c src/shop/orders.h \
	src/shop/reason.c src/shop/reason.h \
	src/shop/shop.c src/shop/shop.h
LIBSHOP = libshop.a $(LIBTELEMETRY)
