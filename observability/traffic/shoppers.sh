#!/bin/sh
# SPDX-License-Identifier: MIT
# shoppers.sh HOST:PORT: runs one wrk for each address of HOST. An order is in the memory of the replica that created it, so it must be
# paid there. All addresses share the rate.
#
# The shoppers come in rounds of half a minute, and only while the shop is ready: if a connection is refused, wrk gives up that connection, or retries
# without a pause. Each round looks up the addresses again. The script ends after a day; ./lab up or Docker starts it again.
#
# Environment: see shoppers.lua.
set -u
host=${1%:*}
port=${1##*:}
script=$(dirname "$0")/shoppers.lua
rate=${SHOPPERS_RATE:-12}
connections=${SHOPPERS_CONNECTIONS:-8}
ROUND_S=30

awk -v rate="$rate" 'BEGIN { exit !(rate ~ /^[0-9]+(\.[0-9]+)?$/ && rate ~ /[1-9]/) }' || {
	echo "shoppers: SHOPPERS_RATE takes a number of requests a second above 0, such as 12 or 0.5, not '$rate'" >&2
	exit 2
}

crowds=
trap 'kill $crowds 2>/dev/null; exit 0' TERM INT

# Waits a second; a signal interrupts it.
pause() {
	sleep 1 &
	pause=$!
	wait $pause
}

# all_ready ADDRESS...: whether each address returns 200 at /readyz.
all_ready() {
	for address; do
		# shellcheck disable=SC2016 # for that shell
		timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1" && printf "GET /readyz HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n" >&3 &&
			read -r response <&3 && [[ $response == *" 200 "* ]]' "$address" "$port" 2>/dev/null || return 1
	done
}

# all_connected PROCESS...: whether each wrk has a connection. A wrk whose connection is refused never tries again.
all_connected() {
	for process; do
		# shellcheck disable=SC2010 # the target of a link is not part of a file name
		ls -l "/proc/$process/fd" 2>/dev/null | grep -q 'socket:' || return 1
	done
}

until=$(($(date +%s) + 86400))
while [ "$(date +%s)" -lt $until ]; do
	ready=
	for address in $(getent ahostsv4 "$host" | awk '$2 == "STREAM" { print $1 }' | sort -u); do
		if all_ready "$address"; then ready="$ready $address"; fi
	done
	# shellcheck disable=SC2086 # a list of words
	set -- $ready
	if [ $# -eq 0 ]; then
		pause
		continue
	fi
	# mawk would write the decimal sign of the locale, and wrk's Lua reads only a point.
	SHOPPERS_RATE=$(LC_ALL=C awk -v rate="$rate" -v addresses=$# 'BEGIN { print rate / addresses }')
	SHOPPERS_CONNECTIONS=$(((connections + $# - 1) / $#))
	export SHOPPERS_RATE SHOPPERS_CONNECTIONS
	crowds=
	for address; do
		nice wrk -t1 -c"$SHOPPERS_CONNECTIONS" -d${ROUND_S}s --timeout 20s -s "$script" "http://$address:$port" &
		crowds="$crowds $!"
	done
	seconds=1
	pause
	# shellcheck disable=SC2086 # lists of words
	while [ $seconds -lt $ROUND_S ] && all_ready "$@" && all_connected $crowds; do
		pause
		seconds=$((seconds + 1))
	done
	# shellcheck disable=SC2086 # a list of words
	[ $seconds -eq $ROUND_S ] || kill $crowds 2>/dev/null
	wait
done
