/* recv() is defined here, and clang does not define a function again that the C library has as a checked
 * inline. */
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/server_private.h"

enum { DESCRIPTORS = 1 << 17, REQUEST_WAIT_MS = 20 };
#define PAUSE_NS (100 * CLOCK_NS_PER_MS)

/* The owner of each descriptor: the functions below know only the descriptor. */
static struct {
  _Atomic(struct server *) server;        /* it listens */
  _Atomic(struct server_client *) client; /* it is connected */
  atomic_bool drains;                     /* it listened; libmicrohttpd is told to leave it */
} owners[DESCRIPTORS];

static bool known(int fd) {
  return fd >= 0 && fd < DESCRIPTORS;
}

void server_socket_listens(int fd, struct server *server) {
  if (known(fd)) atomic_store(&owners[fd].server, server);
}

void server_socket_serves(int fd, struct server_client *client) {
  if (known(fd)) atomic_store(&owners[fd].client, client);
}

void server_socket_drains(int fd, bool drains) {
  if (known(fd)) atomic_store(&owners[fd].drains, drains);
}

static int accept_raw(int fd, struct sockaddr *from, socklen_t *len, int flags) {
  return (int)syscall(SYS_accept4, fd, from, len, flags);
}

/* Closing the spare descriptor frees one for the next connection, which gets an answer that says why it is
 * refused. */
static bool answer_one(struct server *server, int listen_fd) {
  struct address from;
  socklen_t len = sizeof from;
  char address[ADDRESS_HOST_SIZE], request[4096];
  close(server->spare_fd);
  server->spare_fd = -1;
  int fd = accept_raw(listen_fd, &from.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return errno == EAGAIN;
  /* Read the request first: unread bytes would turn the close into a reset, and the client could lose the
   * answer. */
  poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, REQUEST_WAIT_MS);
  server_refuse_away(server, fd, address_host(&from, address),
                     "This server has no file descriptor left: try again soon.");
  while (recvfrom(fd, request, sizeof request, MSG_DONTWAIT, NULL, NULL) > 0) continue;
  close(fd);
  return true;
}

/* Other parts of the process or of the machine have used up the descriptors. libmicrohttpd would retry in a
 * busy loop. */
static void starved(struct server *server, int listen_fd, int why) {
  char text[128];
  pthread_mutex_lock(&server->spare_lock);
  bool answered = server->spare_fd >= 0 && answer_one(server, listen_fd);
  if (server->spare_fd < 0 && server->accept_fd >= 0)
    server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  pthread_mutex_unlock(&server->spare_lock);
  if (answered) return;
  uint64_t second = clock_mono_ns() / CLOCK_NS_PER_S;
  if (atomic_exchange(&server->pause_second, second) != second) {
    snprintf(text, sizeof text, "cannot accept connections: %s; trying again every 100 ms", strerror(why));
    server_connection_news(server, SERVER_LOG_WARN, text);
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

/* The same: the server checks arriving bytes before libmicrohttpd parses them. */
__attribute__((visibility("default"))) ssize_t recv(int fd, void *data, size_t size, int flags) {
  ssize_t got = recvfrom(fd, data, size, flags, NULL, NULL);
  if (got <= 0 || flags) return got;
  struct server_client *client =
      known(fd) ? atomic_load_explicit(&owners[fd].client, memory_order_relaxed) : NULL;
  return client ? (ssize_t)server_connection_arrived(client, data, (size_t)got, size) : got;
}

/* MHD_quiesce_daemon() removes the listening socket from the epoll set of each worker, and so does the
 * worker. They take no lock, and libmicrohttpd calls abort() if the second removal fails with ENOENT. */
__attribute__((visibility("default"))) int epoll_ctl(int set, int operation, int fd,
                                                     struct epoll_event *event) {
  int result = (int)syscall(SYS_epoll_ctl, set, operation, fd, event);
  bool gone = result != 0 && errno == ENOENT && operation == EPOLL_CTL_DEL;
  return gone && known(fd) && atomic_load(&owners[fd].drains) ? 0 : result;
}
