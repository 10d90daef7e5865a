# SPDX-License-Identifier: MIT
# shellcheck shell=sh
compile "$2" "$1/prometheus" github.com/prometheus/prometheus/cmd/prometheus -tags remove_all_sd
compile "$2" "$1/promtool" github.com/prometheus/prometheus/cmd/promtool -tags remove_all_sd
