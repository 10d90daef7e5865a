#define _GNU_SOURCE /* strndup */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/server_private.h"

/* Where the authority of an absolute form begins, or NULL. */
static char *authority_of(char *target) {
  if (strncasecmp(target, "http://", 7) == 0) return target + 7;
  return strncasecmp(target, "https://", 8) == 0 ? target + 8 : NULL;
}

bool http_target_split(char *target, char **authority, char **path) {
  char *from = authority_of(target);
  size_t len = from ? strcspn(from, "/?#") : 0;
  *authority = *path = NULL;
  if (len == 0) return true; /* another form, or no host */
  const char *rest = from + len;
  size_t size = strlen(rest) + 2;
  *authority = strndup(from, len);
  *path = malloc(size);
  if (!*authority || !*path) {
    free(*authority);
    free(*path);
    return false;
  }
  snprintf(*path, size, "%s%s", *rest == '/' ? "" : "/", rest);
  size_t path_len = strcspn(*path, "?");
  memcpy(target, *path, path_len); /* shorter than what it replaces, so the query stays where it is */
  target[path_len] = '\0';
  return true;
}

bool http_target_is_served(const char *target, const char *method) {
  if (strcmp(method, "CONNECT") == 0) return false;
  return *target == '/' || (strcmp(target, "*") == 0 && strcmp(method, "OPTIONS") == 0);
}
