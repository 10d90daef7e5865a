/* Shared by the files of the server only. */
#ifndef SERVER_SERVER_PRIVATE_H
#define SERVER_SERVER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/thread.h"
#include "server/server.h"

enum { SERVER_LINGERING = 64 };

/* Headers, cookies, arguments of the target and trailers of a request together. libmicrohttpd keeps a record
 * of each in the memory of the connection, where the answer's headers must find room too: with too many the
 * request would be handled and its answer lost. */
enum { SERVER_FIELDS_MAX = 100 };

/* Instead of a deadline. Cut is final: the first to set a value, sweeper or handler, wins. */
enum { SERVER_DEADLINE_HANDLING = 0, SERVER_DEADLINE_CUT = 1 };

/* Which part of a request arrives next. */
enum server_arrival_part {
  SERVER_ARRIVAL_BEGIN, /* empty lines, which are skipped */
  SERVER_ARRIVAL_METHOD,
  SERVER_ARRIVAL_TARGET, /* the rest of the request line */
  SERVER_ARRIVAL_FIELDS,
  SERVER_ARRIVAL_BODY, /* of a declared length */
  SERVER_ARRIVAL_CHUNK_SIZE,
  SERVER_ARRIVAL_CHUNK_EXTENSION,
  SERVER_ARRIVAL_CHUNK,
  SERVER_ARRIVAL_CHUNK_END,
  SERVER_ARRIVAL_TRAILERS,
  SERVER_ARRIVAL_UNREADABLE, /* libmicrohttpd will refuse it */
};

enum server_arrival_fault {
  SERVER_ARRIVAL_GOOD,
  SERVER_ARRIVAL_BAD_LINE,  /* cannot be the begin of a request */
  SERVER_ARRIVAL_TOO_LARGE, /* a chunk exceeds the limit of the body */
  SERVER_ARRIVAL_BAD_TRAILER,
};

/* Follows the requests of a connection as they arrive, ahead of libmicrohttpd. Starts as all 0, but for the
 * limit. */
struct server_arrival {
  size_t body_limit;
  enum server_arrival_part part;
  enum server_arrival_fault fault;
  unsigned heads, requests; /* complete ones */
  bool chunked;
  uint64_t left;       /* bytes of the body or chunk, also while their number is read */
  uint64_t body_bytes; /* the sizes of the chunks so far */
  size_t line_bytes;   /* of the field that is not complete */
};

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

struct server_lingering {
  int fd;
  uint64_t until_ns;
};

struct server {
  struct server_settings settings; /* with the address as it is bound */
  struct server_hooks hooks;
  struct _u_instance instance;
  bool instance_ready;
  bool started;
  bool few_descriptors; /* settings.connections was lowered */
  int listen_fd;        /* ours to close; -1 while it is libmicrohttpd's */
  int accept_fd;        /* the same, while connections are accepted from it; else -1 */
  pthread_mutex_t spare_lock;
  int spare_fd;      /* given up for a moment when no other descriptor is left; -1: it is itself missing */
  bool layout_known; /* guards.c may look at the raw header block */
  MHD_AccessHandlerCallback dispatcher; /* Ulfius's own, behind ours */
  atomic_uint in_flight;
  atomic_uint connections;
  atomic_bool draining;
  _Atomic uint64_t pause_second; /* of the last line about accept4() */
  _Atomic uint64_t log_second;   /* of news_is_due() */
  atomic_uint log_lines;

  pthread_mutex_t clients_lock;
  struct server_client *clients;

  pthread_mutex_t drained_lock;
  pthread_cond_t drained; /* in_flight fell to 0 while draining */

  struct thread sweeper;
  bool sweeping;
  int wake_fd; /* eventfd: the sweeper has something new, or shall stop */
  atomic_bool stopping;
  pthread_mutex_t lingering_lock;
  size_t lingering_count;
  struct server_lingering lingering[SERVER_LINGERING];
};

/* server.c: from now on accept4() is the system's own, and the spare descriptor is free. */
void server_accepts_no_more(struct server *server);

/* listen.c: a listening socket, or -1 with a text. Writes the port that the system chose into address. */
int server_listen_open(struct address *address, struct error *error);

