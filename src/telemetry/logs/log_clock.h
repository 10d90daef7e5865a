/* SPDX-License-Identifier: MIT */
/* Log lines with a time that the caller has read. */
#ifndef TELEMETRY_LOGS_LOG_CLOCK_H
#define TELEMETRY_LOGS_LOG_CLOCK_H

#include <stdint.h>

#include "tel/log.h"

/* Like tel_log_message(), at the given time. */
void tel_log_message_at(struct tel_log_record *record, const char *message, uint64_t unix_ns);

#endif
