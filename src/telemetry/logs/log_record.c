/* SPDX-License-Identifier: MIT */
#include "telemetry/logs/log_record.h"

#include "base/text.h"
#include "telemetry/core/attributes_private.h"

bool tel_level_parse(const char *text, enum tel_level *out) {
  static const char *const levels[] = {
      [TEL_DEBUG] = "DEBUG", [TEL_INFO] = "INFO", [TEL_WARN] = "WARN", [TEL_ERROR] = "ERROR"};
  if (!text || !out) return false;
  for (int level = TEL_DEBUG; level <= TEL_ERROR; level++) {
    if (!text_same(text, levels[level])) continue;
    *out = (enum tel_level)level;
    return true;
  }
  return false;
}

void tel_log_record_init(struct tel_log_record *record, struct tel_logger *logger, enum tel_level level) {
  record->logger = logger;
  record->time_unix_ns = 0;
  record->message = "";
  record->level = level;
  record->has_context = false;
  record->span = NULL;
  record->line = NULL;
  tel_attributes_begin(&record->fields, TEL_FORM_JSON, TEL_LOG_FIELDS, TEL_LOG_VALUE_CHARACTERS,
                       TEL_LOG_ROOM);
}
