# shellcheck shell=sh
# Building: always out of tree, so that the source directory holds sources only (and what ./bootstrap makes).

# ./configure is made once; make itself detects changes of its sources. Two runs at a time do not both make it.
build_bootstrap() {
	(
		flock 9
		if [ ! -x configure ] || [ ! -e Makefile.in ] || [ ! -e build-aux/install-sh ]; then ./bootstrap 9>&-; fi
	) 9>"$LAB_DIR/bootstrap.lock"
}

# build_configure DIRECTORY OPTION...: out of tree; again only for another source directory or other options.
build_configure() {
	build_dir=$1
	shift
	if [ -e "$build_dir/config.status" ] && [ "$(cat "$build_dir/.made-for" 2>/dev/null)" = "$LAB_SOURCE $*" ]; then return; fi
	rm -rf "$build_dir"
	mkdir -p "$build_dir"
	# It may fail with 77, which here means that something is skipped.
	(cd "$build_dir" && "$LAB_SOURCE/configure" "$@") || return 1
	echo "$LAB_SOURCE $*" >"$build_dir/.made-for"
}

build_jobs() { getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2; }

# build_programs DIRECTORY OPTION...: all programs, those of the benchmark too: a benchmark that is never built soon cannot be built.
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

build_lab() {
	case $LAB_SOURCE$LAB_DIR in
	*[!A-Za-z0-9/._,@+-]*)
		fail "make cannot build in a directory whose name has a blank or a special character: $LAB_SOURCE. Move the project." ;;
	esac
	step build "$LAB_DIR/log/build.log" build_and_install
}
