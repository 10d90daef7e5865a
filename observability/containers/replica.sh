#!/bin/sh
# SPDX-License-Identifier: MIT
# replica.sh: one replica of MiniShop, with its own log file in the volume that all replicas share.
set -u
# MiniShop reads the incident when it starts, so an earlier SIGHUP is not needed. It is ignored until MiniShop handles it.
trap '' HUP
log=/var/log/minishop/$(hostname).log

# The address that Prometheus scrapes (discover.sh asks the same name). A container in two networks has two.
own=$(hostname -I)
address=${own%% *}
for scraped in $(getent ahostsv4 minishop-replicas | awk '{ print $1 }' | sort -u); do
	case " $own " in *" $scraped "*) address=$scraped ;; esac
done

# For `docker-compose logs`. Successful requests are most of the lines; they are only in the file.
echo "minishop: $address:8080 logs to $log; shown here are its start, its stop, warnings and errors"
tail -n 0 -F "$log" 2>/dev/null | grep --line-buffered -vE '"level":"(INFO|DEBUG)".*"trace_id":"[0-9a-f]' &

MINISHOP_INSTANCE=$address:8080 exec /usr/sbin/minishop --listen 0.0.0.0:8080 --log-file "$log"
