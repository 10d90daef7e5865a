/* SPDX-License-Identifier: MIT */
#include "slack-mock/payload.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "base/untrusted_json.h"
#include "base/utf8.h"

#define DEFAULT_CHANNEL "#alerts"

/* Cuts every text in value to the maximum length. False when out of memory. */
static bool cut_texts(json_t *value) {
  if (json_is_string(value)) {
    size_t len = json_string_length(value);
    size_t keep = utf8_cut(json_string_value(value), len, MOCK_PAYLOAD_TEXT_MAX);
    if (keep == len) return true;
    char *text = strndup(json_string_value(value), keep);
    bool cut = text && json_string_setn(value, text, keep) == 0;
    free(text);
    return cut;
  }
  size_t i;
  const char *key;
  json_t *item;
  json_array_foreach(value, i, item) if (!cut_texts(item)) return false;
  json_object_foreach(value, key, item) if (!cut_texts(item)) return false;
  return true;
}

static bool absent(const json_t *value) {
  return !value || json_is_null(value);
}

static bool has_text(const json_t *object, const char *key) {
  return json_string_length(json_object_get(object, key)) > 0;
}

static bool has_items(const json_t *object, const char *key) {
  return json_array_size(json_object_get(object, key)) > 0;
}

struct part {
  const char *key;
  enum { TEXT, SCALAR, FLAG, TEXTS, OBJECTS } type;
  const char *why; /* the message for a wrong type */
};

/* The rule of each type. The tables below assign types to members. */
static bool has_type(const struct part *part, const json_t *value) {
  size_t i;
  const json_t *item;
  switch (part->type) {
  case TEXT:
    return json_is_string(value);
  case SCALAR: /* a string, a number or a boolean; the page shows each as a string */
    return !json_is_object(value) && !json_is_array(value);
  case FLAG:
    return json_is_boolean(value) || json_is_number(value);
  case TEXTS:
  case OBJECTS:
    if (!json_is_array(value)) return false;
    for (i = 0; i < json_array_size(value); i++) {
      item = json_array_get(value, i);
      if (part->type == TEXTS ? !json_is_string(item) : !json_is_object(item)) return false;
    }
    return true;
  }
  return false;
}

static const struct part message_parts[] = {
    {"text", TEXT, "\"text\" must be a string"},
    {"channel", TEXT, "\"channel\" must be a string"},
    {"username", TEXT, "\"username\" must be a string"},
    {"icon_emoji", TEXT, "\"icon_emoji\" must be a string"},
    {"icon_url", TEXT, "\"icon_url\" must be a string"},
    {"thread_ts", TEXT, "\"thread_ts\" must be a string"},
    {"mrkdwn", FLAG, "\"mrkdwn\" must be true or false"},
    {"link_names", FLAG, "\"link_names\" must be true or false"},
    {"attachments", OBJECTS, "\"attachments\" must be an array of objects"},
    {"blocks", OBJECTS, "\"blocks\" must be an array of objects"},
    {NULL, TEXT, NULL},
};
static const struct part attachment_parts[] = {
    {"fallback", TEXT, "an attachment's \"fallback\" must be a string"},
    {"color", TEXT, "an attachment's \"color\" must be a string"},
    {"pretext", TEXT, "an attachment's \"pretext\" must be a string"},
    {"author_name", TEXT, "an attachment's \"author_name\" must be a string"},
    {"author_link", TEXT, "an attachment's \"author_link\" must be a string"},
    {"title", TEXT, "an attachment's \"title\" must be a string"},
    {"title_link", TEXT, "an attachment's \"title_link\" must be a string"},
    {"text", TEXT, "an attachment's \"text\" must be a string"},
    {"footer", TEXT, "an attachment's \"footer\" must be a string"},
    {"image_url", TEXT, "an attachment's \"image_url\" must be a string"},
    {"thumb_url", TEXT, "an attachment's \"thumb_url\" must be a string"},
    {"callback_id", TEXT, "an attachment's \"callback_id\" must be a string"},
    {"ts", SCALAR, "an attachment's \"ts\" must be a time in seconds"},
    {"mrkdwn_in", TEXTS, "an attachment's \"mrkdwn_in\" must be an array of strings"},
    {"fields", OBJECTS, "an attachment's \"fields\" must be an array of objects"},
    {"actions", OBJECTS, "an attachment's \"actions\" must be an array of objects"},
    {"blocks", OBJECTS, "an attachment's \"blocks\" must be an array of objects"},
    {NULL, TEXT, NULL},
};
static const struct part field_parts[] = {
    {"title", TEXT, "a field's \"title\" must be a string"},
    {"value", SCALAR, "a field's \"value\" must be a string"},
    {"short", FLAG, "a field's \"short\" must be true or false"},
    {NULL, TEXT, NULL},
};
static const struct part action_parts[] = {
    {"type", TEXT, "an action's \"type\" must be a string"},
    {"text", TEXT, "an action's \"text\" must be a string"},
    {"url", TEXT, "an action's \"url\" must be a string"},
    {"style", TEXT, "an action's \"style\" must be a string"},
    {"name", TEXT, "an action's \"name\" must be a string"},
    {"value", TEXT, "an action's \"value\" must be a string"},
    {NULL, TEXT, NULL},
};

