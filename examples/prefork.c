/* SPDX-License-Identifier: MIT */
/* A server that forks its workers: prefork PORT METRICS_PORT... All workers accept on PORT. Each worker has
 * its own metrics and serves scrapes on its own port. SIGTERM or SIGINT ends the server and its workers.
 *
 *   cc prefork.c -o prefork $(pkg-config --cflags --libs tel)
 *   ./prefork 8080 9101 9102 9103 9104
 *   curl http://127.0.0.1:8080/hello; curl http://127.0.0.1:9101/metrics
 */
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tel/http.h>
#include <tel/scrape.h>

static volatile sig_atomic_t ending;

static void end(int number) {
  (void)number;
  ending = 1;
}

static int listen_on(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int server = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
  address.sin_port = htons((uint16_t)port);
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(server, (struct sockaddr *)&address, sizeof address) == 0 && listen(server, 128) == 0)
    return server;
  perror("prefork");
  exit(1);
}

static void reply(int client, unsigned status, const char *type, const char *body, size_t size) {
  char head[256];
  int len = snprintf(head, sizeof head,
                     "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                     status, status == 200 ? "OK" : "Not Found", type, size);
  send(client, head, (size_t)len, MSG_NOSIGNAL);
  send(client, body, size, MSG_NOSIGNAL);
}

static void scrape(struct tel *tel, int client) {
  struct tel_scrape scrape;
  char request[4096];
  if (read(client, request, sizeof request) <= 0) return;
  if (tel_scrape(tel_registry(tel), NULL, NULL, &scrape) != 0) return;
  reply(client, 200, scrape.content_type, scrape.body, scrape.size);
  tel_scrape_free(&scrape);
}

static void serve(struct tel *tel, const struct tel_http_route *route, int client) {
  char text[4096], method[16], path[256];
  ssize_t size = read(client, text, sizeof text - 1);
  text[size > 0 ? size : 0] = '\0';
  if (sscanf(text, "%15s %255s", method, path) != 2) return;
  struct tel_http_request request = {.method = method, .path = path, .client = "127.0.0.1"};
  struct tel_http_exchange *exchange = tel_http_begin(tel, &request);
  int known = strcmp(path, "/hello") == 0;
  tel_attributes_set_int(tel_http_fields(exchange), "worker", getpid());
  reply(client, known ? 200 : 404, "text/plain", "hello\n", 6);
  tel_http_end(exchange, known ? route : NULL, known ? 200 : 404, 6);
}

static int work(struct tel *tel, const struct tel_http_route *route, int server, int metrics) {
  struct pollfd ready[] = {{.fd = server, .events = POLLIN}, {.fd = metrics, .events = POLLIN}};
  if (tel_start(tel) != 0)
    return fprintf(stderr, "%s\n", tel_error(tel)), 1; /* in each worker, after the fork */
  while (!ending) {
    if (poll(ready, 2, 100) <= 0) continue;
    for (int i = 0; i < 2; i++) {
      int client = ready[i].revents ? accept(ready[i].fd, NULL, NULL) : -1;
      if (client < 0) continue; /* another worker was quicker */
      i == 0 ? serve(tel, route, client) : scrape(tel, client);
      close(client);
    }
  }
  return tel_free(tel, 5000) != 0;
}

int main(int argc, char **argv) {
  int status = 0, failed = 0;
  struct sigaction action = {.sa_handler = end};
  int server = listen_on(atoi(argc > 1 ? argv[1] : "8080"));
  struct tel *tel = tel_new("prefork", "1.0"); /* once, before the fork */
  struct tel_http_route *route = tel_http_route(tel, "GET", "/hello");
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  for (int i = 2; i < argc; i++)
    if (fork() == 0) _exit(work(tel, route, server, listen_on(atoi(argv[i]))));
  while (!ending) pause();
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);
  while (wait(&status) > 0) failed |= status;
  return failed != 0;
}
