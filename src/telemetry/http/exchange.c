/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "telemetry/core/attributes_private.h"
#include "telemetry/core/telemetry_private.h"
#include "telemetry/http/describe.h"
#include "telemetry/http/instruments.h"
#include "telemetry/logs/log_clock.h"
#include "telemetry/logs/log_record.h"
#include "telemetry/traces/span.h"
#include "telemetry/traces/span_clock.h"

struct tel_http_exchange {
  struct tel *tel;
  struct tel_http_request request;
  const char *method; /* static */
  struct tel_span *span;
  struct clock_anchor start;
  struct tel_attributes *fields; /* the fields that handlers added to the log line, or NULL */
  enum tel_http_cut cut;
  char *kept; /* the request's texts, or NULL: they are borrowed */
};

static const char *const cuts[] = {[TEL_HTTP_CUT_CLIENT] = "client",
                                   [TEL_HTTP_CUT_TIMEOUT] = "timeout",
                                   [TEL_HTTP_CUT_SHUTDOWN] = "shutdown",
                                   [TEL_HTTP_CUT_SERVER] = "server"};

/* Continues the caller's trace. An invalid traceparent or tracestate is ignored. */
static struct tel_span *start_span(struct tel *tel, const struct tel_http_request *request,
                                   const struct clock_anchor *start) {
  struct tel_context parent;
  char state[TEL_TRACESTATE_SIZE];
  state[0] = '\0';
  const char *header = request->traceparent, *given = request->tracestate;
  /* libmicrohttpd keeps blanks after a header's value. */
  size_t len = header ? text_trim(header, strlen(header), &header) : 0;
  bool continued = header && tel_traceparent_parse(header, len, &parent);
  if (continued && given && !tel_tracestate_append(state, given, strlen(given))) state[0] = '\0';
  return tel_span_start_at(tel_tracer(tel), tel_http_span_name(NULL, request->method), TEL_SPAN_SERVER,
                           continued ? &parent : NULL, state, start);
}

struct tel_http_exchange *tel_http_begin(struct tel *tel, const struct tel_http_request *request) {
  if (!tel || !request || !request->method || !request->path || tel_foreign(tel)) return NULL;
  struct tel_http_exchange *exchange = malloc(sizeof *exchange);
  if (!exchange) return NULL;
  struct clock_anchor start = clock_anchor_now();
  start.unix_ns -= request->age_ns;
  start.mono_ns -= request->age_ns;
  *exchange = (struct tel_http_exchange){.tel = tel, .request = *request, .start = start};
  exchange->request.path = tel_http_path_of(request->path);
  exchange->method = tel_http_methods[tel_http_method_index(request->method)];
  exchange->span = start_span(tel, request, &exchange->start);
  return exchange;
}

struct tel_span *tel_http_span(struct tel_http_exchange *exchange) {
  return exchange ? exchange->span : NULL;
}

struct tel_attributes *tel_http_fields(struct tel_http_exchange *exchange) {
  if (!exchange) return NULL;
  if (!exchange->fields && (exchange->fields = malloc(sizeof *exchange->fields)))
    tel_attributes_begin(exchange->fields, TEL_FORM_JSON, TEL_LOG_FIELDS, TEL_LOG_VALUE_CHARACTERS, 0);
  return exchange->fields;
}

/* A client that leaves, and a timeout, are not failures of the server unless the status says so. */
static bool has_failed(const struct tel_http_exchange *exchange, unsigned status) {
  bool by_server = exchange->cut == TEL_HTTP_CUT_SERVER || exchange->cut == TEL_HTTP_CUT_SHUTDOWN;
  return by_server || status >= 500 || (status == 0 && exchange->cut == TEL_HTTP_CUT_NONE);
}

/* Keeps what the handler has set, because the handler knows more about its failure. */
static void settle_status(struct tel_http_exchange *exchange, const struct tel_http_result *result) {
  struct tel_attributes *attributes = tel_span_attributes(exchange->span);
  if (!attributes || (!result->failed && !result->cut)) return;
  char text[12];
  snprintf(text, sizeof text, "%u", result->status);
  const char *type = result->cut ? cuts[exchange->cut] : result->status ? text : "no_answer";
  if (!tel_attributes_find(attributes, "error.type"))
    tel_attributes_set_string(attributes, "error.type", type);
  if (result->failed && exchange->span->status != TEL_STATUS_ERROR)
    tel_span_set_status(exchange->span, TEL_STATUS_ERROR, NULL);
}

