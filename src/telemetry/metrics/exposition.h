/* SPDX-License-Identifier: MIT */
/* The exposition: Prometheus text 0.0.4 or OpenMetrics 1.0. Reads the registry and never delays recording. */
#ifndef TELEMETRY_METRICS_EXPOSITION_H
#define TELEMETRY_METRICS_EXPOSITION_H

#include <stdbool.h>

#include "base/buf.h"
#include "tel/error.h"
#include "tel/metrics.h"

enum tel_format { TEL_FORMAT_TEXT, TEL_FORMAT_OPENMETRICS };

/* The format that an Accept header asks for (NULL: none; repeated headers joined by commas). The q of a
 * format is that of the most specific range that matches it. The higher q wins, then the more specific range,
 * then OpenMetrics. The header must name OpenMetrics (or "application" with a star). A client that sends only
 * the full wildcard, such as curl, gets text. If no format is acceptable, the result is text 0.0.4. A range
 * with an unsupported version does not match. A range with a malformed q is ignored. */
enum tel_format tel_format_negotiate(const char *accept);
/* Whether an Accept-Encoding header (NULL: none) accepts gzip: by name (also x-gzip), else by *, with q above
 * 0. */
bool tel_format_accepts_gzip(const char *accept_encoding);
/* Whether an Accept header prefers application/json to text/html: by q, then by the more specific range.
 * False if it prefers neither. */
bool tel_accept_prefers_json(const char *accept);
/* The complete Content-Type value. */
const char *tel_format_content_type(enum tel_format format);

/* Appends the exposition of all families that have series, sorted by name, and records the duration in
 * telemetry_scrape_duration_seconds (the next exposition shows it). On TEL_E_MEMORY (or the buffer's limit)
 * the buffer has failed and must not be sent. Any thread; concurrent calls take turns. */
TEL_MUST_CHECK int tel_exposition_write(struct tel_registry *registry, enum tel_format format,
                                        struct buf *out);

/* Compresses in and appends it as one gzip member. On TEL_E_MEMORY (or the buffer's limit) the buffer has
 * failed. */
TEL_MUST_CHECK int tel_gzip(const void *in, size_t len, struct buf *out);

#endif
