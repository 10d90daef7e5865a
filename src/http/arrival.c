#include <string.h>

#include "http/server_private.h"

static bool blank(char c) {
  return c == ' ' || c == '\t';
}

/* Moves the blanks behind a header's value in front of it, where libmicrohttpd skips them. Behind it, it
 * would take them for a part of the value, and misread a length or a coding. */
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

/* A line that is not complete yet lies in front of the data, in the same buffer. The first line is the
 * request's, or a part of one whose begin was never seen here because it came together with an earlier
 * request: it stays as it is. */
static void header_trim(struct http_arrival *arrival, char *data, size_t len) {
  char *line = data - arrival->line_bytes, *end = data + len, *newline;
  for (char *at = data; (newline = memchr(at, '\n', (size_t)(end - at))); at = line = newline + 1) {
    char *last = newline > line && newline[-1] == '\r' ? newline - 1 : newline;
    if (last == line) {
      /* The header's end, or an empty line in front of the request. */
      arrival->line_bytes = 0;
      if (arrival->from_begin && arrival->lines == 0) continue;
      arrival->in_header = false;
      return;
    }
    if (arrival->lines++ > 0 && blank(last[-1])) value_trim(line, last);
  }
  arrival->line_bytes = (size_t)(end - line);
}

/* libmicrohttpd closes without a word when the line has no space. */
static bool method_is_clean(struct http_arrival *arrival, const char *data, size_t len) {
  for (size_t i = 0; i < len && !arrival->method_read; i++) {
    if (!arrival->method_begun && (data[i] == '\r' || data[i] == '\n')) continue;
    if (data[i] == ' ' && arrival->method_begun)
      arrival->method_read = true;
    else if (!http_guard_is_token(&data[i], 1))
      return false;
    arrival->method_begun = true;
  }
  return true;
}

bool http_arrival_read(struct http_arrival *arrival, char *data, size_t len) {
  if (arrival->from_begin && !arrival->method_read && !method_is_clean(arrival, data, len)) return false;
  if (arrival->in_header) header_trim(arrival, data, len);
  return true;
}

void http_arrival_next(struct http_arrival *arrival, bool from_begin) {
  *arrival = (struct http_arrival){.from_begin = from_begin, .in_header = true};
}
