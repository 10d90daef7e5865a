# SPDX-License-Identifier: MIT
# base: the lowest layer. It uses no other layer.
noinst_LTLIBRARIES += libbase.la
libbase_la_SOURCES = \
	src/base/address.c src/base/address.h \
	src/base/buf.c src/base/buf.h \
	src/base/buf_json.c src/base/buf_json.h \
	src/base/clock.c src/base/clock.h \
	src/base/condition.c src/base/condition.h \
	src/base/digits.c src/base/digits.h \
	src/base/error.c src/base/error.h \
	src/base/escape.c src/base/escape.h \
	src/base/file.c src/base/file.h \
	src/base/forks.c src/base/forks.h \
	src/base/hex.c src/base/hex.h \
	src/base/random.c src/base/random.h \
	src/base/rate.c src/base/rate.h \
	src/base/text.c src/base/text.h \
	src/base/thread.c src/base/thread.h \
	src/base/timestamp.c src/base/timestamp.h \
	src/base/utf8.c src/base/utf8.h
LIBBASE = libbase.la

# For programs only: startup() runs before main(), and a shared library must not do that.
noinst_LIBRARIES += libstartup.a
libstartup_a_SOURCES = src/base/sanitized.h src/base/startup.c src/base/startup.h
LIBSTARTUP = libstartup.a

# For programs only: libtel does not use jansson.
noinst_LIBRARIES += libuntrustedjson.a
libuntrustedjson_a_SOURCES = src/base/untrusted_json.c src/base/untrusted_json.h
LIBUNTRUSTEDJSON = libuntrustedjson.a
