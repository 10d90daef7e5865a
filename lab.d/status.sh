# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# status: what runs and whether it is healthy. Each row shows the current state of the process or the response of its port.

# process_env NAME VARIABLE: its value in the environment of a process that we started.
process_env() {
	tr '\0' '\n' <"/proc/$(process_pid "$1")/environ" | sed -n "s/^$2=//p"
}

status_page() {
	page_by=$(sed -n 2p "$LAB_DIR/run/traces" 2>/dev/null || true)
	page_by="chosen by ${page_by:-./lab up}"
	if page=$(ask "$minishop_url/debug/tracez?format=json"); then
		row traces "the newest are kept in the process: $minishop_url/debug/tracez ($(echo "$page" |
			jq -r '"\(.traces | length) of them, \(.held_bytes / 1024 | floor) of \(.capacity_bytes / 1024 | floor) KiB"'); $page_by); ./lab trace"
	else
		row traces "not kept in the process: $minishop_url/debug/tracez is off ($page_by)"
	fi
}

# Where spans go, by the environment of the running process, not of this shell.
status_spans() {
	spans_exporter=$(process_env minishop OTEL_TRACES_EXPORTER)
	spans_by="chosen by $(sed -n 1p "$LAB_DIR/run/traces" 2>/dev/null || true)"
	spans_url=$(process_env minishop OTEL_EXPORTER_OTLP_TRACES_ENDPOINT)
	[ -n "$spans_url" ] || spans_url=$(process_env minishop OTEL_EXPORTER_OTLP_ENDPOINT)
	[ -n "$spans_url" ] || spans_url=$(process_env minishop MINISHOP_TRACES_ENDPOINT)
	[ -n "$spans_url" ] || spans_url=http://localhost:4318
	for spans_off in OTEL_SDK_DISABLED=true MINISHOP_TRACES_ENABLED=false; do
		[ "$(process_env minishop "${spans_off%=*}" | tr '[:upper:]' '[:lower:]')" != "${spans_off#*=}" ] || {
			row spans "not recorded, because $spans_off is in the shop's environment"
			return
		}
	done
	case $spans_exporter in
	none) row spans "not exported ($spans_by)" ;;
	console) row spans "written to $LAB_DIR/log/spans.json, one JSON object a line ($spans_by)" ;;
	*)
		# Any HTTP response counts: a collector refuses GET.
		if curl --noproxy '*' -s -m 2 -o /dev/null "$spans_url"; then spans_how="responds"; else spans_how="does NOT respond"; fi
		row spans "exported to $spans_url, which $spans_how ($spans_by)"
		;;
	esac
}

native_status() {
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
	if process_pid minishop >/dev/null; then
		status_page
		status_spans
	fi
	row log "$LAB_DIR/log/minishop.json"
	row incident "$(incident_current)"
}

lab_status() {
	place_need
	incident_fetch
	ill=0
	"${place}_status"
	if oncall_runs; then row case "runs; ./lab answer shows its questions"; fi
	return $ill
}
