/* SPDX-License-Identifier: MIT */
/* Includes every public header. Compiled as C11 and as C++17. */
#include <tel/api.h>
#include <tel/attributes.h>
#include <tel/context.h>
#include <tel/error.h>
#include <tel/http.h>
#include <tel/log.h>
#include <tel/metrics.h>
#include <tel/scrape.h>
#include <tel/telemetry.h>
#include <tel/trace.h>
#include <tel/ulfius.h>

static const struct tel_key KEY = TEL_KEY("shop.order.id");

int main(void) {
  struct tel *tel = tel_new("headers", "1");
  int error = tel_start(tel);
  struct tel_span *span = tel_span_start(tel_tracer(tel), "span", TEL_SPAN_INTERNAL, NULL, NULL, 0);
  tel_attributes_put_int(tel_span_attributes(span), &KEY, 1);
  tel_span_end(span, 0);
  tel_free(tel, 1000);
  return error;
}
