# What watches the service: configuration, installed as it is.
nobase_dist_pkgdata_DATA = \
	observability/README.md \
	observability/runbook.md \
	observability/alertmanager/alertmanager.yml \
	observability/alertmanager/templates/slack.tmpl \
	observability/grafana/dashboards/minishop.json \
	observability/grafana/dashboards/pipeline.json \
	observability/grafana/dashboards/process.json \
	observability/grafana/provisioning/dashboards/minishop.yaml \
	observability/grafana/provisioning/datasources/minishop.yaml \
	observability/incidents/out-of-stock.conf \
	observability/incidents/payment-outage.conf \
	observability/incidents/service-down.conf \
	observability/incidents/slack-outage.conf \
	observability/incidents/slow-payments.conf \
	observability/jaeger/config.yaml \
	observability/loki/loki.yaml \
	observability/otel-collector/config.yaml \
	observability/otel-collector/logs-collector.yaml \
	observability/otel-collector/logs-promtail.yaml \
	observability/otel-collector/traces-both.yaml \
	observability/otel-collector/traces-jaeger.yaml \
	observability/otel-collector/traces-tempo.yaml \
	observability/prometheus/assets/chart.js \
	observability/prometheus/assets/console.css \
	observability/prometheus/assets/minishop.js \
	observability/prometheus/assets/runbook.js \
	observability/prometheus/consoles/lib/page.lib \
	observability/prometheus/consoles/minishop.html \
	observability/prometheus/consoles/runbook.html \
	observability/prometheus/prometheus.yml \
	observability/prometheus/rules/alerts.yml \
	observability/prometheus/rules/recording.yml \
	observability/prometheus/targets/choice/logs-collector.yml \
	observability/prometheus/targets/choice/logs-promtail.yml \
	observability/prometheus/targets/choice/traces-both.yml \
	observability/prometheus/targets/choice/traces-jaeger.yml \
	observability/prometheus/targets/choice/traces-tempo.yml \
	observability/prometheus/targets/containers/alertmanager.yml \
	observability/prometheus/targets/containers/minishop.yml \
	observability/prometheus/targets/containers/prometheus.yml \
	observability/prometheus/targets/containers/slack-mock.yml \
	observability/prometheus/targets/containers/stack.yml \
	observability/prometheus/targets/native/alertmanager.yml \
	observability/prometheus/targets/native/minishop.yml \
	observability/prometheus/targets/native/prometheus.yml \
	observability/prometheus/targets/native/slack-mock.yml \
	observability/prometheus/targets/native/stack.yml \
	observability/traffic/shoppers.lua
EXTRA_DIST += \
	.yamllint \
	observability/prometheus/tests/down.yml \
	observability/prometheus/tests/high_error_rate.yml \
	observability/prometheus/tests/high_latency.yml \
	observability/prometheus/tests/slack_delivery_failing.yml \
	observability/prometheus/tests/telemetry_dropped.yml
