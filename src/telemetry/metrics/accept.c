/* SPDX-License-Identifier: MIT */
/* Content negotiation (RFC 9110, 12.5): what the lists in Accept and Accept-Encoding allow, by quality. */
#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "telemetry/metrics/exposition.h"

/* A piece of the header; not NUL-terminated. */
struct slice {
  const char *at;
  size_t len;
};

/* Cuts off and trims the next piece, up to a separator outside of quoted strings. */
static struct slice cut(struct slice *rest, char separator) {
  struct slice piece = {rest->at, 0};
  bool quoted = false;
  for (; piece.len < rest->len; piece.len++) {
    char c = rest->at[piece.len];
    if (c == separator && !quoted) break;
    if (c == '"') quoted = !quoted;
    if (c == '\\' && quoted && piece.len + 1 < rest->len) piece.len++;
  }
  size_t used = piece.len < rest->len ? piece.len + 1 : piece.len;
  rest->at += used;
  rest->len -= used;
  piece.len = text_trim(piece.at, piece.len, &piece.at);
  return piece;
}

static bool same(struct slice s, const char *text) {
  return s.len == strlen(text) && text_same_start(s.at, text, s.len);
}

/* A quality in thousandths, or -1 if it is invalid. Some clients send more than three digits; the rest is
 * ignored. */
static int quality(struct slice s) {
  if (s.len == 0 || (s.at[0] != '0' && s.at[0] != '1') || (s.len > 1 && s.at[1] != '.')) return -1;
  int value = (s.at[0] - '0') * 1000, unit = 100;
  for (size_t i = 2; i < s.len; i++, unit /= 10) {
    if (s.at[i] < '0' || s.at[i] > '9') return -1;
    value += (s.at[i] - '0') * unit;
  }
  return value > 1000 ? -1 : value;
}

/* One member of a list: its name and the parameters that matter. */
struct range {
  struct slice name;
  int q;                /* -1: malformed, so the range is ignored */
  struct slice version; /* len 0: none */
};

static struct slice unquoted(struct slice s) {
  if (s.len >= 2 && s.at[0] == '"' && s.at[s.len - 1] == '"') return (struct slice){s.at + 1, s.len - 2};
  return s;
}

/* Reads the next member. Returns false at the end. */
static bool next_range(struct slice *list, struct range *out) {
  if (list->len == 0) return false;
  struct slice member = cut(list, ',');
  *out = (struct range){.name = cut(&member, ';'), .q = 1000};
  while (member.len > 0) {
    struct slice value = cut(&member, ';');
    struct slice name = cut(&value, '=');
    if (same(name, "q")) {
      out->q = quality(value);
      return true; /* parameters after q do not belong to the range */
    }
    if (same(name, "version")) out->version = unquoted(value);
  }
  return true;
}

/* The quality that a list gives to one format: that of the most specific range that matches it. */
struct grant {
  int specificity; /* 0: nothing matched */
  int q;
};

static void grant_raise(struct grant *grant, int specificity, int q) {
  if (specificity == 0 || specificity < grant->specificity || q < 0) return;
  if (specificity == grant->specificity && q <= grant->q) return;
  *grant = (struct grant){specificity, q};
}

enum { ANY = 1, GROUP, NAMED, VERSIONED };

/* versions: the versions of the format that can be served, NULL-terminated; or NULL: any. */
static int match(const struct range *range, const char *group, const char *type,
                 const char *const *versions) {
  if (same(range->name, "*/*")) return ANY;
  if (same(range->name, group)) return GROUP;
  if (!same(range->name, type)) return 0;
  if (range->version.len == 0 || !versions) return NAMED;
  for (; *versions; versions++)
    if (same(range->version, *versions)) return VERSIONED;
  return 0;
}

/* The higher quality wins, then the more specific range, then a. */
static bool beats(struct grant a, struct grant b) {
  return a.q != b.q ? a.q > b.q : a.specificity >= b.specificity;
}

enum tel_format tel_format_negotiate(const char *accept) {
  /* Older Prometheus servers ask for OpenMetrics 1.0.0 as 0.0.1. */
  static const char *const text_versions[] = {"0.0.4", NULL};
  static const char *const openmetrics_versions[] = {"1.0.0", "0.0.1", NULL};
  if (!accept) return TEL_FORMAT_TEXT;
  struct slice list = {accept, strlen(accept)};
  struct range range;
  struct grant text = {0, 0}, openmetrics = {0, 0};
  while (next_range(&list, &range)) {
    grant_raise(&text, match(&range, "text/*", "text/plain", text_versions), range.q);
    grant_raise(&openmetrics,
                match(&range, "application/*", "application/openmetrics-text", openmetrics_versions),
                range.q);
  }
  if (openmetrics.specificity <= ANY || openmetrics.q == 0) return TEL_FORMAT_TEXT;
  return beats(openmetrics, text) ? TEL_FORMAT_OPENMETRICS : TEL_FORMAT_TEXT;
}

bool tel_format_accepts_gzip(const char *accept_encoding) {
  if (!accept_encoding) return false;
  struct slice list = {accept_encoding, strlen(accept_encoding)};
  struct range range;
  struct grant gzip = {0, 0};
  while (next_range(&list, &range)) {
    bool named = same(range.name, "gzip") || same(range.name, "x-gzip");
    grant_raise(&gzip, named ? NAMED : same(range.name, "*") ? ANY : 0, range.q);
  }
  return gzip.specificity > 0 && gzip.q > 0;
}

bool tel_accept_prefers_json(const char *accept) {
  struct slice list = {accept, strlen(accept)};
  struct range range;
  struct grant html = {0, 0}, json = {0, 0};
  while (next_range(&list, &range)) {
    grant_raise(&html, match(&range, "text/*", "text/html", NULL), range.q);
    grant_raise(&json, match(&range, "application/*", "application/json", NULL), range.q);
  }
  return json.q > 0 && !beats(html, json);
}
