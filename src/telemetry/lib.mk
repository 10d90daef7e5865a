# SPDX-License-Identifier: MIT
# The libraries for other programs. They have the objects of the layer and export only the symbols marked TEL_API.
libtelemetry_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
libbase_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden

lib_LTLIBRARIES += libtel.la libtel-ulfius.la
LINK_LIBRARY = AR='$(AR)' RANLIB='$(RANLIB)' $(SHELL) $(srcdir)/src/telemetry/link-library.sh '$(CC) $(AM_CFLAGS) $(CFLAGS) $(RELOCATABLE_FLAGS)' \
	'$(OBJCOPY)' '$(objdir)' $(LIBTOOL) $(AM_V_lt) --tag=CC $(AM_LIBTOOLFLAGS) $(LIBTOOLFLAGS) --mode=link $(CCLD) $(AM_CFLAGS) $(CFLAGS)
EXTRA_DIST += src/telemetry/link-library.sh
EXTRA_libtel_la_DEPENDENCIES = src/telemetry/link-library.sh
EXTRA_libtel_ulfius_la_DEPENDENCIES = src/telemetry/link-library.sh
libtel_la_SOURCES =
libtel_la_LIBADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
libtel_la_LDFLAGS = $(LIBRARY_LDFLAGS) -version-info 0:0:0 -no-undefined
libtel_la_LINK = $(LINK_LIBRARY) $(libtel_la_LDFLAGS) $(LDFLAGS) -o $@

# The adapter uses only the public headers.
libtel_ulfius_la_SOURCES = src/telemetry/ulfius/adapter.h src/telemetry/ulfius/observe.c \
	src/telemetry/ulfius/record.c src/telemetry/ulfius/scrape.c src/telemetry/ulfius/server.c src/telemetry/ulfius/stream.c
libtel_ulfius_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
libtel_ulfius_la_LIBADD = libtel.la $(ULFIUS_LIBS) $(ORCANIA_LIBS) $(YDER_LIBS) $(JANSSON_LIBS) $(MICROHTTPD_LIBS)
libtel_ulfius_la_LDFLAGS = $(LIBRARY_LDFLAGS) -version-info 0:0:0 -no-undefined
libtel_ulfius_la_LINK = $(LINK_LIBRARY) $(libtel_ulfius_la_LDFLAGS) $(LDFLAGS) -o $@

teldir = $(includedir)/tel
tel_HEADERS = \
	src/telemetry/include/tel/api.h \
	src/telemetry/include/tel/attributes.h \
	src/telemetry/include/tel/context.h \
	src/telemetry/include/tel/error.h \
	src/telemetry/include/tel/http.h \
	src/telemetry/include/tel/log.h \
	src/telemetry/include/tel/metrics.h \
	src/telemetry/include/tel/scrape.h \
	src/telemetry/include/tel/telemetry.h \
	src/telemetry/include/tel/trace.h \
	src/telemetry/include/tel/ulfius.h
pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = src/telemetry/tel.pc src/telemetry/tel-ulfius.pc

# Section 3: a page for each header. Its other names become pages that refer to it.
dist_man3_MANS = man/tel.3 man/tel_attributes.3 man/tel_context.3 man/tel_error_text.3 man/tel_http.3 man/tel_log.3 man/tel_metrics.3 \
	man/tel_new.3 man/tel_scrape.3 man/tel_trace.3 man/tel_ulfius.3
EXTRA_DIST += man/names.sh
install-data-hook:
	@for page in $(dist_man3_MANS); do \
		for name in $$($(SHELL) '$(srcdir)/man/names.sh' "$(srcdir)/$$page"); do \
			echo ".so man3/$${page#man/}" >"$(DESTDIR)$(man3dir)/$$name.3" || exit; \
		done; \
	done
uninstall-hook:
	@for page in $(dist_man3_MANS); do \
		for name in $$($(SHELL) '$(srcdir)/man/names.sh' "$(srcdir)/$$page"); do rm -f "$(DESTDIR)$(man3dir)/$$name.3"; done; \
	done
