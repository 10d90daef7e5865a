/* SPDX-License-Identifier: MIT */
#include "slack-mock/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "server/drain.h"
#include "slack-mock/payload.h"

/* Time for the requests in flight at the end. */
#define DRAIN_NS (3 * CLOCK_NS_PER_S)

/* Prints the address for people to click on, and for scripts to read the port that the system chose. */
static void announce(const struct address *address) {
  char text[ADDRESS_TEXT_SIZE];
  printf("slack-mock: listening on http://%s/\n", address_text(address, text));
  fflush(stdout);
}

/* The server's hook for messages about connections. */
static void log_connection(void *cls, enum server_log_level level, const char *text) {
  (void)cls;
  if (level == SERVER_LOG_DEBUG) return;
  char line[ESCAPE_JSON_WORST * 512];
  size_t len = strnlen(text, 512);
  fprintf(stderr, "slack-mock: %.*s\n", (int)(escape_json(line, text, len) - line), line);
}

static int fail(const char *error, int code) {
  fprintf(stderr, "slack-mock: %s\n", error);
  return code;
}

int mock_serve(const char *listen, struct mock_channel *channel, const sigset_t *signals) {
  struct server_settings settings = SERVER_SETTINGS_DEFAULT;
  struct server_hooks hooks = {.cls = channel, .refused = mock_routes_refused, .log = log_connection};
  struct error error;
  if (address_parse(listen, &settings.address, &error) != 0) {
    error_set(&error, "--listen: %s", error.text);
    return fail(error.text, 2);
  }
  settings.body_limit = MOCK_PAYLOAD_BODY_MAX;
  settings.header_limit = 8192; /* a browser sends the cookies of all programs on this host */
  channel->server = server_new(&settings, &hooks, &error);
  if (!channel->server) return fail(error.text, EXIT_FAILURE);
  int code = EXIT_FAILURE, number;
  if (server_endpoint(channel->server, "*", "*", 0, mock_routes_handle, channel) != 0) {
    fail("out of memory", code);
  } else if (server_start(channel->server, &error) != 0) {
    fail(error.text, code);
  } else {
    announce(server_address(channel->server));
    while (sigwait(signals, &number) != 0) continue;
    mock_mode_stop(channel->mode);
    server_drain(channel->server, clock_mono_ns() + DRAIN_NS);
    code = EXIT_SUCCESS;
  }
  server_free(channel->server);
  return code;
}
