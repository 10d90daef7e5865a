/* SPDX-License-Identifier: MIT */
/* An OTLP/HTTP receiver that needs very little CPU, so that a benchmark measures the sender. It responds with
 * 200 and counts the spans of each request without decoding them. GET (any path, such as /stats) returns the
 * counts. Usage: otlp_sink PORT [FILE]. The file keeps the counts even if this process is killed: requests,
 * bytes and spans, 64 bits each. The next process continues them. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BODY_LIMIT = 64 << 20, SPANS_FIELD = 2, DEPTH = 3 };

static struct counts { atomic_ullong requests, bytes, spans; } own, *counts = &own;

struct body {
  uint8_t *data;
  size_t len, size;
};

static uint64_t read_varint(const uint8_t **at, const uint8_t *end) {
  uint64_t value = 0;
  for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
    uint8_t byte = *(*at)++;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) break;
  }
  return value;
}

/* Counts the spans in a message: Request{1: ResourceSpans{2: ScopeSpans{2: Span}}}. These messages have only
 * fields with a length. */
static unsigned long long count_spans(const uint8_t *at, const uint8_t *end, unsigned depth) {
  unsigned long long count = 0;
  while (at < end) {
    uint64_t key = read_varint(&at, end), len = read_varint(&at, end);
    if ((key & 7) != 2 || len > (uint64_t)(end - at)) return count;
    if (key >> 3 == (depth == DEPTH ? 1 : SPANS_FIELD))
      count += depth == 1 ? 1 : count_spans(at, at + len, depth - 1);
    at += len;
  }
  return count;
}

static enum MHD_Result respond(struct MHD_Connection *connection, const char *type, const char *text,
                               size_t len) {
  struct MHD_Response *response =
      MHD_create_response_from_buffer(len, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
  MHD_add_response_header(response, "Content-Type", type);
  enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
  MHD_destroy_response(response);
  return result;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *len,
                              void **context) {
  struct body *body = *context;
  (void)cls, (void)url, (void)version;
  if (!body) {
    *context = calloc(1, sizeof *body);
    return *context ? MHD_YES : MHD_NO;
  }
  if (*len) {
    if (body->len + *len > body->size) {
      size_t size = 2 * (body->len + *len);
      uint8_t *grown = size > BODY_LIMIT ? NULL : realloc(body->data, size);
      if (!grown) return MHD_NO;
      body->data = grown;
      body->size = size;
    }
    memcpy(body->data + body->len, data, *len);
    body->len += *len;
    *len = 0;
    return MHD_YES;
  }
  if (strcmp(method, "GET") == 0) {
    char text[128];
    int size =
        snprintf(text, sizeof text, "{\"requests\": %llu, \"bytes\": %llu, \"spans\": %llu}\n",
                 atomic_load(&counts->requests), atomic_load(&counts->bytes), atomic_load(&counts->spans));
    return respond(connection, "application/json", text, (size_t)size);
  }
  atomic_fetch_add(&counts->requests, 1);
  atomic_fetch_add(&counts->bytes, body->len);
  atomic_fetch_add(&counts->spans, count_spans(body->data, body->data + body->len, DEPTH));
  return respond(connection, "application/x-protobuf", "", 0);
}

static void completed(void *cls, struct MHD_Connection *connection, void **context,
                      enum MHD_RequestTerminationCode code) {
  struct body *body = *context;
  (void)cls, (void)connection, (void)code;
  if (body) free(body->data);
  free(body);
}

static bool keep_counts(const char *path) {
  int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, sizeof own) != 0) return false;
  void *shared = mmap(NULL, sizeof own, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (shared == MAP_FAILED) return false;
  counts = shared;
  return true;
}

int main(int argc, char **argv) {
  if (argc < 2 || argc > 3) {
    fprintf(stderr, "usage: otlp_sink PORT [FILE]\n");
    return 2;
  }
  if (argc == 3 && !keep_counts(argv[2])) {
    perror(argv[2]);
    return 1;
  }
  uint16_t port = (uint16_t)strtoul(argv[1], NULL, 10);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct MHD_Daemon *sink =
      MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, port, NULL, NULL, handle, NULL, MHD_OPTION_SOCK_ADDR,
                       &address, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
  if (!sink) {
    fprintf(stderr, "otlp_sink: cannot listen on port %u\n", port);
    return 1;
  }
  pause(); /* until a signal ends the process */
  return 0;
}
