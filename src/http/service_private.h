/* SPDX-License-Identifier: MIT */
/* The service's functions for its handlers. */
#ifndef HTTP_SERVICE_PRIVATE_H
#define HTTP_SERVICE_PRIVATE_H

#include "http/service.h"

const struct http_service_parts *http_service_parts(const struct http_service *service);
const struct http_service_settings *http_service_settings(const struct http_service *service);
bool http_service_ready(const struct http_service *service);

#endif
