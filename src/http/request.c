#include <string.h>
#include <strings.h>

#include "http/server_private.h"

struct lookup {
  const char *name;
  const char *first;
  struct buf *join;
};

static enum MHD_Result lookup_one(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
  struct lookup *lookup = cls;
  (void)kind;
  if (strcasecmp(name, lookup->name) != 0) return MHD_YES;
  if (!value) value = "";
  if (lookup->join) {
    if (lookup->first) buf_putc(lookup->join, ',');
    buf_puts(lookup->join, value);
  }
  if (!lookup->first) lookup->first = value;
  return MHD_YES;
}

static void lookup_run(struct MHD_Connection *connection, struct lookup *lookup) {
  if (connection) MHD_get_connection_values(connection, MHD_HEADER_KIND, lookup_one, lookup);
}

static const struct http_client *client_of(const struct _u_request *request) {
  return (const struct http_client *)(uintptr_t)request->timeout;
}

const char *http_connection_header(struct MHD_Connection *connection, const char *name) {
  struct lookup lookup = {.name = name};
  lookup_run(connection, &lookup);
  return lookup.first;
}

const char *http_connection_authority(struct MHD_Connection *connection) {
  const struct http_client *client = connection ? http_connection_client(connection) : NULL;
  return client ? client->authority : NULL;
}

struct MHD_Connection *http_request_connection(const struct _u_request *request) {
  return client_of(request)->connection;
}

const char *http_request_client(const struct _u_request *request) {
  return client_of(request)->address;
}

unsigned http_request_client_port(const struct _u_request *request) {
  return client_of(request)->port;
}

const char *http_request_header(const struct _u_request *request, const char *name) {
  return http_connection_header(http_request_connection(request), name);
}

void http_connection_header_join(struct MHD_Connection *connection, const char *name, struct buf *out) {
  struct lookup lookup = {.name = name, .join = out};
  lookup_run(connection, &lookup);
}
