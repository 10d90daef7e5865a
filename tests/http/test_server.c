#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/server.h"
#include "support/test.h"

static int handle(const struct _u_request *request, struct _u_response *response, void *cls) {
  (void)request;
  (void)cls;
  ulfius_set_string_body_response(response, 200, "hello");
  return U_CALLBACK_COMPLETE;
}

static struct http_server *start(unsigned pool) {
  char error[HTTP_ERROR_SIZE] = "";
  struct http_server_settings settings = HTTP_SERVER_SETTINGS_DEFAULT;
  settings.port = 0;
  settings.pool = pool;
  struct http_server *server = http_server_new(&settings, NULL, error);
  ck_assert_msg(server != NULL, "%s", error);
  ck_assert_int_eq(http_server_endpoint(server, "*", "*", 10, handle, NULL), 0);
  ck_assert_msg(http_server_start(server, error) == 0, "%s", error);
  return server;
}

static void ask(struct http_server *server, const char *request, char *reply, size_t size) {
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)http_server_port(server))};
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  ck_assert_int_eq(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
  size_t len = 0;
  ssize_t n;
  while (len < size - 1 && (n = recv(fd, reply + len, size - 1 - len, 0)) > 0) len += (size_t)n;
  reply[len] = '\0';
  close(fd);
}

START_TEST(answers) {
  char reply[4096];
  struct http_server *server = start((unsigned)_i);
  ask(server, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", reply, sizeof reply);
  ck_assert_msg(strncmp(reply, "HTTP/1.1 200", 12) == 0, "%s", reply);
  ask(server, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", reply, sizeof reply);
  ck_assert_msg(strncmp(reply, "HTTP/1.1 400", 12) == 0, "%s", reply);
  ck_assert_uint_eq(http_server_drain(server, clock_mono_ns() + CLOCK_NS_PER_S), 0);
  http_server_free(server);
}
END_TEST

TEST_MAIN("server", answers)