/* Checks the members that the table names. Returns NULL, or a message. */
static const char *check_parts(const json_t *object, const struct part *parts) {
  for (const struct part *part = parts; part->key; part++) {
    const json_t *value = json_object_get(object, part->key);
    if (!absent(value) && !has_type(part, value)) return part->why;
  }
  return NULL;
}

static const char *check_each(const json_t *object, const char *key, const struct part *parts) {
  const json_t *list = json_object_get(object, key);
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *why = check_parts(json_array_get(list, i), parts);
    if (why) return why;
  }
  return NULL;
}

/* The page shows nothing for an attachment without any of these, so it does not count as text. */
static bool attachment_shows(const json_t *attachment) {
  static const char *const texts[] = {"text",   "pretext",     "title",    "fallback",
                                      "footer", "author_name", "image_url"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (has_text(attachment, texts[i])) return true;
  return has_items(attachment, "fields") || has_items(attachment, "actions") ||
         has_items(attachment, "blocks");
}

static enum mock_result check_attachments(const json_t *payload, bool *shown, const char **why) {
  const json_t *list = json_object_get(payload, "attachments");
  if (json_array_size(list) > MOCK_PAYLOAD_ATTACHMENTS_MAX) {
    *why = "more than 100 attachments: send at most 100";
    return MOCK_TOO_MANY_ATTACHMENTS;
  }
  const char *wrong = check_each(payload, "attachments", attachment_parts);
  for (size_t i = 0; !wrong && i < json_array_size(list); i++) {
    const json_t *attachment = json_array_get(list, i);
    wrong = check_each(attachment, "fields", field_parts);
    if (!wrong) wrong = check_each(attachment, "actions", action_parts);
    if (attachment_shows(attachment)) *shown = true;
  }
  if (!wrong) return MOCK_OK;
  *why = wrong;
  return MOCK_INVALID_PAYLOAD;
}

static enum mock_result check_blocks(const json_t *payload, bool *shown, const char **why) {
  const json_t *blocks = json_object_get(payload, "blocks");
  size_t count = json_array_size(blocks);
  if (count > 0) *shown = true;
  if (count > MOCK_PAYLOAD_BLOCKS_MAX) {
    *why = "more than 50 blocks: send at most 50";
    return MOCK_INVALID_BLOCKS;
  }
  for (size_t i = 0; i < count; i++) {
    if (has_text(json_array_get(blocks, i), "type")) continue;
    *why = "a block has no \"type\": add one";
    return MOCK_INVALID_BLOCKS;
  }
  return MOCK_OK;
}

/* "#name", "@user", an identifier or a bare name: letters of any script, digits, - _ and a dot. */
static enum mock_result check_channel(const json_t *payload, const char **why) {
  const json_t *value = json_object_get(payload, "channel");
  if (absent(value) || json_string_length(value) == 0) return MOCK_OK;
  const char *channel = json_string_value(value);
  const char *name = *channel == '#' || *channel == '@' ? channel + 1 : channel;
  size_t len = strlen(name);
  bool good = len > 0 && len <= 80;
  for (size_t i = 0; good && i < len; i++)
    good = text_is_alnum(name[i]) || strchr("-_.", name[i]) || (unsigned char)name[i] >= 0x80;
  if (good) return MOCK_OK;
  *why = "\"channel\" must be a name such as #alerts or @user: letters, digits, - _ and .";
  return *channel == '@' ? MOCK_USER_NOT_FOUND : MOCK_CHANNEL_NOT_FOUND;
}

enum mock_result mock_payload_check(const json_t *payload, const char **why) {
  const char *wrong = check_parts(payload, message_parts);
  if (wrong) {
    *why = wrong;
    return MOCK_INVALID_PAYLOAD;
  }
  bool shown = has_text(payload, "text");
  enum mock_result result = check_attachments(payload, &shown, why);
  if (result == MOCK_OK) result = check_blocks(payload, &shown, why);
  if (result == MOCK_OK) result = check_channel(payload, why);
  if (result == MOCK_OK && !shown) {
    *why = "no text: send \"text\", or an attachment or block that shows something";
    result = MOCK_NO_TEXT;
  }
  return result;
}

static enum mock_result read_json(const char *text, size_t len, json_t **out, const char **why) {
  struct error error;
  json_t *payload = untrusted_json_object(text, len, MOCK_PAYLOAD_DEPTH_MAX, &error);
  if (!payload && *error.text) {
    *why =
        "the payload must be a JSON object in UTF-8, at most 32 levels deep, and no object may have the same "
        "key twice";
    return MOCK_INVALID_PAYLOAD;
  }
  enum mock_result result = MOCK_ROLLUP_ERROR;
  *why = "out of memory: try again";
  if (payload && cut_texts(payload)) result = mock_payload_check(payload, why);
  if (result == MOCK_OK)
    *out = payload;
  else
    json_decref(payload);
  return result;
}

/* Decodes a form's value in place. Returns its length, or SIZE_MAX if two hexadecimal digits do not follow a
 * %. */
static size_t form_decode(char *text, size_t len) {
  size_t out = 0;
  for (size_t i = 0; i < len; i++) {
    char c = text[i];
    if (c == '+') {
      c = ' ';
    } else if (c == '%') {
      if (len - i < 3 || hex_digit(text[i + 1]) < 0 || hex_digit(text[i + 2]) < 0) return SIZE_MAX;
      c = (char)(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    }
    text[out++] = c;
  }
  return out;
}

/* Reads the first payload= of the form. */
static enum mock_result read_form(const char *body, size_t len, json_t **out, const char **why) {
  static const char key[] = "payload=";
  const char *value = body;
  size_t rest = len, size = 0;
  *why = "the form has no payload= field: add it";
  for (;;) {
    const char *stop = memchr(value, '&', rest);
    size = stop ? (size_t)(stop - value) : rest;
    if (size >= sizeof key - 1 && memcmp(value, key, sizeof key - 1) == 0) break;
    if (!stop) return MOCK_INVALID_PAYLOAD;
    value += size + 1;
    rest -= size + 1;
  }
  size -= sizeof key - 1;
  char *text = malloc(size + 1);
  *why = "out of memory: try again";
  if (!text) return MOCK_ROLLUP_ERROR;
  memcpy(text, value + sizeof key - 1, size);
  size = form_decode(text, size);
  enum mock_result result = MOCK_INVALID_PAYLOAD;
  *why = "payload= is not form-encoded: write % as %25";
  if (size != SIZE_MAX) result = read_json(text, size, out, why);
  free(text);
  return result;
}

enum mock_result mock_payload_read(const char *content_type, const char *body, size_t len, json_t **payload,
                                   const char **why) {
  if (len == 0) {
    *why = "the body is empty: send a JSON payload";
    return MOCK_INVALID_PAYLOAD;
  }
  if (text_is_media_type(content_type, "application/json")) return read_json(body, len, payload, why);
  if (text_is_media_type(content_type, "application/x-www-form-urlencoded"))
    return read_form(body, len, payload, why);
  *why = "the Content-Type must be application/json or application/x-www-form-urlencoded";
  return MOCK_INVALID_PAYLOAD;
}

const char *mock_payload_channel(const json_t *payload) {
  return has_text(payload, "channel") ? json_string_value(json_object_get(payload, "channel"))
                                      : DEFAULT_CHANNEL;
}

bool mock_payload_path(const char *path) {
  static const char prefix[] = "/services/";
  if (strncmp(path, prefix, sizeof prefix - 1) != 0) return false;
  const char *at = path + sizeof prefix - 1;
  static const char first[] = {'T', 'B', '\0'};
  for (size_t part = 0; part < sizeof first; part++) {
    if (first[part] != '\0' && *at++ != first[part]) return false;
    size_t len = 0;
    while (text_is_alnum(at[len]) || (first[part] == '\0' && (at[len] == '-' || at[len] == '_'))) len++;
    if (len == 0 || at[len] != (part + 1 < sizeof first ? '/' : '\0')) return false;
    at += len + 1;
  }
  return true;
}

enum mock_result mock_payload_hook(const char *path, const char *known) {
  assert(mock_payload_path(path) && mock_payload_path(known));
  size_t service = (size_t)(strrchr(known, '/') - known) + 1;
  if (strncmp(path, known, service) != 0) return MOCK_NO_SERVICE;
  return strcmp(path + service, known + service) == 0 ? MOCK_OK : MOCK_INVALID_TOKEN;
}
