/* SPDX-License-Identifier: MIT */
#include <limits.h>

#define ZLIB_CONST /* next_in takes a pointer to const */
#include <zlib.h>

#include "telemetry/metrics/exposition.h"

enum {
  LEVEL = 4,       /* expositions are repetitive: higher levels cost twice the time for a few percent */
  GZIP = 15 + 16,  /* the largest window, and a gzip header */
  STEP = 16 * 1024 /* of output */
};

/* Runs deflate until it has read all of its input (or, at the end, written all of its output). */
static bool deflate_into(z_stream *z, int flush, struct buf *out) {
  for (;;) {
    size_t room = out->len < out->limit ? out->limit - out->len : 0;
    room = room == 0 ? 1 : room < STEP ? room : STEP; /* at the limit, one byte more fails the buffer */
    char *to = buf_reserve(out, room);
    if (!to) return false;
    z->next_out = (Bytef *)to;
    z->avail_out = (uInt)room;
    int result = deflate(z, flush);
    out->len += room - z->avail_out;
    if (result == Z_STREAM_END || (flush == Z_NO_FLUSH && z->avail_in == 0)) return true;
    if (result != Z_OK) return false;
  }
}

int tel_gzip(const void *in, size_t len, struct buf *out) {
  z_stream z = {.next_in = in};
  bool done = false;
  if (deflateInit2(&z, LEVEL, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY) == Z_OK) {
    for (done = true; done && len > UINT_MAX; len -= UINT_MAX) {
      z.avail_in = UINT_MAX;
      done = deflate_into(&z, Z_NO_FLUSH, out);
    }
    z.avail_in = (uInt)len;
    done = done && deflate_into(&z, Z_FINISH, out);
    deflateEnd(&z);
  }
  if (!done) out->failed = true;
  return done ? TEL_OK : TEL_E_MEMORY;
}
