# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Incidents. Each is a file in observability/incidents, whose first line describes it. The lab copies the file to the place of minishop's
# incident file, which overrides its configuration, and sends SIGHUP. A line "# lab: ..." asks for an action on a process: "stop minishop",
# "stop collector" or "fail slack-mock". Lines "# console:" (the console page), "# request:" and "# slack:" tell the user what to watch. The file that minishop
# reads is also the only record of the current incident. While an incident ends, the file keeps only its comments, without "# lab: stop collector".
# That shows an interrupted or failed end, and ./lab incident clear repeats it.

incident_names() {
	for incident_path in observability/incidents/*.conf; do basename "$incident_path" .conf; done
}

incident_describe() {
	sed -n '1s/^# *//p' "observability/incidents/$1.conf"
}

# Whether the incident $1 has the line "# lab: $2".
incident_asks() {
	[ -n "$1" ] && grep -qx "# lab: $2" "observability/incidents/$1.conf"
}

# Whether the current incident has such a "# lab:" line.
incident_does() {
	[ -e "$incident_file" ] && grep -qx "# lab: $1" "$incident_file"
}

# In containers the incident file is in a volume that is removed with the containers.
incident_fetch() {
	if [ "$place" = containers ]; then
		containers_sh 'cat /etc/minishop/incident/incident.conf' >"$incident_file" 2>/dev/null || rm -f "$incident_file"
	fi
}

# Installs a file where minishop reads it, atomically, or removes the present one.
incident_put() {
	if [ "$place" = containers ]; then
		containers_sh 'cd /etc/minishop/incident && rm -f incident.conf && if [ -n "$0" ]; then printf "%s\n" "$0" >new && mv new incident.conf; fi' \
			"${1:+$(cat "$1")}" >/dev/null 2>&1 || fail "cannot write the incident file in the containers"
	fi
	rm -f "$incident_file"
	[ -z "${1:-}" ] || { cp "$1" "$incident_file.new" && mv "$incident_file.new" "$incident_file"; }
}

# Whether the incident $1 is the current one, and its end has begun.
incident_ends() {
	! grep -qv '^#' "$incident_file" && [ "$(sed -n 1p "$incident_file")" = "$(sed -n 1p "observability/incidents/$1.conf")" ]
}

# The name of the current incident.
incident_current() {
	if [ ! -s "$incident_file" ]; then
		echo none
		return
	fi
	for incident_name in $(incident_names); do
		if cmp -s "observability/incidents/$incident_name.conf" "$incident_file" || incident_ends "$incident_name"; then
			echo "$incident_name"
			return
		fi
	done
	echo "your own ($incident_file)"
}

# What minishop has logged about its configuration since the time $1, one line each.
incident_reload_said() {
	if [ "$place" = native ]; then
		tail -n 2000 "$LAB_DIR/log/minishop.json"
	else
		containers_sh 'tail -q -n 2000 /var/log/minishop/*.log' 2>/dev/null
	fi | jq -rR --arg since "$1" 'fromjson? | select(.timestamp >= $since) | .message + " " + (.detail // "") |
		select(startswith("configuration reloaded") or startswith("configuration rejected"))' 2>/dev/null
}

# Makes every minishop reload its configuration, and waits until each confirms it. Returns 1, with the reason on standard error, if one
# refuses or does not respond.
incident_reload() {
	reload_since=$(date -u +%Y-%m-%dT%H:%M:%S.%N)
	reload_wanted=1
	if [ "$place" = native ]; then
		kill -HUP "$(process_pid minishop)"
	else
		reload_wanted=$(containers_compose ps -q minishop | grep -c .)
		containers_compose kill -s HUP minishop >/dev/null 2>&1 || {
			echo "lab: $compose kill -s HUP minishop failed" >&2
			return 1
		}
	fi
	reload_began=$(now)
	while :; do
		reload_said=$(incident_reload_said "$reload_since")
		case $reload_said in *"configuration rejected"*)
			echo "lab: minishop refused the change: $(echo "$reload_said" | sed -n 's/^configuration rejected //p' | head -n 1)" >&2
			return 1
			;;
		esac
		[ "$(echo "$reload_said" | grep -c .)" -lt "$reload_wanted" ] || return 0
		if [ $(($(now) - reload_began)) -ge 15 ]; then
			echo "lab: minishop has not confirmed the change within 15 s; see ./lab logs" >&2
			return 1
		fi
		sleep 0.1
	done
}

