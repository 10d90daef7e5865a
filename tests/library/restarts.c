/* SPDX-License-Identifier: MIT */
/* restarts PORT: one Ulfius instance whose telemetry is made, started, freed and made again, at each level of
 * observation, and without telemetry in between. Then two instances run at the same time, each with its own
 * telemetry. */
#include <arpa/inet.h>

#include <tel/ulfius.h>

#include "check.h"
#include "client.h"

enum { ROUNDS = 6, REQUESTS = 20 };

static int answer(const struct _u_request *request, struct _u_response *response, void *cls) {
  (void)request, (void)cls;
  tel_attributes_set_int(tel_ulfius_fields(response), "own", 1);
  ulfius_set_string_body_response(response, 200, "answer");
  return U_CALLBACK_COMPLETE;
}

struct server {
  struct sockaddr_in address;
  struct _u_instance instance;
  struct tel *tel;
  int port;
};

static void open_server(struct server *server, int port) {
  server->port = port;
  server->address = (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  CHECK(ulfius_init_instance(&server->instance, (unsigned)port, &server->address, NULL) == U_OK);
  CHECK(ulfius_add_endpoint_by_val(&server->instance, "GET", NULL, "/answer", 0, answer, NULL) == U_OK);
}

static void begin(struct server *server, int round) {
  server->tel = round % 3 == 2 ? NULL : tel_new("restarts", "1.0");
  if (server->tel) tel_ulfius_observe(server->tel, &server->instance);
  CHECK(!server->tel || tel_start(server->tel) == 0);
  if (round % 3 == 0)
    CHECK(ulfius_start_framework(&server->instance) == U_OK);
  else
    CHECK(tel_ulfius_start(server->tel, &server->instance, NULL) == U_OK);
}

static void serve(struct server *server) {
  for (int i = 0; i < REQUESTS; i++) CHECK(get(server->port, "/answer") == 200);
  CHECK(get(server->port, "/metrics") == (server->tel ? 200 : 404));
}

static void end(struct server *server) {
  CHECK(ulfius_stop_framework(&server->instance) == U_OK);
  if (server->tel) { /* the counters only have requests since this start */
    double count =
        series_value(server->tel, "request_total{method=\"GET\",route=\"/answer\",status=\"200\"}");
    CHECK(count == REQUESTS);
  }
  CHECK(tel_free(server->tel, 20000) == 0);
}

int main(int argc, char **argv) {
  static struct server one, other;
  CHECK(argc > 2);
  open_server(&one, atoi(argv[1]));
  open_server(&other, atoi(argv[2]));
  for (int round = 0; round < ROUNDS; round++) {
    begin(&one, round);
    begin(&other, round + 1);
    serve(&one);
    serve(&other);
    end(&one);
    serve(&other);
    CHECK(ulfius_stop_framework(&other.instance) == U_OK);
    tel_free(other.tel, 20000);
  }
  ulfius_clean_instance(&one.instance);
  ulfius_clean_instance(&other.instance);
  return 0;
}
