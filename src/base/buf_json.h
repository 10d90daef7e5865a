/* SPDX-License-Identifier: MIT */
/* Writes JSON into a buffer. The caller writes the brackets; a comma precedes each key or item except the
 * first after a bracket. Same rules as base/buf.h. */
#ifndef BASE_BUF_JSON_H
#define BASE_BUF_JSON_H

#include "base/buf.h"

/* Writes a comma before the next item of an array, if it needs one. */
void buf_json_item(struct buf *b);
/* Writes the key of the next member and a colon. The key must not need an escape. */
void buf_json_key(struct buf *b, const char *key);
/* Writes a quoted string from any bytes. */
void buf_json_string(struct buf *b, const char *text, size_t len);
/* Writes a number. NaN and infinities become null, because JSON has no such numbers. */
void buf_json_double(struct buf *b, double value);
/* Write a whole member: the key and its value. Bytes become a string of lower-case hexadecimal digits. */
void buf_json_member_text(struct buf *b, const char *key, const char *text);
void buf_json_member_hex(struct buf *b, const char *key, const uint8_t *bytes, size_t len);
void buf_json_member_u64(struct buf *b, const char *key, uint64_t value);

#endif
