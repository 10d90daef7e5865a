# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# up, down: the parts of the lab and how each is started.
#
# `./lab up` restarts a part that has died or whose key has changed. The key is a checksum of its program, configuration and
# command line. So `./lab up` after a change restarts the parts that the change may affect.

services='slack-mock minishop alertmanager prometheus traffic'

# The ports of the running lab are stored, so that later commands find it without options.
ports_load() {
	kept=$LAB_DIR/run/ports
	if [ -e "$kept" ]; then
		# An empty file, from a full disk, means the default ports.
		read -r kept_minishop kept_slack kept_prometheus kept_alertmanager kept_scratch <"$kept" || true
	fi
	minishop_port=${LAB_MINISHOP_PORT:-${kept_minishop:-8080}}
	slack_port=${LAB_SLACK_PORT:-${kept_slack:-8090}}
	prometheus_port=${LAB_PROMETHEUS_PORT:-${kept_prometheus:-9090}}
	alertmanager_port=${LAB_ALERTMANAGER_PORT:-${kept_alertmanager:-9093}}
	scratch_port=${LAB_SCRATCH_PORT:-${kept_scratch:-8091}}
	minishop_url=http://127.0.0.1:$minishop_port
	slack_url=http://127.0.0.1:$slack_port
	prometheus_url=http://127.0.0.1:$prometheus_port
	prometheus_pages=$prometheus_url/classic # Debian's Prometheus 2.42 has no other pages
	alertmanager_url=http://127.0.0.1:$alertmanager_port
	scratch_url=http://127.0.0.1:$scratch_port
}

# The address where a service reports that it is ready.
service_health() {
	case $1 in
	minishop) echo "$minishop_url/readyz" ;;
	slack-mock) echo "$slack_url/healthz" ;;
	prometheus) echo "$prometheus_url/-/ready" ;;
	alertmanager) echo "$alertmanager_url/-/ready" ;;
	esac
}

service_port() {
	case $1 in
	minishop) echo "$minishop_port" ;;
	slack-mock) echo "$slack_port" ;;
	prometheus) echo "$prometheus_port" ;;
	alertmanager) echo "$alertmanager_port" ;;
	scratch) echo "$scratch_port" ;; # the learner's shop of the guide, which no command of the lab starts
	esac
}

# Whether $1 is a port. The programs of the lab do not read a leading 0 in the same way.
port_is_valid() {
	case $1 in '' | *[!0-9]* | 0* | ??????*) return 1 ;; esac
	[ "$1" -le 65535 ]
}

# port_other PORT: prints the first port after it, in steps of 10000, that is free and not meant for another program of the lab.
port_other() {
	port_free=$1
	while port_taken "$port_free" ||
		case " $minishop_port $slack_port $prometheus_port $alertmanager_port $scratch_port $ports_other" in *[\ =]"$port_free "*) ;; *) false ;; esac; do
		port_free=$((port_free % 55536 + 10000))
	done
	echo "$port_free"
}

# Runs before anything is built or started: lists every port in use and prints one command that avoids all of them.
ports_check() {
	ports_taken=
	ports_other=
	for service in $services scratch; do
		port=$(service_port "$service")
		[ -n "$port" ] || continue
		# In a Turkish locale the capital letter of i is not I.
		variable=LAB_$(echo "${service%-mock}" | LC_ALL=C tr '[:lower:]' '[:upper:]')_PORT
		port_is_valid "$port" || fail "$variable takes a port, 1 to 65535, not '$port'"
		case "$ports_other" in *"=$port "*) fail "$variable: another program of the lab already has port $port. Choose another one" ;; esac
		# The listener may be this service itself, or the learner's shop.
		eval "port_kept=\${kept_${service%-mock}:-}"
		if [ "$service" != scratch ] && { [ "$port" != "$port_kept" ] || ! process_pid "$service" >/dev/null; } && port_taken "$port"; then
			ports_taken="$ports_taken $port (meant for $service)"
			port=$(port_other "$port")
		fi
		ports_other="$ports_other$variable=$port "
	done
	[ -n "$ports_taken" ] || return 0
	ports_directory=
	[ "$LAB_DIR" = "$LAB_SOURCE/.lab" ] || ports_directory="LAB_DIR='$(printf '%s' "$LAB_DIR" | sed "s/'/'\\\\''/g")' "
	! containers_find || fail "in use by another program:$ports_taken. The containers of this project run: $compose down stops them"
	fail "in use by another program:$ports_taken. Stop it, or choose other ports:
  $ports_directory$ports_other./lab up"
}

