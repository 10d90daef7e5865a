# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# The Debian packages that the lab needs. libulfius-dev depends on libmicrohttpd-dev, libcurl's GnuTLS flavour, zlib1g-dev and others;
# they are named too, because the sources use them directly.

packages_build='build-essential autoconf automake libtool pkg-config libulfius-dev libmicrohttpd-dev liborcania-dev libyder-dev
	libjansson-dev libcurl4-gnutls-dev libconfig-dev libprotobuf-c-dev protobuf-c-compiler zlib1g-dev'
packages_run='prometheus prometheus-alertmanager wrk curl jq python3'
packages_lint='check mandoc python3-pyflakes python3-yaml shellcheck yamllint'
packages_test='python3-venv chromium chromium-driver haproxy logrotate clang-tidy cppcheck'
# clang has the fuzzer. abigail-tools compare the libraries' ABI.
packages_full='gcovr valgrind clang libclang-rt-dev debootstrap abigail-tools'

# Prints the packages that `./lab test` needs with these options, with Debian's Docker only if no Docker is installed, because it would
# replace another one.
packages_for_test() {
	echo "$packages_build $packages_run $packages_lint"
	[ "${1-}" = --quick ] || echo "$packages_test"
	[ "${1-}" = --full ] || return 0
	echo "$packages_full"
	command -v dockerd >/dev/null || echo docker.io
	command -v docker-compose >/dev/null || echo docker-compose
}

# Prints those of the given packages that are not installed.
packages_missing() {
	for package in "$@"; do
		case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
		installed) ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

# programs_need PROGRAM...: ends ./lab if one is missing. The containers also run where ./lab up cannot install packages.
programs_need() {
	programs_missing=
	for program; do command -v "$program" >/dev/null || programs_missing="$programs_missing $program"; done
	[ -z "$programs_missing" ] || fail "not installed:$programs_missing. On Debian ./lab up installs what the lab needs; elsewhere use your package manager"
}

# packages_need PACKAGE...: installs the missing ones if this user may; otherwise it tells what to do.
packages_need() {
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		fail "this is not Debian or Ubuntu, so ./lab cannot install packages. It needs, by Debian's names:
  $(echo "$*" | tr -s '[:space:]' ' ')
Where there is Docker, the whole lab also runs in containers: docker-compose up -d"
	fi
	missing=$(packages_missing "$@")
	if [ -z "$missing" ]; then
		row packages "all installed"
		return
	fi
	# shellcheck disable=SC2086 # a list of words
	set -- $missing
	row packages "to install: $*"
	if [ "$(id -u)" -eq 0 ]; then
		step packages "$LAB_DIR/log/packages.log" lab.d/install-packages "$@"
	elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; then
		step packages "$LAB_DIR/log/packages.log" sudo "$LAB_SOURCE/lab.d/install-packages" "$@"
	else
		fail "only root may install packages. As root, run this line, then run ./lab again:
  $LAB_SOURCE/lab.d/install-packages $*"
	fi
}
