/* SPDX-License-Identifier: MIT */
/* Lists of environment variables: key=value,key=value, percent-encoded. */
#ifndef TELEMETRY_SETTINGS_KEYVALUES_H
#define TELEMETRY_SETTINGS_KEYVALUES_H

#include <stdbool.h>

/* Receives a decoded pair; both texts are NUL-terminated and valid during the call. Returns NULL, or a static
 * text that says what is wrong with the pair. */
typedef const char *tel_keyvalue_fn(void *cls, const char *key, const char *value);
/* Receives an omitted pair: its position from 1, and the reason. key is for people: bounded, printable, "" if
 * the text could be part of a value. */
typedef void tel_keyvalue_bad_fn(void *cls, unsigned position, const char *key, const char *why);

enum { TEL_KEYVALUES_SIZE = 4096 };

/* Reads text. Trims keys and values and skips empty members. Passes good members to take() and reports bad
 * ones to bad() (each may be NULL). A member is bad if it has no equals sign, no key, an invalid encoding or
 * an encoded NUL. It is also bad if take() refuses it, or if the list would exceed TEL_KEYVALUES_SIZE - 1
 * bytes. Returns whether all were good. */
bool tel_keyvalues_read(const char *text, tel_keyvalue_fn *take, tel_keyvalue_bad_fn *bad, void *cls);

/* The same, and writes the good members to out, still encoded. Reading out again reports no error. */
bool tel_keyvalues_keep(const char *text, char out[TEL_KEYVALUES_SIZE], tel_keyvalue_fn *take,
                        tel_keyvalue_bad_fn *bad, void *cls);

#endif
