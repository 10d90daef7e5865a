/* SPDX-License-Identifier: MIT */
#include "base/hex.h"

#include <string.h>

/* Writes eight digits at once. Spreads four bytes over eight lanes, a nibble each, and adds '0' to each lane.
 * If a nibble is 10 or more, also adds the distance from the digits to the letters. */
static char *write_four(char *to, const uint8_t *bytes) {
  uint64_t x = (uint64_t)bytes[3] << 48 | (uint64_t)bytes[2] << 32 | (uint64_t)bytes[1] << 16 | bytes[0];
  x = (x >> 4 & UINT64_C(0x000F000F000F000F)) | (x & UINT64_C(0x000F000F000F000F)) << 8;
  uint64_t letters = (x + UINT64_C(0x0606060606060606)) >> 4 & UINT64_C(0x0101010101010101);
  x += UINT64_C(0x3030303030303030) + letters * ('a' - '0' - 10);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  x = __builtin_bswap64(x);
#endif
  memcpy(to, &x, sizeof x);
  return to + sizeof x;
}

char *hex_write(char *to, const uint8_t *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  for (; len >= 4; bytes += 4, len -= 4) to = write_four(to, bytes);
  for (size_t i = 0; i < len; i++) {
    *to++ = digits[bytes[i] >> 4];
    *to++ = digits[bytes[i] & 15];
  }
  return to;
}

static int lower_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

int hex_digit(char c) {
  return lower_digit(c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c);
}

bool hex_read(const char *from, uint8_t *bytes, size_t len) {
  for (size_t i = 0; i < len; i++) {
    int high = lower_digit(from[2 * i]), low = lower_digit(from[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    bytes[i] = (uint8_t)(high << 4 | low);
  }
  return true;
}
