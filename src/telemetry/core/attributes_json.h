/* Attributes as JSON, for the console exporter and recent traces. Internal to src/telemetry. */
#ifndef TELEMETRY_CORE_ATTRIBUTES_JSON_H
#define TELEMETRY_CORE_ATTRIBUTES_JSON_H

#include "base/buf.h"
#include "tel/attributes.h"

/* A quoted string; any bytes. */
void tel_json_string(struct buf *out, const char *text, size_t len);
/* NaN and infinities become null: JSON has no other word for them. */
void tel_json_value(struct buf *out, const struct tel_attribute *pair);
/* One member, with what precedes it in its object. */
void tel_json_member(struct buf *out, const struct tel_attribute *pair, bool first);
/* An object. */
void tel_json_attributes(struct buf *out, const struct tel_attribute *items, uint32_t count);

#endif
