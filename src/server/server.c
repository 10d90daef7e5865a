/* SPDX-License-Identifier: MIT */
#include "server/server.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/condition.h"
#include "server/connection_private.h"
#include "server/insides_private.h"
#include "server/listen_private.h"
#include "server/server_private.h"
#include "server/sweeper_private.h"

/* In the memory for each connection, libmicrohttpd keeps the header block, a copy of the cookies, a record of
 * each field, and the reply's headers. */
enum {
  MEMORY_LIMIT_MIN = 16 * 1024,
  STACK_SIZE = 256 * 1024,
  DESCRIPTORS_BESIDES = 128, /* files, exporters, lingering sockets */
  OPTION_COUNT = 16,
};

/* At our limit we respond with 503. Our limit is below libmicrohttpd's own. At its own limit, libmicrohttpd
 * resets connections (without a pool) or lets them wait (with a pool). Waiting races with
 * MHD_quiesce_daemon() and can end in abort(). */
enum { CONNECTIONS_SPARE = 64 };

/* Raises the open-file limit to fit the connections, or lowers the number of connections to fit that limit.
 * At the open-file limit libmicrohttpd cannot even refuse a connection, and retries in a busy loop. */
static void limits_raise(struct server *server) {
  struct rlimit limit;
  rlim_t wanted = server->settings.connections + CONNECTIONS_SPARE + DESCRIPTORS_BESIDES;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= wanted ? wanted : limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted) return;
  rlim_t besides = CONNECTIONS_SPARE + DESCRIPTORS_BESIDES;
  if (besides > limit.rlim_cur / 2) besides = limit.rlim_cur / 2;
  server->settings.connections = limit.rlim_cur > 2 ? (unsigned)(limit.rlim_cur - besides) : 1;
  server->few_descriptors = true;
}

static void limits_tell(const struct server *server) {
  char text[128];
  if (!server->few_descriptors || !server->hooks.log) return;
  snprintf(text, sizeof text,
           "limited to %u connections by the open-file limit: raise it (ulimit -n) for more",
           server->settings.connections);
  server->hooks.log(server->hooks.cls, SERVER_LOG_WARN, text);
}

static bool settings_valid(const struct server_settings *settings, struct error *error) {
  const char *wrong = NULL;
  if (settings->connections < 1 || settings->connections > 100000)
    wrong = "connections must be from 1 to 100000";
  if (settings->pool > 256) wrong = "the pool must be from 0 to 256 threads";
  if (settings->header_limit < 256 || settings->header_limit > 8192)
    wrong = "the header limit must be from 256 to 8192 bytes";
  if (settings->idle_timeout_s < 1 || settings->request_timeout_s < 1)
    wrong = "timeouts must be at least a second";
  if (wrong) error_set(error, "invalid HTTP server settings: %s", wrong);
  return !wrong;
}

/* The default endpoint is the cheapest one, because Ulfius then has no paths to match. But Ulfius requires at
 * least one other endpoint. */
static bool instance_init(struct server *server) {
  struct _u_instance *instance = &server->instance;
  const struct server_hooks *hooks = &server->hooks;
  if (ulfius_init_instance(instance, address_port(&server->settings.address), NULL, NULL) != U_OK)
    return false;
  server->instance_ready = true;
  instance->max_post_body_size = server->settings.body_limit + 1;
  instance->allowed_post_processor = U_POST_PROCESS_NONE;
  instance->check_utf8 = 0;
  return ulfius_add_endpoint_by_val(instance, "OPTIONS", NULL, "*", 0, hooks->handle, hooks->cls) == U_OK &&
         ulfius_set_default_endpoint(instance, hooks->handle, hooks->cls) == U_OK;
}

struct server *server_new(const struct server_settings *settings, const struct server_hooks *hooks,
                          struct error *error) {
  if (!settings_valid(settings, error)) return NULL;
  struct server *server = calloc(1, sizeof *server);
  if (!server) {
    error_set(error, "out of memory");
    return NULL;
  }
  server->settings = *settings;
  server->hooks = *hooks;
  pthread_mutex_init(&server->clients_lock, NULL);
  pthread_mutex_init(&server->drained_lock, NULL);
  pthread_mutex_init(&server->lingering_lock, NULL);
  pthread_mutex_init(&server->spare_lock, NULL);
  server->spare_fd = server->accept_fd = -1;
  condition_init(&server->drained);
  server->listen_fd = server_listen_open(&server->settings.address, error);
  if (server->listen_fd >= 0) {
    limits_raise(server);
    if (instance_init(server)) return server;
    error_set(error, "out of memory");
  }
  server_free(server);
  return NULL;
}

