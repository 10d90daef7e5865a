/* SPDX-License-Identifier: MIT */
/* The exporter's connection to a collector: libcurl, or a test's replacement. */
#ifndef TELEMETRY_OTLP_TRANSPORT_H
#define TELEMETRY_OTLP_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "tel/error.h"
#include "telemetry/settings/tracing_settings.h"

enum { TEL_TRANSPORT_BODY_LIMIT = 4 * 1024 * 1024 };

struct tel_response {
  int status;           /* of HTTP; 0: no response; see text */
  bool connection;      /* without a status: the connection failed, so a retry is useful */
  char retry_after[64]; /* the header's value; "" if absent */
  char type[128];       /* the same for Content-Type */
  char via[256];        /* the proxy that was used, for a message: its address and variable; "": none */
  struct buf body;      /* owned by the exporter: emptied before each request, reused */
  char text[384];       /* without a status: why, and what to do */
};

/* One thread calls all functions except stop; any thread may call stop. The clocks are included, so that a
 * test can set them. */
struct tel_transport {
  /* Sends one request and waits for its response, until the deadline. */
  void (*post)(void *cls, const void *body, size_t len, uint64_t deadline_mono_ns,
               struct tel_response *response);
  /* Waits until the given time or a stop. After a stop it returns at once. */
  void (*pause)(void *cls, uint64_t until_mono_ns);
  uint64_t (*now_mono_ns)(void *cls);
  uint64_t (*now_unix_ns)(void *cls);
  /* Whether stop has been called. */
  bool (*stopping)(void *cls);
  /* Ends the current wait and all later ones. Requests, also a running one, end at this deadline. */
  void (*stop)(void *cls, uint64_t deadline_mono_ns);
  void (*free)(void *cls);
  void *cls;
};

/* The transport of libcurl. It connects directly to this machine. For other hosts it follows http_proxy,
 * https_proxy, all_proxy and no_proxy as libcurl does. It resolves the name for each new connection. If
 * settings->gzip is set, the caller compresses the body. TEL_E_MEMORY, TEL_E_VALUE. */
TEL_MUST_CHECK int tel_transport_curl_new(const struct tel_tracing_settings *settings,
                                          struct tel_transport *out);

#endif
