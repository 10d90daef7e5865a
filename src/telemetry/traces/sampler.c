/* SPDX-License-Identifier: MIT */
#include "telemetry/traces/sampler.h"

uint64_t tel_sampler_threshold(double ratio) {
  return (uint64_t)((1 - ratio) * 0x1.0p56 + 0.5);
}

bool tel_sampler_keeps(uint64_t threshold, const uint8_t trace_id[16]) {
  uint64_t low = 0;
  for (int i = 9; i < 16; i++) low = low << 8 | trace_id[i];
  return low >= threshold;
}
