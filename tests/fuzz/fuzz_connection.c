/* SPDX-License-Identifier: MIT */
/* Any bytes on a connection to the real server, with slack-mock behind it: parsers, guards, routes and
 * responses. */
#include "config.h" /* first: GNU extensions */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/startup.h"
#include "fuzz/wire.h"
#include "slack-mock/routes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mock_channel channel;

/* One server for all inputs, as in production. */
static void start(void) {
  static const struct mock_store_limits limits = {.messages = 10, .bytes = 1 << 16};
  struct server_settings settings = SERVER_SETTINGS_DEFAULT;
  struct server_hooks hooks = {.cls = &channel, .handle = mock_routes_handle, .refused = mock_routes_refused};
  struct error error;
  startup();
  if (!freopen("/dev/null", "w", stdout)) abort(); /* the mock's log */
  settings.address.v4.sin_port = 0;
  settings.body_limit = 4096;
  channel.store = mock_store_new(&limits);
  channel.mode = mock_mode_new();
  channel.server = server_new(&settings, &hooks, &error);
  if (!channel.store || !channel.mode || !channel.server || server_start(channel.server, &error) != 0)
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!channel.server) start();
  if (memmem(data, size, "slow", 4)) return 0; /* the mode that sleeps for seconds */
  wire_fuzz(server_address(channel.server), data, size);
  return 0;
}
