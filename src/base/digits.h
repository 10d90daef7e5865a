/* SPDX-License-Identifier: MIT */
/* Numbers in decimal, independently of the locale, without a NUL. Pure; any thread. */
#ifndef BASE_DIGITS_H
#define BASE_DIGITS_H

#include <stdint.h>
#include <string.h>

enum { DIGITS_U64_MAX = 20, DIGITS_DOUBLE_MAX = 24 };

extern const char digits_pairs[201]; /* "00", "01" ... "99" */

/* Writes value with exactly count digits and with leading zeros. value must fit. Returns the end. */
static inline char *digits_fixed(char *to, uint32_t value, unsigned count) {
  char *end = to + count;
  for (; count >= 2; count -= 2, value /= 100) memcpy(to + count - 2, digits_pairs + 2 * (value % 100), 2);
  if (count) *to = (char)('0' + value % 10);
  return end;
}

/* At most DIGITS_U64_MAX characters. Returns their end. */
char *digits_u64(char *to, uint64_t value);
char *digits_i64(char *to, int64_t value); /* one character more, for the minus sign */

/* Writes a finite number with the fewest digits that read back as the same number: "%.15g", "%.16g" or
 * "%.17g". The decimal separator is a point in every locale. At most DIGITS_DOUBLE_MAX characters. Returns
 * their end. */
char *digits_double(char *to, double value);
/* Copies a number that printf() wrote in any locale, and makes its decimal separator a point. to and text may
 * be the same. Returns its end. */
char *digits_with_point(char *to, const char *text);
/* As strtod() in the C locale. */
double digits_read_double(const char *text, char **end);

#endif
