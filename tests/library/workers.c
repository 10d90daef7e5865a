/* SPDX-License-Identifier: MIT */
/* workers PORT...: an Ulfius server is made and observed once, and then forked. Each worker starts telemetry
 * and its server, serves requests on its port, and finds them in its own metrics. */
#include <arpa/inet.h>
#include <sys/wait.h>

#include <tel/ulfius.h>

#include "check.h"
#include "client.h"

enum { REQUESTS = 25 };
#define COUNT "request_total{method=\"GET\",route=\"/answer\",status=\"200\"}"

static int answer(const struct _u_request *request, struct _u_response *response, void *cls) {
  (void)request, (void)cls;
  tel_attributes_set_int(tel_ulfius_fields(response), "process", getpid());
  tel_attributes_set_int(tel_span_attributes(tel_ulfius_span(response)), "process", getpid());
  ulfius_set_string_body_response(response, 200, "answer");
  return U_CALLBACK_COMPLETE;
}

static int work(struct tel *tel, struct _u_instance *instance, int port, bool hooks) {
  instance->port = (unsigned)port;
  instance->bind_address->sin_port = htons((uint16_t)port);
  CHECK(tel_start(tel) == 0);
  CHECK((hooks ? tel_ulfius_start(tel, instance, NULL) : ulfius_start_framework(instance)) == U_OK);
  for (int i = 0; i < REQUESTS; i++) CHECK(get(port, "/answer") == 200);
  /* With the hooks a request ends after its client has the response. */
  for (int i = 0; i < 10000 && series_value(tel, COUNT) < REQUESTS; i++)
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  CHECK(series_value(tel, COUNT) == REQUESTS);
  CHECK(get(port, "/metrics") == 200);
  ulfius_stop_framework(instance);
  CHECK(tel_free(tel, 20000) == 0);
  ulfius_clean_instance(instance);
  return 0;
}

int main(int argc, char **argv) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct _u_instance instance;
  int status;
  CHECK(ulfius_init_instance(&instance, 1, &address, NULL) == U_OK);
  CHECK(ulfius_add_endpoint_by_val(&instance, "GET", NULL, "/answer", 0, answer, NULL) == U_OK);
  struct tel *tel = tel_new("workers", "1.0");
  tel_ulfius_observe(tel, &instance);
  for (int i = 1; i < argc; i++) {
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) return work(tel, &instance, atoi(argv[i]), i % 2 == 0);
  }
  while (wait(&status) > 0) CHECK(status == 0);
  CHECK(series_value(tel, COUNT) == 0);
  tel_free(tel, 0);
  ulfius_clean_instance(&instance);
  return 0;
}
