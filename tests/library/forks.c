/* SPDX-License-Identifier: MIT */
/* forks: a process forks after tel_start(), while all of its threads are busy. The child may continue to use
 * telemetry, but it sends nothing and frees it at once. With "again" it makes a new one. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include <tel/http.h>

#include "check.h"

enum { CHILDREN = 20, THREADS = 3 };

static atomic_bool stop;
static atomic_int done;

static void work(struct tel *tel, const char *name) {
  const struct tel_http_request request = {.method = "GET", .path = "/", .client = "127.0.0.1"};
  struct tel_http_exchange *exchange = tel_http_begin(tel, &request);
  tel_http_end(exchange, NULL, 200, 0);
  tel_span_end(tel_span_start(tel_tracer(tel), name, TEL_SPAN_INTERNAL, NULL, NULL, 0), 0);
  say(tel, name, 0);
}

static void *busy(void *tel) {
  struct tel_scrape scrape;
  while (!atomic_load(&stop)) {
    work(tel, "parent");
    if (tel_scrape(tel_registry(tel), NULL, NULL, &scrape) == 0) tel_scrape_free(&scrape);
    atomic_fetch_add(&done, 1);
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  return NULL;
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Spans and records that were open at the fork. */
struct begun {
  struct tel_span *span;
  struct tel_log_record *record;
  struct tel_http_exchange *exchange;
};

static struct begun begin(struct tel *tel) {
  const struct tel_http_request request = {.method = "PUT", .path = "/", .client = "127.0.0.1"};
  return (struct begun){.span = tel_span_start(tel_tracer(tel), "open", TEL_SPAN_INTERNAL, NULL, NULL, 0),
                        .record = tel_log_begin(tel_logger(tel), TEL_INFO),
                        .exchange = tel_http_begin(tel, &request)};
}

static void end(const struct begun *begun) {
  tel_span_end(begun->span, 0);
  tel_log_message(begun->record, "open");
  tel_http_end(begun->exchange, NULL, 201, 0);
}

static void never(void *object) {
  (void)object;
  CHECK(false);
}

static void called(void *object) {
  *(bool *)object = true;
}

static int child(struct tel *tel, const struct begun *begun, bool again) {
  bool destroyed = false;
  end(begun); /* the parent's */
  CHECK(!tel_http_route(tel, "GET", "/new"));
  CHECK(!tel_registry(tel)); /* a busy thread of the parent may hold its lock */
  CHECK(tel_register(tel, &(struct tel_metric){.type = TEL_METRIC_GAUGE, .name = "new"}, 1) == TEL_E_VALUE);
  CHECK(tel_log_reopen(tel_logger(tel)) == TEL_E_VALUE);
  CHECK(tel_own(tel, called, &destroyed) == TEL_E_VALUE && destroyed);
  CHECK(tel_at_end(tel, never, NULL) == TEL_E_VALUE);
  for (int i = 0; i < 100; i++) work(tel, "child");
  CHECK(tel_start(tel) != 0);
  CHECK(strstr(tel_error(tel), "tel_new()"));
  double began = now();
  CHECK(tel_free(tel, 60000) == 0);
  CHECK(now() - began < 10); /* no call waits for threads that exist only in the parent */
  if (!again) return 0;
  tel = tel_new("again", "1.0");
  CHECK(tel_start(tel) == 0);
  work(tel, "again");
  return tel_free(tel, 20000) != 0;
}

int main(int argc, char **argv) {
  bool again = argc > 1 && strcmp(argv[1], "again") == 0;
  struct tel *tel = tel_new("forks", "1.0");
  pthread_t threads[THREADS];
  int status;
  CHECK(tel_start(tel) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, busy, tel) == 0);
  for (int i = 0; i < CHILDREN; i++) {
    struct begun begun = begin(tel);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) _exit(child(tel, &begun, again));
    end(&begun);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(status == 0);
  }
  atomic_store(&stop, true);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  fprintf(stderr, "worked %d\n", atomic_load(&done));
  return tel_free(tel, 20000) != 0;
}
