/* Any bytes on a connection to the real server, with slack-mock behind it: parsers, guards, routes and
 * answers. */
#include "config.h" /* first: GNU extensions */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/startup.h"
#include "fuzz/wire.h"
#include "slack-mock/routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!channel.server) start();
  if (memmem(data, size, "slow", 4)) return 0; /* the mode that sleeps for seconds */
  wire_fuzz(http_server_port(channel.server), data, size);
  return 0;
}
