#include "slack-mock/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/escape.h"
#include "slack-mock/payload.h"

/* Time for the requests in flight at the end. */
#define DRAIN_NS (3 * CLOCK_NS_PER_S)

/* Prints the address: a person can click on it, and a script reads from it which port the system chose. */
static void announce(const char *address, unsigned port) {
  bool v6 = strchr(address, ':') != NULL;
  printf("slack-mock: listening on http://%s%s%s:%u/\n", v6 ? "[" : "", address, v6 ? "]" : "", port);
  fflush(stdout);
}

/* The server's hook for messages about connections. */
static void log_connection(void *cls, enum http_log_level level, const char *text) {
  (void)cls;
  if (level == HTTP_LOG_DEBUG) return;
  char line[ESCAPE_JSON_WORST * 512];
  size_t len = strnlen(text, 512);
  fprintf(stderr, "slack-mock: %.*s\n", (int)(escape_json(line, text, len) - line), line);
}

static int fail(const char *error, int code) {
  fprintf(stderr, "slack-mock: %s\n", error);
  return code;
}

int mock_serve(const char *listen, struct mock_channel *channel, const sigset_t *signals) {
  struct http_server_settings settings = HTTP_SERVER_SETTINGS_DEFAULT;
  struct http_server_hooks hooks = {.cls = channel, .refused = mock_routes_refused, .log = log_connection};
  char address[64], error[HTTP_ERROR_SIZE];
  if (http_listen_parse(listen, address, sizeof address, &settings.port, error) != 0) return fail(error, 2);
  settings.address = address;
  settings.body_limit = MOCK_PAYLOAD_BODY_MAX;
  settings.header_limit = 8192; /* a browser sends the cookies of all programs on this host */
  channel->server = http_server_new(&settings, &hooks, error);
  if (!channel->server) return fail(error, EXIT_FAILURE);
  int code = EXIT_FAILURE, number;
  if (http_server_endpoint(channel->server, "*", "*", 0, mock_routes_handle, channel) != 0) {
    fail("out of memory", code);
  } else if (http_server_start(channel->server, error) != 0) {
    fail(error, code);
  } else {
    announce(address, http_server_port(channel->server));
    while (sigwait(signals, &number) != 0) continue;
    mock_mode_stop(channel->mode);
    http_server_drain(channel->server, clock_mono_ns() + DRAIN_NS);
    code = EXIT_SUCCESS;
  }
  http_server_free(channel->server);
  return code;
}
