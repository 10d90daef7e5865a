#!/bin/sh
# SPDX-License-Identifier: MIT
# prepare.sh: prepares the volumes before any other container starts. It copies the configuration from this image into the
# volume that the other containers mount. No container reads the clone, so its file modes and SELinux labels do not matter.
#
# In the copy, each address 127.0.0.1:PORT for the browser has the port of .env, and the links in Grafana's files lead to the trace
# store of .env.
set -eu
from=/usr/share/minishop-lab
to=/etc/minishop-lab
slack_url_file=/slack_url
# It is not in $to, because Prometheus serves $to to browsers.
secret=/etc/slack-url
incident=/etc/minishop/incident/incident.conf

fail() {
	echo "prepare: $*" >&2
	exit 1
}

# In two steps. Otherwise a new port that equals the default of another one would be replaced again.
ports=
for pair in 8080:"$MINISHOP_PORT" 8090:"$SLACK_MOCK_PORT" 9090:"$PROMETHEUS_PORT" 9093:"$ALERTMANAGER_PORT" \
	3000:"$GRAFANA_PORT" 3100:"$LOKI_PORT" 16686:"$JAEGER_PORT" 3200:"$TEMPO_PORT"; do
	ports="${ports}s/127\\.0\\.0\\.1:${pair%:*}\\b/127.0.0.1:=${pair#*:}=/g;"
done
ports="${ports}s/127\\.0\\.0\\.1:=\\([0-9]*\\)=/127.0.0.1:\\1/g"

# deliver FILE PLACE: copies it atomically, and only if it has changed, because its readers watch it.
deliver() {
	script=/dev/null
	case $1 in
	./grafana/choice/*) ;;
	./grafana/*) script=./grafana/choice/traces-$TRACE_STORE.sed ;;
	esac
	sed -e "$ports" -f "$script" "$1" >"$2.new"
	if cmp -s "$2.new" "$2"; then rm "$2.new"; else mv "$2.new" "$2"; fi
}

[ ! -d $slack_url_file ] || fail "SLACK_URL_FILE in .env names no file. Docker made an empty folder of that name: remove it"
[ -r $slack_url_file ] || fail "user $(id -u) cannot read the file that SLACK_URL_FILE in .env names." \
	"Allow it: setfacl -m u:$(id -u):r FILE; with SELinux also: chcon -t container_file_t FILE"

cd $from
find . -type d | while read -r folder; do mkdir -p "$to/$folder"; done
find . -type f | while read -r file; do deliver "$file" "$to/$file"; done
# Grafana also reads these directories, and reports an error if they do not exist.
for folder in access-control alerting plugins; do mkdir -p $to/grafana/provisioning/$folder; done

# The files that depend on a choice.
targets=./prometheus/targets
deliver $targets/choice/logs-"$LOG_SHIPPER".yml $to/$targets/containers/stack-logs.yml
deliver $targets/choice/traces-"$TRACE_STORE".yml $to/$targets/containers/stack-traces.yml
if [ ! -s $slack_url_file ]; then slack_url_file=./alertmanager/slack_url.containers; fi
deliver $slack_url_file $secret/slack_url

# Files of an earlier version.
cd $to
find . -type f | while read -r file; do
	case $file in
	$targets/containers/stack-*.yml) ;;
	*) [ -e "$from/$file" ] || rm "$file" ;;
	esac
done

# A new stack starts without an incident. A running one keeps its incident: `up -d` runs this script too.
getent ahostsv4 minishop-replicas >/dev/null || rm -f $incident

# Remove the log of a replica that has been gone for a day.
find /var/log/minishop -name '*.log*' -mtime +0 -delete
