/* Observes an Ulfius program as it is: its handlers stay untouched.
 *
 *   tel_ulfius_observe(tel, &instance);       after the endpoints, before ulfius_start_framework()
 *   ...
 *   ulfius_stop_framework(&instance);  tel_free(tel, 5000);  ulfius_clean_instance(&instance);
 *
 * Every request that reaches a callback has metrics by route, a SERVER span, and a log line. Answers stay
 * byte for byte what they were. GET /metrics is answered where the program itself has no answer (404).
 *
 * What callbacks cannot see, this cannot: what libmicrohttpd refuses by itself (400 for framing, 414, 431,
 * 505), clients that leave before the answer, and time before the whole request was read. A streamed answer
 * counts as ended when its first byte can be sent, with 0 bytes. */
#ifndef TEL_ULFIUS_H
#define TEL_ULFIUS_H

#include <ulfius.h>

#include <tel/api.h>
#include <tel/http.h>

TEL_BEGIN

/* Puts itself around each callback of the instance, the default endpoint among them. Before the instance
 * starts; again when endpoints were added. The instance must not serve any more when tel is freed. Returns 0,
 * or what is also kept for tel_start(): TEL_E_MEMORY, TEL_E_VALUE (tel or instance is NULL). */
TEL_API int tel_ulfius_observe(struct tel *tel, struct _u_instance *instance);
/* The same with another path than "/metrics", which must stay valid; NULL: metrics are not answered at all.
 */
TEL_API int tel_ulfius_observe_at(struct tel *tel, struct _u_instance *instance, const char *metrics_path);

/* For handlers, with the response they were given, on the thread that called them: the request's span, for
 * child spans and attributes, and the fields of its log line. NULL where the request is not observed. */
TEL_API struct tel_span *tel_ulfius_span(const struct _u_response *response);
TEL_API struct tel_attributes *tel_ulfius_fields(const struct _u_response *response);

TEL_END

#endif
