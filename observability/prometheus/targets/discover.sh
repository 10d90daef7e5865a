#!/bin/sh
# discover.sh FROM TO: Prometheus's targets in containers. Copies the files of FROM to TO and, in them, puts the address of
# every replica of minishop in the place of "minishop:8080", as DNS has them; looks again every two seconds. So
# `docker-compose up -d --scale minishop=3` needs no configuration.
#
# Why not Prometheus's own dns_sd_configs: the same prometheus.yml runs without containers, where it would ask somebody's
# name server about minishop, and 2.42 cannot include a second file. While DNS knows no replica at all the last list stays,
# so that what is gone shows as down; but not the list of an earlier discover.sh, whose replicas may be gone for good.
set -u
from=$1
to=$2
trap 'exit 0' TERM INT

# The replicas as a list of YAML: "10.0.0.2:8080", "10.0.0.3:8080". By the name that only their first network has.
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
		# Prometheus reads a file again when it changes, so it must not change without need, and only as a whole.
		if cmp -s "$to/.$name" "$to/$name"; then rm "$to/.$name"; else mv "$to/.$name" "$to/$name"; fi
	done
	sleep 2 &
	wait $!
done
