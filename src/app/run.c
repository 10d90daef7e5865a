/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "app/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/notify.h"
#include "base/clock.h"
#include "base/startup.h"
#include "telemetry/core/left_behind.h"

static void log_ready(struct app_run *run) {
  char listen[ADDRESS_TEXT_SIZE];
  struct tel_log_record *record = tel_log_begin(app_assembly_logger(run->assembly), TEL_INFO);
  tel_attributes_set_string(tel_log_fields(record), "listen",
                            address_text(app_assembly_address(run->assembly), listen));
  tel_attributes_set_int(tel_log_fields(record), "pid", getpid());
  if (!run->sources->file_optional || access(run->sources->file, R_OK) == 0)
    tel_attributes_set_string(tel_log_fields(record), "config", run->sources->file);
  tel_log_message(record, "service ready");
}

/* Logs the result of a reload, including that of reopening the log file. */
static void log_reloaded(struct tel_logger *logger, const char *restart, const char *reopen) {
  char text[768] = "";
  if (*restart) snprintf(text, sizeof text, "these changes need a restart: %s", restart);
  if (*reopen) snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", *text ? "; " : "", reopen);
  if (*text)
    tel_log_event(logger, TEL_WARN, "configuration reloaded", "%s", text);
  else
    tel_log_event(logger, TEL_INFO, "configuration reloaded", NULL);
}

static void reload(struct app_run *run) {
  struct tel_logger *logger = app_assembly_logger(run->assembly);
  struct app_config next;
  struct error error;
  char restart[512], reopen[160] = "";
  app_notify_reloading(run->notify_socket);
  /* Reopen even if the configuration is invalid: logrotate waits for it. */
  if (tel_log_reopen(logger) != 0)
    snprintf(reopen, sizeof reopen, "the log file could not be opened again: %s", strerror(errno));
  bool applied = app_config_load(run->sources, NULL, NULL, &next, &error) == 0;
  if (!applied) {
    tel_log_event(logger, TEL_ERROR, "configuration rejected", "%s; nothing was changed%s%s", error.text,
                  *reopen ? "; " : "", reopen);
  } else {
    app_config_reload(run->config, &next, restart, sizeof restart);
    app_assembly_reconfigure(run->assembly, run->config);
    log_reloaded(logger, restart, reopen);
  }
  app_assembly_reloaded(run->assembly, applied);
  app_notify(run->notify_socket, "READY=1");
}

/* Ends the process without waiting for other threads. */
static void end_now(struct app_run *run, const char *why) {
  dprintf(STDERR_FILENO, "minishop: %s: requests, spans or log lines may be lost\n", why);
  app_pidfile_free(run->pidfile);
  _exit(EXIT_FAILURE);
}

/* Watches the deadline while the main thread stops the service. */
static void watch_stop(void *cls) {
  struct app_run *run = cls;
  sigset_t set = startup_held_signals();
  sigdelset(&set, SIGHUP);
  while (sem_wait(&run->stopping) != 0) continue;
  while (!atomic_load(&run->over)) {
    uint64_t now = clock_mono_ns(), left = now < run->deadline ? run->deadline - now : 0;
    const struct timespec wait = clock_timespec(left);
    int number = sigtimedwait(&set, NULL, &wait);
    if (atomic_load(&run->over)) break;
    if (number == SIGTERM || number == SIGINT) end_now(run, "ended at once by a second signal");
    if (number < 0 && errno == EAGAIN) end_now(run, "ended at its deadline (shutdown_s)");
  }
}

int app_run_watch(struct app_run *run, struct error *error) {
  sem_init(&run->stopping, 0, 0);
  int why = thread_start(&run->watch, "stop-watch", watch_stop, run);
  if (why) error_set(error, "cannot start the shutdown thread: %s", strerror(why));
  return why ? -1 : 0;
}

static void log_stopped(struct app_run *run, const struct app_lost *lost, uint64_t began) {
  bool complete = lost->requests == 0 && lost->spans == 0;
  struct tel_log_record *record =
      tel_log_begin(app_assembly_logger(run->assembly), complete ? TEL_INFO : TEL_WARN);
  struct tel_attributes *fields = tel_log_fields(record);
  tel_attributes_set_double(fields, "duration_ms", (double)(clock_mono_ns() - began) / 1e6);
  tel_attributes_set_int(fields, "requests_lost", lost->requests);
  tel_attributes_set_int(fields, "spans_lost", (int64_t)lost->spans);
  tel_log_message(record, "service stopped");
}

static uint64_t at_least(uint64_t ns, unsigned ms) {
  return ns > ms * CLOCK_NS_PER_MS ? ns : ms * CLOCK_NS_PER_MS;
}

/* The minimum times leave room for three things before the process ends: abandoning a hung exporter (200 ms
 * beyond its deadline), abandoning a hung log writer (100 ms), and writing the last line. */
static struct app_deadlines deadlines_of(uint64_t began, uint64_t total) {
  uint64_t part = total / 4 < 2 * CLOCK_NS_PER_S ? total / 4 : 2 * CLOCK_NS_PER_S, end = began + total;
  return (struct app_deadlines){.drain = end - at_least(part, 500),
                                .spans = end - at_least(part / 2, 400),
                                .lines = end - at_least(part / 4, 150)};
}

static int stop(struct app_run *run, int number) {
  uint64_t began = clock_mono_ns(), total = run->config->shutdown_s * CLOCK_NS_PER_S;
  struct app_deadlines deadlines = deadlines_of(began, total);
  run->deadline = began + total;
  sem_post(&run->stopping);
  app_notify(run->notify_socket, "STOPPING=1");
  tel_log_event(app_assembly_logger(run->assembly), TEL_INFO, "service stopping", "signal %s",
                number == SIGTERM ? "SIGTERM" : "SIGINT");
  struct app_lost lost = app_assembly_stop(run->assembly, &deadlines);
  log_stopped(run, &lost, began);
  if (lost.requests > 0) {
    /* Handlers still run. Give the log writer the remaining time. */
    uint64_t now = clock_mono_ns();
    if (now < deadlines.lines) clock_sleep_ns(deadlines.lines - now);
  } else {
    uint64_t lines = app_assembly_free(run->assembly, deadlines.lines);
    if (lines > 0) dprintf(STDERR_FILENO, "minishop: %llu log lines were lost\n", (unsigned long long)lines);
  }
  atomic_store(&run->over, true);
  pthread_kill(run->watch.id, SIGUSR1); /* ends its wait */
  pthread_join(run->watch.id, NULL);
  app_pidfile_free(run->pidfile);
  /* exit() would destroy state, such as OpenSSL's, that running threads still use. */
  if (lost.requests > 0 || tel_left_behind_count() > 0) _exit(EXIT_SUCCESS);
  return EXIT_SUCCESS;
}

int app_run(struct app_run *run) {
  sigset_t set = startup_held_signals();
  log_ready(run);
  for (;;) {
    int number = sigwaitinfo(&set, NULL);
    if (number == SIGHUP) reload(run);
    if (number == SIGTERM || number == SIGINT) return stop(run, number);
  }
}
