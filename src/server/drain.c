/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* accept4 */
#include <errno.h>
#include <linux/filter.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/condition.h"
#include "server/connection_private.h"
#include "server/drain.h"
#include "server/insides_private.h"
#include "server/refuse_private.h"
#include "server/sweeper_private.h"

#define SETTLE_NS (5 * CLOCK_NS_PER_MS)
#define GRACE_NS CLOCK_NS_PER_S
enum { HALF_MADE_MS = 20 };
#define BACKLOG_NS (250 * CLOCK_NS_PER_MS)

/* From now on the kernel drops new SYNs. Without this filter, the close would reset a connection that enters
 * the backlog after the last check. The kernel refuses clients that send their SYN again after the close. */
static bool drop_new_syns(int listen_fd) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13), /* offset of the flags in the TCP header */
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x02 /* SYN */, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  };
  struct sock_fprog program = {.len = sizeof code / sizeof *code, .filter = code};
  return setsockopt(listen_fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0;
}

/* Connections in the backlog get a response instead of a reset. */
static void backlog_turn_away(struct server *server, int listen_fd) {
  /* Some kernels reserve the filter for root. There, clients keep connecting, and one that completes its
   * handshake while we close is reset, as with any server. */
  uint64_t until = drop_new_syns(listen_fd) ? UINT64_MAX : clock_mono_ns() + BACKLOG_NS;
  struct pollfd more = {.fd = listen_fd, .events = POLLIN};
  /* Gives half-open connections a moment to complete their handshake. */
  while (poll(&more, 1, HALF_MADE_MS) > 0 && clock_mono_ns() < until) {
    struct address from;
    socklen_t len = sizeof from;
    char address[ADDRESS_HOST_SIZE];
    int fd = accept4(listen_fd, &from.any, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)) return;
    if (fd < 0) continue; /* the client has gone */
    server_refuse_away(server, fd, address_host(&from, address),
                       "This server is shutting down: try again soon.");
    server_sweeper_linger(server, fd);
  }
}

/* Whether a request may still reach the handler: there are unread bytes or, during a short grace period, an
 * incomplete request or a new client without a request. */
static bool arriving(struct server *server, bool grace) {
  bool found = false;
  pthread_mutex_lock(&server->clients_lock);
  for (struct server_client *client = server->clients; client && !found; client = client->next) {
    int unread = 0;
    if (client->turned_away) continue;
    found = (grace && (atomic_load(&client->requesting) || !atomic_load(&client->asked))) ||
            (ioctl(client->fd, FIONREAD, &unread) == 0 && unread > 0);
  }
  pthread_mutex_unlock(&server->clients_lock);
  return found;
}

/* Waits until no request is in flight, or until the deadline. */
static void wait_in_flight(struct server *server, uint64_t until_ns) {
  pthread_mutex_lock(&server->drained_lock);
  while (atomic_load(&server->in_flight) > 0)
    if (!condition_wait(&server->drained, &server->drained_lock, until_ns)) break;
  pthread_mutex_unlock(&server->drained_lock);
}

unsigned server_drain(struct server *server, uint64_t deadline_mono_ns) {
  uint64_t grace_until = clock_mono_ns() + GRACE_NS;
  atomic_store(&server->draining, true);
  if (!server->started) return 0;
  server_insides_set_quiesced(server->accept_fd, true);
  int listen_fd = MHD_quiesce_daemon(server->instance.mhd_daemon);
  if (listen_fd >= 0) {
    server_accepts_no_more(server);
    backlog_turn_away(server, listen_fd);
    /* From here on the kernel refuses connections. The descriptor stays open until the threads have ended: an
     * interrupted thread may still use its number. */
    shutdown(listen_fd, SHUT_RDWR);
    server->listen_fd = listen_fd;
  }
  /* Wait for two quiet checks in a row: a connection accepted at the last moment appears by then. */
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
