/* SPDX-License-Identifier: MIT */
#include "telemetry/traces/failure_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "tel/log.h"

#define INTERVAL_NS (60 * CLOCK_NS_PER_S)

void tel_report_log(void *logger, enum tel_report what, const char *text) {
  static const char *const messages[] = {[TEL_REPORT_FAILED] = "span export failed",
                                         [TEL_REPORT_RECOVERED] = "span export recovered",
                                         [TEL_REPORT_WARNING] = "span export warning"};
  tel_log_event(logger, what == TEL_REPORT_RECOVERED ? TEL_INFO : TEL_WARN, messages[what], "%s", text);
}

static void say(const struct tel_failure_report *report, enum tel_report what, const char *text) {
  if (report->events.report) report->events.report(report->events.cls, what, text);
}

void tel_failure_report_failed(struct tel_failure_report *report, uint64_t now_mono_ns, const char *text,
                               uint64_t lost) {
  char line[640];
  if (report->spoke && now_mono_ns - report->last_mono_ns < INTERVAL_NS) return;
  report->spoke = report->announced = true;
  report->last_mono_ns = now_mono_ns;
  snprintf(line, sizeof line, "spans could not be exported: %s (lost so far: %" PRIu64 ")", text, lost);
  say(report, TEL_REPORT_FAILED, line);
}

void tel_failure_report_worked(struct tel_failure_report *report, uint64_t lost) {
  char line[128];
  if (!report->announced) return;
  report->announced = false;
  snprintf(line, sizeof line, "spans are exported again (lost so far: %" PRIu64 ")", lost);
  say(report, TEL_REPORT_RECOVERED, line);
}

void tel_failure_report_note(struct tel_failure_report *report, const char *text) {
  char line[640];
  if (report->noted) return;
  report->noted = true;
  snprintf(line, sizeof line, "the collector accepted all spans, but: %s", text);
  say(report, TEL_REPORT_WARNING, line);
}
