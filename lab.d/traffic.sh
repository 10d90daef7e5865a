#!/bin/sh
# traffic.sh URL SCRIPT: shoppers, one round of wrk after the other: while the service refuses connections, wrk tries again
# without a pause and takes a core, so that a round must not be long. Ends after a day; ./lab up starts it again.
set -u
rounds=1440
while [ $rounds -gt 0 ]; do
	nice wrk -t1 -c8 -d60s --timeout 20s -s "$2" "$1"
	sleep 1
	rounds=$((rounds - 1))
done
