# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Processes that outlive the shell. run/NAME.id identifies a process by its id, its start time, and the machine's boot id.
# The process id is not enough, because another process may have it by now.

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# The start time of a process, in clock ticks since boot: field 22. It is counted from the end of the name, which may contain blanks and parentheses.
process_started() {
	sed -e 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}

# Its state letter; Z means that it has ended.
process_state() {
	sed -e 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f1
}

# process_remember NAME PID
process_remember() {
	process_start=$(process_started "$2")
	[ -n "$process_start" ] || return 1
	echo "$2 $process_start $(boot_id)" >"$LAB_DIR/run/$1.id"
}

# process_pid NAME: prints its process id if it is the process that we started and it is alive; otherwise returns 1.
process_pid() {
	[ -e "$LAB_DIR/run/$1.id" ] || return 1
	read -r process_id process_start process_boot <"$LAB_DIR/run/$1.id" || return 1
	[ "$process_boot" = "$(boot_id)" ] && [ "$process_start" = "$(process_started "$process_id")" ] &&
		[ "$(process_state "$process_id")" != Z ] && echo "$process_id"
}

# process_start NAME COMMAND...: runs it in the background, in its own session, with its output in log/NAME.log. It
# inherits no terminal, pipe or lock.
process_start() {
	process_name=$1
	shift
	setsid "$@" </dev/null >>"$LAB_DIR/log/$process_name.log" 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
	process_remember "$process_name" $! || true
}

# Signals the whole process group if the process leads one, because the shell of the traffic runs wrk.
process_signal() {
	kill "-$2" "-$1" 2>/dev/null || kill "-$2" "$1" 2>/dev/null || true
}

# process_stop NAME SECONDS: sends SIGTERM, and SIGKILL after so many seconds. Prints the result.
process_stop() {
	stop_pid=$(process_pid "$1") || {
		rm -f "$LAB_DIR/run/$1.id"
		return 0
	}
	process_signal "$stop_pid" TERM
	stop_began=$(now)
	stop_how="stopped"
	while process_pid "$1" >/dev/null; do
		if [ $(($(now) - stop_began)) -ge "$2" ]; then
			process_signal "$stop_pid" KILL
			stop_how="killed: it did not end within $2 s"
			sleep 0.5
			break
		fi
		sleep 0.1
	done
	rm -f "$LAB_DIR/run/$1.id" "$LAB_DIR/run/$1.key"
	row "$1" "$stop_how (process $stop_pid)"
}

# How long a process has been running, in seconds.
process_age() { echo $(($(now) - $(process_started "$1") / $(getconf CLK_TCK))); }

# port_sockets PORT: prints the inodes of the sockets that listen there, on any address of this machine.
port_sockets() {
	cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		awk -v port=":$(printf '%04X' "$1")" '$4 == "0A" && substr($2, length($2) - 4) == port { print $10 }'
}

port_taken() { [ -n "$(port_sockets "$1")" ]; }

# process_listens PID PORT. Another program may have taken the port since it was checked, and would answer in place of the process.
process_listens() {
	[ -r "/proc/$1/fd" ] || return 0 # another user's process
	for socket in $(port_sockets "$2"); do
		[ -z "$(find "/proc/$1/fd" -lname "socket:?$socket?" 2>/dev/null)" ] || return 0
	done
	return 1
}
