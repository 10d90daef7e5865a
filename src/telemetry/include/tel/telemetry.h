/* SPDX-License-Identifier: MIT */
/* Metrics, traces and logs of one program: begin here.
 *
 *   struct tel *tel = tel_new("shop", "1.0");
 *   ...                                   register metrics, tel_ulfius_observe(tel, &instance)
 *   if (tel_start(tel) != 0) { fprintf(stderr, "%s\n", tel_error(tel)); return 1; }
 *   ...                                   serve
 *   tel_free(tel, 5000);
 *
 * There is no global state: a program may have several. Every function takes NULL and then does nothing, so
 * telemetry needs no `if` around it. The library installs no signal handler, never exits, and starts its
 * threads in tel_start() only. */
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

/* Telemetry for a program of this name (service.name, and the field app of its log lines) and version, both
 * at most 63 bytes, copied. Reads the OTEL_* environment. Registers process_* and telemetry_* metrics. Log
 * lines are JSON, one a line, on standard output, and what the program and its libraries give to yder comes
 * out in the same form. A failure is kept: tel_start() returns it. NULL when out of memory. Call it before
 * the program has threads (it calls curl_global_init()). */
TEL_API struct tel *tel_new(const char *name, const char *version);

/* Starts the exporter and the log writer, once. Returns 0, or the first error since tel_new(): TEL_E_MEMORY
 * (also for NULL), TEL_E_SYSTEM (no thread or no descriptor), TEL_E_VALUE, TEL_E_NAME; tel_error() has the
 * text.
 *
 * A server that forks its workers calls tel_new() before and tel_start() in each worker: each is an instance
 * of its own, and what waited at the fork leaves from the process that starts first. A fork after tel_start()
 * gives the child a copy without threads: what it records there goes nowhere, and tel_free() returns at once.
 * It must not scrape that copy or make series in it. It may have telemetry of its own by tel_new(). A span or
 * record that is open at a fork belongs to the parent. */
TEL_API TEL_MUST_CHECK int tel_start(struct tel *tel);

/* Why tel_start() failed, for people; "" when nothing has. Valid until tel_free(). */
TEL_API const char *tel_error(const struct tel *tel);

/* Keeps an error for tel_start(), if it is the first; error 0 is ignored. For adapters and tables. */
TEL_API void tel_fail(struct tel *tel, int error, const char *text);

/* Registers the rows of a table, as tel_registry_add(), in tel_registry(tel). The first error is also kept
 * for tel_start(), with the metric's name. 0 for NULL. */
TEL_API int tel_register(struct tel *tel, const struct tel_metric *table, size_t count);

/* Exports the spans and writes the log lines that wait, at most for so many milliseconds, stops the threads
 * and frees all. Returns how many spans and lines were lost in that. Nobody may use tel, its handles or what
 * it observes any more: stop the server first. A thread that hangs longer is left behind with the memory that
 * it may still touch; the program may go on without it, but must not unload the library (dlclose()) or a
 * plug-in whose static names are in spans and lines. */
TEL_API uint64_t tel_free(struct tel *tel, unsigned milliseconds);

/* The parts, valid until tel_free(); NULL for NULL. */
TEL_API struct tel_registry *tel_registry(struct tel *tel);
TEL_API struct tel_tracer *tel_tracer(struct tel *tel);
TEL_API struct tel_logger *tel_logger(struct tel *tel);

/* Calls destroy(object) in tel_free(), the last given first, when all spans and lines have left. For
 * adapters: what they hang on tel lives longer than every name that it gave to a span. If tel_free() leaves a
 * thread behind, destroy is never called. TEL_E_MEMORY, TEL_E_VALUE (started before a fork): destroy was
 * called at once. */
TEL_API TEL_MUST_CHECK int tel_own(struct tel *tel, void (*destroy)(void *object), void *object);

/* Calls end(object) at the beginning of tel_free(), when spans and lines can still leave. For adapters that
 * have requests in progress. TEL_E_MEMORY, TEL_E_VALUE: end is never called. */
TEL_API TEL_MUST_CHECK int tel_at_end(struct tel *tel, void (*end)(void *object), void *object);

TEL_END

#endif
