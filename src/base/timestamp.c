/* SPDX-License-Identifier: MIT */
#include "base/timestamp.h"

#include <assert.h>

#include "base/digits.h"

/* Computes the Gregorian date in years that begin in March, so that the leap day is the last of its year.
 * gmtime_r() would take a lock. */
static char *put_date(char *to, unsigned days) {
  enum { DAYS_400_YEARS = 146097, DAYS_BEFORE_1970 = 719468 };
  unsigned z = days + DAYS_BEFORE_1970, era = z / DAYS_400_YEARS, day = z % DAYS_400_YEARS;
  unsigned year = (day - day / 1460 + day / 36524 - day / (DAYS_400_YEARS - 1)) / 365;
  day -= 365 * year + year / 4 - year / 100;
  unsigned month = (5 * day + 2) / 153; /* 0 is March */
  day -= (153 * month + 2) / 5;
  year += 400 * era + (month >= 10);
  to = digits_fixed(to, year, 4);
  *to++ = '-';
  to = digits_fixed(to, month < 10 ? month + 3 : month - 9, 2);
  *to++ = '-';
  return digits_fixed(to, day + 1, 2);
}

char *timestamp_write(char *to, uint64_t unix_ns, unsigned decimals) {
  assert(decimals >= 1 && decimals <= 9);
  uint64_t seconds = unix_ns / 1000000000;
  uint32_t fraction = (uint32_t)(unix_ns % 1000000000);
  unsigned second = (unsigned)(seconds % 86400);
  for (unsigned i = decimals; i < 9; i++) fraction /= 10;
  to = put_date(to, (unsigned)(seconds / 86400));
  *to++ = 'T';
  to = digits_fixed(to, second / 3600, 2);
  *to++ = ':';
  to = digits_fixed(to, second / 60 % 60, 2);
  *to++ = ':';
  to = digits_fixed(to, second % 60, 2);
  *to++ = '.';
  to = digits_fixed(to, fraction, decimals);
  *to++ = 'Z';
  return to;
}
