/* SPDX-License-Identifier: MIT */
/* Lines and spans on standard output: of two instances, in a child of fork(), and if it is closed. */
#include "config.h" /* first: GNU extensions */

#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tel/telemetry.h>

#include "support/test.h"
#include "telemetry/core/stdout_turn.h"

enum { INSTANCES = 2, COUNT = 1000 };

static int reader, saved_output;

static void begin(void) {
  int ends[2];
  ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
  ck_assert_int_ge(fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
  saved_output = dup(STDOUT_FILENO);
  ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
  close(ends[1]);
  reader = ends[0];
}

/* Returns the number of lines; none may be torn. */
static void *read_lines(void *unused) {
  size_t lines = 0;
  char *line = NULL;
  FILE *file = fdopen(reader, "r");
  setvbuf(file, NULL, _IOFBF, 777);
  (void)unused;
  for (size_t size = 0; getline(&line, &size, file) > 0; lines++) {
    json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    if (!json) fprintf(stderr, "torn: %s\n", line);
    if (!json) break;
    json_decref(json);
  }
  free(line);
  fclose(file);
  return (void *)(uintptr_t)lines;
}

static void *produce(void *cls) {
  struct tel *tel = cls;
  for (int i = 0; i < COUNT; i++) {
    struct tel_span *span = tel_span_start(tel_tracer(tel), "job", TEL_SPAN_INTERNAL, NULL, NULL, 0);
    tel_log_event(tel_logger(tel), TEL_INFO, "job", "number %d", i);
    tel_span_end(span, 0);
  }
  return NULL;
}

/* Two instances write to one pipe whose reader is slow. */
START_TEST(test_lines_are_whole) {
  struct tel *tel[INSTANCES];
  pthread_t reading, producing[INSTANCES];
  void *lines;
  setenv("OTEL_TRACES_EXPORTER", "console", 1);
  begin();
  ck_assert_int_eq(pthread_create(&reading, NULL, read_lines, NULL), 0);
  for (int i = 0; i < INSTANCES; i++) {
    tel[i] = tel_new("turn", "1");
    ck_assert_int_eq(tel_start(tel[i]), 0);
    ck_assert_int_eq(pthread_create(&producing[i], NULL, produce, tel[i]), 0);
  }
  for (int i = 0; i < INSTANCES; i++) pthread_join(producing[i], NULL);
  for (int i = 0; i < INSTANCES; i++) ck_assert_uint_eq(tel_free(tel[i], 40000), 0);
  dup2(saved_output, STDOUT_FILENO); /* closes the pipe */
  pthread_join(reading, &lines);
  ck_assert_uint_eq((uintptr_t)lines, 2 * INSTANCES * COUNT);
}
END_TEST

/* A file of the program gets the number of a closed standard output. It must not get lines and spans. */
START_TEST(test_a_closed_output) {
  char path[] = "/tmp/test_stdout_turn.XXXXXX";
  setenv("OTEL_TRACES_EXPORTER", "console", 1);
  int saved = dup(STDOUT_FILENO);
  close(STDOUT_FILENO);
  struct tel *tel = tel_new("turn", "1");
  ck_assert_int_eq(tel_start(tel), 0);
  ck_assert_int_eq(mkstemp(path), STDOUT_FILENO);
  tel_log_event(tel_logger(tel), TEL_INFO, "lost", NULL);
  tel_span_end(tel_span_start(tel_tracer(tel), "lost", TEL_SPAN_INTERNAL, NULL, NULL, 0), 0);
  ck_assert_uint_ge(tel_free(tel, 10000), 1); /* the span; a line may be lost before the end */
  ck_assert_int_eq(lseek(STDOUT_FILENO, 0, SEEK_END), 0);
  unlink(path);
  dup2(saved, STDOUT_FILENO);
}
END_TEST

static bool at_once(void *asked) {
  ++*(int *)asked;
  return true;
}

/* The thread that has the turn does not exist in a child. */
START_TEST(test_a_child_does_not_wait_for_its_parent) {
  static struct tel *tel; /* the child ends with it: valgrind must find it in memory */
  int asked = 0, status;
  tel = tel_new("turn", "1"); /* detects forks from now on */
  ck_assert(tel_stdout_take(at_once, &asked));
  ck_assert(!tel_stdout_take(at_once, &asked));
  ck_assert_int_eq(asked, 1);
  pid_t child = fork();
  if (child == 0) _exit(!tel_stdout_take(at_once, &asked) || tel_stdout_take(at_once, &asked));
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  tel_stdout_give();
  ck_assert(tel_stdout_take(at_once, &asked));
  tel_stdout_give();
  tel_free(tel, 0);
}
END_TEST

TEST_MAIN("stdout_turn", test_lines_are_whole, test_a_closed_output,
          test_a_child_does_not_wait_for_its_parent)
