/* SPDX-License-Identifier: MIT */
/* A client of a server on this machine. */
#ifndef TESTS_LIBRARY_CLIENT_H
#define TESTS_LIBRARY_CLIENT_H

#include <stdio.h>
#include <ulfius.h>

/* The status of the response; -1: no response. */
static inline long get(int port, const char *path) {
  struct _u_request request;
  struct _u_response response;
  char url[64];
  snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, path);
  ulfius_init_request(&request);
  ulfius_init_response(&response);
  ulfius_set_request_properties(&request, U_OPT_HTTP_VERB, "GET", U_OPT_HTTP_URL, url, U_OPT_TIMEOUT, 20L,
                                U_OPT_NONE);
  long status = ulfius_send_http_request(&request, &response) == U_OK ? response.status : -1;
  ulfius_clean_request(&request);
  ulfius_clean_response(&response);
  return status;
}

#endif
