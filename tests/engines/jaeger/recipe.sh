# SPDX-License-Identifier: MIT
# shellcheck shell=sh
compile "$2" "$1/jaeger" github.com/jaegertracing/jaeger/cmd/jaeger