static void write_line(struct tel_http_exchange *exchange, const struct tel_http_parts *parts,
                       const struct tel_http_result *result, uint64_t bytes) {
  static const struct tel_key PATH = TEL_KEY("path"), DURATION = TEL_KEY("duration_ms"),
                              REQUEST_BYTES = TEL_KEY("request_bytes"),
                              RESPONSE_BYTES = TEL_KEY("response_bytes"), CLIENT = TEL_KEY("client"),
                              USER_AGENT = TEL_KEY("user_agent"), CUT = TEL_KEY("cut");
  const struct tel_http_request *request = &exchange->request;
  bool failed = result->failed, rejected = !failed && result->status >= 400, cut = result->cut;
  struct tel_log_record *record = tel_log_begin(tel_logger(exchange->tel), failed            ? TEL_ERROR
                                                                           : rejected || cut ? TEL_WARN
                                                                                             : TEL_INFO);
  struct tel_attributes *fields = tel_log_fields(record);
  if (!fields) return;
  tel_log_span(record, exchange->span);
  tel_http_describe_line(fields, parts);
  tel_attributes_put_string(fields, &PATH, request->path);
  tel_attributes_put_double(fields, &DURATION, (double)result->duration_ns / 1e6);
  tel_attributes_put_int(fields, &REQUEST_BYTES, (int64_t)request->bytes);
  tel_attributes_put_int(fields, &RESPONSE_BYTES, (int64_t)bytes);
  tel_attributes_put_string(fields, &CLIENT, request->client);
  tel_attributes_put_string(fields, &USER_AGENT, request->user_agent);
  if (cut) tel_attributes_put_string(fields, &CUT, cuts[exchange->cut]);
  tel_attributes_add(fields, exchange->fields);
  const char *message = failed     ? "request failed"
                        : rejected ? "request rejected"
                        : cut      ? "request cut"
                                   : "request answered";
  tel_log_message_at(record, message, result->end_unix_ns);
}

void tel_http_end(struct tel_http_exchange *exchange, const struct tel_http_route *route, unsigned status,
                  uint64_t bytes) {
  if (!exchange) return;
  uint64_t duration_ns = clock_mono_ns() - exchange->start.mono_ns;
  /* An exemplar must not name a span that is not recorded, even if the caller's trace is sampled. */
  bool recorded = tel_span_attributes(exchange->span) != NULL;
  const struct tel_http_result result = {.status = status,
                                         .failed = has_failed(exchange, status),
                                         .cut = exchange->cut != TEL_HTTP_CUT_NONE,
                                         .duration_ns = duration_ns,
                                         .end_unix_ns = exchange->start.unix_ns + duration_ns};
  const struct tel_http_parts *parts =
      tel_http_record(exchange->tel, route, exchange->request.method, &result,
                      recorded ? tel_span_context(exchange->span) : NULL);
  tel_span_set_name(exchange->span, tel_http_span_name(route, exchange->request.method));
  tel_http_describe(tel_span_attributes(exchange->span), &exchange->request, exchange->method, parts);
  settle_status(exchange, &result);
  write_line(exchange, parts, &result, bytes);
  tel_span_end(exchange->span, result.end_unix_ns);
  if (exchange->fields) tel_attributes_clear(exchange->fields);
  free(exchange->fields);
  free(exchange->kept);
  free(exchange);
}

void tel_http_lost(struct tel_http_exchange *exchange, const struct tel_http_route *route) {
  if (!exchange) return;
  if (!exchange->kept) exchange->request = (struct tel_http_request){.method = exchange->method, .path = ""};
  tel_http_end(exchange, route, 0, 0);
}

void tel_http_cut(struct tel_http_exchange *exchange, enum tel_http_cut cut) {
  if (exchange && !exchange->cut && (unsigned)cut < sizeof cuts / sizeof *cuts) exchange->cut = cut;
}

int tel_http_keep(struct tel_http_exchange *exchange) {
  if (!exchange || exchange->kept) return 0;
  struct tel_http_request *request = &exchange->request;
  const char **texts[] = {&request->method,  &request->path, &request->query,  &request->scheme,
                          &request->version, &request->host, &request->client, &request->user_agent};
  size_t size = 0;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (*texts[i]) size += strlen(*texts[i]) + 1;
  char *to = exchange->kept = malloc(size);
  if (!to) return TEL_E_MEMORY;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (!*texts[i]) continue;
    size_t len = strlen(*texts[i]) + 1;
    *texts[i] = memcpy(to, *texts[i], len);
    to += len;
  }
  request->traceparent = request->tracestate = NULL; /* the span has them */
  return 0;
}
