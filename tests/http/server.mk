# The HTTP server, each test in both modes: a thread for each connection, and a pool.
check_LIBRARIES += tests/http/libfixture.a
tests_http_libfixture_a_SOURCES = tests/http/fixture.c tests/http/fixture.h
LIBHTTPFIXTURE = tests/http/libfixture.a $(LIBHTTPSERVER) $(LIBHTTPSERVER_LIBS) $(CHECK_LIBS)
EXTRA_DIST += tests/data/http/requests

HTTP_SERVER_TESTS = tests/http/test_arrival tests/http/test_server_drain tests/http/test_server_guards tests/http/test_server_hammer \
	tests/http/test_server_limits tests/http/test_server_listen
check_PROGRAMS += $(HTTP_SERVER_TESTS)
TESTS += $(HTTP_SERVER_TESTS)
tests_http_test_arrival_LDADD = $(LIBHTTPFIXTURE)
tests_http_test_server_guards_LDADD = $(LIBHTTPFIXTURE)
tests_http_test_server_limits_LDADD = $(LIBHTTPFIXTURE)
tests_http_test_server_listen_LDADD = $(LIBHTTPFIXTURE)
tests_http_test_server_drain_LDADD = $(LIBHTTPFIXTURE)
tests_http_test_server_drain_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=syscall
tests_http_test_server_hammer_LDADD = $(LIBHTTPFIXTURE)
