/* SPDX-License-Identifier: MIT */
/* This file defines recv(). With _FORTIFY_SOURCE the C library has it as a checked inline function, and clang
 * rejects a second definition. */
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/connection_private.h"
#include "server/insides_private.h"
#include "server/refuse_private.h"

enum { DESCRIPTORS = 1 << 17, REQUEST_WAIT_MS = 20, CALLERS_STACK = 1024 };
#define PAUSE_NS (100 * CLOCK_NS_PER_MS)

/* The owner of each descriptor. The functions below know only the descriptor. */
static struct {
  _Atomic(struct server *) server;        /* for a listening socket */
  _Atomic(struct server_client *) client; /* for a connection */
  atomic_bool quiesced;                   /* libmicrohttpd no longer uses this listening socket */
} owners[DESCRIPTORS];

static bool known(int fd) {
  return fd >= 0 && fd < DESCRIPTORS;
}

void server_insides_set_server(int fd, struct server *server) {
  if (known(fd)) atomic_store(&owners[fd].server, server);
}

void server_insides_set_client(int fd, struct server_client *client) {
  if (known(fd)) atomic_store(&owners[fd].client, client);
}

void server_insides_set_quiesced(int fd, bool quiesced) {
  if (known(fd)) atomic_store(&owners[fd].quiesced, quiesced);
}

static int accept_raw(int fd, struct sockaddr *from, socklen_t *len, int flags) {
  return (int)syscall(SYS_accept4, fd, from, len, flags);
}

/* Closes the spare descriptor to accept the next connection, and responds to it with 503. */
static bool respond_to_one(struct server *server, int listen_fd) {
  struct address from;
  socklen_t len = sizeof from;
  char address[ADDRESS_HOST_SIZE], request[4096];
  close(server->spare_fd);
  server->spare_fd = -1;
  int fd = accept_raw(listen_fd, &from.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return errno == EAGAIN;
  /* Read the request first: unread bytes would turn the close into a reset, and the client could lose the
   * response. */
  poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, REQUEST_WAIT_MS);
  server_refuse_away(server, fd, address_host(&from, address),
                     "This server has no file descriptor left: try again soon.");
  while (recvfrom(fd, request, sizeof request, MSG_DONTWAIT, NULL, NULL) > 0) continue;
  close(fd);
  return true;
}

/* The process or the machine has used up its descriptors. libmicrohttpd would retry in a busy loop. */
static void starved(struct server *server, int listen_fd, int why) {
  char text[128];
  pthread_mutex_lock(&server->spare_lock);
  bool responded = server->spare_fd >= 0 && respond_to_one(server, listen_fd);
  if (server->spare_fd < 0 && server->accept_fd >= 0)
    server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  pthread_mutex_unlock(&server->spare_lock);
  if (responded) return;
  if (rate_passes(&server->pauses, 1, clock_mono_ns())) {
    snprintf(text, sizeof text, "cannot accept connections: %s; trying again every 100 ms", strerror(why));
    server_connection_log_text(server, SERVER_LOG_WARN, text);
  }
  clock_sleep_ns(PAUSE_NS);
}

/* Replaces libc's function for libmicrohttpd. */
__attribute__((visibility("default"))) int accept4(int fd, struct sockaddr *from, socklen_t *len, int flags) {
  int got = accept_raw(fd, from, len, flags);
  if (got >= 0 || (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)) return got;
  int why = errno;
  struct server *server = known(fd) ? atomic_load(&owners[fd].server) : NULL;
  if (server) starved(server, fd, why);
  errno = server ? EAGAIN : why;
  return -1;
}

/* After an error of the socket, libmicrohttpd reads once more, into 4 bytes on its own stack, and closes the
 * connection. The start of a line is not before these bytes. */
static bool is_on_stack(const void *data) {
  return (uintptr_t)data - (uintptr_t)__builtin_frame_address(0) < CALLERS_STACK;
}

/* Replaces libc's function too: the server checks received bytes before libmicrohttpd parses them. */
__attribute__((visibility("default"))) ssize_t recv(int fd, void *data, size_t size, int flags) {
  ssize_t got = recvfrom(fd, data, size, flags, NULL, NULL);
  if (got < 0 || flags || is_on_stack(data)) return got;
  struct server_client *client =
      known(fd) ? atomic_load_explicit(&owners[fd].client, memory_order_relaxed) : NULL;
  return client ? (ssize_t)server_connection_arrived(client, data, (size_t)got, size) : got;
}

/* MHD_quiesce_daemon() removes the listening socket from the epoll set of each worker. The worker does the
 * same without a lock, and libmicrohttpd calls abort() if the second removal fails with ENOENT. */
__attribute__((visibility("default"))) int epoll_ctl(int set, int operation, int fd,
                                                     struct epoll_event *event) {
  int result = (int)syscall(SYS_epoll_ctl, set, operation, fd, event);
  bool gone = result != 0 && errno == ENOENT && operation == EPOLL_CTL_DEL;
  return gone && known(fd) && atomic_load(&owners[fd].quiesced) ? 0 : result;
}

