# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The build. It is always outside the source directory, which gets only the files that ./bootstrap makes.

# Makes ./configure once; make itself detects changes of its sources. The lock keeps two runs from making it at the same time.
build_bootstrap() {
	(
		flock 9
		if [ ! -x configure ] || [ ! -e Makefile.in ] || [ ! -e build-aux/install-sh ]; then ./bootstrap 9>&-; fi
	) 9>"$LAB_DIR/bootstrap.lock"
}

# build_configure DIRECTORY OPTION...: runs configure there, but not again for the same source directory and options.
build_configure() {
	build_dir=$1
	shift
	if [ -e "$build_dir/config.status" ] && [ "$(cat "$build_dir/.made-for" 2>/dev/null)" = "$LAB_SOURCE $*" ]; then return; fi
	rm -rf "$build_dir"
	mkdir -p "$build_dir"
	# Its exit status may be 77, which would mean a skipped step.
	(cd "$build_dir" && "$LAB_SOURCE/configure" "$@") || return 1
	echo "$LAB_SOURCE $*" >"$build_dir/.made-for"
}

build_jobs() { getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2; }

# build_programs DIRECTORY OPTION...: builds all programs, also those of the benchmark, so that they keep compiling.
build_programs() {
	set -e
	programs_dir=$1
	shift
	build_bootstrap
	build_configure "$programs_dir" --prefix="$programs_dir/installed" "$@"
	make -C "$programs_dir" -j"$(build_jobs)" all
	make -C "$programs_dir" -j"$(build_jobs)" bench-programs
}

build_and_install() {
	set -e
	build_bootstrap
	build_configure "$LAB_DIR/build" --prefix="$LAB_DIR/installed"
	make -C "$LAB_DIR/build" -j"$(build_jobs)"
	make -C "$LAB_DIR/build" install
}

# Whether make can build in $1. A letter of another alphabet does no harm.
build_possible() {
	case $(printf '%s' "$1" | LC_ALL=C tr -d '\200-\377') in *[!A-Za-z0-9/._,@+-]*) return 1 ;; esac
}

# Runs before anything is installed or built.
build_place_check() {
	build_place="make cannot build in a directory whose name has a blank or a special character:"
	build_possible "$LAB_SOURCE" || fail "$build_place $LAB_SOURCE. Move the project"
	build_possible "$LAB_DIR" || fail "$build_place $LAB_DIR. Set LAB_DIR to another directory"
}

build_lab() { step build "$LAB_DIR/log/build.log" build_and_install; }
