/* SPDX-License-Identifier: MIT */
/* The end of an observed instance's telemetry: with a thread that hangs, and in a child of fork(). */
#include "config.h" /* first: GNU extensions */

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "base/sanitized.h"
#include "telemetry/core/left_behind.h"
#include "telemetry/ulfius/adapter_fixture.h"

/* Makes standard output a pipe without room, so that the log writer hangs. */
static void block_output(void) {
  static char block[4096];
  int ends[2];
  ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
  while (write(ends[1], block, sizeof block) > 0) continue;
  ck_assert_int_eq(fcntl(ends[1], F_SETFL, 0), 0);
  ck_assert_int_eq(dup2(ends[1], STDOUT_FILENO), STDOUT_FILENO);
}

/* The program serves on without telemetry, and must not reach what tel_free() has freed. */
START_TEST(test_a_thread_left_behind) {
  prepare();
  struct tel *tel = tel_new("adapter", "1");
  ck_assert_int_eq(tel_ulfius_observe(tel, &instance), 0);
  ck_assert_int_eq(tel_start(tel), 0);
  block_output();
  ck_assert(serves("/hello/you", "hello"));
  while (!counted(tel, "\ntelemetry_log_queue_size 0\n")) sched_yield(); /* the writer has taken the line */
  ck_assert_uint_gt(tel_free(tel, 100), 0);
  ck_assert_uint_gt(tel_left_behind_count(), 0);
  ck_assert(is_restored());
  ck_assert(serves("/hello/you", "hello"));
  ulfius_clean_instance(&instance);
}
END_TEST

static ssize_t give(void *cls, uint64_t offset, char *out, size_t max) {
  (void)cls, (void)offset, (void)max;
  *out = 'x';
  return 1;
}

static _Atomic bool called, disconnected;

/* Responds after the stopping server has disconnected the client. libmicrohttpd then drops the stream. */
static int respond_late(const struct _u_request *request, struct _u_response *response, void *cls) {
  (void)request, (void)cls;
  called = true;
  while (!disconnected) sched_yield();
  ulfius_set_stream_response(response, 200, give, NULL, U_STREAM_SIZE_UNKNOWN, 10, NULL);
  return U_CALLBACK_CONTINUE;
}

static void *ask_late(void *cls) {
  ask("/late", cls, 1024);
  disconnected = true;
  return NULL;
}

static void stop_before_a_stream(bool hooks) {
  char reply[1024];
  pthread_t client;
  called = disconnected = false;
  prepare();
  ck_assert_int_eq(ulfius_add_endpoint_by_val(&instance, "GET", "/late", NULL, 0, respond_late, NULL), U_OK);
  struct tel *tel = tel_new("adapter", "1");
  ck_assert_int_eq(tel_ulfius_observe(tel, &instance), 0);
  ck_assert_int_eq(tel_start(tel), 0);
  ck_assert_int_eq(hooks ? tel_ulfius_start(tel, &instance, NULL) : ulfius_start_framework(&instance), U_OK);
  ck_assert_int_eq(pthread_create(&client, NULL, ask_late, reply), 0);
  while (!called) sched_yield();
  ulfius_stop_framework(&instance);
  pthread_join(client, NULL);
  ck_assert_str_eq(reply, "");
  ck_assert(counted(tel, "error_total{method=\"GET\",route=\"/late\",reason=\"cut\"} 1\n"));
  tel_free(tel, 1000);
  ulfius_clean_instance(&instance);
}

/* The client has received nothing: the request is not "answered". */
START_TEST(test_a_stream_that_begins_as_the_server_stops) {
  stop_before_a_stream(false);
  stop_before_a_stream(true);
}
END_TEST

/* Gives three bytes and ends. */
static ssize_t give_three(void *cls, uint64_t offset, char *out, size_t max) {
  return offset < 3 ? give(cls, offset, out, max) : U_STREAM_END;
}

/* How a stream of three bytes ends: at its end, or before the size that its header promised. libmicrohttpd
 * does not read the stream of a response without a body. */
