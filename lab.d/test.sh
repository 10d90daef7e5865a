# shellcheck shell=sh
# test and bench. Each step prints one line as it ends; `./lab test` ends with one line of counts.
#
# A test run has its own directory and its programs take ports that are free: it disturbs neither a lab that runs nor another
# test run. Builds are kept for the next run.

test_passed=0
test_failed=0
test_skipped=0
test_running=

# The directory of this run: the kept one, or one of its own while another run has that.
test_claim() {
	LAB_TEST=$LAB_DIR/test
	mkdir -p "$LAB_TEST"
	exec 8>"$LAB_TEST/lock"
	if ! flock -n 8; then
		LAB_TEST=$LAB_DIR/test-$$
		mkdir -p "$LAB_TEST"
		# shellcheck disable=SC2064 # expanded now, on purpose
		trap "rm -rf '$LAB_TEST'" EXIT
	fi
	export LAB_TEST
}

# counts PASSED FAILED SKIPPED: how a step's command says what it has counted; it may say so several times.
counts() { echo "counts: $1 $2 $3"; }

# test_begin TITLE LOG COMMAND...: runs it in the background, with its output in LOG.
test_begin() {
	echo "$1" >"$LAB_TEST/$2.title"
	test_name=$2
	shift 2
	test_timed "$@" </dev/null >"$LAB_TEST/$test_name.log" 2>&1 8>&- &
	echo $! >"$LAB_TEST/$test_name.pid"
	test_running="$test_running $!"
}

# Runs a command and records its duration, because the shell may wait for it later.
test_timed() {
	timed_began=$(now)
	timed_status=0
	# As a process of its own, because set -e means nothing in a command that is followed by ||.
	"$@" &
	wait $! || timed_status=$?
	echo $(($(now) - timed_began)) >"$LAB_TEST/$test_name.took"
	return $timed_status
}

# test_end LOG: waits for it, adds up what it counted, and prints one line. A command that counts nothing is one test: failed
# if its status says so, skipped if that is 77.
test_end() {
	test_log=$LAB_TEST/$1.log
	test_title=$(cat "$LAB_TEST/$1.title")
	test_status=0
	step_wait "$(cat "$LAB_TEST/$1.pid")" "$test_title" "$test_log" || test_status=$?
	test_took=$(elapsed "$(cat "$LAB_TEST/$1.took")")
	# shellcheck disable=SC2046 # three words
	set -- $(awk '/^counts: [0-9]+ [0-9]+ [0-9]+$/ { p += $2; f += $3; s += $4 } END { print p + 0, f + 0, s + 0 }' "$test_log")
	case "$* $test_status" in
	'0 0 0 0') if ! grep -q '^counts: ' "$test_log"; then set -- 1 0 0; fi ;;
	'0 0 0 77') set -- 0 0 1 ;;
	*' 0' | *' 77') ;;
	*) if [ "$2" -eq 0 ]; then set -- "$1" 1 "$3"; fi ;;
	esac
	test_passed=$((test_passed + $1))
	test_failed=$((test_failed + $2))
	test_skipped=$((test_skipped + $3))
	test_line="$1 passed"
	[ "$*" != '0 0 0' ] || test_line="ready"
	[ "$2" -eq 0 ] || test_line="$test_line, $2 FAILED"
	[ "$3" -eq 0 ] || test_line="$test_line, $3 skipped"
	row "$test_title" "$test_line ($test_took)"
	echo "| $test_title | $test_line | $test_took |" >>"$LAB_TEST/report"
	# What was measured: lines of "figure: TEXT".
	sed -n "s/^figure: \(.*\)/| $test_title | \1 | |/p" "$test_log" >>"$LAB_TEST/report"
	grep -h '^SKIP' "$test_log" | sed 's/^/                 /' || true
	[ "$2" -eq 0 ] || tell_log "$test_log" 60 2>&1
}

test_step() {
	test_begin "$@"
	test_end "$2"
}

# An interrupted run leaves no process behind.
test_interrupted() {
	for test_pid in $test_running; do kill_tree "$test_pid"; done
	exit 130
}

# What belongs to the project: what git knows or would add, or everything but what is made, in a tarball.
project_files() {
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard -- "$@"
	else
		for project_pattern in "$@"; do
			find . -path './.lab*' -prune -o -path './build*' -prune -o -type f -path "./$project_pattern" -print
		done | sed 's|^\./||'
	fi
}

