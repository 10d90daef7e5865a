#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the engines that Debian does not package, as ordinary Go modules, for tests on the real programs.
#
#   tests/engines/build.sh [ENGINE...]     builds what is missing (default: all that ./lab test needs); prints the folder of links
#                                          to the binaries at the end
#   tests/engines/build.sh --where ENGINE  prints the folder of this checkout's build of ENGINE, whether it exists or not
#   tests/engines/build.sh --missing [ENGINE...]   prints those that are not built
#
# Each folder here is one engine: its Go module, and recipe.sh, which gets the output folder and its own folder as arguments. All
# engines here have permissive licences (CONTRIBUTING.md).
# Builds are kept outside the tree, in $MINISHOP_ENGINES or in minishop-engines in the user's cache folder. The name of a build holds a
# digest of the engine's folder: an engine is built once on each machine, and again when its folder changes.
# Go's caches and temporary files (several GB) are in $LAB_DIR/go-cache. This script removes them when all is built. A build that fails
# leaves them for the next attempt.
# Go's own settings (GOPROXY, GOPRIVATE, GOFLAGS, ...) of the environment and of `go env -w` apply.
# Exit 77: Go is not installed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
# A service manager may not set it, and Go needs it too.
HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
export HOME
store=${MINISHOP_ENGINES:-${XDG_CACHE_HOME:-$HOME/.cache}/minishop-engines}
go_cache=${LAB_DIR:-$here/../../.lab}/go-cache
default='otelcol prometheus alertmanager jaeger kubernetes alloysyntax'

folder() {
	if [ ! -e "$here/$1/recipe.sh" ]; then
		echo "engines: unknown engine $1; known: $(cd "$here" && echo */ | tr -d /)" >&2
		exit 2
	fi
	echo "$store/$1-$(cat "$here/$1"/* | sha256sum | cut -c1-16)"
}

# Prints those of these engines that are not built.
missing() {
	for engine; do
		folder=$(folder "$engine")
		[ -e "$folder/done" ] || echo "$engine"
	done
}

case ${1:-} in
--where)
	folder "$2"
	exit
	;;
--missing)
	shift
	# shellcheck disable=SC2086 # a list of words
	[ $# -gt 0 ] || set -- $default
	missing "$@"
	exit
	;;
esac

# compile FOLDER OUTPUT PACKAGE [FLAG...]: in the module of FOLDER. A subshell, so that its names stay its own.
compile() (
	cd "$1"
	output=$2 package=$3
	shift 3
	CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags='-s -w' "$@" -o "$output" "$package"
)

# build ENGINE FOLDER. A subshell too: a recipe's names are its own, and a failure ends it.
build() (
	set -- "$2" "$here/$1"
	# shellcheck disable=SC1091 # each engine's own
	. "$2/recipe.sh"
)

# build_all ENGINE...: builds these engines. A line for each shows its position in the list.
build_all() {
	number=0
	for engine; do
		number=$((number + 1))
		folder=$(folder "$engine")
		start=$(date +%s)
		echo "progress: $start $number of $#: $engine" >&2
		rm -rf "$folder.part"
		mkdir -p "$folder.part"
		build "$engine" "$folder.part"
		rm -rf "$folder"
		touch "$folder.part/done"
		mv "$folder.part" "$folder"
		echo "engines: $engine took $(($(date +%s) - start)) s" >&2
	done
}

# shellcheck disable=SC2086 # a list of words
[ $# -gt 0 ] || set -- $default
mkdir -p "$store/bin"
wanted=$(missing "$@")
if [ -n "$wanted" ]; then
	command -v go >/dev/null || {
		echo "engines: go is not installed; get it from your distribution or go.dev, 1.26 or newer" >&2
		exit 77
	}
	# Only one checkout builds at a time.
	exec 9>"$store/lock"
	flock 9
	mkdir -p "$go_cache/tmp"
	go_cache=$(cd "$go_cache" && pwd -P)
	GOFLAGS="$(go env GOFLAGS) -modcacherw"
	GOMODCACHE=$go_cache/modules
	GOCACHE=$go_cache/build
	TMPDIR=$go_cache/tmp
	export GOFLAGS GOMODCACHE GOCACHE TMPDIR
	# shellcheck disable=SC2046 # a list of words
	build_all $(missing "$@")
	rm -rf "$go_cache"
fi
for engine; do
	touch "$(folder "$engine")/done"
	for binary in "$(folder "$engine")"/*; do
		if [ -f "$binary" ] && [ -x "$binary" ]; then ln -sf "$binary" "$store/bin/"; fi
	done
done
# Removes builds that no checkout has used for a month.
find "$store" -mindepth 2 -maxdepth 2 -name 'done' -mtime +30 -exec dirname {} + | while read -r old; do rm -rf "$old"; done
echo "$store/bin"
