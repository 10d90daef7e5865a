/* SPDX-License-Identifier: MIT */
#include "slack-mock/app.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "server/drain.h"
#include "slack-mock/options.h"
#include "slack-mock/payload.h"
#include "slack-mock/routes.h"

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

static int fail(const char *error) {
  fprintf(stderr, "slack-mock: %s\n", error);
  return EXIT_FAILURE;
}

/* Serves the channel until SIGTERM or SIGINT. Returns the exit code. */
static int serve(const struct address *address, struct mock_channel *channel) {
  struct server_settings settings = SERVER_SETTINGS_DEFAULT;
  struct server_hooks hooks = {
      .cls = channel, .handle = mock_routes_handle, .refused = mock_routes_refused, .log = log_connection};
  struct error error;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  settings.address = *address;
  settings.body_limit = MOCK_PAYLOAD_BODY_MAX;
  settings.header_limit = 8192; /* a browser sends the cookies of all programs on this host */
  channel->server = server_new(&settings, &hooks, &error);
  if (!channel->server) return fail(error.text);
  int code = EXIT_FAILURE, number;
  if (server_start(channel->server, &error) != 0) {
    fail(error.text);
  } else {
    announce(server_address(channel->server));
    while (sigwait(&signals, &number) != 0) continue;
    mock_mode_stop(channel->mode);
    server_drain(channel->server, clock_mono_ns() + DRAIN_NS);
    code = EXIT_SUCCESS;
  }
  server_free(channel->server);
  return code;
}

static const struct mock_store_limits limits = {.messages = 1000, .bytes = (size_t)4 << 20};

int mock_app_run(int argc, char **argv) {
  struct mock_options options;
  struct mock_channel channel = {0};
  struct error error;
  int code = mock_options_parse(argc, argv, &options);
  if (code >= 0) return code;
  code = EXIT_FAILURE;
  json_object_seed(0); /* before the threads */
  channel.store = mock_store_new(&limits);
  channel.mode = mock_mode_new();
  channel.hook = options.hook;
  if (!channel.store || !channel.mode || !mock_metrics_open(&channel.metrics, channel.store, channel.mode))
    fail("out of memory");
  else if (options.store && mock_store_open(channel.store, options.store, &error) != 0)
    fprintf(stderr, "slack-mock: %s: %s\n", options.store_from, error.text);
  else
    code = serve(&options.address, &channel);
  mock_metrics_free(&channel.metrics);
  mock_mode_free(channel.mode);
  mock_store_free(channel.store);
  return code;
}
