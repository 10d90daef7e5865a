/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/arrival_private.h"
#include "server/target_private.h"
#include "support/test.h"

enum { LIMIT = 20 };

/* Feeds a text in three pieces, as a socket might, cut at every pair of positions. All bytes except the last
 * left ones must be taken, and this many requests be complete. */
static void feed(const char *text, const char *expected, size_t left, unsigned requests,
                 enum server_arrival_fault fault) {
  char buffer[512];
  size_t len = strlen(text);
  for (size_t a = 0; a <= len; a++)
    for (size_t b = a; b <= len; b++) {
      struct server_arrival arrival = {.body_limit = LIMIT};
      const size_t ends[] = {a, b, len};
      size_t taken = 0;
      for (size_t i = 0; i < 3 && !arrival.fault; i++) {
        memcpy(buffer + taken, text + taken, ends[i] - taken);
        taken += server_arrival_read(&arrival, buffer + taken, ends[i] - taken);
      }
      buffer[taken] = '\0';
      ck_assert_msg(taken == len - left && arrival.requests == requests && arrival.fault == fault,
                    "%s, cut at %zu and %zu: %zu taken, %u requests, fault %d", text, a, b, taken,
                    arrival.requests, arrival.fault);
      ck_assert_msg(strcmp(buffer, expected) == 0, "%s, cut at %zu and %zu: %s", text, a, b, buffer);
    }
}

static void feed_good(const char *text, const char *expected, unsigned requests) {
  feed(text, expected, 0, requests, SERVER_ARRIVAL_GOOD);
}

/* The text must be taken up to the bar, which is not a part of it. */
static void feed_bad(const char *text, enum server_arrival_fault fault, unsigned requests) {
  char all[512], good[512];
  size_t len = strcspn(text, "|");
  snprintf(good, sizeof good, "%.*s", (int)len, text);
  snprintf(all, sizeof all, "%s%s", good, text + len + 1);
  feed(all, good, strlen(all) - len, requests, fault);
}

#define LINE "POST http://a/:b HTTP/1.1 \r\n"
#define CHUNKED LINE "Transfer-Encoding: chunked\r\n\r\n"

START_TEST(values) {
  feed_good(LINE "Host:a \t\r\nContent-Length: 2 \r\n\r\nab", LINE "Host:  a\r\nContent-Length:  2\r\n\r\nab",
            1);
  feed_good(LINE "A: b c\r\nB:\r\nC: \t\r\n\r\n", LINE "A: b c\r\nB:\r\nC:  \r\n\r\n", 1);
  feed_good(LINE "no colon \r\n\r\n", LINE "no colon \r\n\r\n", 1);
  feed_good("\r\n" LINE "A:b \n\n", "\r\n" LINE "A: b\n\n", 1);
}
END_TEST

/* Requests that arrive together are told apart, whatever their bodies look like. */
START_TEST(bodies) {
  feed_good(LINE "content-LENGTH:\t14\r\n\r\nA: b \r\n\r\nC: \r\n" LINE "A:b \r\n\r\n",
            LINE "content-LENGTH:\t14\r\n\r\nA: b \r\n\r\nC: \r\n" LINE "A: b\r\n\r\n", 2);
  feed_good(CHUNKED "5;a=b \r\nA: b \r\n0A\r\n\r\n0\r\n\r\nC: \r\n000; e\r\nA:b \r\n\r\n" LINE "A:b \r\n\r\n",
            CHUNKED "5;a=b \r\nA: b \r\n0A\r\n\r\n0\r\n\r\nC: \r\n000; e\r\nA: b\r\n\r\n" LINE "A: b\r\n\r\n",
            2);
  feed_good(LINE "Content-Length: 0\r\n\r\n\r\n" LINE "\r\n" LINE,
            LINE "Content-Length: 0\r\n\r\n\r\n" LINE "\r\n" LINE, 2);
}
END_TEST

