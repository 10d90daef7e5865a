/* SPDX-License-Identifier: MIT */
/* The ratio sampler: a pure function of the trace id, so that all services make the same decision for a
 * trace. A trace that is kept at one ratio is also kept at every higher ratio. */
#ifndef TELEMETRY_TRACES_SAMPLER_H
#define TELEMETRY_TRACES_SAMPLER_H

#include <stdbool.h>
#include <stdint.h>

/* (1 - ratio) * 2^56, for ratio in 0 to 1. */
uint64_t tel_sampler_threshold(double ratio);
/* Whether the low 56 bits of the trace id reach the threshold. */
bool tel_sampler_keeps(uint64_t threshold, const uint8_t trace_id[16]);

#endif