static unsigned options_fill(struct server *server, struct MHD_OptionItem options[OPTION_COUNT]) {
  const struct server_settings *settings = &server->settings;
  struct MHD_OptionItem *to = options;
  size_t memory = 4 * settings->header_limit;
  if (memory < MEMORY_LIMIT_MIN) memory = MEMORY_LIMIT_MIN;
  unsigned pool = settings->pool, limit = settings->connections + CONNECTIONS_SPARE;
  /* Set the logger first: earlier messages would go to standard error. */
  *to++ = (struct MHD_OptionItem){MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)server_connection_log, server};
  *to++ = (struct MHD_OptionItem){MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)server_connection_completed, server};
  *to++ = (struct MHD_OptionItem){MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)server_connection_begun, server};
  *to++ = (struct MHD_OptionItem){MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)server_connection_notify, server};
  *to++ = (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, server->listen_fd, NULL};
  *to++ = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)memory, NULL};
  *to++ = (struct MHD_OptionItem){MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE, NULL};
  *to++ = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT, settings->idle_timeout_s, NULL};
  /* In strict mode, 0.9 cuts connections or sends broken responses before the guards can respond. */
  *to++ = (struct MHD_OptionItem){MHD_OPTION_STRICT_FOR_CLIENT, server_insides_known() ? 0 : 1, NULL};
  if (pool > 1) {
    *to++ = (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, pool, NULL};
    limit *= pool; /* libmicrohttpd divides it among the threads */
  }
  *to++ = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT, limit, NULL};
  *to = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
  return MHD_USE_ITC | MHD_USE_ERROR_LOG |
         (pool ? MHD_USE_EPOLL_INTERNAL_THREAD
               : MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL_INTERNAL_THREAD);
}

int server_start(struct server *server, struct error *error) {
  struct MHD_OptionItem options[OPTION_COUNT];
  if (server->started || server_sweeper_start(server) != 0) {
    error_set(error, "cannot start the HTTP server: %s",
              server->started ? "it is already running" : strerror(errno));
    return -1;
  }
  limits_tell(server);
  server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  server->accept_fd = server->listen_fd;
  server_insides_set_server(server->accept_fd, server);
  unsigned flags = options_fill(server, options);
  int result = ulfius_start_framework_with_mhd_options(&server->instance, flags, options);
  server->listen_fd = -1; /* libmicrohttpd owns the socket now, and closes it even when it fails */
  if (result != U_OK) {
    server_accepts_no_more(server);
    error_set(error, "cannot start the HTTP server: libmicrohttpd refused, see the log");
    return -1;
  }
  server->started = true;
  if (!server->dispatcher) {
    error_set(error, "cannot start the HTTP server: the guards do not see requests; link the program so that "
                     "it exports MHD_start_daemon");
    return -1;
  }
  return 0;
}

const struct address *server_address(const struct server *server) {
  return &server->settings.address;
}

unsigned server_in_flight(const struct server *server) {
  return atomic_load(&server->in_flight);
}

bool server_draining(const struct server *server) {
  return atomic_load_explicit(&server->draining, memory_order_relaxed);
}

void server_accepts_no_more(struct server *server) {
  pthread_mutex_lock(&server->spare_lock);
  if (server->accept_fd >= 0) server_insides_set_server(server->accept_fd, NULL);
  server->accept_fd = -1;
  if (server->spare_fd >= 0) close(server->spare_fd);
  server->spare_fd = -1;
  pthread_mutex_unlock(&server->spare_lock);
}

void server_free(struct server *server) {
  if (!server) return;
  server_accepts_no_more(server);
  if (server->started) ulfius_stop_framework(&server->instance);
  assert(!server->clients && server->in_flight == 0); /* libmicrohttpd has reported the end of each */
  server_sweeper_stop(server);
  if (server->instance_ready) ulfius_clean_instance(&server->instance);
  server_insides_set_quiesced(server->listen_fd, false);
  if (server->listen_fd >= 0) close(server->listen_fd);
  pthread_cond_destroy(&server->drained);
  pthread_mutex_destroy(&server->drained_lock);
  pthread_mutex_destroy(&server->lingering_lock);
  pthread_mutex_destroy(&server->spare_lock);
  pthread_mutex_destroy(&server->clients_lock);
  free(server);
}
