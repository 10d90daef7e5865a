/* SPDX-License-Identifier: MIT */
#include "app/healthcheck.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/loopback.h"
#include "support/test.h"

/* A service that sends one response to one client, in pieces, and keeps the request. */
struct service {
  int fd;
  unsigned port;
  const char *answer;
  char asked[512];
  pthread_t thread;
};

static void *serve(void *cls) {
  struct service *service = cls;
  int client = accept(service->fd, NULL, NULL);
  ssize_t len = recv(client, service->asked, sizeof service->asked - 1, 0);
  if (len < 0) len = 0;
  service->asked[len] = '\0';
  for (const char *at = service->answer; *at; at++)
    if (send(client, at, 1, MSG_NOSIGNAL) != 1) break;
  close(client);
  return NULL;
}

static void service_start(struct service *service, const char *answer) {
  *service = (struct service){.answer = answer};
  service->fd = loopback_listen(&service->port);
  ck_assert_int_eq(pthread_create(&service->thread, NULL, serve, service), 0);
}

static int check(const char *text, struct error *error) {
  struct address address;
  ck_assert_msg(address_parse(text, &address, error) == 0, "%s", error->text);
  return app_healthcheck(&address, error);
}

static int ask(const char *address, const char *answer, struct error *error) {
  struct service service;
  char listen_text[64];
  service_start(&service, answer);
  snprintf(listen_text, sizeof listen_text, "%s:%u", address, service.port);
  int result = check(listen_text, error);
  pthread_join(service.thread, NULL);
  close(service.fd);
  ck_assert_ptr_nonnull(strstr(service.asked, "GET /readyz HTTP/1.1\r\nHost: "));
  return result;
}

START_TEST(ready) {
  struct error error = {""};
  ck_assert_msg(ask("127.0.0.1", "HTTP/1.1 200 OK\r\n\r\nok", &error) == 0, "%s", error.text);
}
END_TEST

START_TEST(every_address_means_the_loopback) {
  struct error error = {""};
  ck_assert_msg(ask("0.0.0.0", "HTTP/1.1 200 OK\r\n\r\nok", &error) == 0, "%s", error.text);
  ck_assert_msg(ask("", "HTTP/1.1 200 OK\r\n\r\nok", &error) == 0, "%s", error.text);
}
END_TEST

START_TEST(not_ready) {
  struct error error;
  ck_assert_int_eq(ask("127.0.0.1", "HTTP/1.1 503 Service Unavailable\r\n\r\n", &error), -1);
  ck_assert_ptr_nonnull(strstr(error.text, "is not ready: HTTP/1.1 503 Service Unavailable"));
}
END_TEST

START_TEST(what_is_no_answer) {
  struct error error;
  ck_assert_int_eq(ask("127.0.0.1", "", &error), -1);
  ck_assert_int_eq(ask("127.0.0.1", "HTTP/1.1 2000 \r\n", &error), -1);
  ck_assert_int_eq(ask("127.0.0.1", "SSH-2.0-OpenSSH\r\n", &error), -1);
  ck_assert_ptr_nonnull(strstr(error.text, "is not minishop: \"SSH-2.0-OpenSSH\""));
  ck_assert_int_eq(ask("127.0.0.1", "HTTP/1.1 503 \x1b[31mred\r\n", &error), -1); /* for a terminal */
  ck_assert_ptr_nonnull(strstr(error.text, "is not ready: HTTP/1.1 503 ?[31mred"));
}
END_TEST

START_TEST(nobody_is_there) {
  struct error error;
  struct service service;
  char listen_text[64];
  service_start(&service, "x");
  snprintf(listen_text, sizeof listen_text, "127.0.0.1:%u", service.port);
  check(listen_text, &error);
  pthread_join(service.thread, NULL);
  close(service.fd);
  ck_assert_int_eq(check(listen_text, &error), -1);
  ck_assert_ptr_nonnull(strstr(error.text, "Connection refused"));
  ck_assert_int_eq(check("127.0.0.1:0", &error), -1);
  ck_assert_ptr_nonnull(strstr(error.text, "--listen"));
}
END_TEST

START_TEST(a_service_that_hangs_is_not_healthy) {
  struct error error;
  char listen_text[64];
  unsigned port;
  int fd = loopback_listen(&port); /* no thread accepts */
  snprintf(listen_text, sizeof listen_text, "127.0.0.1:%u", port);
  ck_assert_int_eq(check(listen_text, &error), -1);
  ck_assert_ptr_nonnull(strstr(error.text, "timed out"));
  close(fd);
}
END_TEST

TEST_MAIN("healthcheck", ready, every_address_means_the_loopback, not_ready, what_is_no_answer,
          nobody_is_there, a_service_that_hangs_is_not_healthy)
