# SPDX-License-Identifier: MIT
# check.sh is quick and in `make check`. The others run real engines for seconds to minutes; `./lab test` runs them.
TESTS += tests/observability/check.sh
EXTRA_DIST += \
	tests/observability/alert_loop_test.py \
	tests/observability/alertmanager_test.py \
	tests/observability/alerts_complete.py \
	tests/observability/check.sh \
	tests/observability/console_test.py \
	tests/observability/dashboards.py \
	tests/observability/dashboards_test.py \
	tests/observability/grafana.py \
	tests/observability/grafana_test.py \
	tests/observability/containers_test.py \
	tests/observability/kubernetes_test.py \
	tests/observability/log_shipping_test.py \
	tests/observability/numbers_test.py \
	tests/observability/traffic_test.py \
	tests/observability/data/slack/message.tmpl \
	$(SLACK_CASES:=.json) $(SLACK_CASES:=.txt)
EXTRA_DIST += tests/data/dashboard
SLACK_CASES = \
	tests/observability/data/slack/bare \
	tests/observability/data/slack/group-firing \
	tests/observability/data/slack/group-mixed \
	tests/observability/data/slack/group-resolved \
	tests/observability/data/slack/hostile-group \
	tests/observability/data/slack/hostile-single \
	tests/observability/data/slack/single-firing \
	tests/observability/data/slack/single-resolved \
	tests/observability/data/slack/warning
