#!/bin/sh
# shoppers.sh HOST:PORT: shoppers for each address that HOST has, one wrk an address: an order is in the memory of the
# replica that took it, so it must be paid there. The rate is shared.
#
# In rounds of half a minute: where a service refuses connections, wrk tries again without a pause and takes a core; and each
# round asks anew which addresses there are. Ends after a day: ./lab up or docker starts it again.
#
# Environment: see shoppers.lua.
set -u
host=${1%:*}
port=${1##*:}
script=$(dirname "$0")/shoppers.lua
rate=${SHOPPERS_RATE:-12}
connections=${SHOPPERS_CONNECTIONS:-8}

crowds=
trap 'kill $crowds 2>/dev/null; exit 0' TERM INT

rounds=2880
while [ $rounds -gt 0 ]; do
	rounds=$((rounds - 1))
	# shellcheck disable=SC2046 # a list of words
	set -- $(getent ahostsv4 "$host" | awk '$2 == "STREAM" { print $1 }' | sort -u)
	if [ $# -gt 0 ]; then
		SHOPPERS_RATE=$(awk -v rate="$rate" -v addresses=$# 'BEGIN { print rate / addresses }')
		SHOPPERS_CONNECTIONS=$(((connections + $# - 1) / $#))
		export SHOPPERS_RATE SHOPPERS_CONNECTIONS
	fi
	crowds=
	for address; do
		nice wrk -t1 -c"$SHOPPERS_CONNECTIONS" -d30s --timeout 20s -s "$script" "http://$address:$port" &
		crowds="$crowds $!"
	done
	sleep 1 &
	crowds="$crowds $!"
	wait
done
