/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "slack-mock/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/startup.h"
#include "base/text.h"
#include "slack-mock/payload.h"

enum { CONTINUE = -1, EXIT_USAGE = 2 };

static const char usage[] =
    "Usage: slack-mock [--listen ADDR:PORT] [--store FILE] [--hook ADDRESS]\n"
    "A local Slack channel: an incoming webhook, and a page that shows its messages.\n"
    "\n"
    "  -l, --listen ADDR:PORT  listen on this address (default: 127.0.0.1:8090); port 0 takes a free one\n"
    "  -s, --store FILE        keep the messages in FILE across restarts\n"
    "  -k, --hook ADDRESS      accept this webhook only, and refuse others as Slack does (default: accept "
    "all)\n"
    "  -h, --help              print this text\n"
    "  -V, --version           print the version\n"
    "\n"
    "Post messages to http://ADDR:PORT/services/T000/B000/anything, and open http://ADDR:PORT/ to see them.\n"
    "The variables SLACK_MOCK_LISTEN, SLACK_MOCK_STORE and SLACK_MOCK_HOOK replace options that are not "
    "given.\n";

/* A value, and the option or variable that sets it. */
struct setting {
  const char *value, *from;
};

/* The variable's value without surrounding white space (a value from a file ends in a newline), or the
 * default. */
static struct setting from_variable(const char *variable, const char *otherwise, char *out, size_t size) {
  const char *value = getenv(variable), *begin;
  size_t len = value ? text_trim(value, strlen(value), &begin) : 0;
  if (len == 0) return (struct setting){otherwise, variable};
  if (len >= size) return (struct setting){value, variable}; /* too long: the caller refuses it */
  memcpy(out, begin, len);
  out[len] = '\0';
  return (struct setting){out, variable};
}

/* Sets the known webhook from its path or its full address. Messages do not repeat it, because it is a
 * secret. */
static bool take_hook(struct mock_options *options, const struct setting *known) {
  static char hook[256];
  const char *path = strstr(known->value, "/services/");
  bool valid = path && mock_payload_path(path) && strlen(path) < sizeof hook;
  if (!valid) {
    fprintf(stderr,
            "slack-mock: %s requires a webhook's address: /services/T.../B.../..., with or without "
            "http://HOST:PORT before it\n",
            known->from);
    return false;
  }
  options->hook = strcpy(hook, path);
  return true;
}

static int print(const char *text) {
  startup_release_signals();
  fputs(text, stdout);
  return startup_flush_output("slack-mock") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Reports a wrong word of the command line. The word may hold a webhook's address, which is a secret: it
 * follows an option, perhaps a misspelled one, or stands alone. So this shows only the name of an option, and
 * no address. */
static int misused(const char *before, const char *word, const char *after) {
  size_t len = *word != '-' ? strlen(word) : word[1] == '-' ? strcspn(word, "=") : 2;
  if (*word != '-' && strstr(word, "/services/")) {
    word = "a webhook's address; write --hook before it";
    len = strlen(word);
  }
  fprintf(stderr, "slack-mock: %s%.*s%s\nTry slack-mock --help.\n", before, (int)len, word, after);
  return EXIT_USAGE;
}

/* Checks the settings. Reports the first one that is invalid. */
static bool take(struct mock_options *options, const struct setting *address, const struct setting *file,
                 const struct setting *known) {
  struct error error;
  *options = (struct mock_options){.store = file->value, .store_from = file->from};
  if (file->value && !*file->value) {
    fprintf(stderr, "slack-mock: %s requires the name of a file\n", file->from);
    return false;
  }
  if (address_parse(address->value, &options->address, &error) != 0) {
    fprintf(stderr, "slack-mock: %s: %s\n", address->from, error.text);
    return false;
  }
  return !known->value || take_hook(options, known);
}

int mock_options_parse(int argc, char **argv, struct mock_options *options) {
  static const struct option longs[] = {
      {"listen", required_argument, NULL, 'l'}, {"store", required_argument, NULL, 's'},
      {"hook", required_argument, NULL, 'k'},   {"help", no_argument, NULL, 'h'},
      {"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0}};
  static char listen[256], store[4096], hook[4096];
  struct setting address = from_variable("SLACK_MOCK_LISTEN", "127.0.0.1:8090", listen, sizeof listen);
  struct setting file = from_variable("SLACK_MOCK_STORE", NULL, store, sizeof store);
  struct setting known = from_variable("SLACK_MOCK_HOOK", NULL, hook, sizeof hook);
  opterr = 0;
  for (;;) {
    const char *seen = argv[optind];
    int option = getopt_long(argc, argv, "+:l:s:k:hV", longs, NULL);
    if (option == -1) break;
    switch (option) {
    case 'l':
      address = (struct setting){optarg, "--listen"};
      break;
    case 's':
      file = (struct setting){optarg, "--store"};
      break;
    case 'k':
      snprintf(hook, sizeof hook, "%s", optarg);
      known = (struct setting){hook, "--hook"};
      memset(optarg, '*', strlen(optarg));
      break;
    case 'h':
      return print(usage);
    case 'V':
      return print("slack-mock " PACKAGE_VERSION " (" MINISHOP_COMMIT ")\n");
    default:
      if (option == ':') return misused("", seen, " requires an argument");
      if (optopt && seen[1] == '-') return misused("", seen, " takes no argument");
      return misused("unknown or ambiguous option ", seen, "");
    }
  }
  if (optind != argc) return misused("unexpected argument: ", argv[optind], "");
  return take(options, &address, &file, &known) ? CONTINUE : EXIT_USAGE;
}