START_TEST(bad_begins) {
  static const char *const bad[] = {"GET|\t/\tHTTP/1.1\r\n", "| GET / HTTP/1.1\r\n", "GARBAGE|\r\n",
                                    "|\x16\x03\x01 ", "G|/T / HTTP/1.1\r\n"};
  char behind[128];
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    feed_bad(bad[i], SERVER_ARRIVAL_BAD_LINE, 0);
    snprintf(behind, sizeof behind, LINE "\r\n\r\n%s", bad[i]);
    feed_bad(behind, SERVER_ARRIVAL_BAD_LINE, 1);
    snprintf(behind, sizeof behind, LINE "Content-Length: 2\r\n\r\nab%s", bad[i]);
    feed_bad(behind, SERVER_ARRIVAL_BAD_LINE, 1);
    snprintf(behind, sizeof behind, CHUNKED "1\r\na\r\n0\r\n\r\n%s", bad[i]);
    feed_bad(behind, SERVER_ARRIVAL_BAD_LINE, 1);
  }
}
END_TEST

/* A chunk is refused as soon as its size line is too large. */
START_TEST(chunks_too_large) {
  feed_good(CHUNKED "14\r\n", CHUNKED "14\r\n", 0);
  feed_bad(CHUNKED "15\r|\n", SERVER_ARRIVAL_TOO_LARGE, 0);
  feed_bad(CHUNKED "FFFFFFFFFFFFFFFFFFFF;a=b\r|\n", SERVER_ARRIVAL_TOO_LARGE, 0);
  feed_bad(CHUNKED "1\r\na\r\n14\r|\nabc", SERVER_ARRIVAL_TOO_LARGE, 0);
  feed_bad(LINE "\r\n" CHUNKED "100\r|\n", SERVER_ARRIVAL_TOO_LARGE, 1);
}
END_TEST

/* libmicrohttpd refuses these. The reader changes nothing and counts no request. */
START_TEST(chunks_malformed) {
  static const char *const bad[] = {CHUNKED "x\r\nA: b \r\n ", CHUNKED "1\r\nabc\r\nA: b \r\n ",
                                    CHUNKED "1 \r\nA: b \r\n "};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) feed_good(bad[i], bad[i], 0);
}
END_TEST

/* These would end the fields too early, or hide in the block that libmicrohttpd leaves. */
START_TEST(line_ends_of_headers) {
  feed_good(LINE "Host: a\r\n:\n\r\n", LINE "Host: a\r\n(\n\r\n", 1);
  feed_good(LINE ": a\r\n:b: c\r\n\r\n", LINE "( a\r\n(b: c\r\n\r\n", 1);
  feed_good(LINE "A: b\rC: d\r\n\r\n",
            LINE "A: b\x01"
                 "C: d\r\n\r\n",
            1);
  feed_good(LINE "A: b\r:\r\n\r\n", LINE "A: b\x01:\r\n\r\n", 1);
  feed_good(LINE "A: b\n:\r\n\r\n", LINE "A: b\n(\r\n\r\n", 1);
  feed_good(LINE "A: b\r\r\n\r\n", LINE "A: b\x01\r\n\r\n", 1);
  feed_good(CHUNKED "0\r\nA: b\r\n:\r\n\r\n", CHUNKED "0\r\nA: b\r\n(\r\n\r\n", 1);
}
END_TEST

