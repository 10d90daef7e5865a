/* SPDX-License-Identifier: MIT */
/* The server's state, for its own files. */
#ifndef SERVER_SERVER_PRIVATE_H
#define SERVER_SERVER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/rate.h"
#include "base/thread.h"
#include "server/server.h"

struct server_client;

enum { SERVER_LINGERING = 64 };

struct server_lingering {
  int fd;
  uint64_t until_ns;
};

struct server {
  struct server_settings settings; /* with the bound address */
  struct server_hooks hooks;
  struct _u_instance instance;
  bool instance_ready;
  bool started;
  bool few_descriptors; /* settings.connections was lowered */
  int listen_fd;        /* we close it; -1 while libmicrohttpd owns it */
  int accept_fd;        /* the same socket, while it accepts connections; else -1 */
  pthread_mutex_t spare_lock;
  int spare_fd; /* closed for a moment when no other descriptor is free; -1 if missing */
  MHD_AccessHandlerCallback dispatcher; /* Ulfius's dispatcher; ours calls it */
  atomic_uint in_flight;
  atomic_uint connections;
  atomic_bool draining;
  struct rate pauses; /* warnings about accept4() */
  struct rate logs;   /* other warnings */

  pthread_mutex_t clients_lock;
  struct server_client *clients;

  pthread_mutex_t drained_lock;
  pthread_cond_t drained; /* in_flight fell to 0 while draining */

  struct thread sweeper;
  bool sweeping;
  int wake_fd; /* eventfd: wakes the sweeper for a new socket or to stop */
  atomic_bool stopping;
  pthread_mutex_t lingering_lock;
  size_t lingering_count;
  struct server_lingering lingering[SERVER_LINGERING];
};

/* From now on accept4() on the listening socket is the system's, without our handling of missing descriptors.
 * Closes the spare descriptor. */
void server_accepts_no_more(struct server *server);

#endif
