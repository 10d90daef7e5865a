/* SPDX-License-Identifier: MIT */
/* A hardened HTTP/1.1 server on Ulfius and libmicrohttpd. It knows nothing of the shop: endpoints
 * and hooks are the caller's. What it adds to Ulfius:
 *  - Guards in front of every endpoint refuse what proxies and servers read differently
 *    (smuggling), header blocks that are too large, and bodies above the limit, these before they
 *    are read.
 *  - Limits: connections, header block, body, idle time, and a deadline for the arrival of a whole
 *    request, so that a client that drips bytes is cut. A handler that runs is never cut.
 *  - A report of everything that no endpoint saw, be it a guard's answer or libmicrohttpd's own.
 *  - A drain that lets what is in flight finish.
 *
 * Life: server_new (binds and listens: before privilege drop and fork), server_endpoint
 * for each endpoint, server_start (threads: after fork, with signals blocked as the threads
 * shall have them), server_drain, server_free. These are for one thread. The process must
 * ignore SIGPIPE. Handlers have a stack of 256 KiB.
 *
 * Endpoints must respect these properties of Ulfius:
 *  - Endpoints run by priority, 0 first. An observer ("*" as method and path, priority 0) returns
 *    U_CALLBACK_IGNORE, a handler U_CALLBACK_COMPLETE; a last "*" answers 404 and 405. Never return
 *    U_CALLBACK_ERROR (drops the reply's body and headers) or U_CALLBACK_UNAUTHORIZED (forces 401).
 *  - The end of a request is response->free_shared_data. Set by the observer together with
 *    response->shared_data (if that is NULL it does not run), it runs exactly once on every path,
 *    in the same thread, when the reply is made and before a byte of it is sent. It can no longer
 *    change the reply. A request that was refused never reaches the observer: hooks.refused tells
 *    of it.
 *  - A header value that is empty or holds CR or LF makes Ulfius drop all headers after it:
 *    validate before u_map_put.
 *  - request->map_header merges what came twice, and its keys are case-sensitive: use
 *    server_request_header(). request->client_address is cut off for IPv6: use server_request_client().
 *    request->timeout belongs to this server: leave it alone.
 *  - "//order" and "/order/" reach "/order", nothing is decoded before routing, and
 *    request->url_path is raw. A target in absolute form ("http://host/order") is its path everywhere; other
 * targets that do not begin with "/" are refused, but for "OPTIONS *", which an endpoint must answer. HEAD
 * needs an endpoint of its own; libmicrohttpd leaves the body of its answer away.
 *  - With pool 0 (a thread for each connection) a handler may sleep or block. In a pool it must
 *    not: the connections that share its thread would wait.
 *  - While server_draining(), put "Connection: close" on every reply, at the handler's end. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ulfius.h>

#include "base/address.h"
#include "base/error.h"
#include "server/refuse.h"

struct server_settings {
  struct address address;     /* "::" takes IPv4 too; port 0: the system chooses, server_address() tells */
  unsigned pool;              /* 0: a thread for each connection; else so many epoll threads */
  unsigned connections;       /* at a time; one more gets 503 */
  size_t body_limit;          /* bytes of a request's body; above it 413 */
  size_t header_limit;        /* bytes of request line and headers; above it 431. At most 8192 */
  unsigned idle_timeout_s;    /* without a byte, in either direction */
  unsigned request_timeout_s; /* from the accept until the request line is read, and from there until the
                                 request is whole; cut above it. Between requests and for taking the reply:
                                 both timeouts together */
};

#define SERVER_SETTINGS_DEFAULT                                                                              \
  { ADDRESS_LOOPBACK(8080), 0, 4096, 16384, 4096, 30, 10 }

struct server;

enum server_log_level { SERVER_LOG_DEBUG, SERVER_LOG_WARN, SERVER_LOG_ERROR };

/* All are optional, called from any thread of the server, at the same time too, and should not block. */
struct server_hooks {
  void *cls;
  /* Exactly once for each refusal. Reply is NULL unless the answer is ours to make. */
  void (*refused)(void *cls, const struct server_refusal *refusal, struct server_refusal_reply *reply);
  /* What libmicrohttpd reports about connections. The text may hold bytes of a client: escape it. */
  void (*log)(void *cls, enum server_log_level level, const char *text);
};

/* Binds and listens. Settings and hooks are copied. Raises RLIMIT_NOFILE if it must.
 * Returns NULL with a text in error that says what failed and what to do. */
struct server *server_new(const struct server_settings *settings, const struct server_hooks *hooks,
                          struct error *error);

typedef int (*server_callback)(const struct _u_request *request, struct _u_response *response, void *cls);

/* Before the start. Method and path as Ulfius takes them ("*" is any); both are copied, cls is borrowed. NULL
 * for both: the default endpoint, for requests that no other one matches; Ulfius wants another one too.
 * Returns 0, or -1 when out of memory or started already. */
int server_endpoint(struct server *server, const char *method, const char *path, unsigned priority,
                    server_callback callback, void *cls);

/* Starts the threads. Returns 0, or -1 with a text in error. Once. */
int server_start(struct server *server, struct error *error);

/* The address and port it listens on. */
const struct address *server_address(const struct server *server);
/* Requests from their first endpoint until the last byte of the reply went to the kernel. Any thread. */
unsigned server_in_flight(const struct server *server);
/* Open connections. Any thread. */
unsigned server_connections(const struct server *server);
/* True from the begin of server_drain(). Any thread. */
bool server_draining(const struct server *server);

/* Cuts what is still open, joins all threads and frees. Waits for handlers that still run. NULL is allowed.
 */
void server_free(struct server *server);

#endif
