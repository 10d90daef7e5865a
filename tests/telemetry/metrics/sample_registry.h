/* SPDX-License-Identifier: MIT */
/* A registry with a bit of everything that an exposition can hold, always the same: for the golden files, and
 * for the parsers of others. */
#ifndef TELEMETRY_METRICS_SAMPLE_REGISTRY_H
#define TELEMETRY_METRICS_SAMPLE_REGISTRY_H

#include "tel/metrics.h"

/* NULL when out of memory (or something was refused). */
struct tel_registry *sample_registry_new(void);

#endif
