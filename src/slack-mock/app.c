/* SPDX-License-Identifier: MIT */
#include "slack-mock/app.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "slack-mock/options.h"
#include "slack-mock/serve.h"

static const struct mock_store_limits limits = {.messages = 1000, .bytes = (size_t)4 << 20};

int mock_app_run(int argc, char **argv) {
  struct mock_options options;
  struct mock_channel channel = {0};
  struct error error;
  sigset_t signals;
  int code = mock_options_parse(argc, argv, &options);
  if (code >= 0) return code;
  code = EXIT_FAILURE;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  json_object_seed(0); /* before the threads */
  channel.store = mock_store_new(&limits);
  channel.mode = mock_mode_new();
  channel.hook = options.hook;
  if (!channel.store || !channel.mode || !mock_metrics_open(&channel.metrics, channel.store, channel.mode))
    fputs("slack-mock: out of memory\n", stderr);
  else if (options.store && mock_store_open(channel.store, options.store, &error) != 0)
    fprintf(stderr, "slack-mock: %s: %s\n", options.store_from, error.text);
  else
    code = mock_serve(&options.address, &channel, &signals);
  mock_metrics_free(&channel.metrics);
  mock_mode_free(channel.mode);
  mock_store_free(channel.store);
  return code;
}
