# What the unit tests share. A test links the library it tests and those below, nothing above.
EXTRA_DIST += tests/support/case_files.h tests/support/environment.h tests/support/test.h tests/support/threads.h
AM_TESTS_ENVIRONMENT = TEST_DATA='$(abs_srcdir)/tests/data'; export TEST_DATA;
ALLOCATIONS = tests/support/allocations.c tests/support/allocations.h
WRAP_ALLOCATIONS = $(AM_LDFLAGS) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=strdup
