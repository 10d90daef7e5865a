# shellcheck shell=sh
# Analyzers: gcc -fanalyzer, clang-tidy and cppcheck read the sources; valgrind watches the unit tests. What they find and is right all
# the same stands in lab.d/analyzers.known, with its reason. clang-tidy's checks, and why some are off, are in .clang-tidy.

analyzer_sources() { project_files 'src/*' 'bench/*' | grep '\.c$'; }

# What a source needs to be compiled by itself; the plain build has the generated headers.
analyzer_flags() {
	echo "-std=gnu11 -DHAVE_CONFIG_H -I$LAB_TEST/plain -I$LAB_TEST/plain/src -Isrc -Isrc/telemetry/include -Itests -DSYSCONFDIR=\"/etc\" -DLOCALSTATEDIR=\"/var\""
	pkg-config --cflags libulfius libmicrohttpd liborcania libyder jansson libcurl libconfig libprotobuf-c zlib
}

# analyzer_each FILES-A-CALL COMMAND... : over all sources, on each processor; FLAGS in the command stands for their flags.
analyzer_each() {
	each_count=$1
	shift
	analyzer_sources | FLAGS=$(analyzer_flags | tr '\n' ' ') xargs -P "$(build_jobs)" -n "$each_count" sh -c "$* 2>&1"' || echo "$0: exit status $?"' analyzer
}

# Findings are lines of FILE:LINE ... [CHECK]. Prints those that analyzers.known does not have, and counts.
analyzer_judge() {
	judge_tool=$1
	judge_found=$(sed -nE "s|^($LAB_SOURCE/)?((src\|bench)/[^ :]+\.[ch]):([0-9]+):.*(warning\|error\|portability\|performance\|style): (.*) \[([^] ]+)\]\$|\2 \7 \4 \6|p" "$2" | sort -u |
		awk -v tool="$judge_tool" 'NR == FNR { if ($1 == tool) known[$2 " " $3] = 1; next } !(($1 " " $2) in known)' lab.d/analyzers.known -)
	if [ -n "$judge_found" ] || grep -E '^analyzer: exit status|: fatal error:' "$2"; then
		echo "FAIL $judge_tool: file, check, line"
		echo "$judge_found"
		counts 0 1 0
	else
		echo "ok   $judge_tool: $(analyzer_sources | wc -l) files, $(grep -cE "^$judge_tool " lab.d/analyzers.known) known findings"
		counts 1 0 0
	fi
}

# SKIP where a program is missing.
analyzer_has() {
	command -v "$1" >/dev/null && return 0
	echo "SKIP $1 is missing: it does not read the sources"
	counts 0 0 1
	return 1
}

analyze_gcc() {
	analyzer_has gcc || return 0
	# shellcheck disable=SC2016 # for that shell
	analyzer_each 1 'gcc $FLAGS -O2 -fanalyzer -fdiagnostics-plain-output -c -o /dev/null "$@"' >"$LAB_TEST/analyzer-gcc.out"
	analyzer_judge gcc "$LAB_TEST/analyzer-gcc.out"
}

analyze_tidy() {
	analyzer_has clang-tidy || return 0
	# shellcheck disable=SC2016 # for that shell
	analyzer_each 4 'clang-tidy -quiet "$@" -- $FLAGS' >"$LAB_TEST/analyzer-tidy.out"
	analyzer_judge tidy "$LAB_TEST/analyzer-tidy.out"
}

analyze_cppcheck() {
	analyzer_has cppcheck || return 0
	# shellcheck disable=SC2046 # lists of words
	cppcheck -q -j "$(build_jobs)" --enable=warning,performance,portability --suppress=missingIncludeSystem --library=posix --library=gnu \
		--template='{file}:{line}: {severity}: {message} [{id}]' $(analyzer_flags | sed -n 1p | sed 's/-std=[^ ]*//') \
		--include="$LAB_TEST/plain/config.h" $(analyzer_sources) >"$LAB_TEST/analyzer-cppcheck.out" 2>&1
	analyzer_judge cppcheck "$LAB_TEST/analyzer-cppcheck.out"
}

test_analyzers() {
	analyze_gcc
	analyze_cppcheck
	analyze_tidy
}

# Valgrind over the unit tests of the plain build. Each test program runs for itself, so that the list of those that cannot is short and has
# its reasons. DRD knows locks and no C11 atomics, which it takes for data races: so it watches what is held together by locks alone,
# and TSan watches the rest.
valgrind_memcheck='--leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite'
valgrind_drd='--check-stack-var=no'
valgrind_drd_programs='tests/shop/test_orders tests/shop/test_inventory tests/shop/test_faults tests/slack-mock/test_store tests/slack-mock/test_mode'

valgrind_programs() {
	if [ "$1" = drd ]; then
		echo "$valgrind_drd_programs"
	else
		# shellcheck disable=SC2016 # make's variable
		make -s -C "$valgrind_build" --eval='print-tests: ; @echo $(check_PROGRAMS)' print-tests | tr ' ' '\n' | grep -E '/(test|fuzz)_'
	fi
}

full_valgrind() {
	analyzer_has valgrind || return 0
	valgrind_tool=$1
	case $valgrind_tool in
	memcheck) valgrind_options=$valgrind_memcheck ;;
	*) valgrind_options=$valgrind_drd ;;
	esac
	valgrind_build=$LAB_TEST/plain
	for valgrind_test in $(valgrind_programs "$valgrind_tool"); do
		valgrind_why=$(sed -n "s|^$valgrind_tool $valgrind_test ||p" lab.d/analyzers.known)
		if [ -n "$valgrind_why" ]; then
			echo "not run: $valgrind_test: $valgrind_why"
			continue
		fi
		# shellcheck disable=SC2086 # a list of words
		if TEST_DATA=$LAB_SOURCE/tests/data CK_TIMEOUT_MULTIPLIER=30 timeout 1200 "$valgrind_build/libtool" --mode=execute \
			valgrind --tool="$valgrind_tool" -q --max-threads=20000 --error-exitcode=99 $valgrind_options \
			"$valgrind_build/$valgrind_test" >"$LAB_TEST/valgrind.out" 2>&1 </dev/null; then
			echo "ok   $valgrind_test"
			counts 1 0 0
		else
			echo "FAIL $valgrind_test"
			head -n 60 "$LAB_TEST/valgrind.out"
			counts 0 1 0
		fi
	done
}
