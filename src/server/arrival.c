/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "server/arrival_private.h"
#include "server/guards_private.h"

/* Reads one part of a request until the part or the data ends. Returns the start of the next part, or the
 * position of a fault. */
typedef char *part_reader(struct server_arrival *arrival, char *at, char *end);

static char *fault(struct server_arrival *arrival, enum server_arrival_fault what, char *at) {
  arrival->fault = what;
  return at;
}

static void request_ends(struct server_arrival *arrival) {
  arrival->requests++;
  arrival->part = SERVER_ARRIVAL_BEGIN;
}

static char *begin_read(struct server_arrival *arrival, char *at, char *end) {
  while (at < end && (*at == '\r' || *at == '\n')) at++;
  if (at < end && *at == ' ') return fault(arrival, SERVER_ARRIVAL_BAD_LINE, at);
  if (at < end) arrival->part = SERVER_ARRIVAL_METHOD;
  return at;
}

static char *method_read(struct server_arrival *arrival, char *at, char *end) {
  for (; at < end; at++) {
    if (*at == ' ') {
      arrival->part = SERVER_ARRIVAL_TARGET;
      return at + 1;
    }
    if (!server_guard_is_token(at, 1)) return fault(arrival, SERVER_ARRIVAL_BAD_LINE, at);
  }
  return at;
}

static char *target_read(struct server_arrival *arrival, char *at, char *end) {
  char *newline = memchr(at, '\n', (size_t)(end - at));
  if (!newline) return end;
  arrival->part = SERVER_ARRIVAL_FIELDS;
  arrival->line_bytes = 0;
  arrival->chunked = false;
  arrival->left = 0;
  return newline + 1;
}

static bool blank(char c) {
  return c == ' ' || c == '\t';
}

/* Moves the blanks after a field value in front of it, where libmicrohttpd skips them. libmicrohttpd would
 * keep blanks after the value as a part of it, and misread a length or a coding. */
static void value_trim(char *line, char *end) {
  char *last = end;
  while (last > line && blank(last[-1])) last--;
  char *value = memchr(line, ':', (size_t)(last - line));
  if (!value) return;
  value++;
  size_t blanks = (size_t)(end - last);
  memmove(value + blanks, value, (size_t)(last - value));
  memset(value, ' ', blanks);
}

/* Returns the value if the line has this name (with its colon), else NULL. */
static const char *value_of(const char *name, size_t name_len, const char *line, const char *end) {
  if ((size_t)(end - line) < name_len || strncasecmp(line, name, name_len) != 0) return NULL;
  line += name_len;
  while (line < end && blank(*line)) line++;
  return line;
}

static void length_read(struct server_arrival *arrival, const char *value, const char *end) {
  arrival->left = 0;
  for (; value < end && *value >= '0' && *value <= '9'; value++) {
    arrival->left = 10 * arrival->left + (uint64_t)(*value - '0');
    if (arrival->left > arrival->body_limit) break; /* too large: the guards refuse it */
  }
}

/* The guards refuse any other length or coding, and a request with both fields. The bytes after such a
 * request do not matter. */
static void field_read(struct server_arrival *arrival, const char *line, const char *end) {
  const char *value;
  if ((value = value_of("Content-Length:", 15, line, end))) length_read(arrival, value, end);
  if (value_of("Transfer-Encoding:", 18, line, end)) arrival->chunked = true;
}

/* libmicrohttpd takes CR or LF alone for the end of a line. A proxy may not, and would then see other
 * requests. */
static bool line_end_is_bad(struct server_arrival *arrival, char next) {
  bool bad = arrival->return_seen != (next == '\n');
  arrival->return_seen = next == '\r';
  return bad;
}

static bool trailer_is_bad(struct server_arrival *arrival, const char *at, const char *end) {
  for (; at < end; at++)
    if (line_end_is_bad(arrival, *at) || !*at) return true; /* libmicrohttpd also takes NUL for the end */
  return false;
}

static void chunk_begins(struct server_arrival *arrival) {
  arrival->part = SERVER_ARRIVAL_CHUNK_SIZE;
  arrival->left = 0;
  arrival->line_bytes = 0;
}

static void head_ends(struct server_arrival *arrival) {
  arrival->heads++;
  arrival->body_bytes = 0;
  if (arrival->chunked)
    chunk_begins(arrival);
  else if (arrival->left)
    arrival->part = SERVER_ARRIVAL_BODY;
  else
    request_ends(arrival);
}

/* libmicrohttpd takes CR alone for the end of a line, and a line that begins with a colon or NUL for the end
 * of the fields. Afterwards its NUL bytes hide both. This changes them into characters that the guards
 * refuse. */
static void line_mark(char *line, size_t len) {
  char *inside = memchr(line, '\r', len);
  if (inside) *inside = '\x01';
  if (*line == ':' || *line == '\0') *line = '(';
}

