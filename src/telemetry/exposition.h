/* What a scrape gets: Prometheus text 0.0.4 or OpenMetrics 1.0. Reads the registry, never stops those who
 * record. */
#ifndef TELEMETRY_EXPOSITION_H
#define TELEMETRY_EXPOSITION_H

#include <stdbool.h>

#include "base/buf.h"
#include "telemetry/error.h"
#include "telemetry/metrics.h"

enum tel_format { TEL_FORMAT_TEXT, TEL_FORMAT_OPENMETRICS };

/* The format that an Accept header (NULL: none) asks for: the highest q that is supported wins, at equal q
 * the more specific, then OpenMetrics as it says more; nothing acceptable: text 0.0.4. */
enum tel_format tel_format_negotiate(const char *accept);
/* Whether an Accept-Encoding header (NULL: none) takes gzip: by name or *, with q above 0. */
bool tel_format_accepts_gzip(const char *accept_encoding);
/* The whole Content-Type value. */
const char *tel_format_content_type(enum tel_format format);

/* Appends the exposition of all families, sorted by name. On TEL_E_MEMORY (or the buffer's limit) the buffer
 * has failed and must not be sent. Any thread, several at once. */
TEL_MUST_CHECK int tel_exposition_write(struct tel_registry *registry, enum tel_format format,
                                        struct buf *out);

/* Appends in, compressed as one gzip member. TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_gzip(const void *in, size_t len, struct buf *out);

#endif