/* CR and LF end a line only together, and each chunk has a size. */
START_TEST(line_ends_of_chunks) {
  static const char *const chunks[] = {"1|\na\r\n0\r\n\r\n",
                                       "1\r|a\r\n0\r\n\r\n",
                                       "1\r|\r\na\r\n0\r\n\r\n",
                                       "1\r\na|\n0\r\n\r\n",
                                       "1\r\na\r|0\r\n\r\n",
                                       "1\r\na\r\n|\n0\r\n\r\n",
                                       "1;a=b|\na\r\n0\r\n\r\n",
                                       "1;a=b\r|c\r\na\r\n0\r\n\r\n",
                                       "1\r\na\r\n|\r\n0\r\n\r\n",
                                       "1\r\na\r\n|;a\r\n\r\n",
                                       "|\r\n\r\n"};
  static const char *const trailers[] = {"|\n",        "A: b|\n\r\n",      "\r|G",
                                         "A: b\r|\rG", "A: b\r\n|\tc\r\n", " | \r\n"};
  char text[256];
  for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
    snprintf(text, sizeof text, "%s%s", CHUNKED, chunks[i]);
    feed_bad(text, SERVER_ARRIVAL_BAD_CHUNK, 0);
  }
  for (size_t i = 0; i < sizeof trailers / sizeof *trailers; i++)
    for (size_t cut = 0; cut < 2; cut++) {
      struct server_arrival arrival = {.body_limit = LIMIT};
      size_t bar = strcspn(trailers[i], "|"), head = strlen(CHUNKED "0\r\n");
      snprintf(text, sizeof text, CHUNKED "0\r\n%.*s%s", (int)bar, trailers[i], trailers[i] + bar + 1);
      size_t first = cut ? head + bar : head;
      ck_assert_uint_eq(server_arrival_read(&arrival, text, first), first);
      ck_assert_int_eq(arrival.fault, SERVER_ARRIVAL_GOOD);
      server_arrival_read(&arrival, text + first, strlen(text) - first);
      ck_assert_msg(arrival.fault == SERVER_ARRIVAL_BAD_TRAILER && arrival.requests == 0, "%s", trailers[i]);
    }
}
END_TEST

START_TEST(trailer_with_nul) {
  char text[] = CHUNKED "0\r\nA: b?c\r\n\r\n";
  struct server_arrival arrival = {.body_limit = LIMIT};
  size_t len = strlen(text), line = sizeof CHUNKED - 1 + 3;
  *strchr(text, '?') = '\0';
  ck_assert_uint_eq(server_arrival_read(&arrival, text, len), line);
  ck_assert_int_eq(arrival.fault, SERVER_ARRIVAL_BAD_TRAILER);
}
END_TEST

/* The text in a buffer of exactly its size, so that a sanitizer detects an overrun. */
static void split(const char *text, const char *target, const char *authority, const char *path) {
  char copy[128], *seen_authority, *seen_path;
  snprintf(copy, sizeof copy, "%s", text);
  ck_assert(server_target_split(copy, &seen_authority, &seen_path));
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
  ck_assert(server_target_is_served("*", "OPTIONS") && server_target_is_served("/", "OPTIONS"));
  ck_assert(!server_target_is_served("*", "GET") && !server_target_is_served("a:80", "CONNECT"));
  ck_assert(!server_target_is_served("/", "CONNECT") && !server_target_is_served("", "GET"));
}
END_TEST

START_TEST(authorities) {
  static const char *const good[] = {
      "a",        "a:80",      "a:",           "a.b.",    "127.0.0.1:8080", "[::1]",
      "[::1]:80", "a_b-c~d:0", "xn--4ca%C3:1", "a:65535", "A!$&'()*+,;=",   "[::ffff:1.2.3.4]"};
  static const char *const bad[] = {
      "",     " ",     "a b",   ":80",   "a:80:80", "a:65536", "a:99999999999", "a:x",
      "a:-1", "a:8 0", "::1",   "[::1",  "[]",      "[:::]",   "[::1]80",       "[a]",
      "a/b",  "a@b",   "u:p@b", "a?",    "a#",      "a%",      "a%4",           "a%zz",
      "a\tb", "<a>",   "a\x80", "\"a\"", "[::1]a",  "a,b c",   "[::1%25lo]",    "http://a"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    ck_assert_msg(server_target_authority_is_valid(good[i]), "%s", good[i]);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    ck_assert_msg(!server_target_authority_is_valid(bad[i]), "%s", bad[i]);
}
END_TEST

TEST_MAIN("http arrival", values, bodies, bad_begins, chunks_too_large, chunks_malformed,
          line_ends_of_headers, line_ends_of_chunks, trailer_with_nul, targets, authorities)
