# SPDX-License-Identifier: MIT
APP_TESTS = tests/app/test_config tests/app/test_failures tests/app/test_healthcheck tests/app/test_notify tests/app/test_options \
	tests/app/test_pidfile
APP_TEST_LIBS = $(LIBAPP) $(LIBAPP_LIBS) $(CHECK_LIBS)
check_PROGRAMS += $(APP_TESTS) tests/fuzz/fuzz_config
TESTS += $(APP_TESTS) tests/fuzz/fuzz_config
EXTRA_DIST += tests/data/config tests/fuzz/corpus/config
tests_app_test_config_LDADD = $(APP_TEST_LIBS)
tests_app_test_healthcheck_LDADD = $(APP_TEST_LIBS)
tests_app_test_notify_LDADD = $(APP_TEST_LIBS)
tests_app_test_options_LDADD = $(APP_TEST_LIBS)
tests_app_test_pidfile_LDADD = $(APP_TEST_LIBS)

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c tests/fuzz/replay.c
tests_fuzz_fuzz_config_LDADD = $(APP_TEST_LIBS)
tests_app_test_failures_SOURCES = tests/app/test_failures.c $(FAILING)
tests_app_test_failures_LDADD = $(APP_TEST_LIBS)
tests_app_test_failures_LDFLAGS = $(WRAP_ALLOCATIONS) $(WRAP_CALLS)
