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

int main(void) {
  struct tel *tel = tel_new("headers", "1");
  int error = tel_start(tel);
  tel_free(tel, 1000);
  return error;
}
