# What every unit test shares: test.h alone. A test links the library it tests and those below, nothing above.
EXTRA_DIST += tests/support/test.h
AM_TESTS_ENVIRONMENT = TEST_DATA='$(abs_srcdir)/tests/data'; export TEST_DATA;
