# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Messages: one line for each step, with its time. If a step fails, the end of its log follows.

# Seconds since the start of the machine. Nobody sets this clock, so a wait is as long as it should be.
now() {
	read -r now_uptime _ </proc/uptime
	echo "${now_uptime%.*}"
}

# seconds as 47 s or 3:07
elapsed() {
	if [ "$1" -lt 100 ]; then echo "$1 s"; else printf '%d:%02d\n' $(($1 / 60)) $(($1 % 60)); fi
}

say() { printf '%s\n' "$*"; }

# A row of a table: name and state.
row() { printf '  %-14s %s\n' "$1" "$2"; }

fail() {
	printf 'lab: %s\n' "$*" >&2
	exit 1
}

# ask CURL-ARGUMENT...: sends a request to a program on this machine, never through a proxy.
ask() { curl --noproxy '*' -fs -m 3 "$@"; }

# Prints the last lines of a log, indented, and the name of the log.
tell_log() {
	echo "lab: the last lines of $1:" >&2
	tail -n "${2:-15}" "$1" | cut -c1-300 | sed 's/^/  | /' >&2
}

# step_wait PID TITLE: waits for a child and shows meanwhile how long it takes. Returns its status.
step_wait() {
	step_start=$(now)
	step_told=$step_start
	while kill -0 "$1" 2>/dev/null; do
		step_now=$(now)
		if [ -t 1 ]; then
			printf '\r\033[K  %-14s %s' "$2" "$(elapsed $((step_now - step_start))) "
		elif [ $((step_now - step_told)) -ge 30 ]; then
			row "$2" "still running, $(elapsed $((step_now - step_start)))"
			step_told=$step_now
		fi
		sleep 0.2
	done
	if [ -t 1 ]; then printf '\r\033[K'; fi
	step_status=0
	wait "$1" || step_status=$?
	step_took=$(elapsed $(($(now) - step_start)))
	return $step_status
}

# Ends a process and its descendants. A background command of a shell does not get the terminal's interrupt.
kill_tree() {
	for kill_child in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do kill_tree "$kill_child"; done
	kill "$1" 2>/dev/null || true
}

# step TITLE LOG COMMAND...: runs the command with its output in LOG. Ends ./lab if it fails.
step() {
	step_title=$1
	step_log=$2
	shift 2
	mkdir -p "$(dirname "$step_log")"
	"$@" </dev/null >"$step_log" 2>&1 &
	step_pid=$!
	# An interrupt ends the running step too.
	trap 'kill_tree "$step_pid"; exit 130' INT TERM
	step_wait "$step_pid" "$step_title" || {
		row "$step_title" "FAILED after $step_took"
		tell_log "$step_log"
		exit 1
	}
	trap - INT TERM
	row "$step_title" "done ($step_took)"
}
