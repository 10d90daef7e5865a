/* SPDX-License-Identifier: MIT */
/* Reads a webhook's payload as Slack does, and returns Slack's result. Pure functions; any thread. */
#ifndef SLACK_MOCK_PAYLOAD_H
#define SLACK_MOCK_PAYLOAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "slack-mock/results.h"

enum {
  MOCK_PAYLOAD_BODY_MAX = 1 << 20, /* bytes of a request body; the server refuses more */
  MOCK_PAYLOAD_TEXT_MAX = 40000,   /* characters of any text; longer ones are cut, as by Slack */
  MOCK_PAYLOAD_ATTACHMENTS_MAX = 100,
  MOCK_PAYLOAD_BLOCKS_MAX = 50,
  MOCK_PAYLOAD_DEPTH_MAX = 32, /* levels of arrays and objects, because functions walk them recursively */
};

/* Reads a request's body. content_type selects JSON, or a form whose `payload` is JSON; NULL: the request has
 * no Content-Type. On MOCK_OK, *payload is a new reference to an object: every part has the type that Slack
 * documents, and texts are cut. On any other result *payload is untouched, and *why is a constant message. */
enum mock_result mock_payload_read(const char *content_type, const char *body, size_t len, json_t **payload,
                                   const char **why);

/* The same checks for a payload that mock_payload_read() returned before. payload: an object. */
enum mock_result mock_payload_check(const json_t *payload, const char **why);

/* The channel that the payload names, or the webhook's own. Borrowed from the payload. */
const char *mock_payload_channel(const json_t *payload);

/* Whether the path of a request is a webhook's: /services/T.../B.../... with three non-empty parts. */
bool mock_payload_path(const char *path);

/* Slack's result on this path if `known` is the only webhook: MOCK_OK, MOCK_NO_SERVICE (another team or
 * service) or MOCK_INVALID_TOKEN (another token). mock_payload_path() holds for both. */
enum mock_result mock_payload_hook(const char *path, const char *known);

#endif
