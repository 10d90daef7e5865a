/* The service, as its handlers and its observation see it. */
#ifndef HTTP_SERVICE_INTERNAL_H
#define HTTP_SERVICE_INTERNAL_H

#include "http/observe.h"
#include "http/service.h"

const struct http_service_parts *http_service_parts(const struct http_service *service);
const struct http_service_settings *http_service_settings(const struct http_service *service);
struct http_observe *http_service_observe(const struct http_service *service);
bool http_service_ready(const struct http_service *service);
bool http_service_draining(const struct http_service *service);

#endif
