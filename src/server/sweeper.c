/* SPDX-License-Identifier: MIT */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/connection_private.h"
#include "server/sweeper_private.h"

enum { TICK_MS = 250 };
#define LINGER_NS CLOCK_NS_PER_S
#define RESPONSE_NS CLOCK_NS_PER_S /* for the 408 of a busy machine */

/* With a pool, libmicrohttpd misses a close that arrived together with the last request. */
static bool forgotten(struct server_client *client) {
  char byte;
  return !atomic_load(&client->requesting) && recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Requests that arrived while the process was stopped (SIGSTOP, a frozen container) are still unread, so that
 * time does not count. A connection is closed under the same lock, so the descriptor still belongs to it. */
static void sweep(struct server *server, uint64_t stopped_ns) {
  uint64_t now = clock_mono_ns();
  pthread_mutex_lock(&server->clients_lock);
  for (struct server_client *client = server->clients; client; client = client->next) {
    uint64_t deadline = atomic_load(&client->deadline_ns);
    if (deadline == SERVER_DEADLINE_HANDLING) continue;
    if (deadline == SERVER_DEADLINE_CUT) {
      client->cut_ns += stopped_ns;
      if (now >= client->cut_ns + RESPONSE_NS) shutdown(client->fd, SHUT_RDWR);
      continue;
    }
    bool late = now >= deadline + stopped_ns || (server->settings.pool && forgotten(client));
    uint64_t moved = late ? SERVER_DEADLINE_CUT : deadline + stopped_ns;
    if (!atomic_compare_exchange_strong(&client->deadline_ns, &deadline, moved) || !late) continue;
    client->cut_ns = now;
    /* Wakes its thread. The system resets the connection if more bytes arrive after the response. */
    shutdown(client->fd, SHUT_RD);
  }
  pthread_mutex_unlock(&server->clients_lock);
}

/* Discards received bytes. Returns true if the client has closed. */
static bool drained(int fd) {
  char scratch[4096];
  ssize_t n;
  for (int i = 0; i < 64; i++)
    if ((n = recv(fd, scratch, sizeof scratch, MSG_DONTWAIT)) <= 0)
      return n == 0 || (errno != EAGAIN && errno != EINTR);
  return false;
}

static void linger(struct server *server, bool all) {
  uint64_t now = clock_mono_ns();
  pthread_mutex_lock(&server->lingering_lock);
  for (size_t i = 0; i < server->lingering_count;) {
    struct server_lingering *at = &server->lingering[i];
    if (drained(at->fd) || all || now >= at->until_ns) {
      close(at->fd);
      *at = server->lingering[--server->lingering_count];
    } else {
      i++;
    }
  }
  pthread_mutex_unlock(&server->lingering_lock);
}

static void sweeper(void *cls) {
  struct server *server = cls;
  uint64_t swept = 0, seen = clock_mono_ns();
  while (!atomic_load(&server->stopping)) {
    struct pollfd fds[1 + SERVER_LINGERING] = {{.fd = server->wake_fd, .events = POLLIN}};
    pthread_mutex_lock(&server->lingering_lock);
    size_t count = server->lingering_count;
    for (size_t i = 0; i < count; i++)
      fds[1 + i] = (struct pollfd){.fd = server->lingering[i].fd, .events = POLLIN};
    pthread_mutex_unlock(&server->lingering_lock);
    poll(fds, 1 + count, TICK_MS);
    if (fds[0].revents) (void)!read(server->wake_fd, &(uint64_t){0}, sizeof(uint64_t));
    linger(server, false);
    uint64_t now = clock_mono_ns(), stopped_ns = clock_stopped_ns(now - seen, 0);
    seen = now;
    if (now - swept < TICK_MS * CLOCK_NS_PER_MS) continue;
    sweep(server, stopped_ns);
    swept = now;
  }
  linger(server, true);
}

void server_sweeper_linger(struct server *server, int fd) {
  bool kept = false;
  if (fd < 0) return;
  pthread_mutex_lock(&server->lingering_lock);
  if (server->sweeping && !atomic_load(&server->stopping) && server->lingering_count < SERVER_LINGERING) {
    server->lingering[server->lingering_count++] =
        (struct server_lingering){.fd = fd, .until_ns = clock_mono_ns() + LINGER_NS};
    kept = true;
  }
  pthread_mutex_unlock(&server->lingering_lock);
  if (kept) {
    (void)!write(server->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
  } else {
    drained(fd); /* unread bytes would cause a reset */
    close(fd);
  }
}

int server_sweeper_start(struct server *server) {
  server->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (server->wake_fd < 0) return -1;
  server->sweeping = true; /* before any thread that reads it */
  int why = thread_start(&server->sweeper, "http-sweeper", sweeper, server);
  if (why == 0) return 0;
  server->sweeping = false;
  close(server->wake_fd);
  errno = why;
  return -1;
}

void server_sweeper_stop(struct server *server) {
  if (!server->sweeping) return;
  atomic_store(&server->stopping, true);
  (void)!write(server->wake_fd, &(uint64_t){1}, sizeof(uint64_t));
  pthread_join(server->sweeper.id, NULL);
  assert(server->lingering_count == 0); /* the sweeper closes all of them and takes no more while stopping */
  server->sweeping = false;
  close(server->wake_fd);
}
