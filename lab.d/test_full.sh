# shellcheck shell=sh
# What `./lab test --full` does beyond the default: an hour of the same, many times over.

# Packages for it; clang brings the fuzzer, abigail-tools compare the libraries' ABI. Debian's Docker only if none is installed: it would
# replace another one.
packages_full() {
	echo gcovr valgrind clang libclang-rt-dev debootstrap abigail-tools
	command -v dockerd >/dev/null || echo docker.io
	command -v docker-compose >/dev/null || echo docker-compose
}

# A script again and again: faults are found by the hundred. Ends at the first round that fails.
full_rounds() {
	full_round=0
	while [ $full_round -lt "$1" ]; do
		full_round=$((full_round + 1))
		echo "--- round $full_round of $1"
		(shift && test_script "$@") || return
	done
}

# Each fuzz target searches from its corpus for so many seconds, all libraries instrumented; the corpus itself is not written to.
full_fuzz() {
	set -e
	fuzz_build=$LAB_TEST/fuzz
	fuzz_flags='-g -O1 -fsanitize=address,undefined,fuzzer-no-link -fno-omit-frame-pointer'
	build_bootstrap
	build_configure "$fuzz_build" CC=clang "CFLAGS=$fuzz_flags"
	make -C "$fuzz_build" -j"$(build_jobs)" all
	for fuzz_source in tests/fuzz/fuzz_*.c; do
		fuzz_name=$(basename "$fuzz_source" .c)
		make -C "$fuzz_build" "tests/fuzz/$fuzz_name.o"
		# shellcheck disable=SC2046 # lists of words
		clang -fsanitize=address,undefined,fuzzer -o "$fuzz_build/$fuzz_name" "$fuzz_build/tests/fuzz/$fuzz_name.o" \
			-Wl,--start-group "$fuzz_build"/lib*.a "$fuzz_build"/.libs/libbase.a "$fuzz_build"/.libs/libtelemetry.a "$fuzz_build"/.libs/libotlp.a -Wl,--end-group \
			$(pkg-config --libs libulfius libmicrohttpd liborcania libyder jansson libcurl libconfig libprotobuf-c zlib) -lm -lpthread
		mkdir -p "$fuzz_build/found/$fuzz_name"
		fuzz_more=
		[ ! -e "tests/fuzz/${fuzz_name#fuzz_}.dict" ] || fuzz_more="-dict=tests/fuzz/${fuzz_name#fuzz_}.dict"
		[ "$fuzz_name" != fuzz_connection ] || fuzz_more="$fuzz_more tests/data/http/requests/accepted tests/data/http/requests/refused"
		# shellcheck disable=SC2086 # a list of words
		"$fuzz_build/$fuzz_name" -max_total_time="$1" -max_len=4096 -print_final_stats=1 -artifact_prefix="$fuzz_build/found/" \
			"$fuzz_build/found/$fuzz_name" "tests/fuzz/corpus/${fuzz_name#fuzz_}" $fuzz_more >"$fuzz_build/$fuzz_name.log" 2>&1 || {
			echo "FAIL $fuzz_name: what it found is in $fuzz_build/found"
			tail -n 30 "$fuzz_build/$fuzz_name.log"
			counts 0 1 0
			continue
		}
		echo "ok   $fuzz_name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$fuzz_build/$fuzz_name.log") inputs"
		counts 1 0 0
	done
}

# Coverage of lines and branches, over the unit tests and the whole-process tests that need nothing but the programs. A file of src/ for each row.
coverage_scripts='tests/e2e/contract_test.py tests/e2e/abuse_test.py tests/e2e/daemon_test.py tests/e2e/exporter_test.py tests/e2e/library_test.py tests/e2e/problems_test.py
	tests/e2e/secrets_test.py tests/e2e/shutdown_test.py tests/e2e/startup_test.py tests/e2e/tracez_test.py'

full_coverage() {
	analyzer_has gcovr || return 0
	set -e
	coverage_build=$LAB_TEST/coverage
	build_bootstrap
	build_configure "$coverage_build" --enable-coverage --prefix="$coverage_build/installed"
	make -C "$coverage_build" -j"$(build_jobs)" all
	find "$coverage_build" -name '*.gcda' -delete
	# What fails here fails in the other builds too, where it counts.
	make -C "$coverage_build" -j"$(build_jobs)" -k check >"$coverage_build/check.out" 2>&1 || echo "note: make check ended with an error"
	for coverage_script in $coverage_scripts; do
		LAB_BUILD=$coverage_build "$LAB_PYTHON" "$coverage_script" >"$coverage_build/$(basename "$coverage_script").out" 2>&1 || echo "note: $coverage_script ended with an error"
	done
	coverage_report
}

# At least this much, in per cent: what was reached last. Raise them with each new test; 95 and 88 are the aim.
coverage_lines=92
coverage_branches=78

coverage_report() {
	coverage_options="-r . --object-directory $coverage_build --filter src/ --exclude .*otlp\.pb-c.* --exclude .*page_files.* --exclude-throw-branches"
	# shellcheck disable=SC2086 # a list of words
	gcovr $coverage_options --branches --txt "$coverage_build/branches.txt" --json-summary "$coverage_build/coverage.json" "$coverage_build" >"$coverage_build/gcovr.out" 2>&1
	jq -r '.files[] | "\(.line_percent) % of lines, \(.branch_percent) % of branches: \(.filename)"' "$coverage_build/coverage.json" | sort -n
	coverage_seen=$(jq -r '"\(.line_percent) \(.branch_percent)"' "$coverage_build/coverage.json")
	echo "figure: $coverage_seen (lines, branches, in per cent)"
	echo "$coverage_seen" | awk -v lines=$coverage_lines -v branches=$coverage_branches '{ exit !($1 >= lines && $2 >= branches) }' || {
		echo "FAIL coverage: at least $coverage_lines % of lines and $coverage_branches % of branches are wanted"
		return 1
	}
}

test_full() {
	test_step 'in containers' containers test_script tests/containers/compose_test.py
	test_step 'with Compose v2' containers-v2 test_script tests/containers/compose_test.py --compose-v2
	test_step 'Kubernetes API server' api-server test_script tests/cluster/api_server_test.py
	test_step 'metrics in Thanos' thanos test_script tests/cluster/thanos_test.py
	test_step 'span schedules' schedules env TEL_SCHEDULES=100000 CK_TIMEOUT_MULTIPLIER=10 "$LAB_TEST/plain/tests/telemetry/test_schedules"
	test_step ABI abi test_script tests/library/abi_test.py
	test_step 'on call, all' oncall-all test_script tests/e2e/oncall_test.py --all
	test_step 'unit tests (memcheck)' valgrind-memcheck full_valgrind memcheck
	test_step 'unit tests (DRD)' valgrind-drd full_valgrind drd
	test_step coverage coverage full_coverage
	test_step fuzzing fuzz full_fuzz 60
	test_step 'abuse, often' full-abuse full_rounds 20 tests/e2e/abuse_test.py test_garbage test_format_directives_in_urls_are_text
	test_step 'ends, often' full-shutdown full_rounds 20 tests/e2e/shutdown_test.py test_sigterm_under_load test_collector_busy
	test_step 'kill -9, often' full-crash test_script tests/e2e/crash_test.py --kills=200 test_kill_at_random_moments test_slack_mock_keeps_what_it_acknowledged
	test_step soak soak test_script tests/e2e/soak.py --minutes=10
}
