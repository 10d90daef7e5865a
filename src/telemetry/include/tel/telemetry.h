/* SPDX-License-Identifier: MIT */
/* Metrics, traces and logs of one program: start here.
 *
 *   struct tel *tel = tel_new("shop", "1.0");
 *   ... register metrics, tel_ulfius_observe(tel, &instance) ...
 *   if (tel_start(tel) != 0) { fprintf(stderr, "%s\n", tel_error(tel)); return 1; }
 *   ... serve ...
 *   tel_free(tel, 5000);
 *
 * A program may have several struct tel. One thread calls tel_new(), tel_start() and tel_free(); any thread
 * may call the other functions. Every function accepts NULL, so calls need no `if`. The library installs no
 * signal handler, never exits, and starts threads only in tel_start(), or in tel_free() if log lines still
 * wait and no thread was started. */
#ifndef TEL_TELEMETRY_H
#define TEL_TELEMETRY_H

#include <stddef.h>
#include <stdint.h>

#include <tel/api.h>
#include <tel/error.h>
#include <tel/log.h>
#include <tel/metrics.h>
#include <tel/trace.h>

TEL_BEGIN

struct tel;

/* Creates telemetry for a program. name becomes the field app of its log lines, and service.name unless
 * OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES has another. name and version are copied; each has at most
 * 63 bytes. Reads the OTEL_* environment. Registers process_* and telemetry_* metrics. Log lines go to
 * standard output, one JSON object each, and so do, after tel_start(), the lines that the program and its
 * libraries log with yder. If standard output is closed, they are lost. Returns NULL when out of memory;
 * tel_start() returns any other failure. Call it before the program starts threads, because it calls
 * curl_global_init(). */
TEL_API struct tel *tel_new(const char *name, const char *version);

/* Starts the exporter and the log writer. Call it once. From then on the log also has the lines that the
 * program and its libraries log with yder, from level INFO; see tel_log_set_level() and tel_log_install().
 * If another struct tel already receives yder's lines, it keeps them. Returns 0, or the first error since
 * tel_new(); tel_error() has the text. TEL_E_MEMORY (also for NULL), TEL_E_SYSTEM (cannot create a thread),
 * TEL_E_VALUE (an invalid name or version; a setting that libcurl refuses; or already started, here or before
 * a fork), or an error that tel_register(), tel_fail(), tel_http_route() or an adapter kept.
 *
 * A server that forks its workers calls tel_new() before the fork and tel_start() in each worker. Each worker
 * is a separate instance. Items that were queued at the fork are exported by the first process that calls
 * tel_start(). A fork after tel_start() gives the child a copy without threads: what the child records there
 * is discarded, and tel_free() returns at once. tel_registry() is NULL there, and the child must not create
 * series in the families that it knows. It may call tel_new() for its own telemetry. A span or record that is
 * open at a fork belongs to the parent.
 */
TEL_API TEL_MUST_CHECK int tel_start(struct tel *tel);

/* Returns the text of the first error, for people, or "" if there is none. "out of memory" for NULL. Valid
 * until tel_free(). */
TEL_API const char *tel_error(const struct tel *tel);

/* Keeps an error, so that tel_start() returns it. Only the first error is kept; 0 is ignored. text: what
 * failed. For adapters and tables. */
TEL_API void tel_fail(struct tel *tel, int error, const char *text);

/* Registers the rows of a table in tel_registry(tel), like tel_registry_add(). The first error is also kept
 * for tel_start(), with the metric's name. 0 for NULL; TEL_E_VALUE if tel was started before a fork. */
TEL_API int tel_register(struct tel *tel, const struct tel_metric *table, size_t count);

/* Exports queued spans and writes queued log lines for at most the given time, stops the threads and frees
 * everything. The lines have 0.2 seconds more, because the exporter may report a failure at its deadline. A
 * hung collector or output adds up to 0.3 seconds. Returns how many spans and lines this call lost. yder then
 * has no output, until the program sets it up again. Stop the server first: from this call on, no thread may
 * use tel, its handles or an observed instance, and during it no thread may log with yder. A program that
 * ends without this call loses what is queued. A thread that still hangs after these times is left behind
 * with the memory that it may still use. The program may then continue, but must not unload the library
 * (dlclose()) or a plug-in whose static names are in spans and lines. */
TEL_API uint64_t tel_free(struct tel *tel, unsigned milliseconds);

/* The parts, valid until tel_free(). NULL for NULL, if tel_new() could not create them, and in the destroy()
 * functions of tel_own(). tel_registry() is also NULL if tel was started before a fork. */
TEL_API struct tel_registry *tel_registry(struct tel *tel);
TEL_API struct tel_tracer *tel_tracer(struct tel *tel);
TEL_API struct tel_logger *tel_logger(struct tel *tel);

/* Calls destroy(object) in tel_free(), in reverse order, after all spans were exported and all lines written.
 * For adapters: the object outlives the spans that use its strings as names. If tel_free() leaves a thread
 * behind, destroy is never called. On failure destroy is called at once: TEL_E_MEMORY (also for NULL), or
 * TEL_E_VALUE (started before a fork). */
TEL_API TEL_MUST_CHECK int tel_own(struct tel *tel, void (*destroy)(void *object), void *object);

/* Calls end(object) at the beginning of tel_free(), when spans and lines can still be queued. For adapters
 * with requests in progress. On failure end is never called. Errors as for tel_own(). */
TEL_API TEL_MUST_CHECK int tel_at_end(struct tel *tel, void (*end)(void *object), void *object);

TEL_END

#endif
