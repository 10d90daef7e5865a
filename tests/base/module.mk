check_PROGRAMS += tests/base/test_buf tests/base/test_ring tests/base/test_random
TESTS += tests/base/test_buf tests/base/test_ring tests/base/test_random
tests_base_test_buf_SOURCES = tests/base/test_buf.c
tests_base_test_buf_LDADD = $(LIBBASE) $(CHECK_LIBS)
tests_base_test_ring_SOURCES = tests/base/test_ring.c
tests_base_test_ring_LDADD = $(LIBBASE) $(CHECK_LIBS)
tests_base_test_random_SOURCES = tests/base/test_random.c
tests_base_test_random_LDADD = $(LIBBASE) $(CHECK_LIBS)
