/* SPDX-License-Identifier: MIT */
#include "http/routes.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "http/problem.h"

_Static_assert(HTTP_PROBLEM_COUNT <= 32, "HTTP_MAY() uses one of 32 bits");

const struct http_route http_routes[HTTP_ROUTE_COUNT] = {
#define ROW(method_, path_, handle_, ...) {.method = method_, .path = path_, .handle = handle_, __VA_ARGS__},
    HTTP_ROUTES(ROW)
#undef ROW
};

/* Walks template and path side by side, up to the end or to the parameter of that name. If they differ, or if
 * a parameter would be empty, sets *path to NULL. */
static const char *walk(const char *template, const char **path, const char *name) {
  while (*template && *path) {
    if (*template != '{') {
      *path = *template ++ == **path ? *path + 1 : NULL;
      continue;
    }
    size_t len = strcspn(++template, "}");
    if (name && strlen(name) == len && strncmp(template, name, len) == 0) break;
    size_t value_len = strcspn(*path, "/");
    *path = value_len ? *path + value_len : NULL;
    template += len + 1;
  }
  return template;
}

static bool matches(const struct http_route *route, const char *path) {
  walk(route->path, &path, NULL);
  return path && !*path;
}

static bool is_get(const struct http_route *route) {
  return strcmp(route->method, "GET") == 0;
}

bool http_route_takes(const struct http_route *route, const char *method) {
  return strcmp(route->method, method) == 0 || (is_get(route) && strcmp(method, "HEAD") == 0);
}

enum { RANK_TAKES = 1000 };

/* Among the rows that match a path, the highest rank wins: a row that accepts the method, with the fewest
 * parameters. */
static int rank(const struct http_route *route, const char *method) {
  int parameters = 0;
  for (const char *at = route->path; (at = strchr(at, '{')); at++) parameters++;
  return (http_route_takes(route, method) ? RANK_TAKES : 0) - parameters;
}

const struct http_route *http_route_find(const char *path, const char *method) {
  const struct http_route *best = NULL;
  for (size_t i = 0; i < HTTP_ROUTE_COUNT; i++) {
    const struct http_route *route = &http_routes[i];
    if (!matches(route, path)) continue;
    if (rank(route, method) == RANK_TAKES) return route;
    if (!best || rank(route, method) > rank(best, method)) best = route;
  }
  return best;
}

bool http_route_is_probe(const struct http_route *route) {
  return route && !route->span;
}

size_t http_route_parameter(const struct http_route *route, const char *path, const char *name, char *out,
                            size_t size) {
  bool there = *walk(route->path, &path, name) && path;
  size_t len = there ? strcspn(path, "/") : 0;
  snprintf(out, size, "%.*s", (int)len, there ? path : "");
  return len;
}

static bool allows(const struct http_route *route, const char *path) {
  return strcmp(path, HTTP_WHOLE_SERVER) == 0 || matches(route, path);
}

/* Whether an earlier row of the path has the same method. */
static bool is_repeated(size_t row, const char *path) {
  for (size_t i = 0; i < row; i++)
    if (allows(&http_routes[i], path) && strcmp(http_routes[i].method, http_routes[row].method) == 0)
      return true;
  return false;
}

void http_route_allow(const char *path, char out[HTTP_ALLOW_SIZE]) {
  out[0] = '\0';
  for (size_t i = 0; i < HTTP_ROUTE_COUNT; i++) {
    const struct http_route *route = &http_routes[i];
    if (!allows(route, path) || is_repeated(i, path)) continue;
    text_list_add(out, HTTP_ALLOW_SIZE, ", ", route->method);
    if (is_get(route)) text_list_add(out, HTTP_ALLOW_SIZE, ", ", "HEAD");
  }
  if (strcmp(path, HTTP_WHOLE_SERVER) == 0) text_list_add(out, HTTP_ALLOW_SIZE, ", ", "OPTIONS");
}

void http_route_list(char *out, size_t size) {
  static const char more[] = " ...";
  size_t len = 0;
  for (size_t i = 0; i < HTTP_ROUTE_COUNT; i++) {
    const char *separator = i == 0 ? "" : i + 1 < HTTP_ROUTE_COUNT ? ", " : " or ";
    int added =
        snprintf(out + len, size - len, "%s%s %s", separator, http_routes[i].method, http_routes[i].path);
    if (len + (size_t)added + sizeof more > size) {
      snprintf(out + len, size - len, "%s", more);
      return;
    }
    len += (size_t)added;
  }
}
