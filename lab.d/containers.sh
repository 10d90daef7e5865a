# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The containers of docker-compose.yml, if they run instead of the native lab. Compose lists the containers of this project. Names and
# ports come from the environment, then from .env, as for Compose.

# Sets compose to the command that finds running containers of this project, and containers_running to their services. Returns 1 if
# none runs; containers_denied is then set if this user may not ask Docker.
containers_find() {
	containers_denied=
	for compose in docker-compose 'docker compose'; do
		command -v "${compose%% *}" >/dev/null || continue
		containers_ids=$(containers_compose ps -q 2>&1) || {
			case $containers_ids in *[Pp]'ermission denied'*) containers_denied=yes ;; esac
			continue
		}
		[ -n "$containers_ids" ] || continue
		containers_running=$(containers_list)
		[ -z "$containers_running" ] || return 0
	done
	return 1
}

# Docker may hang. The limit is longer than a container takes to stop.
containers_compose() {
	# shellcheck disable=SC2086 # one word or two
	timeout --foreground 60 $compose "$@" </dev/null
}

# The services that run. With docker-compose 1.29, ps -q names stopped containers too.
containers_list() {
	containers_compose ps --services --filter status=running 2>/dev/null | tr '\n' ' '
}

containers_run() {
	case " $containers_running " in *" $1 "*) return 0 ;; esac
	return 1
}

# setting NAME DEFAULT: prints the value that Compose uses.
setting() {
	eval "setting_value=\${$1:-}"
	[ -n "$setting_value" ] || setting_value=$(sed -n "s/^$1=//p" .env 2>/dev/null | tail -n 1)
	echo "${setting_value:-$2}"
}

containers_addresses() {
	minishop_url=http://127.0.0.1:$(setting MINISHOP_PORT 8080)
	slack_url=http://127.0.0.1:$(setting SLACK_MOCK_PORT 8090)
	prometheus_url=http://127.0.0.1:$(setting PROMETHEUS_PORT 9090)
	prometheus_pages=$prometheus_url
	alertmanager_url=http://127.0.0.1:$(setting ALERTMANAGER_PORT 9093)
	grafana_url=http://127.0.0.1:$(setting GRAFANA_PORT 3000)
	loki_url=http://127.0.0.1:$(setting LOKI_PORT 3100)
	jaeger_url=http://127.0.0.1:$(setting JAEGER_PORT 16686)
	tempo_url=http://127.0.0.1:$(setting TEMPO_PORT 3200)
	trace_store=$(setting TRACE_STORE jaeger)
}

# Runs a shell script where the shop's log files are: in a shop's container, or, while none runs, in a temporary container.
containers_sh() {
	if containers_run minishop; then
		containers_compose exec -T minishop sh -c "$@"
	else
		containers_compose run --rm -T --no-deps prepare sh -c "$@"
	fi
}

# containers_row SERVICE [ADDRESS PATH]: its row of status. It is healthy if it responds there. Without an address: whether it runs.
containers_row() {
	if ! containers_run "$1"; then
		row "$1" "does not run"
		ill=1
	elif [ $# -eq 1 ]; then
		row "$1" "runs"
	elif ask -o /dev/null "$2$3"; then
		row "$1" "healthy, $2"
	else
		row "$1" "NOT READY, $2"
		ill=1
	fi
}

containers_status() {
	row containers "run ($compose)"
	containers_row minishop "$minishop_url" /readyz
	containers_row slack-mock "$slack_url" /healthz
	containers_row alertmanager "$alertmanager_url" /-/ready
	containers_row prometheus "$prometheus_url" /-/ready
	containers_row grafana "$grafana_url" /api/health
	containers_row loki "$loki_url" /ready
	case $trace_store in jaeger | both) containers_row jaeger "$jaeger_url" /api/services ;; esac
	case $trace_store in tempo | both) containers_row tempo "$tempo_url" /ready ;; esac
	containers_row otel-collector
	status_shipper=$(setting LOG_SHIPPER collector)
	[ "$status_shipper" = collector ] || containers_row "$status_shipper"
	containers_row traffic
	spans_how=
	containers_run otel-collector || spans_how=", which does NOT run"
	row spans "exported to the collector$spans_how, and from there to $trace_store (chosen by docker-compose.yml and .env)"
	row log "a volume of the containers: ./lab logs, or Loki in Grafana"
	row incident "$(incident_current)"
}
