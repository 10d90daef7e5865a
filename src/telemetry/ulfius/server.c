/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <orcania.h>
#include <stdio.h>
#include <string.h>
#include <yder.h>

#include "telemetry/ulfius/adapter.h"

enum { MESSAGE_SIZE = 1024, OPTIONS = 10 };

/* The text may hold data from clients. It must not be used as a format, and its control characters must not
 * reach a terminal. */
void tel_ulfius_on_message(void *cls, const char *format, va_list arguments) {
  char text[MESSAGE_SIZE];
  (void)cls;
  if (vsnprintf(text, sizeof text, format, arguments) < 0) return;
  text[strcspn(text, "\n")] = '\0';
  for (char *c = text; *c; c++)
    if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
  y_log_message(Y_LOG_LEVEL_ERROR, "MHD - %s", text);
}

void *tel_ulfius_on_uri(void *cls, const char *uri, struct MHD_Connection *connection) {
  struct connection_info_struct *info = ulfius_uri_logger(NULL, uri);
  struct observer *observer = adapter_observer(cls);
  if (!info || !info->request || !observer) return info;
  adapter_record_forget(observer, info->request);
  adapter_record_new(observer, info->request, connection);
  return info;
}

void tel_ulfius_on_completed(void *cls, struct MHD_Connection *connection, void **state,
                             enum MHD_RequestTerminationCode how) {
  struct connection_info_struct *info = state ? *state : NULL;
  struct observer *observer = adapter_observer(cls);
  if (info && info->request && observer) {
    struct record *record = adapter_record_take(observer, info->request);
    if (record) adapter_record_end(record, how); /* before Ulfius frees the texts that the record borrows */
  }
  if (state) mhd_request_completed(NULL, connection, state, how);
}

static bool valid(const struct _u_instance *instance) {
  if (instance->port == 0 || instance->port > 65535 || instance->mhd_daemon || !instance->endpoint_list)
    return false;
  for (int i = 0; i < instance->nb_endpoints; i++) {
    const struct _u_endpoint *endpoint = &instance->endpoint_list[i];
    if (!endpoint->http_method || !endpoint->callback_function ||
        (!endpoint->url_prefix && !endpoint->url_format))
      return false;
  }
  return true;
}

static unsigned address_of(const struct _u_instance *instance, struct MHD_OptionItem *out) {
  *out = (struct MHD_OptionItem){MHD_OPTION_SOCK_ADDR, 0, instance->bind_address};
  if (instance->bind_address6) out->ptr_value = instance->bind_address6;
  bool ipv4 = instance->network_type & U_USE_IPV4, ipv6 = instance->network_type & U_USE_IPV6;
  if (instance->bind_address6) return MHD_USE_IPv6;
  return ipv4 && ipv6 ? MHD_USE_DUAL_STACK : ipv6 ? MHD_USE_IPv6 : 0;
}

static int start(struct _u_instance *instance, const struct tel_ulfius_server *server) {
  struct MHD_OptionItem options[OPTIONS], *to = options;
  unsigned flags =
      MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG | MHD_ALLOW_UPGRADE;
  *to++ = (struct MHD_OptionItem){MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)tel_ulfius_on_message, instance};
  *to++ = (struct MHD_OptionItem){MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)tel_ulfius_on_completed, instance};
  *to++ = (struct MHD_OptionItem){MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)tel_ulfius_on_uri, instance};
  flags |= address_of(instance, to++);
  if (server->key_pem) {
    flags |= MHD_USE_TLS;
    *to++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)server->key_pem};
    *to++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)server->cert_pem};
  }
  if (server->ca_pem)
    *to++ = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)(uintptr_t)server->ca_pem};
  if (instance->timeout)
    *to++ = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)instance->timeout, NULL};
  if (server->options)
    *to++ = (struct MHD_OptionItem){MHD_OPTION_ARRAY, 0, (void *)(uintptr_t)server->options};
  *to = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
#ifndef U_DISABLE_GNUTLS
  instance->use_client_cert_auth = server->ca_pem != NULL;
#endif
  return ulfius_start_framework_with_mhd_options(instance, flags, options);
}

static void share_allocators(void) {
#ifndef U_DISABLE_JANSSON
  o_malloc_t malloc_fn;
  o_free_t free_fn;
  o_get_alloc_funcs(&malloc_fn, NULL, &free_fn);
  json_set_alloc_funcs((json_malloc_t)malloc_fn, (json_free_t)free_fn);
#endif
}

int tel_ulfius_start(struct tel *tel, struct _u_instance *instance, const struct tel_ulfius_server *server) {
  static const struct tel_ulfius_server plain = {.key_pem = NULL};
  if (!server) server = &plain;
  if (!instance || !server->key_pem != !server->cert_pem || (server->ca_pem && !server->key_pem) ||
      !valid(instance))
    return U_ERROR_PARAMS;
  if (tel) tel_ulfius_observe(tel, instance); /* the server must run even if its telemetry fails */
  share_allocators();
  return start(instance, server);
}
