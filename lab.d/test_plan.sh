# shellcheck shell=sh
# What `./lab test` says before it starts: how long it takes, how much disk, what is there already, what it will skip. And the builds
# that come before the tests: the engines that Debian does not package, and the Python packages.

# Seconds and MiB of each engine, and the MiB of Go's caches at the end of all builds: measured on two cores that had other work too.
plan_engines='otelcol 212 120
prometheus 126 102
alertmanager 52 52
jaeger 189 82
kubernetes 58 20
compose 131 65
cluster 480 445
thanos 186 95'
plan_go_cache_mib=9000
# Minutes of a run where all is built, and MiB in LAB_DIR after it.
plan_runs='quick 2 100
default 15 700
full 50 900'

# The programs under the AGPL. The tests use them if they are installed; the lab does not build them.
plan_installed='loki tempo promtail'

# plan_of TABLE KEY COLUMN
plan_of() { echo "$1" | awk -v key="$2" -v column="$3" '$1 == key { print $column }'; }

# The engines of this mode.
plan_wanted_engines() {
	case $test_mode in
	full) echo "$plan_engines" | cut -d' ' -f1 ;;
	default) echo "$plan_engines" | cut -d' ' -f1 | grep -vxE 'compose|cluster|thanos' ;;
	esac
}

# Those of them that are not built.
plan_missing_engines() {
	# shellcheck disable=SC2046 # a list of words
	tests/engines/build.sh --missing $(plan_wanted_engines)
}

# Sets go_needed, go_found, and go_trouble: why this machine's Go cannot build the engines, empty if it can.
plan_go() {
	go_needed=$(sed -n 's/^go //p' tests/engines/*/go.mod | sort -V | tail -n 1)
	go_found=none
	go_trouble="Go is not installed; version $go_needed or newer is needed (go.dev/dl, or golang-go of your distribution)"
	command -v go >/dev/null || return 0
	go_found=$(go env GOVERSION | sed 's/^go//')
	go_trouble=
	[ "$(printf '%s\n' "$go_needed" "$go_found" | sort -V | head -n 1)" != "$go_needed" ] || return 0
	# From 1.21 on Go downloads the version that a module asks for, unless it is told not to.
	case $go_found-$(go env GOTOOLCHAIN) in
	1.2[1-9]*auto | 1.[3-9][0-9]*auto) ;;
	*) go_trouble="Go $go_found is too old; version $go_needed or newer is needed (go.dev/dl)" ;;
	esac
}

# Where a program of plan_installed is; nothing if it is not installed.
plan_find() { PATH=${MINISHOP_ENGINES_PATH:+$MINISHOP_ENGINES_PATH:}$PATH command -v "$1" || true; }

plan_gib() { awk -v mib="$1" 'BEGIN { printf mib < 1000 ? "%d MB" : "%.1f GB", mib < 1000 ? mib : mib / 1000 }'; }

plan_free_mib() { df -Pm "$1" | awk 'NR == 2 { print $4 }'; }

# plan_engine_rows MISSING-ENGINE...
plan_engine_rows() {
	plan_seconds=0
	plan_mib=0
	for plan_engine; do
		plan_seconds=$((plan_seconds + $(plan_of "$plan_engines" "$plan_engine" 2)))
		plan_mib=$((plan_mib + $(plan_of "$plan_engines" "$plan_engine" 3)))
	done
	plan_store=${MINISHOP_ENGINES:-${XDG_CACHE_HOME:-$HOME/.cache}/minishop-engines}
	plan_go
	if [ $# -eq 0 ]; then
		row engines "all there ($plan_store); Go is not needed"
	elif [ -n "$go_trouble" ]; then
		row engines "not built: $*. $go_trouble"
	else
		row engines "$# of $(plan_wanted_engines | wc -l) to build, once a machine: $*"
		row '' "that takes about $(elapsed $plan_seconds) more on two idle cores, beside the first tests, and leaves $(plan_gib $plan_mib) in $plan_store;"
		row '' "meanwhile up to $(plan_gib $plan_go_cache_mib) in $LAB_DIR/go-cache, which is removed when they are built"
		[ "$(plan_free_mib "$LAB_DIR")" -ge $plan_go_cache_mib ] ||
			row '' "WARNING: only $(plan_gib "$(plan_free_mib "$LAB_DIR")") are free there"
		row Go "$go_found found, $go_needed needed"
	fi
	plan_absent=
	for plan_program in $plan_installed; do
		[ -n "$(plan_find "$plan_program")" ] || plan_absent="$plan_absent $plan_program"
	done
	[ -z "$plan_absent" ] || row 'not installed' "${plan_absent# }: what needs them is skipped by name (see CONTRIBUTING.md)"
}

# The whole plan of this mode.
plan_say() {
	row takes "about $(plan_of "$plan_runs" "$test_mode" 2) minutes on two cores, and $(plan_gib "$(plan_of "$plan_runs" "$test_mode" 3)") in $LAB_DIR"
	python_ready || row 'Python' "$(if [ "$test_mode" = quick ]; then
		echo "no packages of tests/requirements.txt: their tests are skipped (./lab test installs them)"
	else
		echo "to install: the packages of tests/requirements.txt, 270 MB in $LAB_DIR/venv"
	fi)"
	# shellcheck disable=SC2046 # a list of words
	[ "$test_mode" = quick ] || plan_engine_rows $(plan_missing_engines)
	row 'to remove' "rm -rf $LAB_DIR${plan_store:+ $plan_store}"
}

python_of_system() { if [ -x /usr/bin/python3 ]; then echo /usr/bin/python3; else echo python3; fi; }

python_wanted() { echo "$($(python_of_system) --version 2>&1) $(cksum <tests/requirements.txt)"; }

# Whether the lab's Python environment is there, for this Python and these requirements.
python_ready() { [ -x "$LAB_DIR/venv/bin/python" ] && [ "$(cat "$LAB_DIR/venv/made-for" 2>/dev/null)" = "$(python_wanted)" ]; }

# Python packages that only tests need, in an environment of their own.
test_python() {
	set -e
	if ! python_ready; then
		rm -rf "$LAB_DIR/venv"
		$(python_of_system) -m venv "$LAB_DIR/venv"
		"$LAB_DIR/venv/bin/pip" install --disable-pip-version-check --no-cache-dir -q -r tests/requirements.txt
		python_wanted >"$LAB_DIR/venv/made-for"
	fi
	counts 0 0 0
}

# The engines for the test of the whole stack. Minutes the first time on a machine, then nothing.
test_engines() {
	set -e
	engines=$(plan_missing_engines)
	plan_go
	if [ -n "$engines" ] && [ -n "$go_trouble" ]; then
		# shellcheck disable=SC2086,SC2116 # a list of words in one line
		echo "SKIP engines: $(echo $engines). $go_trouble"
		return 77
	fi
	# shellcheck disable=SC2086 # a list of words
	[ -z "$engines" ] || LAB_DIR=$LAB_DIR nice tests/engines/build.sh $engines
	counts 0 0 0
}
