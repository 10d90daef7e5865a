/* SPDX-License-Identifier: MIT */
/* What arrives on a connection, read before libmicrohttpd parses it. */
#ifndef SERVER_ARRIVAL_PRIVATE_H
#define SERVER_ARRIVAL_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which part of a request arrives next. */
enum server_arrival_part {
  SERVER_ARRIVAL_BEGIN, /* empty lines, which are skipped */
  SERVER_ARRIVAL_METHOD,
  SERVER_ARRIVAL_TARGET, /* the rest of the request line */
  SERVER_ARRIVAL_FIELDS,
  SERVER_ARRIVAL_BODY, /* of a declared length */
  SERVER_ARRIVAL_CHUNK_SIZE,
  SERVER_ARRIVAL_CHUNK_EXTENSION,
  SERVER_ARRIVAL_CHUNK,
  SERVER_ARRIVAL_CHUNK_END,
  SERVER_ARRIVAL_TRAILERS,
  SERVER_ARRIVAL_UNREADABLE, /* libmicrohttpd will refuse it */
};

enum server_arrival_fault {
  SERVER_ARRIVAL_GOOD,
  SERVER_ARRIVAL_BAD_LINE,  /* cannot be the begin of a request */
  SERVER_ARRIVAL_TOO_LARGE, /* a chunk exceeds the limit of the body */
  SERVER_ARRIVAL_BAD_TRAILER,
};

/* Follows the requests of a connection as they arrive, ahead of libmicrohttpd. Starts as all 0, but for the
 * limit. */
struct server_arrival {
  size_t body_limit;
  enum server_arrival_part part;
  enum server_arrival_fault fault;
  unsigned heads, requests; /* complete ones */
  bool chunked;
  uint64_t left;       /* bytes of the body or chunk, also while their number is read */
  uint64_t body_bytes; /* the sizes of the chunks so far */
  size_t line_bytes;   /* of the field that is not complete */
};

/* Reads what libmicrohttpd will parse next, and moves blanks behind field values in front of them. Returns
 * how many bytes libmicrohttpd may have: all, or those in front of a fault. */
size_t server_arrival_read(struct server_arrival *arrival, char *data, size_t len);

#endif
