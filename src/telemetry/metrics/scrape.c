/* SPDX-License-Identifier: MIT */
#include <tel/scrape.h>

#include <stdlib.h>

#include "base/buf.h"
#include "telemetry/metrics/exposition.h"

enum { SCRAPE_LIMIT = 64 << 20 };

int tel_scrape(struct tel_registry *registry, const char *accept, const char *accept_encoding,
               struct tel_scrape *out) {
  if (!registry || !out) return TEL_E_VALUE;
  enum tel_format format = tel_format_negotiate(accept);
  bool gzip = tel_format_accepts_gzip(accept_encoding);
  struct buf text = BUF_INIT(SCRAPE_LIMIT), packed = BUF_INIT(SCRAPE_LIMIT);
  int error = tel_exposition_write(registry, format, &text);
  if (!error && gzip) {
    error = tel_gzip(text.data, text.len, &packed);
    buf_free(&text);
    text = packed;
  }
  if (error) {
    buf_free(&text);
    return error;
  }
  *out = (struct tel_scrape){.content_type = tel_format_content_type(format),
                             .content_encoding = gzip ? "gzip" : NULL,
                             .body = text.data,
                             .size = text.len};
  return 0;
}

void tel_scrape_free(struct tel_scrape *scrape) {
  if (scrape) free(scrape->body);
}
