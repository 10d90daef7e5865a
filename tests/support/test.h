/* SPDX-License-Identifier: MIT */
/* The main() of a unit test: TEST_MAIN lists the tests of the file. */
#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* Prints a figure that a test has measured, for docs/reliability.md. test: a literal, the test's name, which
 * no other test with a figure has. */
#define TEST_FIGURE(test, ...)                                                                               \
  (printf("figure: " test ": "), printf(__VA_ARGS__), printf("\n"), fflush(stdout))

#define TEST_MAIN(name, ...)                                                                                 \
  int main(void) {                                                                                           \
    const TTest *const tests[] = {__VA_ARGS__};                                                              \
    Suite *suite = suite_create(name);                                                                       \
    TCase *tcase = tcase_create(name);                                                                       \
    tcase_set_timeout(tcase, 60);                                                                            \
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) tcase_add_test(tcase, tests[i]);               \
    suite_add_tcase(suite, tcase);                                                                           \
    SRunner *runner = srunner_create(suite);                                                                 \
    srunner_run_all(runner, CK_ENV);                                                                         \
    int failed = srunner_ntests_failed(runner);                                                              \
    srunner_free(runner);                                                                                    \
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;                                                             \
  }

#endif
