#!/bin/sh
# SPDX-License-Identifier: MIT
# discover.sh FROM TO: Prometheus's targets in containers. It copies the files of FROM to TO, and replaces "minishop:8080" in them with
# the addresses of all replicas in DNS. It looks them up every two seconds. So `docker-compose up -d --scale minishop=3` needs no
# configuration.
#
# It does not use Prometheus's dns_sd_configs: the same prometheus.yml runs without containers, where Prometheus would ask a foreign
# name server about minishop, and 2.42 cannot include a second file. While DNS has no replica, the last list stays, so that missing
# replicas show as down. A new discover.sh does not take over the list of an earlier one, whose replicas may no longer exist.
set -u
from=$1
to=$2
trap 'exit 0' TERM INT

# The replicas as a YAML list: "10.0.0.2:8080", "10.0.0.3:8080". The name is one that only their first network has.
replicas() {
	getent ahostsv4 minishop-replicas | sort -u |
		awk '$2 == "STREAM" { printf "%s\"%s:8080\"", separator, $1; separator = ", " }'
}

list='"minishop:8080"'
while :; do
	found=$(replicas)
	[ -z "$found" ] || list=$found
	for file in "$from"/*.yml; do
		name=$(basename "$file")
		sed "s/\"minishop:8080\"/$list/" "$file" >"$to/.$name"
		# Prometheus reads a file again when it changes. So change it atomically, and only if needed.
		if cmp -s "$to/.$name" "$to/$name"; then rm "$to/.$name"; else mv "$to/.$name" "$to/$name"; fi
	done
	sleep 2 &
	wait $!
done