service_healthy() {
	service_url=$(service_health "$1")
	[ -n "$service_url" ] || return 0
	service_pid=$(process_pid "$1") && process_listens "$service_pid" "$(service_port "$1")" && ask -o /dev/null "$service_url"
}

# The maximum time for a service to end, in seconds; minishop's own deadline is 8.
service_grace() {
	case $1 in minishop) echo 12 ;; *) echo 8 ;; esac
}

# The one webhook that slack-mock knows.
slack_hook=/services/T00000000/B00000000/minishoplab

# The secret is in the environment, because every user of the machine can read the arguments.
start_slack_mock() {
	export SLACK_MOCK_HOOK="$slack_hook"
	process_start slack-mock "$(installed_program slack-mock)" --listen "127.0.0.1:$slack_port" --store "$LAB_DIR/data/slack.json"
}

# Sets traces_exporter (where spans go besides the trace page) and traces_by (what chose it). The native lab has no collector.
# It exports spans only if a collector listens, because spans without a receiver raise an alert.
traces_choose() {
	if incident_does "stop collector"; then
		traces_exporter=otlp
		traces_by="the incident $(incident_current)"
	elif [ -n "${OTEL_TRACES_EXPORTER:-}" ]; then
		traces_exporter=$OTEL_TRACES_EXPORTER
		traces_by="OTEL_TRACES_EXPORTER in your environment"
	elif [ -n "${OTEL_EXPORTER_OTLP_TRACES_ENDPOINT:-}" ]; then
		traces_exporter=otlp
		traces_by="OTEL_EXPORTER_OTLP_TRACES_ENDPOINT in your environment"
	elif [ -n "${OTEL_EXPORTER_OTLP_ENDPOINT:-}" ]; then
		traces_exporter=otlp
		traces_by="OTEL_EXPORTER_OTLP_ENDPOINT in your environment"
	elif port_taken 4318; then
		traces_exporter=otlp
		traces_by="./lab up: a program listens at port 4318"
	else
		traces_exporter=none
		traces_by="./lab up: nothing listens at port 4318"
	fi
}

start_minishop() {
	traces_choose
	printf '%s\n' "$traces_by" "${MINISHOP_TRACES_RECENT_BYTES:+MINISHOP_TRACES_RECENT_BYTES in your environment}" >"$LAB_DIR/run/traces"
	set -- "$(installed_program minishop)" --config etc/minishop.conf --listen "127.0.0.1:$minishop_port" \
		--pid-file "$LAB_DIR/run/minishop.pid" --log-file "$LAB_DIR/log/minishop.json"
	# Standard output has only the spans of OTEL_TRACES_EXPORTER=console.
	rm -f "$LAB_DIR/log/spans.json" "$LAB_DIR/log/spans.json.1"
	case $traces_exporter in
	*console*) set -- python3 lab.d/rotated.py "$LAB_DIR/log/spans.json" 33554432 "$@" ;;
	esac
	if incident_does "stop collector"; then
		# No program listens at the port of "discard".
		set -- env -u OTEL_EXPORTER_OTLP_TRACES_ENDPOINT OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9 "$@"
	fi
	# The log and the spans name the shop as Prometheus does.
	process_start minishop env "OTEL_TRACES_EXPORTER=$traces_exporter" "MINISHOP_INCIDENT_FILE=$LAB_DIR/run/incident.conf" \
		"MINISHOP_INSTANCE=${MINISHOP_INSTANCE:-127.0.0.1:$minishop_port}" \
		"MINISHOP_TRACES_RECENT_BYTES=${MINISHOP_TRACES_RECENT_BYTES:-4194304}" "$@"
}

