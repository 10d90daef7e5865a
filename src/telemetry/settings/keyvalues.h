/* SPDX-License-Identifier: MIT */
/* Lists as environment variables hold them: key=value,key=value, percent-encoded. Internal to src/telemetry.
 */
#ifndef TELEMETRY_SETTINGS_KEYVALUES_H
#define TELEMETRY_SETTINGS_KEYVALUES_H

#include <stdbool.h>
#include <stddef.h>

/* One pair, decoded, both NUL-terminated; they live as long as the call. Returns NULL, or what is wrong with
 * the pair, a static text. */
typedef const char *tel_keyvalue_fn(void *cls, const char *key, const char *value);
/* A pair that was left out: its position from 1, and why. key is for people: bounded, printable, "" where the
 * text could be part of a value. */
typedef void tel_keyvalue_bad_fn(void *cls, unsigned position, const char *key, const char *why);

enum { TEL_KEYVALUES_SIZE = 4096 };

/* Reads text: white space around keys and values is cut off, empty members are skipped. A member without an
 * equals sign or key, with a wrong encoding or one of NUL, one that each refuses, or one beyond
 * TEL_KEYVALUES_SIZE - 1 bytes of list is told to bad (may be NULL), and the others still count. Returns
 * whether all were good. */
bool tel_keyvalues_read(const char *text, tel_keyvalue_fn *each, tel_keyvalue_bad_fn *bad, void *cls);

/* The same, and writes the good members to out, still encoded, for another reading that finds nothing wrong.
 */
bool tel_keyvalues_keep(const char *text, char out[TEL_KEYVALUES_SIZE], tel_keyvalue_fn *each,
                        tel_keyvalue_bad_fn *bad, void *cls);

#endif