static const struct ending {
  int status;
  uint64_t size;
  const char *ends, *cut;
} endings[] = {
    {200, U_STREAM_SIZE_UNKNOWN, "\"response_bytes\":3,", NULL},
    {200, 3, "\"response_bytes\":3,", NULL},
    {200, 10, "\"response_bytes\":3,", "\"cut\":\"server\""},
    {204, U_STREAM_SIZE_UNKNOWN, "\"status\":204,", NULL},
    {304, U_STREAM_SIZE_UNKNOWN, "\"status\":304,", NULL},
};

static int respond_with_stream(const struct _u_request *request, struct _u_response *response, void *cls) {
  const struct ending *ending = cls;
  (void)request;
  ulfius_set_stream_response(response, (unsigned)ending->status, give_three, NULL, ending->size, 10, NULL);
  return U_CALLBACK_CONTINUE;
}

static void end_stream_with(const struct ending *ending, bool hooks) {
  char reply[1024], text[4096], path[] = "/tmp/test_ends.XXXXXX";
  close(mkstemp(path));
  ck_assert_ptr_nonnull(freopen(path, "w", stdout));
  prepare();
  ck_assert_int_eq(ulfius_add_endpoint_by_val(&instance, "GET", "/ends", NULL, 0, respond_with_stream,
                                              (void *)(uintptr_t)ending),
                   U_OK);
  struct tel *tel = tel_new("adapter", "1");
  ck_assert_int_eq(tel_ulfius_observe(tel, &instance), 0);
  ck_assert_int_eq(tel_start(tel), 0);
  ck_assert_int_eq(hooks ? tel_ulfius_start(tel, &instance, NULL) : ulfius_start_framework(&instance), U_OK);
  ask("/ends", reply, sizeof reply);
  ulfius_stop_framework(&instance);
  ck_assert(counted(tel, "error_total{method=\"GET\",route=\"/ends\",reason=\"cut\"} 1\n") == !!ending->cut);
  ck_assert_uint_eq(tel_free(tel, 10000), 0);
  ulfius_clean_instance(&instance);
  FILE *file = fopen(path, "r");
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  unlink(path);
  ck_assert_msg(strstr(text, ending->ends), "%s", text);
  ck_assert_msg(ending->cut ? strstr(text, ending->cut) != NULL : !strstr(text, "\"cut\""), "%s", text);
}

START_TEST(test_how_streams_end) {
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    end_stream_with(&endings[i], false);
    end_stream_with(&endings[i], true);
  }
}
END_TEST

/* A child of fork() cannot use the telemetry that its parent has started. */
static bool observe_in_child(struct tel *inherited) {
  struct tel *tel = tel_new("child", "1");
  tel_free(inherited, 0);
  bool served =
      tel_ulfius_observe(tel, &instance) == 0 && tel_start(tel) == 0 && serves("/hello/you", "hello");
  served = served && counted(tel, "request_total{method=\"GET\",route=\"/hello/:name\",status=\"200\"} 1\n");
  tel_free(tel, 1000);
  return served && is_restored();
}

START_TEST(test_a_child_observes_the_instance_of_its_parent) {
#if SANITIZED
  return; /* the sanitizers' own locks and threads do not survive such a fork */
#endif
  int status;
  prepare();
  struct tel *tel = tel_new("adapter", "1");
  ck_assert_int_eq(tel_ulfius_observe(tel, &instance), 0);
  ck_assert_int_eq(tel_start(tel), 0);
  pid_t child = fork();
  if (child == 0) _exit(!observe_in_child(tel));
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_int_eq(status, 0);
  struct tel *other = tel_new("other", "1"); /* in the same process, one tel observes an instance */
  ck_assert_int_eq(tel_ulfius_observe(other, &instance), TEL_E_VALUE);
  tel_free(other, 0);
  ck_assert(serves("/hello/you", "hello"));
  ck_assert_uint_eq(tel_free(tel, 10000), 0);
  ulfius_clean_instance(&instance);
}
END_TEST

TEST_MAIN("adapter_ends", test_a_thread_left_behind, test_a_child_observes_the_instance_of_its_parent,
          test_a_stream_that_begins_as_the_server_stops, test_how_streams_end)
