/* SPDX-License-Identifier: MIT */
/* The response to a scrape: Prometheus text 0.0.4 or OpenMetrics 1.0, gzip if the client accepts it. */
#ifndef TEL_SCRAPE_H
#define TEL_SCRAPE_H

#include <stddef.h>

#include <tel/api.h>
#include <tel/error.h>
#include <tel/metrics.h>

TEL_BEGIN

struct tel_scrape {
  const char *content_type;     /* static */
  const char *content_encoding; /* static: "gzip", or NULL */
  char *body;                   /* malloc'ed; not NUL-terminated */
  size_t size;
};

/* Writes all metrics in the format that these request headers ask for (NULL: absent; repeated headers
 * joined by commas). Send "Vary: Accept, Accept-Encoding" with the response. Errors, with out untouched:
 * TEL_E_MEMORY (also above 64 MiB), TEL_E_VALUE (registry or out is NULL, or a read function calls its
 * registry). Any thread. Concurrent scrapes take turns; recording never waits. */
TEL_API TEL_MUST_CHECK int tel_scrape(struct tel_registry *registry, const char *accept,
                                      const char *accept_encoding, struct tel_scrape *out);
/* Frees the body. Accepts NULL. */
TEL_API void tel_scrape_free(struct tel_scrape *scrape);

TEL_END

#endif
