#define _GNU_SOURCE /* accept4 */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/server_private.h"

#define SETTLE_NS (5 * CLOCK_NS_PER_MS)
#define GRACE_NS (100 * CLOCK_NS_PER_MS)

/* Who connected but was not accepted yet gets an answer instead of a reset. */
static void turn_backlog_away(struct http_server *server, int listen_fd) {
  struct sockaddr_storage from;
  socklen_t len = sizeof from;
  int fd;
  while ((fd = accept4(listen_fd, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0 ||
         errno == EINTR || errno == ECONNABORTED) {
    if (fd < 0) continue;
    char address[INET6_ADDRSTRLEN];
    unsigned port;
    http_address_format((struct sockaddr *)&from, address, sizeof address, &port);
    http_refuse_away(server, fd, address, "this server is shutting down: try again soon");
    http_sweeper_linger(server, fd);
    len = sizeof from;
  }
}

/* Whether requests may still be on their way to the endpoints: bytes that nobody has read yet, or, for a
 * short grace, one that has begun to arrive. */
static bool arriving(struct http_server *server, bool grace) {
  bool found = false;
  pthread_mutex_lock(&server->clients_lock);
  for (struct http_client *client = server->clients; client && !found; client = client->next) {
    int unread = 0;
    if (client->turned_away) continue;
    found = (grace && atomic_load(&client->requesting)) ||
            (ioctl(client->fd, FIONREAD, &unread) == 0 && unread > 0);
  }
  pthread_mutex_unlock(&server->clients_lock);
  return found;
}

/* Waits until none is in flight, or until then. */
static void wait_in_flight(struct http_server *server, uint64_t until_ns) {
  struct timespec until = {.tv_sec = (time_t)(until_ns / CLOCK_NS_PER_S),
                           .tv_nsec = (long)(until_ns % CLOCK_NS_PER_S)};
  pthread_mutex_lock(&server->drained_lock);
  while (atomic_load(&server->in_flight) > 0)
    if (pthread_cond_timedwait(&server->drained, &server->drained_lock, &until) == ETIMEDOUT) break;
  pthread_mutex_unlock(&server->drained_lock);
}

unsigned http_server_drain(struct http_server *server, uint64_t deadline_mono_ns) {
  uint64_t grace_until = clock_mono_ns() + GRACE_NS;
  atomic_store(&server->draining, true);
  if (!server->started) return 0;
  int listen_fd = MHD_quiesce_daemon(server->instance.mhd_daemon);
  if (listen_fd >= 0) {
    turn_backlog_away(server, listen_fd);
    close(listen_fd);
    server->listen_fd = -1;
  }
  /* Quiet twice in a row: what was accepted at the last moment shows up by then. */
  for (int quiet = 0; quiet < 2 && clock_mono_ns() < deadline_mono_ns;) {
    wait_in_flight(server, deadline_mono_ns);
    if (atomic_load(&server->in_flight) == 0 && !arriving(server, clock_mono_ns() < grace_until))
      quiet++;
    else
      quiet = 0;
    if (quiet < 2) clock_sleep_ns(SETTLE_NS);
  }
  return atomic_load(&server->in_flight);
}
