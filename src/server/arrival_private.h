/* SPDX-License-Identifier: MIT */
/* Reads the bytes of a connection before libmicrohttpd parses them. */
#ifndef SERVER_ARRIVAL_PRIVATE_H
#define SERVER_ARRIVAL_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The part of a request that arrives next. */
enum server_arrival_part {
  SERVER_ARRIVAL_BEGIN, /* empty lines; they are skipped */
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
  SERVER_ARRIVAL_BAD_LINE,  /* cannot start a request */
  SERVER_ARRIVAL_TOO_LARGE, /* the chunks exceed the body limit */
  SERVER_ARRIVAL_BAD_CHUNK,
  SERVER_ARRIVAL_BAD_TRAILER,
};

/* State of the reader of one connection. Initialize it with zeros and set body_limit. */
struct server_arrival {
  size_t body_limit;
  enum server_arrival_part part;
  enum server_arrival_fault fault;
  unsigned heads, requests; /* complete ones */
  bool chunked;
  bool return_seen;    /* the last byte of a chunk's line or a trailer was CR */
  uint64_t left;       /* remaining bytes of the body or chunk, also while their number is read */
  uint64_t body_bytes; /* sum of the chunk sizes so far */
  size_t line_bytes;   /* of the incomplete field or chunk size */
};

/* Reads the next bytes and moves blanks after field values in front of the values. Returns the number of
 * bytes that libmicrohttpd may parse: all, or those before a fault. */
size_t server_arrival_read(struct server_arrival *arrival, char *data, size_t len);

#endif
