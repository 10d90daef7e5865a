/* SPDX-License-Identifier: MIT */
/* A log record as it travels from its request to the writer: inside of the logs part, see log.h for users. */
#ifndef TELEMETRY_LOGS_LOG_RECORD_H
#define TELEMETRY_LOGS_LOG_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "tel/attributes.h"
#include "tel/context.h"
#include "tel/log.h"
#include "telemetry/core/pipeline.h"

/* Of a record; they bound what one line can cost. */
enum { TEL_LOG_FIELDS = 64, TEL_LOG_VALUE_CHARACTERS = 1024 };
/* In front of the fields, for the line's own. */
enum { TEL_LOG_ROOM = 512 };

struct tel_log_record {
  struct tel_item item; /* first */
  struct tel_logger *logger;
  uint64_t time_unix_ns;
  const char *message; /* static */
  enum tel_level level;
  bool has_context;
  struct tel_context context;
  const struct tel_span *span; /* that it is of, until it is queued; or NULL */
  const char *line;            /* NULL until it is sealed; lies in fields */
  size_t line_len;             /* with its newline */
  struct tel_attributes fields;
};

/* Makes an empty record; fields must be cleared in the end. */
void tel_log_record_init(struct tel_log_record *record, struct tel_logger *logger, enum tel_level level);
#endif