/* Reads headers and trailers. The start of an incomplete line is in the same buffer, directly before the
 * data. */
static char *fields_read(struct server_arrival *arrival, char *at, char *end) {
  bool trailers = arrival->part == SERVER_ARRIVAL_TRAILERS;
  char *line = at - arrival->line_bytes, *newline = memchr(at, '\n', (size_t)(end - at));
  /* The guards check the headers. A line that begins with a blank would continue the one before. */
  if (trailers && (trailer_is_bad(arrival, at, newline ? newline + 1 : end) || (newline && blank(*line))))
    return fault(arrival, SERVER_ARRIVAL_BAD_TRAILER, at);
  if (!newline) {
    line_mark(line, (size_t)(end - line) - 1); /* a CR at the end may begin the line's end */
    arrival->line_bytes = (size_t)(end - line);
    return end;
  }
  char *last = newline > line && newline[-1] == '\r' ? newline - 1 : newline;
  arrival->line_bytes = 0;
  if (last == line) {
    if (trailers)
      request_ends(arrival);
    else
      head_ends(arrival);
    return newline + 1;
  }
  line_mark(line, (size_t)(last - line));
  if (blank(last[-1])) value_trim(line, last);
  if (!trailers && strchr("CcTt", *line)) field_read(arrival, line, last);
  return newline + 1;
}

static char *body_read(struct server_arrival *arrival, char *at, char *end) {
  size_t len = (size_t)(end - at);
  if (len < arrival->left) {
    arrival->left -= len;
    return end;
  }
  at += arrival->left;
  if (arrival->part == SERVER_ARRIVAL_CHUNK)
    arrival->part = SERVER_ARRIVAL_CHUNK_END;
  else
    request_ends(arrival);
  return at;
}

/* Reads size and extension. libmicrohttpd refuses malformed ones, and then reads no further request. But it
 * takes an empty size for 0. */
static char *chunk_size_read(struct server_arrival *arrival, char *at, char *end) {
  for (; at < end; at++) {
    int digit = hex_digit(*at);
    bool empty = arrival->line_bytes == 0 && (*at == ';' || *at == '\r');
    if (line_end_is_bad(arrival, *at) || empty) return fault(arrival, SERVER_ARRIVAL_BAD_CHUNK, at);
    if (*at == '\n') break;
    arrival->line_bytes++;
    if (*at == ';') arrival->part = SERVER_ARRIVAL_CHUNK_EXTENSION;
    if (arrival->part == SERVER_ARRIVAL_CHUNK_EXTENSION || *at == '\r') continue;
    if (digit < 0) {
      arrival->part = SERVER_ARRIVAL_UNREADABLE;
      return end;
    }
    arrival->left = arrival->left >> 59 ? arrival->left : 16 * arrival->left + (uint64_t)digit;
  }
  if (at == end) return end;
  arrival->part = arrival->left ? SERVER_ARRIVAL_CHUNK : SERVER_ARRIVAL_TRAILERS;
  arrival->line_bytes = 0;
  if (arrival->left > arrival->body_limit - arrival->body_bytes)
    return fault(arrival, SERVER_ARRIVAL_TOO_LARGE, at);
  arrival->body_bytes += arrival->left;
  return at + 1;
}

static char *chunk_end_read(struct server_arrival *arrival, char *at, char *end) {
  if (line_end_is_bad(arrival, *at)) return fault(arrival, SERVER_ARRIVAL_BAD_CHUNK, at);
  if (*at == '\n') {
    chunk_begins(arrival);
  } else if (*at != '\r') {
    arrival->part = SERVER_ARRIVAL_UNREADABLE;
    return end;
  }
  return at + 1;
}

static char *unreadable(struct server_arrival *arrival, char *at, char *end) {
  (void)arrival, (void)at;
  return end;
}

size_t server_arrival_read(struct server_arrival *arrival, char *data, size_t len) {
  static part_reader *const readers[] = {
      [SERVER_ARRIVAL_BEGIN] = begin_read,
      [SERVER_ARRIVAL_METHOD] = method_read,
      [SERVER_ARRIVAL_TARGET] = target_read,
      [SERVER_ARRIVAL_FIELDS] = fields_read,
      [SERVER_ARRIVAL_BODY] = body_read,
      [SERVER_ARRIVAL_CHUNK_SIZE] = chunk_size_read,
      [SERVER_ARRIVAL_CHUNK_EXTENSION] = chunk_size_read,
      [SERVER_ARRIVAL_CHUNK] = body_read,
      [SERVER_ARRIVAL_CHUNK_END] = chunk_end_read,
      [SERVER_ARRIVAL_TRAILERS] = fields_read,
      [SERVER_ARRIVAL_UNREADABLE] = unreadable,
  };
  char *at = data, *end = data + len;
  while (at < end && !arrival->fault) at = readers[arrival->part](arrival, at, end);
  return (size_t)(at - data);
}
