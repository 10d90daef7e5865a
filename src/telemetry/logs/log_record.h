/* SPDX-License-Identifier: MIT */
/* A log record, from its creation by a request to the writer. */
#ifndef TELEMETRY_LOGS_LOG_RECORD_H
#define TELEMETRY_LOGS_LOG_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "tel/attributes.h"
#include "tel/context.h"
#include "tel/log.h"
#include "telemetry/core/pipeline.h"

/* Limits of a record. They bound the cost of a line. */
enum { TEL_LOG_FIELDS = 64, TEL_LOG_VALUE_CHARACTERS = 1024 };
/* Room before the fields, for the line's own members. */
enum { TEL_LOG_ROOM = 512 };

struct tel_log_record {
  struct tel_item item; /* first */
  struct tel_logger *logger;
  uint64_t time_unix_ns;
  const char *message; /* static */
  enum tel_level level;
  bool has_context;
  struct tel_context context;
  const struct tel_span *span; /* the span it belongs to, until it is queued; or NULL */
  const char *line;            /* NULL until it is sealed; lies in fields */
  size_t line_len;             /* with its newline */
  struct tel_attributes fields;
};

/* Makes an empty record. Clear its fields when it is no longer used. */
void tel_log_record_init(struct tel_log_record *record, struct tel_logger *logger, enum tel_level level);
#endif
