/* SPDX-License-Identifier: MIT */
#include "telemetry/otlp/otlp_exporter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/text.h"
#include "config.h"
#include "telemetry/metrics/exposition.h"
#include "telemetry/otlp/endpoint.h"
#include "telemetry/otlp/otlp_encoder.h"
#include "telemetry/otlp/retry.h"
#include "telemetry/otlp/transport.h"
#include "telemetry/traces/span.h"

struct otlp {
  struct tel_otlp_encoder *encoder;
  struct tel_transport transport;
  struct tel_trace_metrics *metrics;
  struct tel_response response;
  struct buf compressed;
  bool gzip;
  char where[TEL_ENDPOINT_SHOWN_SIZE]; /* for messages */
  uint32_t timeout_ms;
  uint64_t not_before; /* from the last Retry-After; monotonic */
};

static void fail(struct tel_export_result *result, enum tel_drop reason, const char *text) {
  result->reason = reason;
  snprintf(result->text, sizeof result->text, "%s", text);
}

/* Whether the response's type shows that it is not OTLP. Without a type, the body decides. */
static bool is_other_type(const char *type) {
  static const char *const ours[] = {"application/x-protobuf", "application/protobuf"};
  size_t len = strcspn(type, "; \t");
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (strlen(ours[i]) == len && text_same_start(type, ours[i], len)) return false;
  return len > 0;
}

/* The server responded with 2xx but does not speak OTLP, so the spans were not stored. */
static void refuse_success(const struct otlp *otlp, struct tel_export_result *result) {
  const struct tel_response *response = &otlp->response;
  char type[TEXT_SHOWN_SIZE], start[TEXT_SHOWN_SIZE];
  result->reason = TEL_DROP_NOT_OTLP;
  snprintf(result->text, sizeof result->text,
           "%.150s responded with %d, but not as a collector: %s, %zu bytes%s%s%s instead of "
           "application/x-protobuf; is it the address of a collector's OTLP/HTTP receiver "
           "(usually port 4318, path /v1/traces)?",
           otlp->where, response->status,
           *response->type ? text_show(response->type, strlen(response->type), type) : "no Content-Type",
           response->body.len, response->body.len ? " that begin with '" : "",
           text_show(response->body.data, response->body.len, start), response->body.len ? "'" : "");
}

/* Reads the response of a collector that accepted the request, perhaps without some spans. OTLP uses status
 * 200 for both, and an empty message for a full success. */
static void read_success(const struct otlp *otlp, size_t count, struct tel_export_result *result) {
  const struct tel_response *response = &otlp->response;
  uint64_t rejected;
  char message[sizeof result->text - 64];
  if (response->status != 200 || is_other_type(response->type) ||
      !tel_otlp_decode_response(response->body.data, response->body.len, &rejected, message,
                                sizeof message)) {
    refuse_success(otlp, result);
    return;
  }
  if (rejected)
    snprintf(result->text, sizeof result->text, "the collector rejected spans%s%s", *message ? ": " : "",
             message);
  else if (message[0])
    snprintf(result->text, sizeof result->text, "%s", message);
  else if (!*response->type && !response->body.len)
    snprintf(result->text, sizeof result->text,
             "%.150s responded without a Content-Type, unlike a collector: check that the spans arrive",
             otlp->where);
  size_t bound = rejected < count ? (size_t)rejected : count;
  result->rejected += bound;
  result->delivered += count - bound;
}

/* Advice for a status, or NULL. */
static const char *advice(int status) {
  static const struct {
    int from, to;
    const char *text;
  } known[] = {
      {300, 399, "redirects are not followed: set the endpoint to the address it leads to"},
      {400, 400, "see its log; does it require https?"},
      {401, 401, "check OTEL_EXPORTER_OTLP_HEADERS"},
      {403, 403, "check OTEL_EXPORTER_OTLP_HEADERS"},
      {404, 405, "is the path right? A collector takes spans at /v1/traces"},
      {407, 407, "the proxy requires a user and a password"},
      {413, 413, "lower OTEL_BSP_MAX_EXPORT_BATCH_SIZE"},
      {415, 415, "it does not accept protobuf, or not the compression of OTEL_EXPORTER_OTLP_COMPRESSION"},
  };
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (status >= known[i].from && status <= known[i].to) return known[i].text;
  return NULL;
}

static void describe_failure(const struct otlp *otlp, char *text, size_t size) {
  const struct tel_response *response = &otlp->response;
  const char *hint = response->status ? advice(response->status)
                     : *response->via ? "hosts in no_proxy are contacted directly"
                                      : NULL;
  char what[sizeof response->text + 32];
  if (response->status)
    snprintf(what, sizeof what, "the collector responded with %d", response->status);
  else
    snprintf(what, sizeof what, "%s", response->text);
  snprintf(text, size, "%.100s: %.210s%s%.100s%s%s", otlp->where, what,
           *response->via ? ", through the proxy " : "", response->via, hint ? ": " : "", hint ? hint : "");
}

/* The time of the next try. It may be later than the deadline. */
static uint64_t next_try(struct otlp *otlp, unsigned attempt) {
  const struct tel_response *response = &otlp->response;
  const struct tel_transport *transport = &otlp->transport;
  uint64_t delay, now = transport->now_mono_ns(transport->cls);
  /* 0 or a past date asks for no wait. The backoff still applies, so that retries do not flood the collector.
   */
  if (response->status &&
      tel_retry_after(response->retry_after, transport->now_unix_ns(transport->cls), &delay) && delay > 0)
    return otlp->not_before = now + delay;
  return now + tel_retry_backoff_ns(attempt, random_unit());
}