slack_control() {
	ask -S -o /dev/null -H 'Content-Type: application/json' -d "$1" "$slack_url/control" ||
		fail "slack-mock at $slack_url did not accept the command; see ./lab status"
}

shop_runs() {
	if [ "$place" = native ]; then process_pid minishop >/dev/null; else containers_run minishop; fi
}

shop_stop() {
	if [ "$place" = native ]; then
		process_stop minishop "$(service_grace minishop)"
		return
	fi
	containers_compose stop minishop >/dev/null 2>&1 || fail "$compose stop minishop failed"
	containers_running=$(containers_list)
	! shop_runs || fail "$compose did not stop minishop"
	row minishop "stopped ($compose)"
}

# Starts minishop, or restarts it if its configuration has changed.
shop_start() {
	if [ "$place" = native ]; then
		started=
		service_up minishop
		service_wait minishop
		return
	fi
	containers_start minishop
	shop_began=$(now)
	until ask -o /dev/null "$minishop_url/readyz"; do
		[ $(($(now) - shop_began)) -lt 60 ] || fail "minishop is not ready after 60 s: $minishop_url/readyz; see $compose logs minishop"
		sleep 0.5
	done
	row minishop "started ($compose)"
}

containers_start() {
	containers_compose start "$1" >/dev/null 2>&1 || fail "$compose start $1 failed"
	containers_running=$(containers_list)
	containers_run "$1" || fail "$compose did not start $1"
}

# Ends the current incident, if there is one. $1: the next incident, if any. Services that the next one stops or starts are left alone.
incident_end() {
	[ -s "$incident_file" ] || return 0
	end_was=observability/incidents/$(incident_current).conf
	end_slack=$(grep -hx '# lab: fail slack-mock' "$incident_file" "$end_was" 2>/dev/null || true)
	end_collector=$(grep -hx '# lab: stop collector' "$incident_file" "$end_was" 2>/dev/null || true)
	end_configured=$(grep -hv '^#' "$incident_file" "$end_was" 2>/dev/null || true)
	grep '^#' "$incident_file" | grep -vx '# lab: stop collector' >"$incident_file.ends" || true
	incident_put "$incident_file.ends"
	rm "$incident_file.ends"
	incident_undo "${1:-}"
	incident_put
}

incident_undo() {
	if [ -n "$end_slack" ]; then slack_control '{"mode":"ok"}'; fi
	if [ -n "$end_collector" ] && [ "$place" = containers ] && ! incident_asks "$1" "stop collector"; then containers_start otel-collector; fi
	if incident_asks "$1" "stop minishop"; then return; fi
	if [ "$place" = native ] && incident_asks "$1" "stop collector"; then return; fi
	if ! shop_runs || { [ -n "$end_collector" ] && [ "$place" = native ]; }; then
		shop_start
	elif [ -n "$end_configured" ]; then
		incident_reload || exit 1
	fi
}

incident_begin() {
	incident_put "observability/incidents/$1.conf"
	if incident_does "stop minishop"; then shop_stop; fi
	if incident_does "stop collector"; then
		if [ "$place" = native ]; then
			shop_start
		else
			containers_compose stop otel-collector >/dev/null 2>&1 || fail "$compose stop otel-collector failed"
			row otel-collector "stopped ($compose)"
		fi
	fi
	if incident_does "fail slack-mock"; then
		(slack_control '{"mode":"outage"}') || {
			incident_put
			exit 1
		}
	fi
	if grep -qv '^#' "$incident_file"; then
		incident_reload || {
			incident_put
			exit 1
		}
	fi
}

