/* SPDX-License-Identifier: MIT */
/* Trims, compares and shows short untrusted texts. Pure; any thread. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Finds the text without blanks, tabs, CR and LF at both ends. Returns its length; it begins at *begin. */
size_t text_trim(const char *text, size_t len, const char **begin);

/* Whether the texts, or their first len bytes, are equal, ignoring the case of ASCII letters. Unlike
 * strcasecmp(), they ignore the program's locale: in a Turkish one, 'i' and 'I' are different letters. */
bool text_same(const char *a, const char *b);
bool text_same_start(const char *a, const char *b, size_t len);

/* Whether the character is an ASCII letter or digit. In some locales isalnum() accepts others too. */
static inline bool text_is_alnum(char c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* Whether the value of a Content-Type header names this media type, with or without parameters. The value may
 * be NULL. */
bool text_is_media_type(const char *value, const char *type);

/* Copies bytes and returns the end of the copy. Inline, because each log line is written with it. */
static inline char *text_put(char *to, const char *text, size_t len) {
  memcpy(to, text, len);
  return to + len;
}
#define TEXT_PUT(to, literal) text_put((to), (literal), sizeof(literal) - 1)

/* Copies the text and a NUL into out. Cuts the text at size - 1 bytes. size is at least 1. */
void text_copy(char *out, size_t size, const char *text);

/* Appends the item to the list in out. If the list is not empty, writes the separator first. Omits an item
 * that does not fit. */
void text_list_add(char *out, size_t size, const char *separator, const char *item);

/* How many bytes must be inserted, removed or replaced to turn one text into the other, ignoring case.
 * TEXT_DISTANCE_MAX if one of them has that many bytes or more. */
enum { TEXT_DISTANCE_MAX = 96 };
size_t text_distance(const char *a, size_t a_len, const char *b, size_t b_len);

/* If the candidate is closer to the word than *distance, and close enough for a typing error, sets *best and
 * *distance. Start with *best NULL and *distance TEXT_DISTANCE_MAX. */
void text_similar(const char *word, size_t len, const char *candidate, const char **best, size_t *distance);

/* Copies the start of a text for a message: at most TEXT_SHOWN bytes, then "..." if there are more. Control
 * characters, which could steer a terminal, become "?". Returns out. */
enum { TEXT_SHOWN = 60, TEXT_SHOWN_SIZE = TEXT_SHOWN + 4 };
const char *text_show(const char *text, size_t len, char out[TEXT_SHOWN_SIZE]);

#endif
