/* SPDX-License-Identifier: MIT */
/* Finds the proxy of a request, from the variables that libcurl knows. */
#ifndef TELEMETRY_OTLP_PROXY_H
#define TELEMETRY_OTLP_PROXY_H

struct tel_proxy {
  char url[1024];    /* for libcurl; "": none */
  char except[2048]; /* no_proxy's value; "": none. libcurl decides whether the host is in it */
  char host[256];    /* of the proxy; "" if url cannot be read */
  long port;
  char shown[192]; /* for messages: with its variable, without its password */
};

/* Reads the variables with get, which is like getenv(). Finds no proxy for a host that is this machine. */
void tel_proxy_find(const char *url, const char *(*get)(void *cls, const char *name), void *cls,
                    struct tel_proxy *out);

#endif
