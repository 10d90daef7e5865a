# SPDX-License-Identifier: MIT
BASE_TESTS = tests/base/test_address tests/base/test_buf tests/base/test_buf_json tests/base/test_clock tests/base/test_condition tests/base/test_digits \
	tests/base/test_error tests/base/test_escape tests/base/test_file tests/base/test_forks tests/base/test_hex tests/base/test_pool \
	tests/base/test_random tests/base/test_rate tests/base/test_text tests/base/test_thread tests/base/test_timestamp tests/base/test_untrusted_json tests/base/test_utf8
BASE_TEST_LIBS = $(LIBBASE) $(CHECK_LIBS)
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)
tests_base_test_address_LDADD = $(BASE_TEST_LIBS)
tests_base_test_error_LDADD = $(BASE_TEST_LIBS)
tests_base_test_buf_LDADD = $(BASE_TEST_LIBS)
tests_base_test_buf_json_LDADD = $(BASE_TEST_LIBS)
tests_base_test_clock_LDADD = $(BASE_TEST_LIBS)
tests_base_test_condition_LDADD = $(BASE_TEST_LIBS)
tests_base_test_digits_LDADD = $(BASE_TEST_LIBS)
tests_base_test_escape_LDADD = $(BASE_TEST_LIBS)
tests_base_test_file_LDADD = $(BASE_TEST_LIBS)
tests_base_test_file_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=read,--wrap=write
tests_base_test_forks_LDADD = $(BASE_TEST_LIBS)
tests_base_test_hex_LDADD = $(BASE_TEST_LIBS)
tests_base_test_pool_LDADD = $(BASE_TEST_LIBS)
tests_base_test_random_LDADD = $(BASE_TEST_LIBS)
tests_base_test_random_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getrandom
tests_base_test_rate_LDADD = $(BASE_TEST_LIBS)
tests_base_test_text_LDADD = $(BASE_TEST_LIBS)
tests_base_test_thread_LDADD = $(BASE_TEST_LIBS)
tests_base_test_thread_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pthread_create
tests_base_test_timestamp_LDADD = $(BASE_TEST_LIBS)
tests_base_test_untrusted_json_LDADD = $(LIBUNTRUSTEDJSON) $(BASE_TEST_LIBS) $(JANSSON_LIBS)
tests_base_test_utf8_LDADD = $(BASE_TEST_LIBS)
