# shellcheck shell=sh
compile "$2" "$1/loki" github.com/grafana/loki/v3/cmd/loki
