# SPDX-License-Identifier: MIT
# What a request and the library's operations cost, counted: allocations, system calls, instructions.
check_PROGRAMS += tests/cost/minishop_counted tests/cost/library_operations tests/cost/count_calls
tests_cost_minishop_counted_SOURCES = src/minishop.c tests/cost/count_allocations.c tests/cost/countable.h
tests_cost_minishop_counted_LDADD = $(LIBAPP) $(LIBAPP_LIBS)
tests_cost_library_operations_SOURCES = tests/cost/library_operations.c tests/cost/operations.h tests/cost/count_allocations.c
tests_cost_library_operations_LDADD = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS)
tests_cost_count_calls_SOURCES = tests/cost/count_calls.c
TESTS += tests/cost/cost.sh
EXTRA_DIST += tests/cost/budgets.txt tests/cost/cost.sh tests/cost/cost_test.py
