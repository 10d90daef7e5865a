#include "config.h"

#include "slack-mock/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#include "base/startup.h"

static const char usage[] =
    "Usage: slack-mock [--listen ADDR:PORT] [--store FILE]\n"
    "A Slack channel on this machine: an incoming webhook, and a page that shows its messages.\n"
    "\n"
    "  -l, --listen ADDR:PORT  where to listen (127.0.0.1:8090); port 0 takes a free one\n"
    "  -s, --store FILE        keep the messages in FILE, over a restart\n"
    "  -h, --help              this text\n"
    "  -V, --version           the version\n"
    "\n"
    "Post to http://ADDR:PORT/services/T000/B000/anything, look at http://ADDR:PORT/.\n"
    "The variables SLACK_MOCK_LISTEN and SLACK_MOCK_STORE stand in for the options.\n";

/* A variable's value without white space around it: one that comes from a file ends in a newline. */
static const char *setting(const char *variable, const char *otherwise, char *out, size_t size) {
  const char *value = getenv(variable), *begin;
  size_t len = value ? text_trim(value, strlen(value), &begin) : 0;
  if (len == 0 || len >= size) return otherwise;
  memcpy(out, begin, len);
  out[len] = '\0';
  return out;
}

static enum mock_options_result print(const char *text) {
  startup_release_signals();
  fputs(text, stdout);
  return startup_flush_output("slack-mock") == 0 ? MOCK_OPTIONS_DONE : MOCK_OPTIONS_FAILED;
}

enum mock_options_result mock_options_parse(int argc, char **argv, struct mock_options *options) {
  static const struct option longs[] = {{"listen", required_argument, NULL, 'l'},
                                        {"store", required_argument, NULL, 's'},
                                        {"help", no_argument, NULL, 'h'},
                                        {"version", no_argument, NULL, 'V'},
                                        {NULL, 0, NULL, 0}};
  static char listen[256], store[4096];
  options->listen = setting("SLACK_MOCK_LISTEN", "127.0.0.1:8090", listen, sizeof listen);
  options->store = setting("SLACK_MOCK_STORE", NULL, store, sizeof store);
  int option;
  while ((option = getopt_long(argc, argv, "l:s:hV", longs, NULL)) != -1) {
    switch (option) {
    case 'l':
      options->listen = optarg;
      break;
    case 's':
      options->store = optarg;
      break;
    case 'h':
      return print(usage);
    case 'V':
      return print("slack-mock " PACKAGE_VERSION " (" MINISHOP_COMMIT ")\n");
    default: /* getopt has said what is wrong */
      fputs("Try slack-mock --help.\n", stderr);
      return MOCK_OPTIONS_BAD;
    }
  }
  if (optind == argc) return MOCK_OPTIONS_RUN;
  fprintf(stderr, "slack-mock: unexpected argument: %s\nTry slack-mock --help.\n", argv[optind]);
  return MOCK_OPTIONS_BAD;
}
