# The HTTP server, each test in both modes: a thread for each connection, and a pool.
check_LIBRARIES += tests/http/libfixture.a
tests_http_libfixture_a_SOURCES = tests/http/fixture.c tests/http/fixture.h
LIBHTTPFIXTURE = tests/http/libfixture.a $(LIBHTTPSERVER) $(LIBHTTPSERVER_LIBS) $(CHECK_LIBS)
EXTRA_DIST += tests/data/http/requests

check_PROGRAMS += tests/http/test_server_guards
TESTS += tests/http/test_server_guards
tests_http_test_server_guards_SOURCES = tests/http/test_server_guards.c
tests_http_test_server_guards_LDADD = $(LIBHTTPFIXTURE)

check_PROGRAMS += tests/http/test_server_limits tests/http/test_server_listen tests/http/test_server_drain tests/http/test_server_hammer
TESTS += tests/http/test_server_limits tests/http/test_server_listen tests/http/test_server_drain tests/http/test_server_hammer
tests_http_test_server_limits_SOURCES = tests/http/test_server_limits.c
tests_http_test_server_limits_LDADD = $(LIBHTTPFIXTURE)
tests_http_test_server_listen_SOURCES = tests/http/test_server_listen.c
tests_http_test_server_listen_LDADD = $(LIBHTTPFIXTURE)
tests_http_test_server_drain_SOURCES = tests/http/test_server_drain.c
tests_http_test_server_drain_LDADD = $(LIBHTTPFIXTURE)
tests_http_test_server_hammer_SOURCES = tests/http/test_server_hammer.c
tests_http_test_server_hammer_LDADD = $(LIBHTTPFIXTURE)
