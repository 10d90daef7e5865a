#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/server_private.h"
#include "support/test.h"

/* Feeds a text in three pieces, cut at every two places, as a socket might. Returns whether it was taken. */
static void feed(bool first, const char *text, const char *expected, bool taken) {
  char buffer[512];
  size_t len = strlen(text);
  for (size_t a = 0; a <= len; a++)
    for (size_t b = a; b <= len; b++) {
      struct http_arrival arrival;
      const size_t ends[] = {a, b, len};
      bool good = true;
      http_arrival_next(&arrival, first);
      for (size_t i = 0, from = 0; i < 3 && good; from = ends[i++]) {
        memcpy(buffer + from, text + from, ends[i] - from);
        if (ends[i] > from) good = http_arrival_read(&arrival, buffer + from, ends[i] - from);
      }
      buffer[len] = '\0';
      ck_assert_msg(good == taken, "%s, cut at %zu and %zu", text, a, b);
      if (taken) ck_assert_str_eq(buffer, expected);
    }
}

#define LINE "POST http://a/:b HTTP/1.1 \r\n"

START_TEST(values) {
  feed(true, LINE "Host:a \t\r\nContent-Length: 2 \r\n\r\n", LINE "Host:  a\r\nContent-Length:  2\r\n\r\n",
       true);
  feed(true, LINE "A: b c\r\nB:\r\nC: \t\r\n\r\n", LINE "A: b c\r\nB:\r\nC:  \r\n\r\n", true);
  feed(true, LINE "no colon \r\n\r\n", LINE "no colon \r\n\r\n", true);
  feed(true, "\r\n" LINE "A:b \n\n", "\r\n" LINE "A: b\n\n", true);
}
END_TEST

START_TEST(bodies_stay) {
  const char *text = LINE "A:b\r\n\r\nC: d \r\n\r\nE: f \t\r\n";
  feed(true, text, text, true);
}
END_TEST

/* The begin of a later request may have come together with the one before: only its other lines are sure. */
START_TEST(later_requests) {
  char text[] = LINE "A:b \r\n\r\n", body[] = "\r\nA: b \r\n\r\n";
  struct http_arrival arrival;
  http_arrival_next(&arrival, false);
  ck_assert(http_arrival_read(&arrival, text, strlen(text)));
  ck_assert_str_eq(text, LINE "A: b\r\n\r\n");
  http_arrival_next(&arrival, false);
  ck_assert(http_arrival_read(&arrival, body, strlen(body)));
  ck_assert_str_eq(body, "\r\nA: b \r\n\r\n");
}
END_TEST

START_TEST(bad_begins) {
  static const char *const bad[] = {"GET\t/\tHTTP/1.1\r\n", " GET / HTTP/1.1\r\n", "GARBAGE\r\n",
                                    "\x16\x03\x01 ", "G/T / HTTP/1.1\r\n"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) feed(true, bad[i], bad[i], false);
  feed(true, "\r\n\r\nGET / HTTP/1.1\r\n\r\n", "\r\n\r\nGET / HTTP/1.1\r\n\r\n", true);
}
END_TEST

/* The text in a buffer of its own size, so that a sanitizer sees a byte too many. */
static void split(const char *text, const char *target, const char *authority, const char *path) {
  char copy[128], *seen_authority, *seen_path;
  snprintf(copy, sizeof copy, "%s", text);
  ck_assert(http_target_split(copy, &seen_authority, &seen_path));
  ck_assert_str_eq(copy, target);
  ck_assert_pstr_eq(seen_authority, authority);
  ck_assert_pstr_eq(seen_path, path);
  free(seen_authority);
  free(seen_path);
}

START_TEST(targets) {
  split("/order?a=b", "/order?a=b", NULL, NULL);
  split("http://a/order", "/order", "a", "/order");
  split("HTTP://a:80/order?a=http://b/c", "/order", "a:80", "/order?a=http://b/c");
  split("https://[::1]:443", "/", "[::1]:443", "/");
  split("http://a?b=c", "/", "a", "/?b=c");
  split("http://", "http://", NULL, NULL);
  split("http:///order", "http:///order", NULL, NULL);
  split("ftp://a/order", "ftp://a/order", NULL, NULL);
  split("*", "*", NULL, NULL);
  ck_assert(http_target_is_served("*", "OPTIONS") && http_target_is_served("/", "OPTIONS"));
  ck_assert(!http_target_is_served("*", "GET") && !http_target_is_served("a:80", "CONNECT"));
  ck_assert(!http_target_is_served("/", "CONNECT") && !http_target_is_served("", "GET"));
}
END_TEST

TEST_MAIN("http arrival", values, bodies_stay, later_requests, bad_begins, targets)
