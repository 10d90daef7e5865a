/* SPDX-License-Identifier: MIT */
#include "http/exchange.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "server/request.h"

struct known {
  const char *name;
  size_t len;
};

static const struct known known[HTTP_HEADERS] = {
#define ROW(id, name) [id] = {name, sizeof name - 1},
    HTTP_HEADER_NAMES(ROW)
#undef ROW
};

struct reading {
  struct http_exchange *exchange;
  unsigned seen; /* one bit per header */
};

static enum MHD_Result read_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
  struct reading *reading = cls;
  size_t len = strlen(name);
  (void)kind;
  for (int i = 0; i < HTTP_HEADERS; i++) {
    if (known[i].len != len || strcasecmp(known[i].name, name) != 0) continue;
    bool again = reading->seen & 1u << i;
    reading->exchange->headers[i] = again ? NULL : value ? value : "";
    reading->seen |= 1u << i;
    break;
  }
  return MHD_YES;
}

void http_exchange_init(struct http_exchange *exchange) {
  memset(exchange, 0, offsetof(struct http_exchange, request_id));
}

void http_exchange_read_headers(struct http_exchange *exchange) {
  struct reading reading = {.exchange = exchange};
  MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, read_header, &reading);
  /* The host of a target in absolute form overrides the Host header. */
  const char *authority = server_connection_authority(exchange->connection);
  if (authority) exchange->headers[HTTP_HOST] = authority;
}

static struct http_note *note(struct http_exchange *exchange, const struct tel_key *key, enum tel_type type) {
  if (exchange->note_count == HTTP_NOTES) return NULL;
  struct http_note *made = &exchange->notes[exchange->note_count++];
  made->key = key;
  made->type = type;
  return made;
}

void http_note_text(struct http_exchange *exchange, const struct tel_key *key, const char *text) {
  struct http_note *made = text && *text ? note(exchange, key, TEL_STRING) : NULL;
  if (made) text_copy(made->value.text, sizeof made->value.text, text);
}

void http_note_int(struct http_exchange *exchange, const struct tel_key *key, int64_t value) {
  struct http_note *made = note(exchange, key, TEL_INT);
  if (made) made->value.integer = value;
}

void http_note_duration(struct http_exchange *exchange, const struct tel_key *key, uint64_t ns) {
  struct http_note *made = ns ? note(exchange, key, TEL_DOUBLE) : NULL;
  if (made) made->value.real = (double)ns / 1e6;
}
