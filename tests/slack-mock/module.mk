# SPDX-License-Identifier: MIT
SLACK_MOCK_TESTS = tests/slack-mock/test_payload tests/slack-mock/test_store tests/slack-mock/test_mode tests/slack-mock/test_failures \
	tests/fuzz/fuzz_slack_payload tests/fuzz/fuzz_connection tests/fuzz/fuzz_store
check_PROGRAMS += $(SLACK_MOCK_TESTS)
TESTS += $(SLACK_MOCK_TESTS)
SLACK_MOCK_TEST_LIBS = $(LIBSLACKMOCK) $(LIBSERVER) $(LIBSERVER_LIBS) $(ZLIB_LIBS) $(CHECK_LIBS)
tests_slack_mock_test_payload_LDADD = $(SLACK_MOCK_TEST_LIBS)
tests_slack_mock_test_store_LDADD = $(SLACK_MOCK_TEST_LIBS)
tests_slack_mock_test_failures_SOURCES = tests/slack-mock/test_failures.c $(FAILING)
tests_slack_mock_test_failures_LDADD = $(SLACK_MOCK_TEST_LIBS)
tests_slack_mock_test_failures_LDFLAGS = $(WRAP_ALLOCATIONS) $(WRAP_CALLS)
tests_slack_mock_test_mode_LDADD = $(SLACK_MOCK_TEST_LIBS)
tests_fuzz_fuzz_slack_payload_SOURCES = tests/fuzz/fuzz_slack_payload.c tests/fuzz/replay.c
tests_fuzz_fuzz_slack_payload_LDADD = $(LIBSLACKMOCK) $(LIBBASE) $(JANSSON_LIBS)
tests_fuzz_fuzz_connection_SOURCES = tests/fuzz/fuzz_connection.c tests/fuzz/replay.c tests/fuzz/wire.h
tests_fuzz_fuzz_connection_LDADD = $(LIBSLACKMOCK) $(LIBSERVER) $(LIBSERVER_LIBS) $(ZLIB_LIBS)
tests_fuzz_fuzz_store_SOURCES = tests/fuzz/fuzz_store.c tests/fuzz/replay.c
tests_fuzz_fuzz_store_LDADD = $(SLACK_MOCK_TEST_LIBS)
EXTRA_DIST += tests/fuzz/corpus/store tests/fuzz/corpus/connection tests/fuzz/connection.dict tests/data/slack-payload tests/fuzz/corpus/slack_payload

# The whole program, and its page in a browser. Both need Python 3, the second also Chromium.
TESTS += tests/slack-mock/process.sh tests/slack-mock/browser.sh
EXTRA_DIST += \
	tests/slack-mock/process.sh tests/slack-mock/browser.sh \
	tests/e2e/slack_mock_test.py tests/e2e/slack_mock_browser_test.py tests/e2e/webdriver.py
