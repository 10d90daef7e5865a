# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The collector's own builder writes its main package from the list of components; the module files are ours.
GOBIN="$1" go install go.opentelemetry.io/collector/cmd/builder@v0.155.0
cp "$2/builder.yaml" "$1/"
(cd "$1" && ./builder --config builder.yaml --skip-compilation --skip-get-modules >builder.log 2>&1) || {
	cat "$1/builder.log" >&2
	exit 1
}
mv "$1/otelcol" "$1/source"
cp "$2/go.mod" "$2/go.sum" "$1/source/"
compile "$1/source" "$1/otelcol" .
rm -rf "$1/source" "$1/builder" "$1/builder.yaml" "$1/builder.log"
