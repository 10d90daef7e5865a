# SPDX-License-Identifier: MIT
# All tests of telemetry link these libraries. A folder that needs more names them in its own module.mk.
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
