#!/bin/sh
# door.sh PORT HOST:PORT: the shop's one address. Takes connections at PORT and passes each on to HOST, whose replicas come and go, and
# whose own published port is another one after each start. To the lowest of its addresses: so an order and its payment meet, as an order
# is in the memory of the replica that took it.
set -eu
case $1 in
connect)
	address=$(getent ahostsv4 "$2" | awk '{ print $1 }' | sort -V | head -n 1)
	exec socat -t 30 - "TCP:$address:$3"
	;;
*) exec socat "TCP-LISTEN:$1,fork,reuseaddr,max-children=64" "EXEC:sh $0 connect ${2%:*} ${2##*:}" ;;
esac
