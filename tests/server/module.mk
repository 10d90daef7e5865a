# SPDX-License-Identifier: MIT
# The HTTP server, each test in both modes: a thread for each connection, and a pool.
check_LIBRARIES += tests/server/libfixture.a
tests_server_libfixture_a_SOURCES = tests/server/fixture.c tests/server/fixture.h
LIBSERVERFIXTURE = tests/server/libfixture.a $(LIBSERVER) $(LIBSERVER_LIBS) $(CHECK_LIBS)
EXTRA_DIST += tests/data/http/requests

SERVER_TESTS = tests/server/test_arrival tests/server/test_server_drain tests/server/test_server_guards tests/server/test_server_hammer \
	tests/server/test_server_limits tests/server/test_server_listen
check_PROGRAMS += $(SERVER_TESTS)
TESTS += $(SERVER_TESTS)
tests_server_test_arrival_LDADD = $(LIBSERVERFIXTURE)
tests_server_test_server_guards_LDADD = $(LIBSERVERFIXTURE)
tests_server_test_server_limits_LDADD = $(LIBSERVERFIXTURE)
tests_server_test_server_listen_LDADD = $(LIBSERVERFIXTURE)
tests_server_test_server_drain_LDADD = $(LIBSERVERFIXTURE)
tests_server_test_server_drain_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall
tests_server_test_server_hammer_LDADD = $(LIBSERVERFIXTURE)
