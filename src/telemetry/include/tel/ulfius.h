/* SPDX-License-Identifier: MIT */
/* Observes an Ulfius program as it is: its handlers stay untouched. Three levels of depth.
 *
 *   1. tel_ulfius_observe(tel, &instance);    after the endpoints, before ulfius_start_framework()
 *   2. tel_ulfius_start(tel, &instance, NULL);  in place of these two, after tel_start()
 *   3. tel_ulfius_observe(), and the hooks below among libmicrohttpd options of your own
 *   ...
 *   ulfius_stop_framework(&instance);  tel_free(tel, 5000);  ulfius_clean_instance(&instance);
 *
 * Every request that reaches a callback has metrics by route, a SERVER span, and a log line. Answers stay
 * byte for byte what they were. GET /metrics is answered where the program itself has no answer (404).
 *
 * | what                                            | level 1            | levels 2 and 3                  |
 * |-------------------------------------------------|--------------------|---------------------------------|
 * | a request begins                                | when all was read  | with its request line           |
 * | it ends                                         | its answer is made | the answer's last byte was sent |
 * | a streamed answer                               | at its end, with the bytes that the program gave     |
 * | a websocket                                     | when its connection was upgraded                     |
 * | the client left before its request was complete | not seen           | status 0, "cut"; not an error   |
 * | the client left before the answer was sent      | only of streams    | the status meant, with "cut"    |
 * | 400, 431 of libmicrohttpd itself                | not seen           | "unmatched"; method "_OTHER"    |
 * | 414, 505, what is not HTTP                      | not seen           | not seen                        |
 * | peer address                                    | IPv4               | IPv4 and IPv6                   |
 *
 * Bytes are those of the body that was made; how many of them a client took is only known for streams. */
#ifndef TEL_ULFIUS_H
#define TEL_ULFIUS_H

#include <stdarg.h>
#include <ulfius.h>

#include <tel/api.h>
#include <tel/http.h>

TEL_BEGIN

/* Puts itself around each callback of the instance, the default endpoint among them. Before the instance
 * starts; again when endpoints were added. The instance must not serve any more when tel is freed. Returns 0,
 * or what is also kept for tel_start(): TEL_E_MEMORY, TEL_E_VALUE (tel or instance is NULL, or another tel
 * observes it). */
TEL_API int tel_ulfius_observe(struct tel *tel, struct _u_instance *instance);
/* The same with another path than "/metrics", which must stay valid; NULL: metrics are not answered at all.
 */
TEL_API int tel_ulfius_observe_at(struct tel *tel, struct _u_instance *instance, const char *metrics_path);

/* How to start the server; all may be NULL. */
struct tel_ulfius_server {
  const char *key_pem, *cert_pem;       /* TLS, if both are given */
  const char *ca_pem;                   /* clients show certificates of this authority */
  const struct MHD_OptionItem *options; /* more, up to MHD_OPTION_END */
};
/* Observes and starts the instance, as ulfius_start_framework() and its siblings for TLS do, and with the
 * hooks below. Also where telemetry fails, or tel is NULL: then nothing is observed. Returns U_OK, or
 * U_ERROR_PARAMS or U_ERROR_LIBMHD. */
TEL_API int tel_ulfius_start(struct tel *tel, struct _u_instance *instance,
                             const struct tel_ulfius_server *server);

/* The hooks, for ulfius_start_framework_with_mhd_options(); cls is the instance. They call Ulfius's own
 * ulfius_uri_logger() and mhd_request_completed(), so a hook of the program calls them in place of these.
 * MHD_OPTION_URI_LOG_CALLBACK and MHD_OPTION_NOTIFY_COMPLETED: use both or none. */
TEL_API void *tel_ulfius_on_uri(void *cls, const char *uri, struct MHD_Connection *connection);
TEL_API void tel_ulfius_on_completed(void *cls, struct MHD_Connection *connection, void **state,
                                     enum MHD_RequestTerminationCode how);
/* MHD_OPTION_EXTERNAL_LOGGER, the first of all options; cls is not used. Gives libmicrohttpd's messages to
 * yder as text: Ulfius's own logger takes what a client sent for a format, and crashes. */
TEL_API void tel_ulfius_on_message(void *cls, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* For handlers, with the response they were given, on the thread that called them: the request's span, for
 * child spans and attributes, and the fields of its log line. NULL where the request is not observed. */
TEL_API struct tel_span *tel_ulfius_span(const struct _u_response *response);
TEL_API struct tel_attributes *tel_ulfius_fields(const struct _u_response *response);

TEL_END

#endif
