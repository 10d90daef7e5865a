/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "server/connection_private.h"
#include "server/request.h"

static struct server_client *client_of(const struct _u_request *request) {
  return (struct server_client *)(uintptr_t)request->timeout;
}

const char *server_connection_authority(struct MHD_Connection *connection) {
  const struct server_client *client = connection ? server_connection_client(connection) : NULL;
  return client ? client->authority : NULL;
}

struct MHD_Connection *server_request_connection(const struct _u_request *request) {
  return client_of(request)->connection;
}

const char *server_request_client(const struct _u_request *request) {
  return client_of(request)->address;
}

unsigned server_request_client_port(const struct _u_request *request) {
  return client_of(request)->port;
}

const char *server_request_header(const struct _u_request *request, const char *name) {
  return MHD_lookup_connection_value(server_request_connection(request), MHD_HEADER_KIND, name);
}

int server_request_reply(const struct _u_request *request, unsigned status, struct MHD_Response *response) {
  struct server_client *client = client_of(request);
  if (!response) return -1;
  client->replied = MHD_queue_response(client->connection, status, response) == MHD_YES;
  MHD_destroy_response(response);
  return client->replied ? 0 : -1;
}

struct list {
  const char *name;
  struct buf *out;
  bool begun;
};

static enum MHD_Result join_one(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
  struct list *list = cls;
  (void)kind;
  if (strcasecmp(name, list->name) != 0) return MHD_YES;
  if (list->begun) buf_putc(list->out, ',');
  if (value) buf_puts(list->out, value);
  list->begun = true;
  return MHD_YES;
}

void server_connection_header_join(struct MHD_Connection *connection, const char *name, struct buf *out) {
  struct list list = {.name = name, .out = out};
  if (connection) MHD_get_connection_values(connection, MHD_HEADER_KIND, join_one, &list);
}

/* Whether a list names no coding but identity. Empty members are ignored (RFC 9110, 5.6.1). */
static bool is_identity(const char *list, size_t len) {
  static const char identity[] = "identity";
  for (const char *end = list + len; list < end;) {
    list += strspn(list, ", \t");
    size_t member = strcspn(list, ", \t");
    if (member && (member != sizeof identity - 1 || strncasecmp(list, identity, member) != 0)) return false;
    list += member;
  }
  return true;
}

static enum MHD_Result find_coding(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                   const char *value, size_t value_len) {
  static const char wanted[] = "Content-Encoding";
  (void)kind;
  if (name_len != sizeof wanted - 1 || strcasecmp(name, wanted) != 0 || !value) return MHD_YES;
  if (is_identity(value, value_len)) return MHD_YES;
  *(const char **)cls = value;
  return MHD_NO; /* ends the search */
}

const char *server_connection_content_coding(struct MHD_Connection *connection) {
  const char *coding = NULL;
  if (connection) MHD_get_connection_values_n(connection, MHD_HEADER_KIND, find_coding, &coding);
  return coding;
}
