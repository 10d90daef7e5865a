BASE_TESTS = tests/base/test_buf tests/base/test_nesting tests/base/test_pool tests/base/test_random tests/base/test_ring
check_PROGRAMS += $(BASE_TESTS)
TESTS += $(BASE_TESTS)
tests_base_test_buf_LDADD = $(LIBBASE) $(CHECK_LIBS)
tests_base_test_nesting_LDADD = $(LIBBASE) $(CHECK_LIBS)
tests_base_test_pool_LDADD = $(LIBBASE) $(CHECK_LIBS)
tests_base_test_random_LDADD = $(LIBBASE) $(CHECK_LIBS)
tests_base_test_ring_LDADD = $(LIBBASE) $(CHECK_LIBS)
