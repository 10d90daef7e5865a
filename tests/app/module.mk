APP_TESTS = tests/app/test_config
check_PROGRAMS += $(APP_TESTS) tests/fuzz/fuzz_config
TESTS += $(APP_TESTS) tests/fuzz/fuzz_config
EXTRA_DIST += tests/data/config tests/fuzz/corpus/config
tests_app_test_config_LDADD = $(LIBAPP) $(LIBAPP_LIBS) $(CHECK_LIBS)

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz_config.c tests/fuzz/replay.c
tests_fuzz_fuzz_config_LDADD = $(LIBAPP) $(LIBAPP_LIBS)