# lint NAME COMMAND...: one check of the sources.
lint() {
	lint_name=$1
	shift
	if lint_said=$("$@" 2>&1); then
		echo "ok   $lint_name"
		counts 1 0 0
	else
		echo "FAIL $lint_name"
		echo "$lint_said" | head -n 40 | sed 's/^/     /'
		counts 0 1 0
	fi
}

lint_shell() {
	# shellcheck disable=SC2046 # the project's file names have no blanks
	shellcheck -x lab bootstrap lab.d/install-packages $(project_files '*.sh' | grep -v '^lab\.d/')
}

# Comments are whole sentences about what is; work still to do and code that is commented out do not stay.
lint_leftovers() {
	# shellcheck disable=SC2046 # as above
	! grep -nE '\b(TODO|FIXME|XXX|HACK)\b' $(project_files 'src/*' 'tests/*' 'observability/*' 'bench/*' 'etc/*' 'docs/*' | grep -vE '\.(json|png|bin)$')
}

# A file is at most 500 lines.
lint_length() {
	# shellcheck disable=SC2046 # as above
	wc -l $(project_files 'src/*' 'tests/*' 'bench/*' 'lab.d/*' | grep -E '\.(c|h|py|sh|lua)$') | awk '$2 != "total" && $1 > 500 { print; bad = 1 } END { exit bad }'
}

# Layers: an include goes to its own layer or to one below it.
lint_layers() {
	layers_bad=0
	for layers_rule in base:base telemetry:base,tel,telemetry server:base,server shop:base,tel,telemetry,shop http:base,tel,telemetry,shop,server,http slack-mock:base,tel,server,slack-mock; do
		layers_allowed=$(echo "${layers_rule#*:}" | tr , '|')
		# shellcheck disable=SC2046 # as above
		if grep -nHE '^#include "[a-z-]+/' $(project_files "src/${layers_rule%%:*}/*.[ch]") /dev/null | grep -vE "\"($layers_allowed)/"; then layers_bad=1; fi
	done
	return $layers_bad
}

# The README and the image install what the lab does.
lint_packages() {
	packages_bad=0
	for package in $packages_build check; do
		for packages_file in README.md Dockerfile; do
			if ! grep -qwF -- "$package" "$packages_file"; then
				echo "$packages_file: $package is not in its list (lab.d/packages.sh)"
				packages_bad=1
			fi
		done
	done
	return $packages_bad
}

lint_manual() {
	# shellcheck disable=SC2046 # as above
	mandoc -Tlint -Wwarning $(project_files 'man/*.[38]')
}

lint_yaml() {
	# shellcheck disable=SC2046 # as above
	yamllint --strict $(project_files '*.yml' '*.yaml')
}

lint_python() {
	# shellcheck disable=SC2046 # as above
	python3 - $(project_files '*.py') <<-'END'
		import ast, sys
		for name in sys.argv[1:]:
		    ast.parse(open(name, encoding="utf-8").read(), name)
	END
}

# Functions of the C library that share state between threads. strerror() and getenv() are not among them: see .clang-tidy.
lint_threads() {
	# shellcheck disable=SC2046 # the project's file names have no blanks
	! grep -nE '\b(strtok|localtime|gmtime|ctime|asctime|s?rand|s?random|drand48|setenv|unsetenv|putenv|setlocale|gethostbyname|inet_ntoa|ttyname|tmpnam)\(' \
		$(project_files 'src/*' | grep '\.c$')
}

lint_all() {
	lint "shell scripts (shellcheck)" lint_shell
	lint "YAML (yamllint)" lint_yaml
	lint "manual pages (mandoc)" lint_manual
	lint "Python is Python" lint_python
	lint "nothing left to do in the sources" lint_leftovers
	lint "no file above 500 lines" lint_length
	lint "includes go downwards only" lint_layers
	lint "one list of packages" lint_packages
	lint "no function that is unsafe with threads" lint_threads
}

test_build() {
	set -e
	build_bootstrap
	build_configure "$LAB_TEST/$1" --enable-werror --prefix="$LAB_TEST/$1/installed" $2
	make -C "$LAB_TEST/$1" -j"$(build_jobs)" all
	# Not measured here; but a benchmark that is never built is soon one that cannot be.
	make -C "$LAB_TEST/$1" -j"$(build_jobs)" bench-programs
}

