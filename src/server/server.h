/* SPDX-License-Identifier: MIT */
/* A hardened HTTP/1.1 server on Ulfius and libmicrohttpd. It knows nothing of the shop: the caller provides
 * a handler and hooks. It adds to Ulfius:
 *  - Guards refuse ambiguous requests (request smuggling), large header blocks and large bodies before the
 *    handler sees them.
 *  - Limits of connections, header block, body, idle time, and the time in which a request must arrive.
 *    The server cuts slow clients, but never a running handler.
 *  - A hook reports every request that a guard or libmicrohttpd refused and that the handler did not see.
 *  - A graceful shutdown that finishes the requests in flight.
 *
 * Order of calls, all from one thread: server_new (binds and listens: before the process drops its
 * privileges), server_start (starts threads, which inherit the signal mask: after any fork), server_drain,
 * server_free. The process must ignore SIGPIPE. The handler has a stack of 256 KiB.
 *
 * The handler must respect these properties of Ulfius:
 *  - It returns U_CALLBACK_COMPLETE. U_CALLBACK_ERROR would drop the reply's body and headers, and
 *    U_CALLBACK_UNAUTHORIZED would force 401.
 *  - A header value that is empty or holds CR or LF makes Ulfius drop all headers after it: validate before
 *    u_map_put.
 *  - request->map_header merges repeated headers, and its keys are case-sensitive: use
 *    server_request_header(). request->client_address truncates IPv6 addresses: use server_request_client().
 *    This server uses request->timeout: do not change it.
 *  - request->url_path is raw: nothing is decoded. The server replaces a target in absolute form
 *    ("http://host/order") with its path. It refuses other targets that do not begin with "/", except
 *    "OPTIONS *". libmicrohttpd omits the body of the response to HEAD.
 *  - With pool 0 (one thread per connection) the handler may block. In a pool it must not: the connections
 * that share its thread would wait.
 *  - While server_draining(), put "Connection: close" on every reply, at the handler's end. */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <ulfius.h>

#include "base/address.h"
#include "base/error.h"
#include "server/refuse.h"

struct server_settings {
  struct address address;  /* "::" accepts IPv4 too; port 0: the system chooses, see server_address() */
  unsigned pool;           /* 0: one thread per connection; else the number of epoll threads */
  unsigned connections;    /* open at the same time; further ones get 503 */
  size_t body_limit;       /* bytes of a request's body; above it 413 */
  size_t header_limit;     /* bytes of request line and headers, at most 8192; above it 431 (target: 414) */
  unsigned idle_timeout_s; /* seconds without a byte in either direction */
  unsigned request_timeout_s; /* from the accept to the request line, and from there to the end of the
                               * request. Between requests, and to receive the reply, the client has the sum
                               * of both timeouts */
};

#define SERVER_SETTINGS_DEFAULT                                                                              \
  { ADDRESS_LOOPBACK(8080), 0, 4096, 16384, 4096, 30, 10 }

struct server;

enum server_log_level { SERVER_LOG_DEBUG, SERVER_LOG_WARN };

/* The server's threads call them concurrently. refused and log are optional and should not block. */
struct server_hooks {
  void *cls;
  /* Serves each request that was not refused. */
  int (*handle)(const struct _u_request *request, struct _u_response *response, void *cls);
  /* Called exactly once for each refusal. reply is NULL if this server sends no response. */
  void (*refused)(void *cls, const struct server_refusal *refusal, struct server_refusal_reply *reply);
  /* Messages about connections. The text may hold bytes from a client: escape it. */
  void (*log)(void *cls, enum server_log_level level, const char *text);
};

/* Binds and listens. Settings and hooks are copied. Raises RLIMIT_NOFILE if necessary. Returns NULL with a
 * text in error that says what failed and what to do. */
struct server *server_new(const struct server_settings *settings, const struct server_hooks *hooks,
                          struct error *error);

/* Starts the threads. Returns 0, or -1 with a text in error. Call it once. */
int server_start(struct server *server, struct error *error);

/* The address and port it listens on. */
const struct address *server_address(const struct server *server);
/* Number of requests that were passed to the handler and whose reply is not yet completely in the kernel.
 * Any thread. */
unsigned server_in_flight(const struct server *server);
/* True from the start of server_drain(). Any thread. */
bool server_draining(const struct server *server);

/* Cuts open connections, waits for running handlers, joins all threads and frees. Accepts NULL. */
void server_free(struct server *server);

#endif
