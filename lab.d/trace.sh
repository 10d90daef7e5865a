# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# trace: a trace in the terminal, from the shops' own pages of recent traces or, in containers, from Jaeger.

lab_trace() {
	[ $# -le 1 ] || misused "trace takes one id, slow or failed, not '$*'"
	case ${1-} in
	slow | failed) ;;
	ord_* | pay_*) misused "trace takes the id of a trace; ./lab logs $1 shows the log lines of '$1', with their trace ids" ;;
	-* | *[!0-9A-Fa-f]*) misused "'$1' is not a trace id: 8 to 32 hexadecimal digits, or slow, or failed" ;;
	esac
	place_need
	if [ "$place" = native ]; then
		if ! process_pid minishop >/dev/null; then
			trace_start="./lab up"
			if incident_does "stop minishop"; then trace_start="./lab incident clear"; fi
			fail "minishop does not run, so its traces are lost: $trace_start starts it; ./lab logs ID still finds log lines"
		fi
		for trace_page in $(place_shops); do set -- "$@" --page "$trace_page"; done
		python3 -B lab.d/trace.py "$@"
	elif [ "$trace_store" = tempo ]; then
		fail "Tempo keeps the traces (TRACE_STORE=tempo in .env), which ./lab trace does not read. In Grafana: Explore, Tempo: $grafana_url"
	else
		python3 -B lab.d/trace.py --jaeger "$jaeger_url" --loki "$loki_url" "$@"
	fi
}
