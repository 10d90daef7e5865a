# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Where the lab runs: as processes of this machine (./lab up), or in containers (docker-compose up -d).

# Sets place to native, containers or nothing; the addresses; and incident_file (for containers a copy, see incident_fetch). It asks Docker only if no native
# process runs.
place_find() {
	place=nothing
	ports_load
	incident_file=$LAB_DIR/run/incident.conf
	for service in $services; do
		if process_pid "$service" >/dev/null; then
			place=native
			return
		fi
	done
	if containers_find; then
		place=containers
		containers_addresses
		incident_file=$LAB_DIR/incident.containers
	elif [ -e "$LAB_DIR/run/ports" ]; then
		# All of its processes have died.
		place=native
	fi
}

# The same for a command that needs a running lab.
place_need() {
	place_find
	[ "$place" != nothing ] || fail "the lab does not run: ./lab up first, or docker-compose up -d for the containers${containers_denied:+
  ($(id -un) may not use Docker, so containers may be running: root or a member of the group docker can see them)}"
}

# Prints the same for a program: lines of NAME VALUE. If nothing runs, place is "nothing".
place_say() {
	place_find
	for say_name in place minishop_url slack_url prometheus_url alertmanager_url grafana_url loki_url jaeger_url scratch_url trace_store compose; do
		eval "say_value=\${$say_name:-}"
		[ -z "$say_value" ] || echo "$say_name $say_value"
	done
	[ "$place" != native ] || place_shops | awk 'NR > 1 { print "minishop-" NR "_url", $1 }'
}

# Prints the address of each shop of the native lab, the main one first. A case runs several, and all of them are Prometheus's targets.
place_shops() {
	echo "$minishop_url"
	sed -n 's,^- targets: \["\(.*\)"\]$,http://\1,p' "$LAB_DIR/run/prometheus/targets/minishop.yml" 2>/dev/null | grep -vxF "$minishop_url" || true
}
