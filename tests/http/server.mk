# The HTTP server, each test in both modes: a thread for each connection, and a pool.
check_LIBRARIES += tests/http/libfixture.a
tests_http_libfixture_a_SOURCES = tests/http/fixture.c tests/http/fixture.h
LIBHTTPFIXTURE = tests/http/libfixture.a $(LIBHTTPSERVER) $(LIBHTTPSERVER_LIBS) $(CHECK_LIBS)
EXTRA_DIST += tests/data/http/requests

check_PROGRAMS += tests/http/test_server_guards
TESTS += tests/http/test_server_guards
tests_http_test_server_guards_SOURCES = tests/http/test_server_guards.c
tests_http_test_server_guards_LDADD = $(LIBHTTPFIXTURE)
