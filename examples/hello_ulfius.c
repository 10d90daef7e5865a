/* SPDX-License-Identifier: MIT */
/* A program on Ulfius with metrics, traces and logs: four lines of main() and one of the handler are about
 * telemetry.
 *
 *   cc hello_ulfius.c -o hello_ulfius $(pkg-config --cflags --libs tel-ulfius)
 *   OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 ./hello_ulfius 8080
 *   curl http://127.0.0.1:8080/hello/Ada; curl http://127.0.0.1:8080/metrics
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <tel/telemetry.h>
#include <tel/ulfius.h>

static int hello(const struct _u_request *request, struct _u_response *response, void *cls) {
  char text[128];
  (void)cls;
  snprintf(text, sizeof text, "Hello %.100s\n", u_map_get(request->map_url, "name"));
  tel_attributes_set_string(tel_ulfius_fields(response), "greeted", u_map_get(request->map_url, "name"));
  ulfius_set_string_body_response(response, 200, text);
  return U_CALLBACK_COMPLETE;
}

int main(int argc, char **argv) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct _u_instance instance;
  sigset_t ends;
  int number;
  sigemptyset(&ends);
  sigaddset(&ends, SIGINT);
  sigaddset(&ends, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &ends, NULL); /* in all threads, because main waits for them */
  address.sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "8080"));
  if (ulfius_init_instance(&instance, ntohs(address.sin_port), &address, NULL) != U_OK) return 1;
  ulfius_add_endpoint_by_val(&instance, "GET", NULL, "/hello/:name", 0, hello, NULL);

  struct tel *tel = tel_new("hello", "1.0");
  tel_ulfius_observe(tel, &instance);
  if (tel_start(tel) != 0) return fprintf(stderr, "%s\n", tel_error(tel)), 1;

  if (ulfius_start_framework(&instance) != U_OK) return 1;
  sigwait(&ends, &number);
  ulfius_stop_framework(&instance);
  tel_free(tel, 5000);
  ulfius_clean_instance(&instance);
  return 0;
}
