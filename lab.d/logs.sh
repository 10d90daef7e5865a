# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# logs: minishop's log lines. Each line of the files is a JSON object; --raw shows it unchanged. With an id, the command also searches
# rotated files, and ends. Without an id it follows the log.

# Prints all lines with the text $1 of the files whose names begin with $0. It is a script because it may run in a container.
# shellcheck disable=SC2016 # for that shell
logs_search='for file in $0*; do case $file in *.gz) zcat "$file" ;; *) cat "$file" ;; esac; done 2>/dev/null | grep -F -e "$1"'

logs_find() {
	if [ "$place" = native ]; then
		sh -c "$logs_search" "$LAB_DIR/log/minishop.json" "$1"
	else
		containers_sh "$logs_search" /var/log/minishop/ "$1" 2>/dev/null
	fi
}

# Runs until it is interrupted. In a container, tail ends when its standard input ends. This process holds that open.
logs_follow() {
	if [ "$place" = native ]; then
		tail -n 20 -F "$LAB_DIR/log/minishop.json" 2>/dev/null
		return
	fi
	logs_hold=$LAB_DIR/hold.$$
	mkfifo "$logs_hold"
	exec 4<>"$logs_hold"
	rm -f "$logs_hold"
	# shellcheck disable=SC2086 # one word or two
	$compose exec -T minishop sh -c 'tail -q -n 20 -F /var/log/minishop/*.log 2>/dev/null & cat >/dev/null; kill $!' <&4
}

lab_logs() {
	logs_raw=
	logs_id=
	for logs_word; do
		case $logs_word in
		--raw) logs_raw=--raw ;;
		'' | *[!A-Za-z0-9._:/+=@~-]* | -*) misused "logs takes --raw and an id (of a trace, an order, a payment or a request), not '$logs_word'" ;;
		*)
			[ -z "$logs_id" ] || misused "logs takes one id, not '$logs_id' and '$logs_word'"
			logs_id=$logs_word
			;;
		esac
	done
	place_need
	[ "$place" = containers ] || [ -e "$LAB_DIR/log/minishop.json" ] || fail "no log yet: run ./lab up first"
	# shellcheck disable=SC2086 # an option or none
	if [ -n "$logs_id" ]; then
		logs_find "$logs_id" | python3 -B lab.d/logs.py $logs_raw --find "$logs_id"
	elif [ "$place" = containers ] && ! containers_run minishop; then
		echo "lab: minishop does not run; these are the last lines of each of its log files" >&2
		containers_sh 'tail -q -n 20 /var/log/minishop/*.log' 2>/dev/null | sort | python3 -B lab.d/logs.py $logs_raw
	else
		logs_follow | python3 -B lab.d/logs.py $logs_raw
	fi
}
