#include "telemetry/core/attributes_json.h"

#include <math.h>

#include "base/escape.h"

void tel_json_string(struct buf *out, const char *text, size_t len) {
  buf_putc(out, '"');
  char *to = buf_reserve(out, len * ESCAPE_JSON_WORST);
  if (to) out->len += (size_t)(escape_json(to, text, len) - to);
  buf_putc(out, '"');
}

void tel_json_value(struct buf *out, const struct tel_attribute *pair) {
  switch (pair->type) {
  case TEL_STRING:
    tel_json_string(out, pair->value.string.data, pair->value.string.len);
    break;
  case TEL_BOOL:
    buf_puts(out, pair->value.integer ? "true" : "false");
    break;
  case TEL_INT:
    buf_put_i64(out, pair->value.integer);
    break;
  case TEL_DOUBLE:
    if (isfinite(pair->value.real))
      buf_put_double(out, pair->value.real);
    else
      buf_puts(out, "null");
    break;
  }
}

void tel_json_member(struct buf *out, const struct tel_attribute *pair, bool first) {
  buf_putc(out, first ? '{' : ',');
  tel_json_string(out, pair->key, pair->key_len);
  buf_putc(out, ':');
  tel_json_value(out, pair);
}

void tel_json_attributes(struct buf *out, const struct tel_attribute *items, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) tel_json_member(out, &items[i], i == 0);
  buf_puts(out, count ? "}" : "{}");
}
