/* SPDX-License-Identifier: MIT */
/* Where spans go: what a URL means, and what to tell a person about it. Internal to src/telemetry; all of it
 * allocates. */
#ifndef TELEMETRY_OTLP_ENDPOINT_H
#define TELEMETRY_OTLP_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>

enum { TEL_ENDPOINT_SHOWN_SIZE = 256, TEL_ENDPOINT_ADVICE_SIZE = 320 };

/* A URL that libcurl understands, of http or https. */
bool tel_endpoint_valid(const char *url);

/* The URL for a message: without user, password, query and fragment, which may be secrets, cut to the size. A
 * text that is no URL is shown as such. Returns out. */
const char *tel_endpoint_show(const char *url, char out[TEL_ENDPOINT_SHOWN_SIZE]);

/* Whether the host is this machine by definition: localhost, 127.0.0.0/8, ::1, or the unspecified address. */
bool tel_endpoint_loopback(const char *url);

/* What is probably a mistake in a valid or an invalid URL, and what to do. base: v1/traces is appended to it.
 * NULL: nothing; else out. */
const char *tel_endpoint_advice(const char *url, bool base, char out[TEL_ENDPOINT_ADVICE_SIZE]);

#endif
