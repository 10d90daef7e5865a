#include "base/digits.h"

#include <math.h>
#include <stddef.h>

#define TEN(n) n "0" n "1" n "2" n "3" n "4" n "5" n "6" n "7" n "8" n "9"
const char digits_pairs[201] =
    TEN("0") TEN("1") TEN("2") TEN("3") TEN("4") TEN("5") TEN("6") TEN("7") TEN("8") TEN("9");

char *digits_u64(char *to, uint64_t value) {
  char room[DIGITS_U64_MAX], *at = room + sizeof room;
  for (; value >= 100; value /= 100) memcpy(at -= 2, digits_pairs + 2 * (value % 100), 2);
  if (value >= 10)
    memcpy(at -= 2, digits_pairs + 2 * value, 2);
  else
    *--at = (char)('0' + value);
  size_t len = (size_t)(room + sizeof room - at);
  memcpy(to, at, len);
  return to + len;
}

char *digits_i64(char *to, int64_t value) {
  if (value < 0) *to++ = '-';
  return digits_u64(to, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* Times and amounts have a few decimals. If a millionth part gives the number back, its digits, 15 at the
 * most, are the shortest that do, as %.15g would find them, at a twentieth of the cost. */
static char *write_millionths(char *to, double value) {
  double size = fabs(value);
  if (!(size >= 1e-4 && size < 1e9)) return NULL; /* below, %g takes an exponent */
  uint64_t millionths = (uint64_t)(size * 1e6 + 0.5);
  if ((double)millionths / 1e6 != size) return NULL;
  if (value < 0) *to++ = '-';
  to = digits_u64(to, millionths / 1000000);
  *to++ = '.';
  to = digits_fixed(to, (uint32_t)(millionths % 1000000), 6);
  while (to[-1] == '0') to--;
  return to;
}

char *digits_double(char *to, double value) {
  /* Whole numbers are by far the most. */
  if (fabs(value) < 1e15 && value == (double)(int64_t)value && !(value == 0 && signbit(value)))
    return digits_i64(to, (int64_t)value);
  return write_millionths(to, value);
}
