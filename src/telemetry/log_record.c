#include "telemetry/log_record.h"

#include <stddef.h>
#include <strings.h>

#include "base/forks.h"

static const struct {
  const char *text;
  unsigned number;
} levels[] = {
    [TEL_DEBUG] = {"DEBUG", 5},  [TEL_INFO] = {"INFO", 9},    [TEL_WARN] = {"WARN", 13},
    [TEL_ERROR] = {"ERROR", 17}, [TEL_FATAL] = {"FATAL", 21},
};

const char *tel_level_text(enum tel_level level) {
  return levels[level].text;
}

unsigned tel_level_number(enum tel_level level) {
  return levels[level].number;
}

bool tel_level_parse(const char *text, enum tel_level *out) {
  if (!text || !out) return false;
  for (int level = TEL_DEBUG; level <= TEL_ERROR; level++) {
    if (strcasecmp(text, levels[level].text) != 0) continue;
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
  record->made_in = forks_count();
  record->has_context = false;
  record->span = NULL;
  tel_attributes_init(&record->fields, TEL_LOG_FIELDS, TEL_LOG_VALUE_CHARACTERS);
}
