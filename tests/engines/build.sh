#!/bin/sh
# Builds the engines that Debian does not package, as ordinary Go modules, for tests on the real things.
#
#   tests/engines/build.sh [ENGINE...]     without arguments all of the stack's; prints the folder of links to the binaries at the end
#   tests/engines/build.sh --where ENGINE  only says in which folder this checkout's is, or would be
#
# An engine is a folder here: its module, and recipe.sh, which is told where to put the programs, and that folder. They are kept outside the
# tree ($MINISHOP_ENGINES, or minishop-engines in the user's cache folder) under a name that holds a digest of that folder, so
# that each is built once a machine, and again when its folder changes.
# Exit 77: there is no go.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
store=${MINISHOP_ENGINES:-${XDG_CACHE_HOME:-$HOME/.cache}/minishop-engines}

digest() { cat "$here/$1"/* | sha256sum | cut -c1-16; }

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

# build ENGINE FOLDER. A subshell too: a recipe's names are its own, and a failure ends it.
build() (
	set -- "$2" "$here/$1"
	# shellcheck disable=SC1091 # each engine's own
	. "$2/recipe.sh"
)

# Compose v2 is not of the stack: only --full starts the stack with it.
[ $# -gt 0 ] || set -- otelcol jaeger prometheus loki alertmanager
for engine; do
	if [ ! -e "$here/$engine/recipe.sh" ]; then
		echo "engines: there is no $engine; known: $(cd "$here" && echo */ | tr -d /)" >&2
		exit 2
	fi
	folder=$store/$engine-$(digest "$engine")
	if [ ! -e "$folder/done" ]; then
		echo "engines: building $engine (minutes the first time, then never again)" >&2
		start=$(date +%s)
		rm -rf "$folder.part"
		mkdir -p "$folder.part"
		build "$engine" "$folder.part"
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
