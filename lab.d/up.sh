# shellcheck shell=sh
# up, status, down: what the lab is made of and how each part is started.
#
# A part is started again when it has died, and when its key has changed: the key is a checksum of all that made it what it
# is (program, configuration, command line). So repeating `./lab up` after a change brings exactly that change.

services='slack-mock minishop alertmanager prometheus traffic'

# The ports of the running lab are kept, so that the later commands find it without being told.
ports_load() {
	kept=$LAB_DIR/run/ports
	if [ -e "$kept" ]; then
		read -r kept_minishop kept_slack kept_prometheus kept_alertmanager <"$kept"
	fi
	minishop_port=${LAB_MINISHOP_PORT:-${kept_minishop:-8080}}
	slack_port=${LAB_SLACK_PORT:-${kept_slack:-8090}}
	prometheus_port=${LAB_PROMETHEUS_PORT:-${kept_prometheus:-9090}}
	alertmanager_port=${LAB_ALERTMANAGER_PORT:-${kept_alertmanager:-9093}}
	minishop_url=http://127.0.0.1:$minishop_port
	slack_url=http://127.0.0.1:$slack_port
	prometheus_url=http://127.0.0.1:$prometheus_port
	alertmanager_url=http://127.0.0.1:$alertmanager_port
}

# Where a service says that it is ready.
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
	esac
}

# Before anything is built or started: every port that another program holds, and one command that avoids them all.
ports_check() {
	ports_taken=
	ports_other=
	for service in $services; do
		port=$(service_port "$service")
		[ -n "$port" ] || continue
		variable=LAB_$(echo "${service%-mock}" | tr '[:lower:]' '[:upper:]')_PORT
		{ [ "$port" -ge 1 ] && [ "$port" -le 65535 ]; } 2>/dev/null || fail "$variable takes a port, 1 to 65535, not '$port'"
		case "$ports_other" in *"=$port "*) fail "$variable: port $port is meant for another program of the lab already" ;; esac
		# Who listens there may be this very service.
		eval "port_kept=\${kept_${service%-mock}:-}"
		if { [ "$port" != "$port_kept" ] || ! process_pid "$service" >/dev/null; } && port_taken "$port"; then
			ports_taken="$ports_taken $port (meant for $service)"
			port=$(((port + 10000) % 65536))
		fi
		ports_other="$ports_other$variable=$port "
	done
	[ -z "$ports_taken" ] || fail "in use by another program:$ports_taken. Stop it, or choose other ports:
  $ports_other./lab up"
}

service_healthy() {
	service_url=$(service_health "$1")
	[ -z "$service_url" ] || curl -fs -m 2 -o /dev/null "$service_url"
}

# The longest that a service may take to end, in seconds; minishop's own deadline is 8.
service_grace() {
	case $1 in minishop) echo 12 ;; *) echo 8 ;; esac
}

start_slack_mock() {
	process_start slack-mock "$(installed_program slack-mock)" --listen "127.0.0.1:$slack_port" --store "$LAB_DIR/data/slack.json"
}

# Spans need a collector. The native lab has none, unless somebody runs one at OTLP's usual address; exporting into the void
# would be reported as an incident, and rightly. Whoever sets OTEL_* decides.
traces_exporter() {
	if [ -n "${OTEL_TRACES_EXPORTER:-}" ]; then
		echo "$OTEL_TRACES_EXPORTER"
	elif [ -n "${OTEL_EXPORTER_OTLP_ENDPOINT:-}${OTEL_EXPORTER_OTLP_TRACES_ENDPOINT:-}" ] || port_taken 4318; then
		echo otlp
	else
		echo none
	fi
}

start_minishop() {
	# It goes to the background by itself, and its parent returns when it is ready or has said why it cannot be.
	if ! OTEL_TRACES_EXPORTER=$(traces_exporter) MINISHOP_INCIDENT_FILE=$LAB_DIR/run/incident.conf \
		"$(installed_program minishop)" --config etc/minishop.conf --listen "127.0.0.1:$minishop_port" --daemon \
		--pid-file "$LAB_DIR/run/minishop.pid" --log-file "$LAB_DIR/log/minishop.json" \
		</dev/null >"$LAB_DIR/log/minishop.log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; then
		tell_log "$LAB_DIR/log/minishop.log"
		fail "minishop did not start"
	fi
	process_remember minishop "$(cat "$LAB_DIR/run/minishop.pid")"
}

start_alertmanager() {
	am=$LAB_DIR/run/alertmanager
	mkdir -p "$am"
	ln -sfn "$LAB_SOURCE/observability/alertmanager/alertmanager.yml" "$am/alertmanager.yml"
	ln -sfn "$LAB_SOURCE/observability/alertmanager/templates" "$am/templates"
	(umask 077 && printf '%s' "${LAB_SLACK_URL:-$slack_url/services/T00000000/B00000000/minishoplab}" >"$am/slack_url")
	# In its directory: the path of the file with the webhook's address is relative to it.
	cd "$am" || exit 1
	process_start alertmanager prometheus-alertmanager --config.file=alertmanager.yml --storage.path="$LAB_DIR/data/alertmanager" \
		--web.listen-address="127.0.0.1:$alertmanager_port" --web.external-url="$alertmanager_url/" --cluster.listen-address=
	cd "$LAB_SOURCE" || exit 1
}

