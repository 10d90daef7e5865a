#include "telemetry/otlp_exporter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/random.h"
#include "config.h"
#include "telemetry/exposition.h"
#include "telemetry/otlp_encoder.h"
#include "telemetry/retry.h"
#include "telemetry/transport.h"

struct otlp {
  struct tel_otlp_encoder *encoder;
  struct tel_transport transport;
  const struct tel_trace_metrics *metrics;
  struct tel_answer answer;
  struct buf compressed;
  bool gzip;
  uint32_t timeout_ms;
  uint64_t not_before; /* what the last Retry-After asked for; monotonic */
};

static void fail(struct tel_export_result *result, enum tel_drop reason, const char *text) {
  result->reason = reason;
  snprintf(result->text, sizeof result->text, "%s", text);
}

/* The answer of a collector that took the request, perhaps not all of its spans. */
static void read_success(struct otlp *otlp, size_t count, struct tel_export_result *result) {
  uint64_t rejected;
  char message[sizeof result->text - 64];
  if (!tel_otlp_decode_response(otlp->answer.body.data, otlp->answer.body.len, &rejected, message,
                                sizeof message)) {
    snprintf(result->text, sizeof result->text, "an answer that is no OTLP; is the endpoint right?");
    rejected = 0;
  } else if (rejected) {
    snprintf(result->text, sizeof result->text, "the collector rejected spans: %s", message);
  } else if (message[0]) {
    snprintf(result->text, sizeof result->text, "%s", message);
  }
  size_t bound = rejected < count ? (size_t)rejected : count;
  result->rejected += bound;
  result->delivered += count - bound;
}

static void describe_failure(const struct tel_answer *answer, struct tel_export_result *result) {
  char text[sizeof answer->text + 16];
  if (answer->status)
    snprintf(text, sizeof text, "the collector answered %d", answer->status);
  else
    snprintf(text, sizeof text, "%s", answer->text);
  fail(result, TEL_DROP_EXPORT_FAILED, text);
}

/* When to try again; later than the deadline if never. */
static uint64_t next_try(struct otlp *otlp, unsigned attempt) {
  const struct tel_answer *answer = &otlp->answer;
  const struct tel_transport *transport = &otlp->transport;
  uint64_t delay, now = transport->now_mono_ns(transport->cls);
  if (answer->status && tel_retry_after(answer->retry_after, transport->now_unix_ns(transport->cls), &delay))
    return otlp->not_before = now + delay;
  return now + tel_retry_backoff_ns(attempt, random_unit());
}

static void send_request(struct otlp *otlp, const struct buf *request, size_t count, uint64_t deadline,
                         struct tel_export_result *result) {
  const struct tel_transport *transport = &otlp->transport;
  struct tel_answer *answer = &otlp->answer;
  /* An earlier request's Retry-After holds for this one too. */
  if (otlp->not_before > transport->now_mono_ns(transport->cls)) {
    transport->pause(transport->cls, otlp->not_before < deadline ? otlp->not_before : deadline);
    if (otlp->not_before >= deadline && !transport->stopping(transport->cls)) {
      fail(result, TEL_DROP_EXPORT_FAILED,
           "the collector asked to be left alone for longer than the timeout");
      return;
    }
  }
  for (unsigned attempt = 0;; attempt++) {
    transport->post(transport->cls, request->data, request->len, deadline, answer);
    tel_trace_metrics_request(otlp->metrics, answer->status);
    if (answer->status >= 200 && answer->status < 300) {
      read_success(otlp, count, result);
      return;
    }
    describe_failure(answer, result);
    if (answer->status ? !tel_retry_status(answer->status) : !answer->connection) return;
    uint64_t next = next_try(otlp, attempt);
    /* Stopping ends a wait that has begun, for one last try; none begins then. */
    if (transport->stopping(transport->cls) || next >= deadline) return;
    transport->pause(transport->cls, next);
  }
}

/* Encodes and sends; in halves if it is too much for one request. */
static void export_spans(struct otlp *otlp, const struct tel_span *const *spans, size_t count,
                         uint64_t deadline, struct tel_export_result *result) {
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

static void export(void *cls, struct tel_span *const *spans, size_t count, uint64_t deadline,
                   struct tel_export_result *result) {
  struct otlp *otlp = cls;
  const struct tel_transport *transport = &otlp->transport;
  if (otlp->timeout_ms) {
    uint64_t own = transport->now_mono_ns(transport->cls) + otlp->timeout_ms * CLOCK_NS_PER_MS;
    if (own < deadline) deadline = own;
  }
  export_spans(otlp, (const struct tel_span *const *)spans, count, deadline, result);
}

static void stop(void *cls, uint64_t deadline) {
  struct otlp *otlp = cls;
  otlp->transport.stop(otlp->transport.cls, deadline);
}

static void release(void *cls) {
  struct otlp *otlp = cls;
  tel_otlp_encoder_free(otlp->encoder);
  if (otlp->transport.free) otlp->transport.free(otlp->transport.cls);
  buf_free(&otlp->answer.body);
  buf_free(&otlp->compressed);
  free(otlp);
}

int tel_otlp_exporter_with(const struct tel_transport *transport, const struct tel_tracing_settings *settings,
                           const struct tel_attributes *resource, const struct tel_trace_metrics *metrics,
                           struct tel_exporter *out) {
  struct otlp *otlp = calloc(1, sizeof *otlp);
  if (otlp) otlp->encoder = tel_otlp_encoder_new(resource, PACKAGE_VERSION);
  if (!otlp || !otlp->encoder) {
    free(otlp);
    if (transport->free) transport->free(transport->cls);
    return TEL_E_MEMORY;
  }
  otlp->transport = *transport;
  otlp->metrics = metrics;
  otlp->gzip = settings->gzip;
  otlp->timeout_ms = settings->timeout_ms;
  otlp->answer.body = (struct buf)BUF_INIT(TEL_TRANSPORT_BODY_LIMIT);
  otlp->compressed = (struct buf)BUF_INIT(TEL_OTLP_REQUEST_LIMIT);
  *out = (struct tel_exporter){export, stop, release, otlp};
  return TEL_OK;
}

int tel_otlp_exporter_new(const struct tel_tracing_settings *settings, const struct tel_attributes *resource,
                          const struct tel_trace_metrics *metrics, struct tel_exporter *out) {
  struct tel_transport transport;
  int error = tel_transport_curl_new(settings, &transport);
  return error ? error : tel_otlp_exporter_with(&transport, settings, resource, metrics, out);
}