# make check, and its counts: the checks of each test program, or one for a program that does not say how many it made.
test_check() {
	find "$LAB_TEST/$1" -name '*.trs' -delete
	check_status=0
	make -C "$LAB_TEST/$1" -j"$(build_jobs)" -k check || check_status=$?
	find "$LAB_TEST/$1/tests" -name '*.trs' | while read -r check_trs; do
		check_result=$(sed -n 's/^:global-test-result: //p' "$check_trs")
		awk -v result="$check_result" '
			/^[0-9]+%: Checks: [0-9]+, Failures: [0-9]+, Errors: [0-9]+/ {
				gsub(/[,%:]/, " "); total += $3; bad += $5 + $7
			}
			/^ok / { good++ }
			END {
				if (result == "SKIP") print "counts: 0 0 1"
				else if (result == "PASS") print "counts:", (total ? total : good ? good : 1), 0, 0
				else print "counts:", (total > bad ? total - bad : 0), (bad ? bad : 1), 0
			}' "${check_trs%.trs}.log"
	done
	if [ $check_status -ne 0 ]; then
		for check_trs in $(grep -lE '^:global-test-result: (FAIL|ERROR|XPASS)' $(find "$LAB_TEST/$1" -name '*.trs') /dev/null); do
			echo "--- ${check_trs%.trs}.log"
			tail -n 40 "${check_trs%.trs}.log"
		done
	fi
	return $check_status
}

# One whole-process test: a program that prints "ok NAME", "FAIL NAME" and "SKIP NAME", and ends with 0, 1 or 77.
test_script() {
	script_out=$LAB_TEST/script-$(test_script_title "$1").out
	script_status=0
	case $1 in
	*.py) "$LAB_PYTHON" -u "$@" >"$script_out" 2>&1 || script_status=$? ;;
	*) "$@" >"$script_out" 2>&1 || script_status=$? ;;
	esac
	cat "$script_out"
	awk '/^ok / { p++ } /^FAIL / { f++ } /^SKIP / { s++ } END { if (p + f + s) print "counts:", p + 0, f + 0, s + 0 }' "$script_out"
	return $script_status
}

test_distcheck() {
	# Below its own directory, and not in parallel with anything: it makes a tarball, unpacks, builds, checks and installs it.
	make -C "$LAB_TEST/plain" -j"$(build_jobs)" distcheck
	dist_complete
}

# What is in the project is in its tarball too, but for what only git reads.
dist_complete() {
	git rev-parse --git-dir >/dev/null 2>&1 || return 0
	tar -tf "$LAB_TEST/plain"/minishop-*.tar.xz | sed 's|^[^/]*/||' | sort >"$LAB_TEST/dist.list"
	git ls-files | grep -v '\.git[a-z]*$' | sort | comm -23 - "$LAB_TEST/dist.list" >"$LAB_TEST/dist.missing"
	[ ! -s "$LAB_TEST/dist.missing" ] || {
		echo "not in the tarball (EXTRA_DIST):"
		cat "$LAB_TEST/dist.missing"
		return 1
	}
}

# The steps and figures of this run, with machine, commit and date, in LAB_DIR/test-report.md.
test_report() {
	{
		echo "# ./lab test ($test_mode)"
		echo
		echo "- date: $(date -u +%Y-%m-%dT%H:%MZ), $(elapsed $(($(now) - test_began)))"
		echo "- commit: $(git rev-parse --short=12 HEAD 2>/dev/null || echo release)$(git diff --quiet HEAD 2>/dev/null || echo ', changed')"
		echo "- machine: $(build_jobs) processors, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), Linux $(uname -r)"
		echo "- load at the end: $(cut -d' ' -f1-3 /proc/loadavg)"
		echo "- $test_passed passed, $test_failed failed, $test_skipped skipped"
		echo
		echo '| step | result | time |'
		echo '|---|---|---|'
		cat "$LAB_TEST/report"
	} >"$LAB_DIR/test-report.md"
}

test_finish() {
	test_report
	# The one line that tells a machine how it went.
	echo "$test_passed passed, $test_failed failed, $test_skipped skipped"
	[ "$test_failed" -eq 0 ]
}

