/* SPDX-License-Identifier: MIT */
/* Checks and shows the URL of the collector. All functions allocate. */
#ifndef TELEMETRY_OTLP_ENDPOINT_H
#define TELEMETRY_OTLP_ENDPOINT_H

#include <stdbool.h>

enum { TEL_ENDPOINT_SHOWN_SIZE = 256, TEL_ENDPOINT_ADVICE_SIZE = 320 };

/* Whether libcurl accepts the URL, and it is http or https. */
bool tel_endpoint_valid(const char *url);

/* Writes the URL for a message, cut to the size. Omits user, password, query and fragment, because they may
 * be secrets. Shows a text that is not a URL only if it cannot hold a password. Returns out. */
const char *tel_endpoint_show(const char *url, char out[TEL_ENDPOINT_SHOWN_SIZE]);

/* Whether the host is this machine by definition: localhost, 127.0.0.0/8, ::1, or the unspecified address. */
bool tel_endpoint_loopback(const char *url);

/* Describes a probable mistake in a valid or invalid URL, and its fix. base: v1/traces is appended to it.
 * Returns out, or NULL if there is none. */
const char *tel_endpoint_advice(const char *url, bool base, char out[TEL_ENDPOINT_ADVICE_SIZE]);

#endif
