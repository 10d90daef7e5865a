/* SPDX-License-Identifier: MIT */
/* A constant registry with an example of everything that an exposition can hold: for the golden files, and
 * for other projects' parsers. */
#ifndef TELEMETRY_METRICS_SAMPLE_REGISTRY_H
#define TELEMETRY_METRICS_SAMPLE_REGISTRY_H

#include "tel/metrics.h"

/* NULL when out of memory (or something was refused). */
struct tel_registry *sample_registry_new(void);

#endif