lab_test() {
	test_mode=default
	case ${1:-} in
	--quick | --full) test_mode=${1#--} ;;
	'') ;;
	*) misused "test takes --quick or --full, not '$1'" ;;
	esac
	[ $# -le 1 ] || misused "test takes one option at most"
	test_began=$(now)
	say "MiniShop tests ($test_mode)"
	plan_say
	# shellcheck disable=SC2086 # lists of words
	case $test_mode in
	quick) packages_need $packages_build $packages_run $packages_lint ;;
	full) packages_need $packages_build $packages_run $packages_lint $packages_test $(packages_full) ;;
	*) packages_need $packages_build $packages_run $packages_lint $packages_test ;;
	esac
	test_claim
	: >"$LAB_TEST/report"
	# The user's own settings do not change what is tested. The two that stay say where engines are.
	for variable in $(env | sed -n 's/^\(\(OTEL\|MINISHOP\)_[A-Z0-9_]*\)=.*/\1/p' | grep -vxE 'MINISHOP_ENGINES(_PATH)?'); do unset "$variable"; done
	export LAB_BUILD="$LAB_TEST/plain"
	trap test_interrupted INT TERM

	test_step lint lint lint_all
	[ "$test_mode" = quick ] || test_step python python test_python
	if python_ready; then
		LAB_PYTHON=$LAB_DIR/venv/bin/python
		export LAB_PYTHON
	fi
	test_step build build-plain test_build plain ''
	test_step 'unit tests' check-plain test_check plain
	case $test_mode in
	quick) test_documents ;;
	default) test_long ;;
	full)
		test_long
		test_full
		;;
	esac
	say "All logs are in $LAB_TEST; it took $(elapsed $(($(now) - test_began)))."
	test_finish
}

# What takes seconds, and needs the Python packages: for --quick where they are installed.
test_in_seconds='tests/observability/dashboards_test.py tests/observability/containers_test.py tests/observability/grafana_test.py
	tests/e2e/telemetry_doc_test.py tests/e2e/library_manual_test.py'

test_documents() {
	for script in $test_in_seconds; do
		if python_ready; then
			test_script_begin "$script"
			test_script_end "$script"
		else
			row "$(test_script_title "$script")" "SKIP no Python packages: ./lab test installs them"
			test_skipped=$((test_skipped + 1))
		fi
	done
}

# What takes minutes because it waits for alerts, and little of the machine: it runs beside the builds.
test_patient='tests/e2e/guide_test.py tests/e2e/oncall_test.py tests/e2e/loop_test.py tests/observability/alert_loop_test.py tests/observability/alertmanager_test.py tests/observability/console_test.py'

# What make check runs too, in each of the builds.
test_by_make='tests/e2e/slack_mock_test.py tests/e2e/slack_mock_browser_test.py'

test_script_title() {
	script_base=$(basename "${1%.*}")
	echo "${script_base%_test}"
}

test_script_begin() { test_begin "$(test_script_title "$1")" "script-$(test_script_title "$1")" test_script "$1"; }

test_script_end() { test_end "script-$(test_script_title "$1")"; }

# What needs the engines. It waits for alerts too, so it runs beside distcheck.
test_on_engines='tests/e2e/stack_test.py'

test_long() {
	for script in $test_patient; do test_script_begin "$script"; done
	test_step analyzers analyzers test_analyzers
	test_begin engines engines test_engines
	test_step 'build (ASan)' build-asan test_build asan --enable-sanitizers=address
	test_step 'build (TSan)' build-tsan test_build tsan --enable-sanitizers=thread
	for script in $test_patient; do test_script_end "$script"; done
	test_end engines
	for script in tests/e2e/*_test.py tests/observability/*_test.py; do
		case " $test_patient $test_by_make $test_on_engines " in *" $script "*) continue ;; esac
		test_script_begin "$script"
		test_script_end "$script"
	done
	test_step 'tests (ASan)' check-asan test_check asan
	test_step 'tests (TSan)' check-tsan test_check tsan
	for script in $test_on_engines; do test_script_begin "$script"; done
	test_step distcheck distcheck test_distcheck
	for script in $test_on_engines; do test_script_end "$script"; done
}

bench_build() {
	set -e
	build_bootstrap
	build_configure "$LAB_DIR/bench/build" --prefix="$LAB_DIR/bench/installed"
	make -C "$LAB_DIR/bench/build" -j"$(build_jobs)" all
	make -C "$LAB_DIR/bench/build" -j"$(build_jobs)" bench-programs
}

lab_bench() {
	say "MiniShop benchmark"
	row takes "15 minutes (--minutes N: others), or 2 with --quick; the first time a minute more for the build"
	# shellcheck disable=SC2086 # lists of words
	packages_need $packages_build $packages_run python3
	step build "$LAB_DIR/log/bench-build.log" bench_build
	LAB_BUILD=$LAB_DIR/bench/build LAB_DIR=$LAB_DIR python3 bench/run.py "$@"
}
