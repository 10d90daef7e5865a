/* SPDX-License-Identifier: MIT */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/fixture.h"
#include "support/test.h"

static struct fixture f;

static int handle(const struct _u_request *request, struct _u_response *response, void *cls) {
  (void)request, (void)cls;
  ulfius_set_empty_body_response(response, 204);
  return U_CALLBACK_COMPLETE;
}

static const struct server_hooks hooks = {.handle = handle};

/* The error names the address, and says what is wrong and what to do. */
START_TEST(binding) {
  struct error error = {""};
  char expected[ADDRESS_TEXT_SIZE];
  fixture_init(&f);
  fixture_start(&f);
  struct server_settings settings = f.settings;
  settings.address = *server_address(f.server);
  address_text(&settings.address, expected);
  ck_assert_ptr_null(server_new(&settings, &hooks, &error));
  ck_assert_msg(strstr(error.text, expected) && strstr(error.text, "another program"), "%s", error.text);
  ck_assert_int_eq(address_parse("192.0.2.1:0", &settings.address, &error),
                   0); /* an address for documentation, which no machine has */
  ck_assert_ptr_null(server_new(&settings, &hooks, &error));
  ck_assert_msg(strstr(error.text, "192.0.2.1:") && strstr(error.text, "no such address"), "%s", error.text);
  fixture_stop(&f);
}
END_TEST

START_TEST(settings) {
  struct server_settings wrong[4];
  for (size_t i = 0; i < 4; i++) wrong[i] = (struct server_settings)SERVER_SETTINGS_DEFAULT;
  wrong[0].connections = 0;
  wrong[1].header_limit = 20000;
  wrong[2].idle_timeout_s = 0;
  wrong[3].pool = 1000;
  for (size_t i = 0; i < 4; i++) {
    struct error error = {""};
    ck_assert_ptr_null(server_new(&wrong[i], &hooks, &error));
    ck_assert_str_ne(error.text, "");
  }
}
END_TEST

/* It listens before it has threads, so that a daemon can fork in between. A client that connects early waits
 * and then gets a response. */
START_TEST(listens_before_the_start) {
  struct error error;
  char reply[4096];
  fixture_init(&f);
  struct server *server = server_new(&f.settings, &hooks, &error);
  ck_assert_ptr_nonnull(server);
  f.server = server;
  int fd = wire_connect(&f);
  wire_puts(fd, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  ck_assert_int_eq(server_start(server, &error), 0);
  ck_assert_int_eq(server_start(server, &error), -1); /* once */
  wire_read_all(fd, reply, sizeof reply);
  ck_assert_uint_eq(wire_status(reply), 204);
  server_free(server);
  server_free(NULL);
  server = server_new(&f.settings, &hooks, &error);
  server_free(server); /* never started */
}
END_TEST

static bool connect_v6(int *fd) {
  struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                            .sin6_port = htons((uint16_t)address_port(server_address(f.server))),
                            .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  *fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  return connect(*fd, (struct sockaddr *)&to, sizeof to) == 0;
}

#define ASK_HEADERS                                                                                          \
  "GET /headers HTTP/1.1\r\nHost: a\r\nx-list: 1\r\nX-List: 2, 3\r\nConnection: close\r\n\r\n"

START_TEST(both_families) {
  struct error error;
  char reply[4096];
  int fd = socket(AF_INET6, SOCK_STREAM, 0);
  if (fd < 0) return; /* this machine has no IPv6 */
  close(fd);
  fixture_init(&f);
  ck_assert_int_eq(address_parse("[::]:0", &f.settings.address, &error), 0);
  struct server *probe = server_new(&f.settings, &hooks, &error);
  if (!probe) return;
  server_free(probe);
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

/* The headers that a hook may add to a reply. */
START_TEST(refusal_headers) {
  struct server_refusal_reply reply = {.header_count = 0};
  char large[SERVER_REFUSAL_VALUE_SIZE + 1] = "", fits[SERVER_REFUSAL_VALUE_SIZE] = "";
  memset(large, 'a', sizeof large - 1);
  memset(fits, 'a', sizeof fits - 1);
  ck_assert(!server_refusal_header(&reply, "A", ""));
  ck_assert(!server_refusal_header(&reply, "A", "a\r\nB: c"));
  ck_assert(!server_refusal_header(&reply, "A", large));
  ck_assert(server_refusal_header(&reply, "A", fits));
  ck_assert_str_eq(reply.headers[0].value, fits);
  for (int i = 1; i < SERVER_REFUSAL_HEADERS; i++) ck_assert(server_refusal_header(&reply, "A", "b"));
  ck_assert(!server_refusal_header(&reply, "A", "b"));
}
END_TEST

TEST_MAIN("http server listen", binding, settings, listens_before_the_start, both_families, refusal_headers)
