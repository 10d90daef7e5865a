/* SPDX-License-Identifier: MIT */
/* Metrics and nothing else: no spans, no log, no thread. The program has its own registry, and a loop that
 * responds to each scrape.
 *
 *   cc metrics_only.c -o metrics_only $(pkg-config --cflags --libs tel)
 *   ./metrics_only 9100
 *   curl http://127.0.0.1:9100/metrics
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <tel/scrape.h>

static time_t started;

/* Runs at each scrape. */
static void read_uptime(void *cls, struct tel_emit *emit) {
  (void)cls;
  tel_emit_value(emit, NULL, (double)(time(NULL) - started));
}

static struct tel_counter *hits;
static const struct tel_metric metrics[] = {
    {.type = TEL_METRIC_COUNTER, .name = "hits_total", .help = "Requests.", .counter = &hits},
    {.type = TEL_METRIC_GAUGE,
     .name = "uptime_seconds",
     .help = "Since the start.",
     .unit = "seconds",
     .read = read_uptime},
};

static void respond(int client, struct tel_registry *registry) {
  char request[4096];
  struct tel_scrape scrape;
  ssize_t size = read(client, request, sizeof request - 1);
  if (size <= 0 || tel_scrape(registry, NULL, NULL, &scrape) != 0) return;
  dprintf(client, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
          scrape.content_type, scrape.size);
  for (size_t done = 0; done < scrape.size;) {
    ssize_t n = send(client, scrape.body + done, scrape.size - done, MSG_NOSIGNAL);
    if (n <= 0) break;
    done += (size_t)n;
  }
  tel_scrape_free(&scrape);
}

int main(int argc, char **argv) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct tel_registry *registry = tel_registry_new(NULL);
  int server = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  started = time(NULL);
  address.sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "9100"));
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (tel_registry_add(registry, metrics, sizeof metrics / sizeof *metrics) != 0) return 1;
  if (bind(server, (struct sockaddr *)&address, sizeof address) != 0 || listen(server, 16) != 0)
    return perror("metrics_only"), 1;
  for (int client; (client = accept(server, NULL, NULL)) >= 0; close(client)) {
    tel_counter_add(hits, 1);
    respond(client, registry);
  }
  tel_registry_free(registry);
  return 0;
}
