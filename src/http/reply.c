/* SPDX-License-Identifier: MIT */
#include "http/reply.h"

#include <ctype.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

void http_reply_text(struct http_exchange *exchange, unsigned status, const char *content_type) {
  if (buf_failed(&exchange->reply)) {
    http_reply_no_memory(exchange);
    return;
  }
  exchange->status = status;
  exchange->content_type = content_type;
}

void http_reply_json(struct http_exchange *exchange) {
  http_reply_text(exchange, exchange->route->status, "application/json");
}

/* Writes the path as a URI reference: percent-encodes every byte that is not allowed in one. */
static void put_instance(char *out, size_t size, const char *path) {
  static const char safe[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/:@!$&'()*+,;=";
  /* "//a/b" would be the path /b on the host a. */
  size_t at = strncmp(path, "//", 2) == 0 ? (size_t)snprintf(out, size, "/.") : 0;
  for (size_t taken; *path && at + 4 < size; path += taken) {
    bool encoded = *path == '%' && isxdigit((unsigned char)path[1]) && isxdigit((unsigned char)path[2]);
    taken = encoded ? 3 : 1;
    if (encoded || strchr(safe, *path))
      at = (size_t)(text_put(out + at, path, taken) - out);
    else
      at += (size_t)snprintf(out + at, size - at, "%%%02X", (unsigned char)*path);
  }
  out[at] = '\0';
}

void http_reply_no_memory(struct http_exchange *exchange) {
  http_reply_problem(exchange, HTTP_UNAVAILABLE, "Out of memory.");
}

static int append(const char *text, size_t len, void *buf) {
  buf_append(buf, text, len);
  return buf_failed(buf) ? -1 : 0;
}

const char *http_reply_quote(const char *text, char out[HTTP_QUOTE_SIZE]) {
  size_t len = strlen(text), cut = utf8_cut(text, len, HTTP_QUOTE_CHARACTERS);
  strcpy(out + utf8_repair(text, cut, out), cut < len ? "..." : "");
  return out;
}

void http_reply_problem(struct http_exchange *exchange, enum http_problem problem, const char *detail, ...) {
  const struct http_problem_row *row = http_problem_row(problem);
  exchange->problem = problem;
  exchange->status = row->status;
  exchange->content_type = "application/problem+json";
  exchange->encoding = NULL;
  exchange->location[0] = '\0';
  if (problem == HTTP_UNAVAILABLE) exchange->retry_after = "1";
  va_list arguments;
  va_start(arguments, detail);
  size_t len = (size_t)vsnprintf(exchange->detail, sizeof exchange->detail, detail, arguments);
  va_end(arguments);
  if (len < sizeof exchange->detail)
    snprintf(exchange->detail + len, sizeof exchange->detail - len, " %s", row->advice);

  char type[64], instance[HTTP_TEXT_SIZE], trace_id[TEL_TRACE_ID_HEX_SIZE];
  snprintf(type, sizeof type, "urn:minishop:problem:%s", row->code);
  put_instance(instance, sizeof instance, exchange->path);
  tel_trace_id_hex(&exchange->context, trace_id);
  buf_reset(&exchange->reply);
  /* jansson refuses a detail that was cut inside a character, because it is not UTF-8. The advice alone is
   * always valid. */
  json_t *text = json_string(exchange->detail);
  json_t *json = json_pack("{s:s, s:s, s:i, s:o, s:s, s:s}", "type", type, "title", row->title, "status",
                           (int)row->status, "detail", text ? text : json_string(row->advice), "instance",
                           instance, "code", row->code);
  if (json && tel_context_valid(&exchange->context))
    json_object_set_new(json, "trace_id", json_string(trace_id));
  if (!json || json_dump_callback(json, append, &exchange->reply, JSON_COMPACT) != 0)
    buf_reset(&exchange->reply); /* out of memory: send the status without a body */
  json_decref(json);
}
