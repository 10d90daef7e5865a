/* SPDX-License-Identifier: MIT */
/* How the exporter reaches a collector: libcurl, or a test's stand-in. Internal to src/telemetry. */
#ifndef TELEMETRY_OTLP_TRANSPORT_H
#define TELEMETRY_OTLP_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "tel/error.h"
#include "telemetry/traces/tracing.h"

enum { TEL_TRANSPORT_BODY_LIMIT = 4 * 1024 * 1024 };

struct tel_answer {
  int status;           /* of HTTP; 0: none, see text */
  bool connection;      /* without a status: the connection failed, so that trying again makes sense */
  char retry_after[64]; /* the header's value, "" if there is none */
  char type[128];       /* the same of Content-Type */
  char via[256];        /* the proxy that was asked, for a message: its address and variable; "": none */
  struct buf body;      /* the owner's: emptied before each request, reused */
  char text[384];       /* without a status: why, and what to do */
};

/* All but stop are for one thread; stop is for any. Clocks are part of it, so that a test can turn them. */
struct tel_transport {
  /* Sends one request and waits for its answer, until the deadline. */
  void (*post)(void *cls, const void *body, size_t len, uint64_t deadline_mono_ns, struct tel_answer *answer);
  /* Waits; returns early once stop has been called, at once when it had been called before. */
  void (*pause)(void *cls, uint64_t until_mono_ns);
  uint64_t (*now_mono_ns)(void *cls);
  uint64_t (*now_unix_ns)(void *cls);
  /* Whether stop has been called. */
  bool (*stopping)(void *cls);
  /* No waiting from now on, and no request beyond this deadline, not even the one that is under way. */
  void (*stop)(void *cls, uint64_t deadline_mono_ns);
  void (*free)(void *cls);
  void *cls;
};

/* By libcurl. A host that is this machine is asked directly; for others http_proxy, https_proxy, all_proxy
 * and no_proxy are obeyed as libcurl does. A name is resolved anew for each new connection. The body is gzip
 * if settings->gzip: compress it before. TEL_E_MEMORY, TEL_E_VALUE. */
TEL_MUST_CHECK int tel_transport_curl_new(const struct tel_tracing_settings *settings,
                                          struct tel_transport *out);

#endif
