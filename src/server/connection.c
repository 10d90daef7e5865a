/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "server/connection_private.h"
#include "server/guards_private.h"
#include "server/insides_private.h"
#include "server/refuse_private.h"
#include "server/sweeper_private.h"
#include "server/target_private.h"

enum { LOGS_PER_SECOND = 10 };

/* When libmicrohttpd responds to a request by itself, its log message does not name the connection. The
 * logger runs in the thread that serves or accepts the connection, directly after a callback that knows the
 * connection. */
static _Thread_local struct server_client *current;

struct server_client *server_connection_client(struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info ? info->socket_context : NULL;
}

static uint64_t request_deadline(const struct server *server) {
  return clock_mono_coarse_ns() + server->settings.request_timeout_s * CLOCK_NS_PER_S;
}

/* This deadline applies between requests and while the client receives a response. */
static uint64_t idle_deadline(const struct server *server) {
  return request_deadline(server) + server->settings.idle_timeout_s * CLOCK_NS_PER_S;
}

/* Returns false if the sweeper has cut the connection. The deadline then does not change. */
static bool deadline_set(struct server_client *client, uint64_t deadline_ns) {
  uint64_t before = atomic_load(&client->deadline_ns);
  while (before != SERVER_DEADLINE_CUT)
    if (atomic_compare_exchange_weak(&client->deadline_ns, &before, deadline_ns)) return true;
  return false;
}

static struct server_client *client_new(struct server *server, struct MHD_Connection *connection) {
  struct server_client *client = calloc(1, sizeof *client);
  if (!client) return NULL;
  client->server = server;
  client->connection = connection;
  client->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  const union MHD_ConnectionInfo *from =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  struct address address;
  address_copy(&address, from->client_addr);
  address_host(&address, client->address);
  client->port = address_port(&address);
  atomic_init(&client->deadline_ns, request_deadline(server));
  client->arrival.body_limit = server->settings.body_limit;
  return client;
}

static void opened(struct server *server, struct MHD_Connection *connection, void **context) {
  struct server_client *client = client_new(server, connection);
  *context = current = client;
  if (!client) return;
  server_insides_set_client(client->fd, client);
  bool too_many = atomic_fetch_add(&server->connections, 1) >= server->settings.connections;
  pthread_mutex_lock(&server->clients_lock);
  client->next = server->clients;
  if (client->next) client->next->previous = client;
  server->clients = client;
  pthread_mutex_unlock(&server->clients_lock);
  if (too_many) {
    client->turned_away = client->linger = true;
    server_refuse_away(server, client->fd, client->address,
                       "This server has reached its connection limit: try again soon.");
    shutdown(client->fd, SHUT_RDWR); /* libmicrohttpd then closes it at once */
  }
}

static void closed(struct server *server, struct server_client *client) {
  if (!client) return;
  assert(!client->request); /* completed */
  server_insides_set_client(client->fd, NULL);
  if (current == client) current = NULL;
  pthread_mutex_lock(&server->clients_lock);
  if (client->next) client->next->previous = client->previous;
  if (client->previous)
    client->previous->next = client->next;
  else
    server->clients = client->next;
  pthread_mutex_unlock(&server->clients_lock);
  atomic_fetch_sub(&server->connections, 1);
  if (client->linger) server_sweeper_linger(server, fcntl(client->fd, F_DUPFD_CLOEXEC, 0));
  free(client);
}

/* Reports to the hook a response that libmicrohttpd made. client: NULL if unknown. */
static void report(struct server *server, const struct server_client *client,
                   enum server_refusal_origin origin, unsigned status) {
  struct server_refusal refusal = {.origin = origin};
  server_refuse_fill(&refusal, status);
  if (client) refusal.client = client->address;
  if (client && client->request) {
    refusal.connection = client->connection;
    refusal.method = client->request->request->http_verb;
    refusal.target = client->request->request->http_url;
  }
  if (server->hooks.refused) server->hooks.refused(server->hooks.cls, &refusal, NULL);
}

