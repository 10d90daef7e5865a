#!/bin/sh
# Builds the engines that Debian does not package, as ordinary Go modules, for tests on the real things.
#
#   tests/engines/build.sh [ENGINE...]     all of them without arguments; prints the folder of links to the binaries at the end
#   tests/engines/build.sh --where ENGINE  only says in which folder this checkout's is, or would be
#
# They are kept outside the tree ($MINISHOP_ENGINES, or minishop-engines in the user's cache folder) under a name that
# holds a digest of what they are made from, so that each is built once a machine, and again when its module changes.
# Exit 77: there is no go.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
store=${MINISHOP_ENGINES:-${XDG_CACHE_HOME:-$HOME/.cache}/minishop-engines}
all='otelcol jaeger prometheus loki'

digest() { cat "$here/$1"/* "$here/build.sh" | sha256sum | cut -c1-16; }

if [ "${1:-}" = --where ]; then
	echo "$store/$2-$(digest "$2")"
	exit
fi

command -v go >/dev/null || {
	echo "engines: go is not installed; get it from your distribution or go.dev, 1.26 or newer" >&2
	exit 77
}
mkdir -p "$store/bin"

# compile FOLDER OUTPUT PACKAGE [FLAG...]: in the module of FOLDER. A subshell, so that its names stay its own.
compile() (
	cd "$1"
	output=$2 package=$3
	shift 3
	CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -ldflags='-s -w' "$@" -o "$output" "$package"
)

build_jaeger() { compile "$here/jaeger" "$1/jaeger" github.com/jaegertracing/jaeger/cmd/jaeger; }

build_loki() { compile "$here/loki" "$1/loki" github.com/grafana/loki/v3/cmd/loki; }

build_prometheus() {
	compile "$here/prometheus" "$1/prometheus" github.com/prometheus/prometheus/cmd/prometheus -tags remove_all_sd
	compile "$here/prometheus" "$1/promtool" github.com/prometheus/prometheus/cmd/promtool -tags remove_all_sd
}

# The collector's own builder writes its main package from the list of components; the module files are ours.
build_otelcol() {
	GOBIN="$1" go install go.opentelemetry.io/collector/cmd/builder@v0.155.0
	cp "$here/otelcol/builder.yaml" "$1/"
	(cd "$1" && ./builder --config builder.yaml --skip-compilation --skip-get-modules >builder.log 2>&1) || {
		cat "$1/builder.log" >&2
		return 1
	}
	mv "$1/otelcol" "$1/source"
	cp "$here/otelcol/go.mod" "$here/otelcol/go.sum" "$1/source/"
	compile "$1/source" "$1/otelcol" .
	rm -rf "$1/source" "$1/builder" "$1/builder.yaml" "$1/builder.log"
}

[ $# -gt 0 ] || set -- otelcol jaeger prometheus loki
for engine; do
	case " $all " in
	*" $engine "*) ;;
	*)
		echo "engines: there is no $engine; known: $all" >&2
		exit 2
		;;
	esac
	folder=$store/$engine-$(digest "$engine")
	if [ ! -e "$folder/done" ]; then
		echo "engines: building $engine (minutes the first time, then never again)" >&2
		start=$(date +%s)
		rm -rf "$folder.part"
		mkdir -p "$folder.part"
		# In a function so that a failure ends the script: set -e does not reach into a condition.
		"build_$engine" "$folder.part"
		rm -rf "$folder"
		touch "$folder.part/done"
		mv "$folder.part" "$folder"
		echo "engines: $engine took $(($(date +%s) - start)) s" >&2
	fi
	for binary in "$folder"/*; do
		[ -x "$binary" ] && ln -sf "$binary" "$store/bin/"
	done
done
echo "$store/bin"
