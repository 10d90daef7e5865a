/* SPDX-License-Identifier: MIT */
/* Attributes as JSON, for the console exporter and recent traces. Internal to src/telemetry. */
#ifndef TELEMETRY_CORE_ATTRIBUTES_JSON_H
#define TELEMETRY_CORE_ATTRIBUTES_JSON_H

#include "base/buf.h"
#include "tel/attributes.h"

/* NaN and infinities become null, because JSON has no such numbers. */
void tel_json_value(struct buf *out, const struct tel_attribute *pair);
/* An object. */
void tel_json_attributes(struct buf *out, const struct tel_attribute *items, uint32_t count);

#endif
