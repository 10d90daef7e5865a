#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/server_private.h"

/* What the guards count in a request's headers. */
struct headers {
  unsigned hosts;
  unsigned content_lengths;
  unsigned transfer_encodings;
  const char *content_length;
  const char *transfer_encoding;
  bool bad_name;
};

static bool name_is_token(const char *name, size_t len) {
  if (len == 0) return false;
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)name[i];
    if (c <= ' ' || c >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", c)) return false;
  }
  return true;
}

static enum MHD_Result headers_count(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
                                     const char *value, size_t value_len) {
  struct headers *headers = cls;
  (void)kind;
  (void)value_len;
  if (!name_is_token(name, name_len)) headers->bad_name = true;
  if (strcasecmp(name, "Host") == 0) headers->hosts++;
  if (strcasecmp(name, "Content-Length") == 0) {
    headers->content_lengths++;
    headers->content_length = value;
  }
  if (strcasecmp(name, "Transfer-Encoding") == 0) {
    headers->transfer_encodings++;
    headers->transfer_encoding = value;
  }
  return MHD_YES;
}

static bool refuse(struct http_refusal *refusal, unsigned status, const char *detail) {
  *refusal = (struct http_refusal){
      .origin = HTTP_REFUSED_BY_GUARD, .status = status, .code = http_refuse_code(status), .detail = detail};
  return true;
}

void http_guard_body_too_large(const struct http_server *server, struct http_refusal *refusal) {
  (void)server;
  refuse(refusal, MHD_HTTP_CONTENT_TOO_LARGE, "the body is larger than this server takes: send less");
}

bool http_guard_refuses(const struct http_server *server, struct MHD_Connection *connection, const char *method,
                        const char *version, struct http_refusal *refusal) {
  struct headers headers = {0};
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  (void)method;
  MHD_get_connection_values_n(connection, MHD_HEADER_KIND, headers_count, &headers);
  if (info && info->header_size > server->settings.header_limit)
    return refuse(refusal, MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE,
                  "the request line and headers are larger than this server takes: send fewer or shorter ones");
  if (headers.bad_name)
    return refuse(refusal, MHD_HTTP_BAD_REQUEST,
                  "a header's name holds a character that is not allowed there, such as a space before the colon");
  if (headers.hosts > 1) return refuse(refusal, MHD_HTTP_BAD_REQUEST, "there is more than one Host header: send one");
  if (headers.content_lengths > 1)
    return refuse(refusal, MHD_HTTP_BAD_REQUEST, "there is more than one Content-Length header: send one");
  if (headers.transfer_encodings && headers.content_lengths)
    return refuse(refusal, MHD_HTTP_BAD_REQUEST, "there are both Content-Length and Transfer-Encoding: send one of them");
  if (headers.transfer_encodings > 1 ||
      (headers.transfer_encodings && strcasecmp(headers.transfer_encoding, "chunked") != 0))
    return refuse(refusal, MHD_HTTP_BAD_REQUEST, "the only Transfer-Encoding this server takes is chunked");
  if (headers.transfer_encodings && strcmp(version, "HTTP/1.1") != 0)
    return refuse(refusal, MHD_HTTP_BAD_REQUEST, "Transfer-Encoding needs HTTP/1.1");
  if (headers.content_length && strtoull(headers.content_length, NULL, 10) > server->settings.body_limit) {
    http_guard_body_too_large(server, refusal);
    return true;
  }
  return false;
}
