# shellcheck shell=sh
# logs: what minishop writes, readable. The file holds one JSON object a line; --raw shows it as it is.

lab_logs() {
	case ${1:-} in
	'' | --raw) [ $# -le 1 ] || misused "logs takes one option at most" ;;
	*) misused "logs takes --raw or nothing, not '$1'" ;;
	esac
	log_file=$LAB_DIR/log/minishop.json
	[ -e "$log_file" ] || fail "there is no log yet: ./lab up first"
	if [ "${1:-}" = --raw ] || ! command -v jq >/dev/null; then exec tail -n 20 -F "$log_file"; fi
	if [ -t 1 ]; then colour=true; else colour=false; fi
	# The time, the level, the message, then what belongs to the request, without what is the same in every line.
	tail -n 20 -F "$log_file" 2>/dev/null | jq --unbuffered -rR --argjson colour $colour '
		def paint(code): if $colour then "\u001b[\(code)m\(.)\u001b[0m" else . end;
		. as $line | (fromjson? // null) as $r | if ($r | type) != "object" then $line else
			($r.timestamp // "")[11:23] + " "
			+ (($r.level // "") as $l | ($l + "     ")[0:5] | paint({ERROR: "31", WARN: "33", INFO: "32"}[$l] // "2")) + " "
			+ (($r.message // "") | paint("1")) + " "
			+ ([$r | del(.timestamp, .level, .severity_number, .message, .app, .version, .instance, .span_id, .trace_flags,
				.request_id, .client, .user_agent, .request_bytes, .response_bytes) | to_entries[]
				| select(.value != null) | "\(.key)=\(.value)"] | join(" "))
		end'
}
