# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Its own module has no replacements, so it needs none of ours. v0.31.1 is the last one whose module holds its web pages.
for program in alertmanager amtool; do
	GOBIN="$1" CGO_ENABLED=0 go install -trimpath -ldflags='-s -w' "github.com/prometheus/alertmanager/cmd/$program@v0.31.1"
done
