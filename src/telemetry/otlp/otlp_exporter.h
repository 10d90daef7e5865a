/* SPDX-License-Identifier: MIT */
/* Exports spans to a collector: OTLP over HTTP, protobuf. */
#ifndef TELEMETRY_OTLP_OTLP_EXPORTER_H
#define TELEMETRY_OTLP_OTLP_EXPORTER_H

#include "telemetry/otlp/transport.h"
#include "telemetry/traces/batch.h"
#include "telemetry/traces/trace_metrics.h"

/* Resource and metrics (NULL: none) are borrowed. TEL_E_MEMORY, TEL_E_VALUE (headers). */
TEL_MUST_CHECK int tel_otlp_exporter_new(const struct tel_tracing_settings *settings,
                                         const struct tel_attributes *resource,
                                         struct tel_trace_metrics *metrics, struct tel_exporter *out);

/* The same over a given transport. Takes ownership of it, also on failure. TEL_E_MEMORY. */
TEL_MUST_CHECK int tel_otlp_exporter_with(const struct tel_transport *transport,
                                          const struct tel_tracing_settings *settings,
                                          const struct tel_attributes *resource,
                                          struct tel_trace_metrics *metrics, struct tel_exporter *out);

#endif
