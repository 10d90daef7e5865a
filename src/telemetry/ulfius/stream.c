/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "telemetry/ulfius/adapter.h"

static ssize_t read_stream(void *cls, uint64_t offset, char *out, size_t max) {
  struct stream *stream = cls;
  ssize_t n = stream->callback(stream->data, offset, out, max);
  if (n > 0) stream->bytes += (uint64_t)n;
  if (stream->size == U_STREAM_SIZE_UNKNOWN ? n == U_STREAM_END : stream->bytes >= stream->size)
    stream->complete = true;
  else if (n < 0)
    stream->failed = true; /* also at an end before the promised size, because the client misses the rest */
  return n;
}

static void end_stream(void *cls) {
  struct stream *stream = cls;
  if (stream->free_data) stream->free_data(stream->data);
  if (stream->record) { /* libmicrohttpd refused the response */
    stream->record->bytes = stream->bytes;
    stream->record->stream = NULL;
    stream->record->refused = true;
  }
  if (!stream->complete && !stream->no_body)
    tel_http_cut(stream->exchange, stream->failed ? TEL_HTTP_CUT_SERVER : TEL_HTTP_CUT_CLIENT);
  tel_http_end(stream->exchange, stream->route, stream->status, stream->bytes);
  free(stream);
}

void adapter_stream_wrap(struct record *record, struct _u_response *response) {
  /* A newer Ulfius has destroyed the stream, and called the default endpoint instead. */
  if (response->stream_callback == read_stream) {
    response->stream_callback = NULL;
    record->refused = false;
    return;
  }
  struct stream *stream = record->stream ? NULL : calloc(1, sizeof *stream);
  if (!stream) return;
  *stream = (struct stream){.record = record,
                            .callback = response->stream_callback,
                            .free_data = response->stream_callback_free,
                            .data = response->stream_user_data,
                            .size = response->stream_size,
                            .complete = response->stream_size == 0};
  record->stream = stream;
  response->stream_callback = read_stream;
  response->stream_callback_free = end_stream;
  response->stream_user_data = stream;
}