/* Interposes libmicrohttpd's function. libulfius passes its own dispatcher and our array of options. We must
 * replace that dispatcher to check a request before its body is read. Calls without our options pass
 * unchanged. The array's first option carries the server. */
__attribute__((visibility("default"))) struct MHD_Daemon *
MHD_start_daemon(unsigned flags, uint16_t port, MHD_AcceptPolicyCallback accept_policy, void *accept_cls,
                 MHD_AccessHandlerCallback handler, void *handler_cls, ...) {
  va_list options, peek;
  va_start(options, handler_cls);
  va_copy(peek, options);
  if (va_arg(peek, enum MHD_OPTION) == MHD_OPTION_ARRAY) {
    const struct MHD_OptionItem *first = va_arg(peek, const struct MHD_OptionItem *);
    if (first->option == MHD_OPTION_EXTERNAL_LOGGER && first->value == (intptr_t)server_connection_log) {
      struct server *server = first->ptr_value;
      server->dispatcher = handler;
      handler = server_connection_dispatch;
      handler_cls = server;
    }
  }
  va_end(peek);
  struct MHD_Daemon *daemon =
      MHD_start_daemon_va(flags, port, accept_policy, accept_cls, handler, handler_cls, options);
  va_end(options);
  return daemon;
}

/* libmicrohttpd 1.0 has another memory layout. It refuses by itself the faults that the checks below find. */
bool server_insides_known(void) {
  return strncmp(MHD_get_version(), "0.9.", 4) == 0;
}

/* At this point libmicrohttpd has overwritten only the separator after the target. */
bool server_insides_target_is_whole(const char *target) {
  return !server_insides_known() || strncmp(target + strlen(target) + 1, "HTTP/", 5) == 0;
}

char *server_insides_writable(const char *text) {
  return (char *)(uintptr_t)text;
}

bool server_insides_method_is_whole(const char *method, const char *target) {
  return !server_insides_known() || target == method + strlen(method) + 1;
}

/* Finds faults that libmicrohttpd's parser accepts: lines that end with LF alone, folded lines (it joins them
 * to the header's *name*), and NUL in a value (it drops the rest). Up to 0.9.77 the block still lies where it
 * was read, from the method to its end. NUL has replaced each CR, each LF and the first colon of each line.
 */
bool server_insides_block_is_clean(const char *method, const char *version, size_t block_size) {
  if (!server_insides_known()) return true;
  const char *end = method + block_size, *at = version + strlen(version);
  while (end - at >= 4) {
    if (at[0] || at[1]) return false; /* not CRLF */
    at += 2;
    if (!at[0]) return at[1] == '\0' && at + 2 == end; /* the block must end with the empty line */
    at += strnlen(at, (size_t)(end - at));
    if (at < end) at++; /* the colon; a folded line has none, and then a later check fails */
    at += strnlen(at, (size_t)(end - at));
  }
  return false;
}

enum server_insides_event server_insides_event(const char *format, va_list arguments, unsigned *status,
                                               const char **page) {
  if (strncmp(format, "Failed to create a", 18) == 0) return SERVER_INSIDES_NO_THREAD;
  if (!strstr(format, "HTTP response code is %u")) return SERVER_INSIDES_OTHER;
  va_list copy;
  va_copy(copy, arguments);
  *status = va_arg(copy, unsigned);
  *page = va_arg(copy, const char *);
  va_end(copy);
  return SERVER_INSIDES_RESPONDS;
}

/* Clients can cause these messages at will, so they are not warnings. The refused hook reports the responses,
 * and a client may close its connection early. */
enum server_log_level server_insides_level(const char *text) {
  static const char *const client_caused[] = {
      "Error processing request (HTTP response code is",
      "Failed to send",
      "Application reported internal error",
      "Too late",
      "Received HTTP/1.1 request without `Host'",
      "Too large value of 'Content-Length'",
      "Failed to parse `Content-Length'",
      "Socket has been disconnected when reading",
      "Connection socket is closed when reading",
      "Connection was closed by remote side",
      "Not enough memory in pool",
      "Closing connection (failed to queue error response)",
      "Closing connection (failed to create error response",
  };
  for (size_t i = 0; i < sizeof client_caused / sizeof *client_caused; i++)
    if (strncmp(text, client_caused[i], strlen(client_caused[i])) == 0) return SERVER_LOG_DEBUG;
  return SERVER_LOG_WARN;
}

/* Maps words of libmicrohttpd's page to our own detail. */
const char *server_insides_finding(const char *page) {
  static const struct {
    const char *words, *detail;
  } findings[] = {
      {"chunked encoding was", "The chunked body is not well formed: write each chunk as its size in"
                               " hexadecimal, CR LF, the bytes, CR LF, and end with a chunk of size 0."},
      {"Content-Length", "The Content-Length is not a number of bytes: write digits only."},
  };
  for (size_t i = 0; page && i < sizeof findings / sizeof *findings; i++)
    if (strstr(page, findings[i].words)) return findings[i].detail;
  return NULL;
}