# Where Alertmanager's messages appear.
slack_channel() {
	if [ "$place" = native ]; then
		case $(cat "$LAB_DIR/run/alertmanager/slack_url" 2>/dev/null) in "$slack_url"/*) ;; *) slack_url="your own" ;; esac
	elif [ -n "$(setting SLACK_URL_FILE "")" ]; then
		slack_url="your own"
	fi
	echo "$slack_url"
}

# What the incident's file says after "# $2: ", or else $3.
incident_hint() {
	hint=$(sed -n "s/^# $2: //p" "observability/incidents/$1.conf")
	echo "${hint:-$3}"
}

incident_tell() {
	cat <<-END
		$1: $(incident_describe "$1").
		What to watch:
		  the console page     $prometheus_url/consoles/minishop.html
		                       $(incident_hint "$1" console "the error rate")
		  the alert            $prometheus_pages/alerts (pending, then firing)
		  the Slack channel    $(slack_channel) ($(incident_hint "$1" slack "a message within two minutes"))
		  one request          $(incident_hint "$1" request "./lab trace failed, then ./lab logs TRACE_ID")
		To end it: ./lab incident clear
	END
	if [ "$place" = native ]; then process_pid traffic >/dev/null || tell_idle=yes; else containers_run traffic || tell_idle=yes; fi
	[ -z "${tell_idle:-}" ] || say "But traffic does not run: without requests, only service-down raises an alert."
}

# The message after "clear" depends on which alerts fire.
incident_over() {
	if ! over_firing=$(ask "$alertmanager_url/api/v2/alerts?silenced=false&inhibited=false" | jq -r '[.[].labels.alertname] | unique |
		if length > 1 then "\(.[:-1] | join(", ")) and \(.[-1]) still fire; within three minutes the Slack channel shows them"
		elif length > 0 then "\(.[0]) still fires; within three minutes the Slack channel shows it" else empty end'); then
		say "$1 is over. Alertmanager does not respond, so it is unknown which messages the Slack channel will get."
	elif [ -n "$over_firing" ]; then
		say "$1 is over. $over_firing as resolved: $(slack_channel)"
	else
		say "$1 is over. No alert had fired, so the Slack channel gets no message about it."
	fi
}

incident_list() {
	say "./lab incident NAME, with one of:"
	for incident_name in $(incident_names); do printf '  %-18s %s\n' "$incident_name" "$(incident_describe "$incident_name")"; done
	printf '  %-18s %s\n' clear "end the incident"
}

lab_incident() {
	[ $# -le 1 ] || misused "incident takes one name"
	if [ $# -eq 0 ]; then
		incident_list
		return
	fi
	if [ "$1" != clear ] && ! incident_names | grep -qxF -e "$1"; then
		echo "lab: unknown incident '$1'; ./lab incident lists them" >&2
		exit 2
	fi
	lock
	if oncall_runs; then fail "a case on call runs, and an incident would disturb it: run ./lab oncall end first"; fi
	place_need
	incident_fetch
	incident_was=$(incident_current)
	if [ "$1" = clear ]; then
		if [ "$incident_was" != none ]; then
			incident_end
			incident_over "$incident_was"
		elif shop_runs; then
			say "Nothing was broken on purpose."
		elif [ "$place" = containers ]; then
			shop_start
			incident_over "The stop of minishop"
		else
			fail "nothing was broken on purpose, but minishop does not run: ./lab up"
		fi
		return
	fi
	case $incident_was in
	none) shop_runs || fail "minishop does not run: start it with ./lab up (in containers: ./lab incident clear)" ;;
	"$1") say "$1 already runs; it begins again." ;;
	*) say "$incident_was ends: $1 takes its place." ;;
	esac
	incident_end "$1"
	incident_begin "$1"
	incident_tell "$1"
}
