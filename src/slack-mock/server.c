#include "slack-mock/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "slack-mock/payload.h"

struct mock_server {
  struct _u_instance instance;
  char address[64];
};

static void quiet(void *cls, const char *fmt, va_list ap) {
  (void)cls;
  (void)fmt;
  (void)ap;
}

struct mock_server *mock_server_start(const char *listen, struct mock_channel *channel, struct buf *error) {
  struct mock_server *server = calloc(1, sizeof *server);
  char host[64] = "";
  unsigned port;
  struct sockaddr_in addr = {.sin_family = AF_INET};
  if (sscanf(listen, "%63[^:]:%u", host, &port) != 2 || inet_pton(AF_INET, host, &addr.sin_addr) != 1) {
    buf_puts(error, "bad address");
    return NULL;
  }
  addr.sin_port = htons((uint16_t)port);
  ulfius_init_instance(&server->instance, port ? port : 1, NULL, NULL);
  server->instance.max_post_body_size = MOCK_PAYLOAD_BODY_MAX + 1;
  server->instance.allowed_post_processor = U_POST_PROCESS_NONE;
  ulfius_add_endpoint_by_val(&server->instance, "*", NULL, "/*", 0, mock_routes_handle, channel);
  ulfius_set_default_endpoint(&server->instance, mock_routes_handle, channel);
  struct MHD_OptionItem options[] = {
      {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)quiet, NULL},
      {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)mhd_request_completed, NULL},
      {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)ulfius_uri_logger, NULL},
      {MHD_OPTION_SOCK_ADDR, 0, &addr},
      {MHD_OPTION_CONNECTION_LIMIT, 1024, NULL},
      {MHD_OPTION_CONNECTION_TIMEOUT, 20, NULL},
      {MHD_OPTION_LISTEN_BACKLOG_SIZE, 1024, NULL},
      {MHD_OPTION_END, 0, NULL}};
  if (ulfius_start_framework_with_mhd_options(
          &server->instance, MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG,
          options) != U_OK) {
    buf_puts(error, "cannot listen");
    return NULL;
  }
  const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->instance.mhd_daemon, MHD_DAEMON_INFO_LISTEN_FD);
  socklen_t len = sizeof addr;
  getsockname(info->listen_fd, (struct sockaddr *)&addr, &len);
  snprintf(server->address, sizeof server->address, "%s:%u", host, ntohs(addr.sin_port));
  return server;
}

const char *mock_server_address(const struct mock_server *server) { return server->address; }

void mock_server_stop(struct mock_server *server) {
  ulfius_stop_framework(&server->instance);
  ulfius_clean_instance(&server->instance);
  free(server);
}
