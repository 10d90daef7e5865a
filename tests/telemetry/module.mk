# SPDX-License-Identifier: MIT
# The parts of telemetry link the same; what one needs besides stands in its own file.
TELEMETRY_TEST_LIBS = $(LIBTELEMETRY) $(LIBTELEMETRY_LIBS) $(CHECK_LIBS)

include tests/telemetry/core/module.mk
include tests/telemetry/settings/module.mk
include tests/telemetry/metrics/module.mk
include tests/telemetry/traces/module.mk
include tests/telemetry/recent/module.mk
include tests/telemetry/otlp/module.mk
include tests/telemetry/logs/module.mk
include tests/telemetry/http/module.mk
include tests/telemetry/ulfius/module.mk
