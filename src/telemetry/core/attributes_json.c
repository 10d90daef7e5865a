/* SPDX-License-Identifier: MIT */
#include "telemetry/core/attributes_json.h"

#include "base/buf_json.h"

void tel_json_value(struct buf *out, const struct tel_attribute *pair) {
  switch (pair->type) {
  case TEL_STRING:
    buf_json_string(out, pair->value.string.data, pair->value.string.len);
    break;
  case TEL_BOOL:
    buf_puts(out, pair->value.integer ? "true" : "false");
    break;
  case TEL_INT:
    buf_put_i64(out, pair->value.integer);
    break;
  case TEL_DOUBLE:
    buf_json_double(out, pair->value.real);
    break;
  }
}

void tel_json_attributes(struct buf *out, const struct tel_attribute *items, uint32_t count) {
  buf_putc(out, '{');
  for (uint32_t i = 0; i < count; i++) {
    buf_json_item(out);
    buf_json_string(out, items[i].key, items[i].key_len);
    buf_putc(out, ':');
    tel_json_value(out, &items[i]);
  }
  buf_putc(out, '}');
}
