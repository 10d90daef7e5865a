/* SPDX-License-Identifier: MIT */
/* Reports that exports fail (at most once a minute) and that they work again. One thread. */
#ifndef TELEMETRY_TRACES_FAILURE_REPORT_H
#define TELEMETRY_TRACES_FAILURE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "telemetry/traces/tracing.h"

struct tel_failure_report {
  struct tel_tracing_events events; /* report may be NULL */
  bool announced;                   /* the last report was a failure */
  bool spoke, noted;
  uint64_t last_mono_ns; /* of the last report, if there was one */
};

/* An export failed. lost: all spans dropped so far. */
void tel_failure_report_failed(struct tel_failure_report *report, uint64_t now_mono_ns, const char *text,
                               uint64_t lost);
void tel_failure_report_worked(struct tel_failure_report *report, uint64_t lost);
/* Reports, once, a message of the collector about spans that it accepted. */
void tel_failure_report_note(struct tel_failure_report *report, const char *text);

#endif