/* connection.c: libmicrohttpd's callbacks; options are for MHD_OPTION_ARRAY. */
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
struct server_client *server_connection_client(struct MHD_Connection *connection);
/* Bytes for libmicrohttpd, before it parses them, in a buffer of that size; may change them. Returns how many
 * libmicrohttpd gets. 0: the request was refused, and the connection ends. */
size_t server_connection_arrived(struct server_client *client, char *data, size_t len, size_t size);
/* Tells the log hook, some lines a second at most. */
void server_connection_news(struct server *server, enum server_log_level level, const char *text);

/* socket.c: libc's accept4(), recv() and epoll_ctl() as libmicrohttpd calls them. NULL, false: no longer. */
void server_socket_listens(int fd, struct server *server);
/* A listening socket that libmicrohttpd's threads leave: from MHD_quiesce_daemon() until it is closed. */
void server_socket_drains(int fd, bool drains);
void server_socket_serves(int fd, struct server_client *client);

/* arrival.c */
/* Reads what libmicrohttpd will parse next, and moves blanks behind field values in front of them. Returns
 * how many bytes libmicrohttpd may have: all, or those in front of a fault. */
size_t server_arrival_read(struct server_arrival *arrival, char *data, size_t len);

/* target.c */
/* Makes the path of a raw target in absolute form the target, in place and without its query. authority and
 * path, with the query, are then the caller's to free; NULL for other forms. False when out of memory:
 * unchanged. */
bool server_target_split(char *target, char **authority, char **path);
/* Whether the target's form is one that goes with the method here. */
bool server_target_is_served(const char *target, const char *method);
/* Whether this is a host (a name, an IPv4 address, or an IPv6 address in brackets) and, if there is a colon,
 * a port: what a Host header or a target in absolute form may name. */
bool server_target_authority_is_valid(const char *authority);

/* guards.c */
bool server_guard_is_token(const char *text, size_t len);
/* Of the raw target, when libmicrohttpd has just found it: no blanks and no control characters, NUL among
 * them. */
bool server_guard_target_is_clean(const struct server *server, const char *target);
/* Of the raw target, at the same moment: removes the arguments and returns true if there may be no memory for
 * them. libmicrohttpd would continue with a request whose memory it has already freed for the answer. */
bool server_guard_arguments_cut(const struct server *server, const char *target);
/* Fills status, code and detail and returns true if the request must not pass. Method, target and version
 * are libmicrohttpd's own pointers into the header block. */
bool server_guard_refuses(const struct server_client *client, const char *method, const char *target,
                          const char *version, struct server_refusal *refusal);
/* The same, of what came behind a chunked body. */
bool server_guard_refuses_trailers(const struct server_client *client, struct server_refusal *refusal);
/* The fault of what has arrived, as a refusal. */
void server_guard_bad_arrival(const struct server_arrival *arrival, struct server_refusal *refusal);

/* refuse.c */
/* Asks the hook and answers, in place of the dispatcher's first call for a request. Returns what the
 * dispatcher shall. */
enum MHD_Result server_refuse(struct server_client *client, struct server_refusal *refusal);
/* The same where libmicrohttpd takes no reply any more, or has no memory for it: written to the socket, then
 * cut. Does not block: what the socket does not take is lost. */
enum MHD_Result server_refuse_now(struct server_client *client, struct server_refusal *refusal);
/* 503 to a connection that gets no service. */
void server_refuse_away(struct server *server, int fd, const char *client, const char *detail);
/* The stable word for a status. */
const char *server_refuse_code(unsigned status);
/* What is wrong with the request then, for people. */
const char *server_refuse_detail(unsigned status);
/* Answers in libmicrohttpd's place what it has just found wrong; message is its own page. */
void server_refuse_for_library(struct server_client *client, unsigned status, const char *message);
/* Tells the hook of an answer that is not ours. */
void server_refuse_report(struct server *server, const struct server_refusal *refusal);

/* sweeper.c */
/* Returns 0, or -1 with errno. */
int server_sweeper_start(struct server *server);
void server_sweeper_stop(struct server *server);
/* Keeps the socket open until the client closes it or a second has passed, so that no reset eats the answer.
 * Takes fd over. */
void server_sweeper_linger(struct server *server, int fd);

#endif
