/* SPDX-License-Identifier: MIT */
#include "http/local.h"

#include "support/test.h"

START_TEST(test_addresses) {
  static const char *const yes[] = {"127.0.0.1", "127.0.0.2",        "127.255.255.255",
                                    "::1",       "::ffff:127.0.0.1", "::ffff:127.9.8.7"};
  static const char *const no[] = {
      "",    "10.0.0.1", "128.0.0.1",   "126.255.255.255", "0.0.0.0",   "::",          "::ffff:10.0.0.1",
      "::2", "fe80::1",  "2001:db8::1", "127.0.0.1x",      "localhost", "::127.0.0.1", "127.1"};
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
    ck_assert_msg(http_local_address(yes[i]), "%s", yes[i]);
  for (size_t i = 0; i < sizeof no / sizeof *no; i++) ck_assert_msg(!http_local_address(no[i]), "%s", no[i]);
  ck_assert(!http_local_address(NULL));
}
END_TEST

START_TEST(test_hosts) {
  static const char *const yes[] = {"localhost",       "LocalHost:8080", "localhost.",
                                    "127.0.0.1:18300", "127.0.0.2",      "[::1]:8080",
                                    "[::1]",           "shop.localhost", "[::ffff:127.0.0.1]:80"};
  static const char *const no[] = {"",
                                   "evil.com",
                                   "evil.com:8080",
                                   "localhost.evil.com",
                                   "notlocalhost",
                                   "127.0.0.1.nip.io",
                                   "10.0.0.1:8080",
                                   "[::2]:8080",
                                   "[::1",
                                   "localhost:80x",
                                   "127.0.0.1@evil.com",
                                   "[::1]evil",
                                   ":8080"};
  for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) ck_assert_msg(http_local_host(yes[i]), "%s", yes[i]);
  for (size_t i = 0; i < sizeof no / sizeof *no; i++) ck_assert_msg(!http_local_host(no[i]), "%s", no[i]);
}
END_TEST

TEST_MAIN("local", test_addresses, test_hosts)
