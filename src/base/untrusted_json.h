/* SPDX-License-Identifier: MIT */
/* Parses JSON from outside the process. For programs only, because libtel does not use jansson. Any thread.
 */
#ifndef BASE_UNTRUSTED_JSON_H
#define BASE_UNTRUSTED_JSON_H

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

/* Returns a new reference to the object in the text, or NULL. The text may be NULL if len is 0. Refuses a
 * text with a repeated key in an object, with a NUL byte, or with arrays and objects nested more than depth
 * levels deep. An integer that does not fit into 64 bits becomes a real number, and so do all other integers
 * of that text. The error has no subject ("is nested more than 8 levels deep"), so that the caller can name
 * the text. It is "" when out of memory. */
json_t *untrusted_json_object(const char *text, size_t len, unsigned depth, struct error *error);

#endif
