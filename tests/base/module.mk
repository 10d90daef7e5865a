# SPDX-License-Identifier: MIT
BASE_TESTS = tests/base/test_address tests/base/test_buf tests/base/test_buf_json tests/base/test_clock tests/base/test_condition tests/base/test_digits \
	tests/base/test_error tests/base/test_escape tests/base/test_file tests/base/test_forks tests/base/test_hex \
	tests/base/test_random tests/base/test_rate tests/base/test_text tests/base/test_thread tests/base/test_timestamp tests/base/test_untrusted_json tests/base/test_utf8
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)
tests_base_test_file_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=read,--wrap=write
tests_base_test_random_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=getrandom
tests_base_test_thread_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pthread_create
tests_base_test_untrusted_json_LDADD = $(LIBUNTRUSTEDJSON) $(LDADD) $(JANSSON_LIBS)
