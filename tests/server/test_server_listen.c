#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/fixture.h"
#include "support/test.h"

static struct fixture f;

START_TEST(parses) {
  static const struct {
    const char *text, *address;
    unsigned port;
  } cases[] = {
      {"127.0.0.1:8080", "127.0.0.1", 8080},
      {"[::1]:8080", "::1", 8080},
      {"0.0.0.0:80", "0.0.0.0", 80},
      {"[::]:0", "::", 0},
      {":8080", "0.0.0.0", 8080},
      {"localhost:65535", "127.0.0.1", 65535},
      {"[::ffff:10.0.0.1]:1", "::ffff:10.0.0.1", 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char address[64] = "", error[HTTP_ERROR_SIZE] = "";
    unsigned port = 77777;
    ck_assert_msg(http_listen_parse(cases[i].text, address, sizeof address, &port, error) == 0, "%s: %s",
                  cases[i].text, error);
    ck_assert_str_eq(address, cases[i].address);
    ck_assert_uint_eq(port, cases[i].port);
  }
}
END_TEST

START_TEST(refuses) {
  static const char *const cases[] = {
      "",
      "8080",
      "127.0.0.1",
      "127.0.0.1:",
      "127.0.0.1:65536",
      "127.0.0.1:-1",
      "127.0.0.1:+1",
      "127.0.0.1: 1",
      "127.0.0.1:1x",
      "127.0.0.1:000080",
      "shop.example:80",
      "::1:8080",
      "[::1]",
      "[::1]8080",
      "[::1:8080",
      "[127.0.0.1]:80",
      "[]:80",
      "256.0.0.1:80",
      "[::1]:",
      "[::1]x:80",
      "127.0.0.1:80:80",
      "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:80",
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char address[64] = "same", error[HTTP_ERROR_SIZE] = "";
    unsigned port = 77777;
    ck_assert_msg(http_listen_parse(cases[i], address, sizeof address, &port, error) == -1, "%s", cases[i]);
    ck_assert_str_ne(error, "");
    ck_assert_str_eq(address, "same");
    ck_assert_uint_eq(port, 77777);
  }
  char little[5], error[HTTP_ERROR_SIZE];
  unsigned port;
  ck_assert_int_eq(http_listen_parse("127.0.0.1:80", little, sizeof little, &port, error), -1);
}
END_TEST

/* Who starts it reads what is wrong with which address, and what to do. */
START_TEST(binding) {
  char error[HTTP_ERROR_SIZE] = "", expected[64];
  fixture_init(&f);
  fixture_start(&f);
  struct http_server_settings settings = f.settings;
  settings.port = http_server_port(f.server);
  snprintf(expected, sizeof expected, "127.0.0.1:%u", settings.port);
  ck_assert_ptr_null(http_server_new(&settings, NULL, error));
  ck_assert_msg(strstr(error, expected) && strstr(error, "another program"), "%s", error);
  settings.address = "192.0.2.1"; /* for documentation; nobody has it */
  ck_assert_ptr_null(http_server_new(&settings, NULL, error));
  ck_assert_msg(strstr(error, "192.0.2.1:") && strstr(error, "no such address"), "%s", error);
  settings.address = "shop.example";
  ck_assert_ptr_null(http_server_new(&settings, NULL, error));
  ck_assert_msg(strstr(error, "shop.example"), "%s", error);
  fixture_stop(&f);
}
END_TEST

START_TEST(settings) {
  struct http_server_settings wrong[5];
  for (size_t i = 0; i < 5; i++) wrong[i] = (struct http_server_settings)HTTP_SERVER_SETTINGS_DEFAULT;
  wrong[0].connections = 0;
  wrong[1].header_limit = 20000;
  wrong[2].idle_timeout_s = 0;
  wrong[3].address = NULL;
  wrong[4].pool = 1000;
  for (size_t i = 0; i < 5; i++) {
    char error[HTTP_ERROR_SIZE] = "";
    ck_assert_ptr_null(http_server_new(&wrong[i], NULL, error));
    ck_assert_str_ne(error, "");
  }
}
END_TEST

/* It listens before it has threads, so that a daemon can fork in between: who connects early waits and is
 * answered. */
START_TEST(listens_before_the_start) {
  char error[HTTP_ERROR_SIZE], reply[4096];
  fixture_init(&f);
  struct http_server *server = http_server_new(&f.settings, NULL, error);
  ck_assert_ptr_nonnull(server);
  f.server = server;
  int fd = wire_connect(&f);
  wire_puts(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  ck_assert_int_eq(http_server_start(server, error), 0);
  ck_assert_int_eq(http_server_start(server, error), -1); /* once */
  wire_read_all(fd, reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 404); /* no endpoint: Ulfius answers */
  http_server_free(server);
  http_server_free(NULL);
  server = http_server_new(&f.settings, NULL, error);
  http_server_free(server); /* never started */
}
END_TEST

static bool connect_v6(int *fd) {
  struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                            .sin6_port = htons((uint16_t)http_server_port(f.server)),
                            .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  *fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return connect(*fd, (struct sockaddr *)&to, sizeof to) == 0;
}

#define ASK_HEADERS                                                                                          \
  "GET /headers HTTP/1.1\r\nHost: a\r\nx-list: 1\r\nX-List: 2, 3\r\nConnection: close\r\n\r\n"

START_TEST(both_families) {
  char reply[4096], error[HTTP_ERROR_SIZE];
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (fd < 0) return; /* a machine without IPv6 */
  close(fd);
  fixture_init(&f);
  f.settings.address = "::";
  struct http_server *probe = http_server_new(&f.settings, NULL, error);
  if (!probe) return;
  http_server_free(probe);
  fixture_start(&f);
  if (connect_v6(&fd)) { /* the loopback address may be missing in a container */
    wire_puts(fd, ASK_HEADERS);
    wire_read_all(fd, reply, sizeof reply);
    ck_assert_msg(strstr(reply, "client=::1 port first=1 all=1,2, 3"), "%s", reply);
  }
  wire_ask(&f, ASK_HEADERS, reply, sizeof reply);
  ck_assert_msg(strstr(reply, "client=127.0.0.1 port first=1 all=1,2, 3"), "%s", reply);
  wire_ask(&f, "GET /headers HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", reply, sizeof reply);
  ck_assert_msg(strstr(reply, "first=none all="), "%s", reply);
  fixture_stop(&f);
}
END_TEST

/* What a hook may add to a reply. */
START_TEST(refusal_headers) {
  struct http_refusal_reply reply = {.header_count = 0};
  char large[100];
  memset(large, 'a', sizeof large);
  large[99] = '\0';
  ck_assert(!http_refusal_header(&reply, "A", ""));
  ck_assert(!http_refusal_header(&reply, "A", "a\r\nB: c"));
  ck_assert(!http_refusal_header(&reply, "A", large));
  for (int i = 0; i < HTTP_REFUSAL_HEADERS; i++) ck_assert(http_refusal_header(&reply, "A", "b"));
  ck_assert(!http_refusal_header(&reply, "A", "b"));
}
END_TEST

TEST_MAIN("http server listen", parses, refuses, binding, settings, listens_before_the_start, both_families,
          refusal_headers)
