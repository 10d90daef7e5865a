/* SPDX-License-Identifier: MIT */
#include "base/address.h"

#include <string.h>

#include "support/test.h"

START_TEST(parses) {
  static const struct {
    const char *text, *host;
    unsigned port;
  } cases[] = {
      {"127.0.0.1:8080", "127.0.0.1", 8080},
      {"[::1]:8080", "::1", 8080},
      {"0.0.0.0:80", "0.0.0.0", 80},
      {"[::]:0", "::", 0},
      {":8080", "0.0.0.0", 8080},
      {"localhost:65535", "127.0.0.1", 65535},
      {"[::ffff:10.0.0.1]:1", "10.0.0.1", 1},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct address address;
    struct error error = {""};
    char host[ADDRESS_HOST_SIZE];
    ck_assert_msg(address_parse(cases[i].text, &address, &error) == 0, "%s: %s", cases[i].text, error.text);
    ck_assert_str_eq(address_host(&address, host), cases[i].host);
    ck_assert_uint_eq(address_port(&address), cases[i].port);
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
    struct address address = ADDRESS_LOOPBACK(7777);
    struct error error = {""};
    ck_assert_msg(address_parse(cases[i], &address, &error) == -1, "%s", cases[i]);
    ck_assert_str_ne(error.text, "");
    ck_assert_uint_eq(address_port(&address), 7777);
  }
}
END_TEST

/* What is printed is read back as the same address, byte by byte. */
START_TEST(printed_and_read_back) {
  static const char *const texts[] = {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:65535", "[::]:1",
                                      "[2001:db8::7]:80"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct address address, again;
    struct error error;
    char text[ADDRESS_TEXT_SIZE];
    memset(&address, 0xff, sizeof address);
    ck_assert_int_eq(address_parse(texts[i], &address, &error), 0);
    ck_assert_str_eq(address_text(&address, text), texts[i]);
    ck_assert_int_eq(address_parse(text, &again, &error), 0);
    ck_assert_mem_eq(&address, &again, sizeof address);
  }
}
END_TEST

START_TEST(hosts) {
  static const struct {
    const char *text;
    bool valid, loopback;
  } cases[] = {
      {"127.0.0.1", true, true},
      {"127.255.0.9", true, true},
      {"128.0.0.1", true, false},
      {"::1", true, true},
      {"::2", true, false},
      {"::ffff:127.0.0.1", true, true},
      {"::ffff:8.8.8.8", true, false},
      {"localhost", false, false},
      {"[::1]", false, false},
      {"127.0.0.1:80", false, false},
      {"", false, false},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct address address = {.v4 = {.sin_family = AF_INET}};
    ck_assert_msg(address_parse_host(cases[i].text, &address) == cases[i].valid, "%s", cases[i].text);
    ck_assert_msg(address_is_loopback(&address) == cases[i].loopback, "%s", cases[i].text);
    ck_assert_uint_eq(address_port(&address), 0);
  }
}
END_TEST

START_TEST(copied_from_the_system) {
  struct address from = ADDRESS_LOOPBACK(80), to;
  struct sockaddr other = {.sa_family = AF_UNIX};
  char host[ADDRESS_HOST_SIZE];
  memset(&to, 0xff, sizeof to);
  address_copy(&to, &from.any);
  ck_assert_mem_eq(&to, &from, sizeof to);
  ck_assert_uint_eq(address_length(&to), sizeof to.v4);
  address_copy(&to, &other);
  ck_assert_str_eq(address_host(&to, host), "unknown");
  ck_assert(!address_is_loopback(&to));
}
END_TEST

TEST_MAIN("address", parses, refuses, printed_and_read_back, hosts, copied_from_the_system)