# A target of Prometheus: where it is, and the page that a browser is sent to.
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

# All that makes a service what it is, in one word.
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
		case $1 in */minishop) traces_exporter && env | grep -E '^(OTEL|MINISHOP)_' | sort ;; esac
	} | cksum | tr ' ' -
}

# Starts a service unless it runs already, as it should be.
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

# Waits until a service answers that it is ready.
service_wait() {
	wait_began=$(now)
	until service_healthy "$1"; do
		if ! process_pid "$1" >/dev/null; then
			tell_log "$LAB_DIR/log/$1.log"
			fail "$1 has ended by itself"
		fi
		if [ $(($(now) - wait_began)) -ge 60 ]; then
			tell_log "$LAB_DIR/log/$1.log"
			fail "$1 is not ready after 60 s: $(service_health "$1") does not answer 200"
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
	# shellcheck disable=SC2086 # lists of words
	packages_need $packages_build $packages_run
	lock
	mkdir -p "$LAB_DIR/run" "$LAB_DIR/log" "$LAB_DIR/data"
	ports_load
	ports_check
	build_lab
	if [ ! -e "$LAB_DIR/run/incident.conf" ]; then : >"$LAB_DIR/run/incident.conf"; fi
	echo "$minishop_port $slack_port $prometheus_port $alertmanager_port" >"$LAB_DIR/run/ports"
	started=
	for service in $services; do service_up "$service"; done
	# A service that was stopped on purpose runs again now.
	if [ -s "$LAB_DIR/run/incident" ] && ! [ -s "$LAB_DIR/run/incident.conf" ]; then rm -f "$LAB_DIR/run/incident"; fi
	for service in $services; do service_wait "$service"; done
	up_tell "$(elapsed $(($(now) - up_began)))"
}

up_tell() {
	cat <<-END

		All is ready ($1). Shoppers are buying.
		  the shop             $minishop_url/metrics
		  pictures             $prometheus_url/consoles/minishop.html
		  Prometheus           $prometheus_url/classic/alerts
		  Alertmanager         $alertmanager_url/api/v2/alerts
		  the Slack channel    $slack_url

		What to try next:
		  curl -i -X POST $minishop_url/order
		  ./lab logs                       what the shop writes about each request
		  ./lab incident payment-outage    then watch the pictures and the Slack channel: a message within two minutes
		  ./lab incident clear             and a second one, within three
		  ./lab down                       stop all of it
	END
	[ "$(incident_current)" = none ] || say "
Still broken on purpose: $(incident_current). Put right by ./lab incident clear."
}

# Only one ./lab changes the lab at a time; the lock goes with this shell.
lock() {
	exec 9>"$LAB_DIR/lock"
	flock -n 9 || {
		say "another ./lab is at work here; waiting for it"
		flock 9
	}
}

# Where make install put a program of ours.
installed_program() {
	for folder in sbin bin; do
		if [ -x "$LAB_DIR/installed/$folder/$1" ]; then
			echo "$LAB_DIR/installed/$folder/$1"
			return
		fi
	done
	fail "$1 is not installed in $LAB_DIR/installed: ./lab up builds it"
}

lab_status() {
	ports_load
	ill=0
	for service in $services; do
		if ! pid=$(process_pid "$service"); then
			row "$service" "does not run"
			ill=1
			continue
		fi
		port=$(service_port "$service")
		if service_healthy "$service"; then how="healthy"; else how="NOT READY" && ill=1; fi
		row "$service" "$how${port:+, http://127.0.0.1:$port}, process $pid, up $(elapsed "$(process_age "$pid")")"
	done
	if pid=$(process_pid minishop); then
		row traces "exporter $(tr '\0' '\n' <"/proc/$pid/environ" | sed -n 's/^OTEL_TRACES_EXPORTER=//p') (decided by ./lab up: otlp where a collector listens at port 4318)"
	fi
	if [ -e "$LAB_DIR/run/ports" ]; then
		row log "$LAB_DIR/log/minishop.json"
		row incident "$(incident_current)"
	fi
	return $ill
}

lab_down() {
	lock
	stopped=0
	for service in traffic minishop prometheus alertmanager slack-mock; do
		if process_pid "$service" >/dev/null; then stopped=1; fi
		process_stop "$service" "$(service_grace "$service")"
	done
	rm -f "$LAB_DIR/run/ports" "$LAB_DIR/run/incident" "$LAB_DIR/run/incident.conf"
	[ $stopped -eq 1 ] || say "Nothing was running."
}
