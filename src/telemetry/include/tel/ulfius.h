/* SPDX-License-Identifier: MIT */
/* Observes an Ulfius program without changes to its handlers, at one of three levels.
 *
 *   1. tel_ulfius_observe(tel, &instance);    after the endpoints, before ulfius_start_framework()
 *   2. tel_ulfius_start(tel, &instance, NULL);  instead of both calls, after tel_start()
 *   3. tel_ulfius_observe(), and the hooks below in your own libmicrohttpd options
 *   ...
 *   ulfius_stop_framework(&instance);  tel_free(tel, 5000);  ulfius_clean_instance(&instance);
 *
 * Every request that reaches a callback has metrics by route, a SERVER span, and a log line. Responses stay
 * identical, byte for byte. The adapter responds to GET and HEAD /metrics with the metrics, if the program
 * would respond with 404 or its last callback with nothing. Such a scrape is not counted, logged or traced.
 *
 * | what                                            | level 1              | levels 2 and 3                |
 * |-------------------------------------------------|----------------------|-------------------------------|
 * | a request begins                                | when fully read      | with its request line         |
 * | it ends                                         | its response is made | the last byte was sent        |
 * | a streamed response                             | at its end, with the bytes that the program gave     |
 * | a websocket                                     | when its connection was upgraded                     |
 * | the client left before its request was complete | not seen             | status 0, "cut"; not an error |
 * | the client left before the response was sent    | only of streams      | intended status, with "cut"   |
 * | 400, 431 of libmicrohttpd itself                | not seen             | "unmatched"; method "_OTHER"  |
 * | 414, 505, input that is not HTTP                | not seen             | not seen                      |
 * | peer address                                    | IPv4                 | IPv4 and IPv6                 |
 *
 * The bytes are those of the body that the program made, or of Ulfius's own body if a callback returns
 * U_CALLBACK_ERROR. Only for streams does a cut reduce them. */
#ifndef TEL_ULFIUS_H
#define TEL_ULFIUS_H

#include <stdarg.h>
#include <ulfius.h>

#include <tel/api.h>
#include <tel/http.h>

TEL_BEGIN

/* Wraps each callback of the instance, including the default endpoint. Call it before the instance starts,
 * and again after adding endpoints, but never while the instance runs. An endpoint that is added later has
 * no route: level 1 does not see its requests, and levels 2 and 3 count them as "unmatched". Stop the
 * instance before tel_free(); the struct must live until then. Returns 0, or an error that is also kept for
 * tel_start(): TEL_E_MEMORY (also if a route's metrics cannot be made; tel_error() says why), TEL_E_VALUE
 * (tel or instance is NULL, or another tel of this process observes it). */
TEL_API int tel_ulfius_observe(struct tel *tel, struct _u_instance *instance);
/* The same with another path than "/metrics". The path must stay valid; NULL: metrics are not served.
 * tel_ulfius_observe() and tel_ulfius_start() keep this path if they observe the instance again. */
TEL_API int tel_ulfius_observe_at(struct tel *tel, struct _u_instance *instance, const char *metrics_path);

/* How to start the server; all may be NULL. */
struct tel_ulfius_server {
  const char *key_pem, *cert_pem; /* TLS, if both are given */
  const char *ca_pem;             /* verifies clients' certificates */
  /* Further options, up to MHD_OPTION_END; not those of the hooks below, and not MHD_OPTION_SOCK_ADDR. */
  const struct MHD_OptionItem *options;
};
/* Observes the instance and starts it like ulfius_start_framework() and its TLS variants, with the hooks
 * below. If telemetry fails or tel is NULL, it starts the instance unobserved. Returns U_OK, or
 * U_ERROR_PARAMS or U_ERROR_LIBMHD. */
TEL_API int tel_ulfius_start(struct tel *tel, struct _u_instance *instance,
                             const struct tel_ulfius_server *server);

/* The hooks, for ulfius_start_framework_with_mhd_options(); cls is the instance. They call Ulfius's
 * ulfius_uri_logger() and mhd_request_completed(). If you have hooks of your own, call tel_ulfius_on_uri()
 * and tel_ulfius_on_completed() from them, not those two functions of Ulfius. MHD_OPTION_URI_LOG_CALLBACK and
 * MHD_OPTION_NOTIFY_COMPLETED: use both or none. */
TEL_API void *tel_ulfius_on_uri(void *cls, const char *uri, struct MHD_Connection *connection);
TEL_API void tel_ulfius_on_completed(void *cls, struct MHD_Connection *connection, void **state,
                                     enum MHD_RequestTerminationCode how);
/* For MHD_OPTION_EXTERNAL_LOGGER. It must be the first option. cls is not used. Logs libmicrohttpd's messages
 * with yder as text. Without it, Ulfius's own logger uses client data as a printf format, and can crash. */
TEL_API void tel_ulfius_on_message(void *cls, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* For handlers: call them on the handler's thread with its response. They return the request's span, for
 * child spans and attributes, and the fields of its log line. NULL if the request is not observed, and in the
 * program's own handler of the metrics path. */
TEL_API struct tel_span *tel_ulfius_span(const struct _u_response *response);
TEL_API struct tel_attributes *tel_ulfius_fields(const struct _u_response *response);

TEL_END

#endif
