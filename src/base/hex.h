/* SPDX-License-Identifier: MIT */
/* Bytes as lower-case hexadecimal, two digits each. Pure; any thread. */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2 * len digits, no NUL. Returns their end. */
char *hex_write(char *to, const uint8_t *bytes, size_t len);
/* Reads len bytes from 2 * len digits. Returns false if one is not a lower-case digit; bytes before it may be
 * written. */
bool hex_read(const char *from, uint8_t *bytes, size_t len);
/* The value of a digit in either case, or -1. */
int hex_digit(char c);

#endif
