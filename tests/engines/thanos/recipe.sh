# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Without the tag, its labels have another layout than its unsafe casts expect, and the receiver panics.
compile "$2" "$1/thanos" github.com/thanos-io/thanos/cmd/thanos -tags slicelabels
