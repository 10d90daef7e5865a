# shellcheck shell=sh
compile "$2" "$1/thanos" github.com/thanos-io/thanos/cmd/thanos
