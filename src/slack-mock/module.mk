# SPDX-License-Identifier: MIT
# slack-mock: the program that is a local Slack channel.
bin_PROGRAMS += slack-mock
noinst_LIBRARIES += libslackmock.a
libslackmock_a_SOURCES = \
	src/slack-mock/app.c src/slack-mock/app.h \
	src/slack-mock/journal.c src/slack-mock/journal.h \
	src/slack-mock/metrics.c src/slack-mock/metrics.h \
	src/slack-mock/mode.c src/slack-mock/mode.h \
	src/slack-mock/options.c src/slack-mock/options.h \
	src/slack-mock/page.h \
	src/slack-mock/payload.c src/slack-mock/payload.h \
	src/slack-mock/results.c src/slack-mock/results.h \
	src/slack-mock/routes.c src/slack-mock/routes.h \
	src/slack-mock/store.c src/slack-mock/store.h
nodist_libslackmock_a_SOURCES = src/slack-mock/page_files.c
LIBSLACKMOCK = libslackmock.a $(LIBUNTRUSTEDJSON) $(LIBSTARTUP) $(LIBTELEMETRY)

slack_mock_SOURCES = src/slack-mock/slack_mock.c
slack_mock_LDADD = $(LIBSLACKMOCK) $(LIBSERVER) $(LIBSERVER_LIBS) $(ZLIB_LIBS)

# embed.sh makes constants of the files of the page.
slack_mock_page = \
	$(srcdir)/src/slack-mock/page/page.html \
	$(srcdir)/src/slack-mock/page/page.css \
	$(srcdir)/src/slack-mock/page/emoji.js \
	$(srcdir)/src/slack-mock/page/mrkdwn.js \
	$(srcdir)/src/slack-mock/page/page.js \
	$(srcdir)/src/slack-mock/page/icon.svg
src/slack-mock/page_files.c: $(slack_mock_page) $(srcdir)/src/slack-mock/embed.sh
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SHELL) $(srcdir)/src/slack-mock/embed.sh $(slack_mock_page) >$@.tmp && mv $@.tmp $@
EXTRA_DIST += $(slack_mock_page) src/slack-mock/embed.sh
CLEANFILES += src/slack-mock/page_files.c src/slack-mock/page_files.c.tmp

dist_man8_MANS += man/slack-mock.8
