/* SPDX-License-Identifier: MIT */
/* What a scrape gets: Prometheus text 0.0.4 or OpenMetrics 1.0. Reads the registry, never stops those who
 * record. */
#ifndef TELEMETRY_METRICS_EXPOSITION_H
#define TELEMETRY_METRICS_EXPOSITION_H

#include <stdbool.h>

#include "base/buf.h"
#include "tel/error.h"
#include "tel/metrics.h"

enum tel_format { TEL_FORMAT_TEXT, TEL_FORMAT_OPENMETRICS };

/* The format that an Accept header (NULL: none; several: joined by commas) asks for. Each format has the q of
 * the most specific range that matches it; the higher wins, at equal q the more specific range, then
 * OpenMetrics as it says more. OpenMetrics must be named (or "application" with a star): to a mere wildcard,
 * a browser's or curl's, text is the better answer. Nothing acceptable: text 0.0.4. A version that cannot be
 * served does not match; a range with a malformed q is passed over. */
enum tel_format tel_format_negotiate(const char *accept);
/* Whether an Accept-Encoding header (NULL: none) takes gzip: by name (also x-gzip), else by *, with q above
 * 0. */
bool tel_format_accepts_gzip(const char *accept_encoding);
/* The whole Content-Type value. */
const char *tel_format_content_type(enum tel_format format);

/* Appends the exposition of all families that have series, sorted by name, and records what that took in
 * telemetry_scrape_duration_seconds (so it shows from the next one on). On TEL_E_MEMORY (or the buffer's
 * limit) the buffer has failed and must not be sent. Any thread; several at once take turns. */
TEL_MUST_CHECK int tel_exposition_write(struct tel_registry *registry, enum tel_format format,
                                        struct buf *out);

/* Appends in, compressed as one gzip member. On TEL_E_MEMORY (or the buffer's limit) the buffer has failed.
 */
TEL_MUST_CHECK int tel_gzip(const void *in, size_t len, struct buf *out);

#endif
