/* One handler a route. Each reads the exchange's request, replies once, and leaves in the exchange what it
 * learned. */
#ifndef HTTP_HANDLERS_H
#define HTTP_HANDLERS_H

struct http_exchange;

void http_handle_order(struct http_exchange *exchange);
void http_handle_payment(struct http_exchange *exchange);
void http_handle_metrics(struct http_exchange *exchange);
void http_handle_healthz(struct http_exchange *exchange);
void http_handle_readyz(struct http_exchange *exchange);
void http_handle_version(struct http_exchange *exchange);

#endif
