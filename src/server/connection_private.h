/* SPDX-License-Identifier: MIT */
/* A connection, and libmicrohttpd's callbacks for it. */
#ifndef SERVER_CONNECTION_PRIVATE_H
#define SERVER_CONNECTION_PRIVATE_H

#include <microhttpd.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "server/arrival_private.h"
#include "server/server_private.h"

/* Values of deadline_ns that are not times. After CUT the deadline never changes. If the connection's thread
 * sets a new deadline just before the sweeper cuts, the sweeper does not cut. */
enum { SERVER_DEADLINE_HANDLING = 0, SERVER_DEADLINE_CUT = 1 };

/* One connection. libmicrohttpd's notifications create and free it. Only the thread that serves the
 * connection uses it, except where noted. */
struct server_client {
  struct server *server;
  struct MHD_Connection *connection;
  int fd;
  char address[ADDRESS_HOST_SIZE];
  unsigned port;
  _Atomic uint64_t deadline_ns; /* the sweeper cuts the connection after it; or one of the two values above */
  uint64_t cut_ns;              /* when the sweeper cut it; only the sweeper uses it */
  atomic_bool requesting;       /* from the request line to completion; sweeper and drain read it */
  atomic_bool asked;            /* at least one request line was read; the drain reads it */
  bool dispatched;              /* the handler ran; it counts as in flight until completed */
  bool replied;                 /* server_request_reply() queued the response */
  bool bad_target;              /* of the current request */
  bool long_target;             /* of the current request */
  bool too_many_arguments;      /* the target had too many arguments; they were removed */
  char *authority;              /* of a target in absolute form, or NULL; owned */
  bool refused;                 /* this server responded to the request or reported it */
  bool turned_away;             /* got 503; nothing more is read */
  bool linger;                  /* wait until the client closes, or it could lose the response */
  unsigned completed;           /* requests */
  struct server_arrival arrival;
  struct connection_info_struct *request; /* Ulfius's request, until completed */
  struct server_client *previous, *next;  /* under the server's clients_lock */
};

/* libmicrohttpd's callbacks; cls is the server. */
void server_connection_notify(void *cls, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode code);
void *server_connection_begun(void *cls, const char *uri, struct MHD_Connection *connection);
void server_connection_completed(void *cls, struct MHD_Connection *connection, void **request,
                                 enum MHD_RequestTerminationCode how);
void server_connection_log(void *cls, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
enum MHD_Result server_connection_dispatch(void *cls, struct MHD_Connection *connection, const char *url,
                                           const char *method, const char *version, const char *data,
                                           size_t *size, void **request);
/* The client of a connection, or NULL if memory ran out when the connection was opened. */
struct server_client *server_connection_client(struct MHD_Connection *connection);
/* Checks received bytes before libmicrohttpd parses them, and may change them. len 0: no more bytes come,
 * because the client closed its side or the sweeper shut it down. size is the size of the buffer. Returns the
 * number of bytes for libmicrohttpd. If the result is 0, the connection ends; a refused request has its
 * response already. */
size_t server_connection_arrived(struct server_client *client, char *data, size_t len, size_t size);
/* Calls the log hook, at most ten times a second. */
void server_connection_log_text(struct server *server, enum server_log_level level, const char *text);

#endif