static void send_request(struct otlp *otlp, const struct buf *request, size_t count, uint64_t deadline,
                         struct tel_export_result *result) {
  const struct tel_transport *transport = &otlp->transport;
  struct tel_response *response = &otlp->response;
  char failure[sizeof result->text];
  /* An earlier request's Retry-After applies to this one too. */
  if (otlp->not_before > transport->now_mono_ns(transport->cls)) {
    transport->pause(transport->cls, otlp->not_before < deadline ? otlp->not_before : deadline);
    if (otlp->not_before >= deadline && !transport->stopping(transport->cls)) {
      fail(result, TEL_DROP_EXPORT_FAILED, "the collector's Retry-After is longer than the timeout");
      return;
    }
  }
  for (unsigned attempt = 0;; attempt++) {
    transport->post(transport->cls, request->data, request->len, deadline, response);
    tel_trace_metrics_request(otlp->metrics, response->status);
    if (response->status >= 200 && response->status < 300) {
      read_success(otlp, count, result);
      return;
    }
    bool again = response->status ? tel_retry_status(response->status) : response->connection;
    uint64_t next = again ? next_try(otlp, attempt) : UINT64_MAX;
    /* A stop ends a running wait early, so that there is one last try, and prevents new waits. */
    bool last = !again || transport->stopping(transport->cls) || next >= deadline;
    /* A retry that the deadline cut off says less than the failure before it. */
    bool cut = !response->status && transport->now_mono_ns(transport->cls) >= deadline;
    if (attempt == 0 || !cut) describe_failure(otlp, failure, sizeof failure);
    if (last) {
      fail(result, TEL_DROP_EXPORT_FAILED, failure);
      return;
    }
    transport->pause(transport->cls, next);
  }
}

/* Encodes and sends the spans. If they exceed the size of one request, sends each half separately. */
static void export_spans(struct otlp *otlp, const struct tel_wire *spans, size_t count, uint64_t deadline,
                         struct tel_export_result *result) {
  const struct buf *request;
  int error = tel_otlp_encode(otlp->encoder, spans, count, &request);
  if (error == TEL_E_FULL && count > 1) {
    export_spans(otlp, spans, count / 2, deadline, result);
    export_spans(otlp, spans + count / 2, count - count / 2, deadline, result);
    return;
  }
  if (error == TEL_E_FULL) {
    fail(result, TEL_DROP_EXPORT_FAILED, "a span larger than OTLP allows");
    return;
  }
  if (!error && otlp->gzip) {
    buf_reset(&otlp->compressed);
    error = tel_gzip(request->data, request->len, &otlp->compressed);
    request = &otlp->compressed;
  }
  if (error)
    fail(result, TEL_DROP_MEMORY, tel_error_text(error));
  else
    send_request(otlp, request, count, deadline, result);
}

static void export(void *cls, const struct tel_wire *spans, size_t count, uint64_t deadline,
                   struct tel_export_result *result) {
  struct otlp *otlp = cls;
  const struct tel_transport *transport = &otlp->transport;
  if (otlp->timeout_ms) {
    uint64_t own = transport->now_mono_ns(transport->cls) + otlp->timeout_ms * CLOCK_NS_PER_MS;
    if (own < deadline) deadline = own;
  }
  export_spans(otlp, spans, count, deadline, result);
}

static void stop(void *cls, uint64_t deadline) {
  struct otlp *otlp = cls;
  otlp->transport.stop(otlp->transport.cls, deadline);
}

static void release(void *cls) {
  struct otlp *otlp = cls;
  tel_otlp_encoder_free(otlp->encoder);
  if (otlp->transport.free) otlp->transport.free(otlp->transport.cls);
  buf_free(&otlp->response.body);
  buf_free(&otlp->compressed);
  free(otlp);
}

int tel_otlp_exporter_with(const struct tel_transport *transport, const struct tel_tracing_settings *settings,
                           const struct tel_attributes *resource, struct tel_trace_metrics *metrics,
                           struct tel_exporter *out) {
  struct otlp *otlp = calloc(1, sizeof *otlp);
  if (otlp) otlp->encoder = tel_otlp_encoder_new(resource, settings->scope_name, settings->scope_version);
  if (!otlp || !otlp->encoder) {
    free(otlp);
    if (transport->free) transport->free(transport->cls);
    return TEL_E_MEMORY;
  }
  otlp->transport = *transport;
  otlp->metrics = metrics;
  otlp->gzip = settings->gzip;
  otlp->timeout_ms = settings->timeout_ms;
  tel_endpoint_show(settings->endpoint, otlp->where);
  otlp->response.body = (struct buf)BUF_INIT(TEL_TRANSPORT_BODY_LIMIT);
  otlp->compressed = (struct buf)BUF_INIT(TEL_OTLP_REQUEST_LIMIT);
  *out = (struct tel_exporter){export, stop, release, otlp};
  return TEL_OK;
}

int tel_otlp_exporter_new(const struct tel_tracing_settings *settings, const struct tel_attributes *resource,
                          struct tel_trace_metrics *metrics, struct tel_exporter *out) {
  struct tel_transport transport;
  int error = tel_transport_curl_new(settings, &transport);
  return error ? error : tel_otlp_exporter_with(&transport, settings, resource, metrics, out);
}
