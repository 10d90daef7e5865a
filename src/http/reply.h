/* SPDX-License-Identifier: MIT */
/* The responses of handlers: JSON or a problem. Each sets the exchange's response and its problem. */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "http/exchange.h"

/* Replies with the text in exchange->reply. A reply that failed (out of memory) becomes 503. content_type:
 * static. */
void http_reply_text(struct http_exchange *exchange, unsigned status, const char *content_type);
/* Replies with JSON and the route's status. */
void http_reply_json(struct http_exchange *exchange);
/* Replies with the problem. The detail is a sentence or two about what is wrong and what is allowed. The
 * table's advice follows it. */
void http_reply_problem(struct http_exchange *exchange, enum http_problem problem, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));
/* Replies with 503: the process is out of memory. */
void http_reply_no_memory(struct http_exchange *exchange);

enum { HTTP_QUOTE_CHARACTERS = 40, HTTP_QUOTE_SIZE = 3 * 4 * HTTP_QUOTE_CHARACTERS + 4 };
/* Copies text of a client for use in a detail: valid UTF-8, at most 40 characters, then "..." if it was
 * longer. Returns out. */
const char *http_reply_quote(const char *text, char out[HTTP_QUOTE_SIZE]);

#endif
