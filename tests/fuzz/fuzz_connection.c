/* Any bytes on a connection to the real server, with slack-mock behind it: parsers, guards, routes and
 * answers. */
#include "config.h" /* first: GNU extensions */

#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/startup.h"
#include "slack-mock/routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PATIENCE_MS = 20000 };

static struct mock_channel channel;

/* One server for all inputs, as in life. */
static void start(void) {
  static const struct mock_store_limits limits = {.messages = 10, .bytes = 1 << 16};
  struct http_server_settings settings = HTTP_SERVER_SETTINGS_DEFAULT;
  struct http_server_hooks hooks = {.cls = &channel, .refused = mock_routes_refused};
  char error[HTTP_ERROR_SIZE];
  startup();
  if (!freopen("/dev/null", "w", stdout)) abort(); /* the mock's log */
  settings.port = 0;
  settings.body_limit = 4096;
  channel.store = mock_store_new(&limits);
  channel.mode = mock_mode_new();
  channel.server = http_server_new(&settings, &hooks, error);
  if (!channel.store || !channel.mode || !channel.server ||
      http_server_endpoint(channel.server, "*", "*", 0, mock_routes_handle, &channel) != 0 ||
      http_server_start(channel.server, error) != 0)
    abort();
}

/* Reads until the server closes. Whatever it says begins as an answer; a server that hangs is a finding. */
static void read_all(int fd) {
  char answer[4096];
  size_t have = 0;
  ssize_t got = 1;
  while (got > 0) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, PATIENCE_MS) != 1) abort();
    got = recv(fd, answer + have, sizeof answer - have, 0);
    if (got > 0 && have < 9) have += (size_t)got;
  }
  if (have >= 9 && memcmp(answer, "HTTP/1.1 ", 9) != 0 && memcmp(answer, "HTTP/1.0 ", 9) != 0) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!channel.server) start();
  if (memmem(data, size, "slow", 4)) return 0; /* the mode that sleeps for seconds */
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)http_server_port(channel.server)),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) abort();
  for (size_t sent = 0; sent < size;) {
    ssize_t now = send(fd, data + sent, size - sent, MSG_NOSIGNAL);
    if (now <= 0) break; /* refused, and answered */
    sent += (size_t)now;
  }
  shutdown(fd, SHUT_WR);
  read_all(fd);
  close(fd);
  return 0;
}
