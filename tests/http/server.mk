check_PROGRAMS += tests/http/test_server
TESTS += tests/http/test_server
tests_http_test_server_SOURCES = tests/http/test_server.c
tests_http_test_server_LDADD = $(LIBHTTPSERVER) $(LIBHTTPSERVER_LIBS) $(CHECK_LIBS)
