#include "telemetry/http/describe.h"

#include <stdlib.h>
#include <string.h>

/* "host:port" into its two attributes; the port only if it is one. */
static void describe_server(struct tel_attributes *attributes, const char *host, bool https) {
  if (!host || !*host) return;
  const char *bracket = *host == '[' ? strchr(host, ']') : NULL, *colon = strrchr(host, ':');
  if (bracket && colon && colon < bracket) colon = NULL;
  const char *end = bracket ? bracket : colon ? colon : host + strlen(host);
  if (bracket) host++;
  tel_attributes_set_text(attributes, "server.address", host, (size_t)(end - host));
  unsigned long port = colon ? strtoul(colon + 1, NULL, 10) : https ? 443 : 80;
  if (port > 0 && port <= 65535) tel_attributes_set_int(attributes, "server.port", (int64_t)port);
}

void tel_http_describe(struct tel_attributes *attributes, const struct tel_http_request *request,
                       const char *method, const char *route, unsigned status) {
  const char *scheme = request->scheme ? request->scheme : "http";
  if (!attributes) return;
  tel_attributes_set_static(attributes, "http.request.method", method);
  if (*request->method && strcmp(method, request->method) != 0)
    tel_attributes_set_string(attributes, "http.request.method_original", request->method);
  tel_attributes_set_string(attributes, "url.path", request->path);
  tel_attributes_set_string(attributes, "url.scheme", scheme);
  if (request->query && *request->query) tel_attributes_set_string(attributes, "url.query", request->query);
  if (route) tel_attributes_set_static(attributes, "http.route", route);
  if (status) tel_attributes_set_int(attributes, "http.response.status_code", status);
  describe_server(attributes, request->host, strcmp(scheme, "https") == 0);
  tel_attributes_set_string(attributes, "client.address", request->client);
  tel_attributes_set_string(attributes, "network.peer.address", request->client);
  if (request->client_port) tel_attributes_set_int(attributes, "network.peer.port", request->client_port);
  tel_attributes_set_string(attributes, "network.protocol.version", request->version);
  tel_attributes_set_string(attributes, "user_agent.original", request->user_agent);
}