start_alertmanager() {
	am=$LAB_DIR/run/alertmanager
	mkdir -p "$am"
	ln -sfn "$LAB_SOURCE/observability/alertmanager/alertmanager.yml" "$am/alertmanager.yml"
	ln -sfn "$LAB_SOURCE/observability/alertmanager/templates" "$am/templates"
	(umask 077 && printf '%s' "${LAB_SLACK_URL:-$slack_url$slack_hook}" >"$am/slack_url")
	# Alertmanager starts in its directory, because the path of the file with the webhook's address is relative.
	cd "$am" || exit 1
	process_start alertmanager prometheus-alertmanager --config.file=alertmanager.yml --storage.path="$LAB_DIR/data/alertmanager" \
		--web.listen-address="127.0.0.1:$alertmanager_port" --web.external-url="$alertmanager_url/" --cluster.listen-address=
	cd "$LAB_SOURCE" || exit 1
}

# A target of Prometheus: its address, and the page that the console links to.
target() {
	printf -- '- targets: ["127.0.0.1:%s"]\n  labels: {url: "http://127.0.0.1:%s%s"}\n' "$2" "$2" "$3" >"$LAB_DIR/run/prometheus/targets/$1.yml"
}

start_prometheus() {
	mkdir -p "$LAB_DIR/run/prometheus/targets"
	ln -sfn "$LAB_SOURCE/observability/prometheus/prometheus.yml" "$LAB_DIR/run/prometheus/prometheus.yml"
	ln -sfn "$LAB_SOURCE/observability/prometheus/rules" "$LAB_DIR/run/prometheus/rules"
	target minishop "$minishop_port" /metrics
	target slack-mock "$slack_port" /
	target prometheus "$prometheus_port" /
	target alertmanager "$alertmanager_port" /api/v2/alerts
	process_start prometheus prometheus --config.file="$LAB_DIR/run/prometheus/prometheus.yml" \
		--storage.tsdb.path="$LAB_DIR/data/prometheus" --storage.tsdb.retention.time=2d \
		--web.listen-address="127.0.0.1:$prometheus_port" --web.external-url="$prometheus_url/" \
		--web.console.templates=observability/prometheus/consoles --web.console.libraries=observability/prometheus/consoles/lib \
		--web.user-assets=observability --enable-feature=exemplar-storage
}

start_traffic() {
	process_start traffic sh observability/traffic/shoppers.sh "127.0.0.1:$minishop_port"
}

# A checksum of a service's program, configuration and command line.
service_key() {
	case $1 in
	minishop) set -- "$(installed_program minishop)" etc/minishop.conf ;;
	slack-mock) set -- "$(installed_program slack-mock)" ;;
	prometheus) set -- observability/prometheus/prometheus.yml observability/prometheus/rules/*.yml ;;
	alertmanager) set -- observability/alertmanager/alertmanager.yml observability/alertmanager/templates/* ;;
	traffic) set -- observability/traffic/shoppers.sh observability/traffic/shoppers.lua ;;
	esac
	{
		cat "$@" lab.d/up.sh
		echo "$minishop_port $slack_port $prometheus_port $alertmanager_port ${LAB_SLACK_URL:-}"
		case $1 in */minishop) traces_choose && echo "$traces_exporter $traces_by" && env | grep -E '^(OTEL|MINISHOP)_' | sort ;; esac
	} | cksum | tr ' ' -
}

# Starts a service unless it already runs with the same key.
service_up() {
	key=$(service_key "$1") || exit 1
	if process_pid "$1" >/dev/null; then
		[ "$(cat "$LAB_DIR/run/$1.key" 2>/dev/null)" != "$key" ] || return 0
		process_stop "$1" "$(service_grace "$1")"
	fi
	rm -f "$LAB_DIR/run/$1.key"
	"start_$(echo "$1" | tr - _)"
	echo "$key" >"$LAB_DIR/run/$1.key"
	started="$started $1"
}

