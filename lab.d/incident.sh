# shellcheck shell=sh
# Incidents, one file each in observability/incidents: the first line says what it does. What is in it is put where minishop
# reads it, on top of its configuration, and SIGHUP does the rest. A line "# lab: ..." has something done to a process:
# "stop minishop" or "fail slack-mock".

incident_names() {
	for incident_file in observability/incidents/*.conf; do basename "$incident_file" .conf; done
}

incident_describe() {
	sed -n '1s/^# *//p' "observability/incidents/$1.conf"
}

# Whether an incident has such a "# lab:" line.
incident_does() {
	grep -qx "# lab: $2" "observability/incidents/$1.conf"
}

# Whether it has any configuration.
incident_configures() {
	grep -qv '^#' "observability/incidents/$1.conf"
}

# What is broken on purpose just now.
incident_current() {
	if [ -s "$LAB_DIR/run/incident" ]; then cat "$LAB_DIR/run/incident"; else echo none; fi
}

# Tells minishop to read its configuration again, and waits until it says that it has.
incident_reload() {
	reload_pid=$(process_pid minishop) || fail "minishop does not run: ./lab up"
	reload_log=$LAB_DIR/log/minishop.json
	reload_from=$(($(wc -c <"$reload_log") + 1))
	kill -HUP "$reload_pid"
	reload_began=$(now)
	while :; do
		reload_said=$(tail -c "+$reload_from" "$reload_log" | grep -m1 -E '"message":"configuration (reloaded|rejected)"' || true)
		case $reload_said in
		*'"configuration reloaded"'*) return 0 ;;
		?*) fail "minishop refused the change: $reload_said" ;;
		esac
		[ $(($(now) - reload_began)) -lt 15 ] || fail "minishop has not confirmed the change within 15 s; see $reload_log"
		sleep 0.1
	done
}

slack_control() {
	curl -fsS -m 5 -o /dev/null -H 'Content-Type: application/json' -d "$1" "$slack_url/control"
}

# Undoes whatever incident there is.
incident_end() {
	ended=$(incident_current)
	[ "$ended" != none ] || return 0
	: >"$LAB_DIR/run/incident.conf"
	if incident_does "$ended" "stop minishop"; then
		started=
		service_up minishop
		service_wait minishop
	elif incident_configures "$ended"; then
		incident_reload
	fi
	if incident_does "$ended" "fail slack-mock"; then slack_control '{"mode":"ok"}'; fi
	rm -f "$LAB_DIR/run/incident"
}

incident_begin() {
	echo "$1" >"$LAB_DIR/run/incident"
	if incident_does "$1" "stop minishop"; then process_stop minishop "$(service_grace minishop)"; fi
	if incident_does "$1" "fail slack-mock"; then slack_control '{"mode":"outage"}'; fi
	if incident_configures "$1"; then
		cp "observability/incidents/$1.conf" "$LAB_DIR/run/incident.conf"
		incident_reload
	fi
}

lab_incident() {
	[ $# -le 1 ] || misused "incident takes one name"
	if [ $# -eq 0 ]; then
		say "./lab incident NAME, with one of:"
		incident_names | while read -r name; do printf '  %-18s %s\n' "$name" "$(incident_describe "$name")"; done
		printf '  %-18s %s\n' clear "put it right"
		return
	fi
	if [ "$1" != clear ] && ! incident_names | grep -qxF -e "$1"; then
		echo "lab: there is no incident '$1'; ./lab incident lists them" >&2
		exit 2
	fi
	lock
	ports_load
	[ -e "$LAB_DIR/run/ports" ] || fail "the lab does not run: ./lab up first"
	incident_was=$(incident_current)
	incident_end
	if [ "$1" = clear ]; then
		if [ "$incident_was" = none ]; then
			say "Nothing was broken on purpose."
		else
			say "$incident_was is over. Within three minutes the Slack channel says so: $slack_url"
		fi
		return
	fi
	process_pid minishop >/dev/null || fail "minishop does not run: ./lab up"
	incident_begin "$1"
	cat <<-END
		$1: $(incident_describe "$1").
		What to watch:
		  the pictures         $prometheus_url/consoles/minishop.html
		  the alert            $prometheus_url/classic/alerts (pending, then firing)
		  the Slack channel    $slack_url (a message within two minutes, if Slack itself is well)
		  the log              ./lab logs
		Over when you say so: ./lab incident clear
	END
}
