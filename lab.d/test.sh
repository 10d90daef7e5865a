# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# test and bench. lab.d/test/ runs the tests: plan.py is the table of the steps.

lab_test() {
	build_place_check
	command -v python3 >/dev/null || packages_need python3
	LAB_DIR=$LAB_DIR python3 -B lab.d/test/forecast.py "$@" || exit
	# shellcheck disable=SC2046 # a list of words
	packages_need $(packages_for_test "$@")
	LAB_DIR=$LAB_DIR exec python3 -B lab.d/test/main.py "$@"
}

bench_build() { build_programs "$LAB_DIR/bench/build"; }

lab_bench() {
	bench_words=$*
	case "$# $bench_words" in
	'0 ' | '1 --quick') ;;
	'2 --minutes '* | '1 --minutes='*)
		case ${bench_words#--minutes?} in [1-9] | [1-9][0-9] | [1-9][0-9][0-9]) ;; *) misused "bench takes --quick or --minutes N, not '$bench_words': N is 1 to 999" ;; esac
		;;
	*) misused "bench takes --quick or --minutes N, not '$bench_words'" ;;
	esac
	build_place_check
	say "MiniShop benchmark"
	row takes "15 minutes (or N with --minutes N, or 2 with --quick); the first time a minute more for the build"
	# shellcheck disable=SC2086 # lists of words
	packages_need $packages_build $packages_run
	step build "$LAB_DIR/log/bench-build.log" bench_build
	LAB_BUILD=$LAB_DIR/bench/build LAB_DIR=$LAB_DIR python3 bench/run.py "$@"
}
