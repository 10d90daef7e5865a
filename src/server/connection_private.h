/* SPDX-License-Identifier: MIT */
/* A connection, and libmicrohttpd's callbacks for it. */
#ifndef SERVER_CONNECTION_PRIVATE_H
#define SERVER_CONNECTION_PRIVATE_H

#include <microhttpd.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "server/arrival_private.h"
#include "server/server_private.h"

/* Instead of a deadline. Cut is final: the first to set a value, sweeper or handler, wins. */
enum { SERVER_DEADLINE_HANDLING = 0, SERVER_DEADLINE_CUT = 1 };

/* One connection. Created and freed by libmicrohttpd's notifications. Only the thread that serves the
 * connection uses it, and the sweeper where noted. */
struct server_client {
  struct server *server;
  struct MHD_Connection *connection;
  int fd;
  char address[ADDRESS_HOST_SIZE];
  unsigned port;
  _Atomic uint64_t deadline_ns; /* the sweeper cuts after it; or one of the two below */
  atomic_bool
      requesting;    /* a request line was read and the request is not completed; sweeper and drain read it */
  atomic_bool asked; /* a request line was read, ever; the drain reads it */
  bool dispatched;   /* its endpoints ran: counted as in flight until completed */
  bool replied;      /* server_request_reply() queued the answer */
  bool bad_target;   /* of the running request */
  bool long_target;  /* the same */
  bool too_many_arguments; /* in that target, which has lost them */
  char *authority;         /* of a target in absolute form, or NULL; owned */
  bool refused;            /* this server answered or reported it */
  bool turned_away;        /* one too many: 503 is out, nothing is read any more */
  bool linger;             /* closed only when the client did, or it could lose the answer */
  uint64_t accepted_ns;
  uint64_t started_ns;
  unsigned completed; /* requests */
  struct server_arrival arrival;
  struct connection_info_struct *request; /* Ulfius's, until completed */
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
/* The client of a connection, or NULL: out of memory when it was opened. */
struct server_client *server_connection_client(struct MHD_Connection *connection);
/* Bytes for libmicrohttpd, before it parses them, in a buffer of that size; may change them. Returns how many
 * libmicrohttpd gets. 0: the request was refused, and the connection ends. */
size_t server_connection_arrived(struct server_client *client, char *data, size_t len, size_t size);
/* Tells the log hook, some lines a second at most. */
void server_connection_news(struct server *server, enum server_log_level level, const char *text);

#endif