void server_connection_notify(void *cls, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode code) {
  struct server *server = cls;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    opened(server, connection, context);
    return;
  }
  struct server_client *client = *context;
  /* If its error handling fails, libmicrohttpd closes the connection without completing the request. */
  if (client && atomic_load(&client->requesting)) {
    void *request = client->request;
    server_connection_completed(server, connection, &request, MHD_REQUEST_TERMINATED_WITH_ERROR);
  }
  closed(server, client);
  *context = NULL;
}

void *server_connection_begun(void *cls, const char *uri, struct MHD_Connection *connection) {
  struct server *server = cls;
  struct server_client *client = server_connection_client(connection);
  if (!client || !uri) return NULL;
  client->dispatched = client->refused = false;
  client->bad_target = !server_guard_target_is_clean(uri);
  client->long_target = strlen(uri) > server->settings.header_limit;
  client->too_many_arguments = server_guard_arguments_cut(server, uri);
  deadline_set(client, request_deadline(server));
  atomic_store_explicit(&client->requesting, true, memory_order_relaxed);
  atomic_store_explicit(&client->asked, true, memory_order_relaxed);
  current = client;
  char *path = NULL;
  if (*uri != '/' && !server_target_split(server_insides_writable(uri), &client->authority, &path))
    return NULL;
  client->request = ulfius_uri_logger(NULL, path ? path : uri);
  free(path);
  if (client->request) client->request->request->timeout = (unsigned long)(uintptr_t)client;
  return client->request;
}

/* Replaces bytes that cannot be a request line. libmicrohttpd would close the connection silently or wait for
 * more bytes. It refuses WRONG_LINE after it has sent the responses to earlier requests. */
#define WRONG_LINE "- \n"

/* The deadline has passed. A part of a request gets a response; an idle connection just ends. */
static void refuse_late(struct server_client *client) {
  if (client->arrival.part == SERVER_ARRIVAL_BEGIN || client->refused || client->dispatched) return;
  struct server_refusal refusal = {.origin = SERVER_REFUSED_BY_CUT};
  server_refuse_fill(&refusal, MHD_HTTP_REQUEST_TIMEOUT);
  server_refuse_now(client, &refusal);
}

size_t server_connection_arrived(struct server_client *client, char *data, size_t len, size_t size) {
  struct server_arrival *arrival = &client->arrival;
  unsigned heads = arrival->heads, requests = arrival->requests;
  current = client;
  if (arrival->fault) return 0; /* the connection was refused and lingers */
  if (atomic_load(&client->deadline_ns) == SERVER_DEADLINE_CUT) {
    refuse_late(client);
    return 0;
  }
  len = server_arrival_read(arrival, data, len);
  if (!arrival->fault) return len;
  if (arrival->fault == SERVER_ARRIVAL_BAD_LINE && size - len >= sizeof WRONG_LINE - 1) {
    memcpy(data + len, WRONG_LINE, sizeof WRONG_LINE - 1);
    return len + sizeof WRONG_LINE - 1;
  }
  /* If the fault arrived together with its header, the guards refuse it. */
  if (arrival->heads != heads || arrival->requests != requests) return len;
  struct server_refusal refusal;
  server_guard_bad_arrival(arrival, &refusal);
  server_refuse_now(client, &refusal);
  return 0;
}

