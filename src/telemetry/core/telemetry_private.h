/* SPDX-License-Identifier: MIT */
/* The members of struct tel. */
#ifndef TELEMETRY_CORE_TELEMETRY_PRIVATE_H
#define TELEMETRY_CORE_TELEMETRY_PRIVATE_H

#include <pthread.h>
#include <stdbool.h>

#include <tel/telemetry.h>

#include "base/random.h"
#include "telemetry/core/left_behind.h"

enum { TEL_NAME_SIZE = 64, TEL_ERROR_SIZE = 256 };

struct tel_owned;
struct tel_http;
struct tel_tracing;

struct tel {
  struct tel_left_behind left; /* first */
  char instance[RANDOM_UUID_SIZE], version[TEL_NAME_SIZE];
  unsigned process; /* forks_generation() of the process that made it */
  bool has_curl;    /* curl_global_init() succeeded */
  struct tel_registry *registry;
  struct tel_logger *logger;
  struct tel_tracing *tracing;
  pthread_mutex_t lock;            /* for http, owned and the error */
  _Atomic(struct tel_http *) http; /* made by src/telemetry/http when it is first needed */
  struct tel_owned *owned;
  _Atomic unsigned started_in; /* forks_generation() + 1; 0: not started */
  int error;                   /* the first */
  char error_text[TEL_ERROR_SIZE];
};

/* Whether it was started in a process that forked this one. This process has no worker threads. */
bool tel_foreign(const struct tel *tel);
/* Like tel_own(), with tel->lock held. On failure the object is still the caller's. */
TEL_MUST_CHECK int tel_own_locked(struct tel *tel, void (*destroy)(void *object), void *object);

#endif
