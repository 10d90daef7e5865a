# SPDX-License-Identifier: MIT
# app: the process. The only layer that may use all others.
noinst_LIBRARIES += libapp.a
libapp_a_SOURCES = \
	src/app/app.c src/app/app.h \
	src/app/assembly.c src/app/assembly.h \
	src/app/config.c src/app/config.h src/app/config_keys.h \
	src/app/config_file.c src/app/config_file.h \
	src/app/config_print.c src/app/config_print.h \
	src/app/config_text.c src/app/config_text.h \
	src/app/config_hint.c src/app/config_hint.h \
	src/app/config_tracing.c src/app/config_tracing.h \
	src/app/config_value.c src/app/config_value.h \
	src/app/daemon.c src/app/daemon.h \
	src/app/healthcheck.c src/app/healthcheck.h \
	src/app/notify.c src/app/notify.h \
	src/app/options.c src/app/options.h \
	src/app/pidfile.c src/app/pidfile.h \
	src/app/privileges.c src/app/privileges.h \
	src/app/run.c src/app/run.h
LIBAPP = libapp.a $(LIBSTARTUP) $(LIBHTTP) $(LIBSERVER)
LIBAPP_LIBS = $(LIBTELEMETRY_LIBS) $(LIBSERVER_LIBS) $(CONFIG_LIBS)

sbin_PROGRAMS += minishop
minishop_SOURCES = src/minishop.c
minishop_LDADD = $(LIBAPP) $(LIBAPP_LIBS)
dist_man8_MANS += man/minishop.8