void server_connection_completed(void *cls, struct MHD_Connection *connection, void **request,
                                 enum MHD_RequestTerminationCode how) {
  struct server *server = cls;
  struct server_client *client = server_connection_client(connection);
  if (client) {
    bool late = how == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED ||
                atomic_load(&client->deadline_ns) == SERVER_DEADLINE_CUT;
    if (late && !client->dispatched && !client->refused)
      report(server, client, SERVER_REFUSED_BY_CUT, MHD_HTTP_REQUEST_TIMEOUT);
    deadline_set(client, idle_deadline(server));
    atomic_store_explicit(&client->requesting, false, memory_order_relaxed);
    client->request = NULL;
    client->completed++;
  }
  current = client;
  mhd_request_completed(NULL, connection, request, how);
  if (client && client->dispatched && atomic_fetch_sub(&server->in_flight, 1) == 1 &&
      atomic_load(&server->draining)) {
    pthread_mutex_lock(&server->drained_lock);
    pthread_cond_broadcast(&server->drained);
    pthread_mutex_unlock(&server->drained_lock);
  }
  if (!client) return;
  client->dispatched = false; /* libmicrohttpd may refuse the next request before it begins */
  free(client->authority);
  client->authority = NULL;
}

enum MHD_Result server_connection_dispatch(void *cls, struct MHD_Connection *connection, const char *url,
                                           const char *method, const char *version, const char *data,
                                           size_t *size, void **request) {
  struct server *server = cls;
  struct server_client *client = server_connection_client(connection);
  struct connection_info_struct *info = *request;
  struct server_refusal refusal;
  if (!client || !info || client->turned_away) return MHD_NO;
  if (info->callback_first_iteration) {
    if (server_guard_refuses(client, method, url, version, &refusal)) {
      refusal.method = method;
      refusal.version = version;
      return server_refuse(client, &refusal);
    }
  } else if (!*size) {
    if (server_guard_refuses_trailers(client, &refusal)) return server_refuse_now(client, &refusal);
    if (!deadline_set(client, SERVER_DEADLINE_HANDLING)) return MHD_NO;
    client->dispatched = true;
    client->replied = false;
    atomic_fetch_add(&server->in_flight, 1);
    enum MHD_Result result =
        server->dispatcher(&server->instance, connection, url, method, version, data, size, request);
    deadline_set(client, idle_deadline(server));
    /* If the handler has queued its response itself, libmicrohttpd has rejected that of Ulfius. */
    return client->replied ? MHD_YES : result;
  }
  return server->dispatcher(&server->instance, connection, url, method, version, data, size, request);
}

/* When descriptors or memory run out, libmicrohttpd logs in a busy loop. This limits the lines per second. */
static bool log_is_due(struct server *server) {
  return rate_passes(&server->logs, LOGS_PER_SECOND, clock_mono_ns());
}

void server_connection_log_text(struct server *server, enum server_log_level level, const char *text) {
  if (server->hooks.log && log_is_due(server)) server->hooks.log(server->hooks.cls, level, text);
}

/* libmicrohttpd is about to respond by itself. */
static void library_responds(struct server *server, unsigned status, const char *page) {
  if (!current)
    report(server, NULL, SERVER_REFUSED_BY_LIBRARY, status);
  else if (!current->dispatched && !current->refused)
    server_refuse_for_library(current, status, page);
}

/* libmicrohttpd cannot start a thread for the new connection. */
static void no_thread(struct server *server) {
  if (!current || current->turned_away) return;
  current->turned_away = current->linger = true;
  server_refuse_away(server, current->fd, current->address,
                     "This server cannot start more threads: try again soon.");
}

void server_connection_log(void *cls, const char *format, va_list arguments) {
  struct server *server = cls;
  unsigned status = 0;
  const char *page = NULL;
  enum server_insides_event event = server_insides_event(format, arguments, &status, &page);
  if (event == SERVER_INSIDES_RESPONDS) library_responds(server, status, page);
  if (event == SERVER_INSIDES_NO_THREAD) no_thread(server);
  if (!server->hooks.log) return;
  char text[512];
  vsnprintf(text, sizeof text, format, arguments);
  text[strcspn(text, "\r\n")] = '\0';
  enum server_log_level level = server_insides_level(text);
  if (level == SERVER_LOG_DEBUG || log_is_due(server)) server->hooks.log(server->hooks.cls, level, text);
}