# Waits until a service reports that it is ready.
service_wait() {
	wait_began=$(now)
	until service_healthy "$1"; do
		if ! process_pid "$1" >/dev/null; then
			tell_log "$LAB_DIR/log/$1.log"
			fail "$1 died during startup"
		fi
		if [ $(($(now) - wait_began)) -ge 60 ]; then
			tell_log "$LAB_DIR/log/$1.log"
			fail "$1 is not ready after 60 s: $(service_health "$1") does not return 200"
		fi
		sleep 0.2
	done
	case " $started " in
	*" $1 "*) row "$1" "started (process $(process_pid "$1"))" ;;
	*) row "$1" "runs (process $(process_pid "$1"))" ;;
	esac
}

lab_up() {
	up_began=$(now)
	say "MiniShop lab: getting ready"
	build_place_check
	# shellcheck disable=SC2086 # lists of words
	packages_need $packages_build $packages_run
	lock
	oncall_end
	mkdir -p "$LAB_DIR/run" "$LAB_DIR/log" "$LAB_DIR/data"
	ports_load
	ports_check
	build_lab
	incident_file=$LAB_DIR/run/incident.conf
	# `up` restarts a service that an incident has stopped.
	up_ended=
	if incident_does "stop minishop"; then
		up_ended=$(incident_current)
		rm -f "$incident_file"
	fi
	echo "$minishop_port $slack_port $prometheus_port $alertmanager_port $scratch_port" >"$LAB_DIR/run/ports"
	started=
	for service in $services; do service_up "$service"; done
	for service in $services; do service_wait "$service"; done
	up_tell "$(elapsed $(($(now) - up_began)))"
}

up_tell() {
	cat <<-END

		All services are ready ($1). The shoppers send requests.
		  the console page     $prometheus_url/consoles/minishop.html
		  recent traces        $minishop_url/debug/tracez
		  the Slack channel    $slack_url
		  Prometheus           $prometheus_pages/alerts
		  the shop's metrics   $minishop_url/metrics

		What to try next:
		  ./lab guide                      thirteen short chapters with questions, for people who are new to telemetry
		  curl -i -X POST $minishop_url/order; echo    place an order; the response names its trace
		  ./lab trace                      list the newest traces and draw one; also ./lab trace failed, ./lab trace ID
		  ./lab logs                       follow the shop's log, a line for each request; ./lab logs ID finds old lines
		  ./lab incident payment-outage    then watch the console page and the Slack channel, which gets a message within two minutes
		  ./lab incident clear             the channel gets a second one within three minutes
		  ./lab oncall                     something goes wrong, or nothing does: find the fault and mend it (docs/oncall.md)
		  ./lab status                     show what runs, and where spans go
		  ./lab down                       stop everything
	END
	[ -z "$up_ended" ] || say "
$up_ended is over: ./lab up has started minishop again."
	[ "$(incident_current)" = none ] || say "
Still broken on purpose: $(incident_current). To end it: ./lab incident clear"
}

# Only one ./lab changes the lab at a time; the lock ends with this shell.
lock() {
	exec 9>"$LAB_DIR/lock"
	flock -n 9 || {
		say "another ./lab runs in this directory; waiting for it"
		flock 9
	}
}

# The path of an installed program.
installed_program() {
	for folder in sbin bin; do
		if [ -x "$LAB_DIR/installed/$folder/$1" ]; then
			echo "$LAB_DIR/installed/$folder/$1"
			return
		fi
	done
	fail "$1 is not installed in $LAB_DIR/installed: ./lab up builds it"
}

lab_down() {
	lock
	oncall_end
	stopped=0
	for service in traffic minishop prometheus alertmanager slack-mock; do
		if process_pid "$service" >/dev/null; then stopped=1; fi
		process_stop "$service" "$(service_grace "$service")"
	done
	# A restarted Alertmanager with its old notification log would send no message about an alert that fired before.
	rm -f "$LAB_DIR/run/ports" "$LAB_DIR/run/incident.conf" "$LAB_DIR/data/alertmanager/nflog"
	if [ $stopped -eq 0 ]; then
		say "Nothing was running."
		! containers_find || say "Containers run: $compose down stops them."
	fi
}
