# SPDX-License-Identifier: MIT
HTTP_TESTS = tests/http/test_html tests/http/test_json_body tests/http/test_local tests/http/test_problem tests/http/test_routes tests/http/test_service_memory \
	tests/fuzz/fuzz_service
check_PROGRAMS += $(HTTP_TESTS)
TESTS += $(HTTP_TESTS)
HTTP_TEST_LIBS = $(LIBHTTP) $(LIBSERVER) $(LIBTELEMETRY_LIBS) $(LIBSERVER_LIBS) $(CHECK_LIBS)
tests_http_test_html_LDADD = $(HTTP_TEST_LIBS)
tests_http_test_json_body_LDADD = $(HTTP_TEST_LIBS)
tests_http_test_local_LDADD = $(HTTP_TEST_LIBS)
tests_http_test_problem_LDADD = $(HTTP_TEST_LIBS)
tests_http_test_routes_LDADD = $(HTTP_TEST_LIBS)
tests_http_test_service_memory_SOURCES = tests/http/test_service_memory.c $(ALLOCATIONS)
tests_http_test_service_memory_LDADD = $(LIBHTTP) $(LIBSHOP) $(LIBSERVER) $(LIBTELEMETRY_LIBS) $(LIBSERVER_LIBS) $(CHECK_LIBS)
tests_http_test_service_memory_LDFLAGS = $(WRAP_ALLOCATIONS)
tests_fuzz_fuzz_service_SOURCES = tests/fuzz/fuzz_service.c tests/fuzz/replay.c tests/fuzz/wire.h
tests_fuzz_fuzz_service_LDADD = $(LIBHTTP) $(LIBSHOP) $(LIBSTARTUP) $(LIBSERVER) $(LIBTELEMETRY_LIBS) $(LIBSERVER_LIBS)
EXTRA_DIST += tests/fuzz/corpus/service tests/fuzz/service.dict
