# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# oncall, answer, mend: cases to solve. The code is in lab.d/oncall/. A background process runs the case until it ends.

oncall_python() {
	LAB_DIR=$LAB_DIR python3 -B lab.d/oncall/main.py "$@"
}

oncall_runs() { process_pid oncall >/dev/null; }

# Whether the process of a case has died.
oncall_died() { [ -e "$LAB_DIR/run/oncall.case" ] && ! oncall_runs; }

# Every command runs this first. It cleans up a case whose process has died. If two commands find such a case, the second one waits, and then
# finds none: it must not remove the files of a case that has begun meanwhile.
oncall_tidy() {
	! oncall_died || (
		lock
		! oncall_died || oncall_python tidy
	) >&2
}

# Ends a running case, and shows what it was.
oncall_end() {
	oncall_runs || return 0
	say "The case on call ends:"
	oncall_python oncall end --now || process_stop oncall 30
}

lab_oncall() {
	case ${1-} in
	end | score) ;;
	*)
		oncall_python check "$@"
		lock
		if oncall_runs; then fail "a case already runs: ./lab answer shows its questions, ./lab oncall end ends it"; fi
		place_need
		incident_fetch
		[ "$(incident_current)" = none ] || fail "the incident $(incident_current) runs: end it first with ./lab incident clear"
		# Without one of them, the case could not be graded.
		for oncall_service in $services; do
			if [ "$place" = native ]; then
				process_pid "$oncall_service" >/dev/null || fail "$oncall_service does not run: ./lab up starts it"
			else
				containers_run "$oncall_service" || fail "$oncall_service does not run: $compose start $oncall_service"
			fi
		done
		;;
	esac
	oncall_python oncall "$@"
}

lab_answer() {
	case ${1-} in
	[0-9]*.*) guide_answer "$@" ;;
	*) oncall_python answer "$@" ;;
	esac
}

lab_mend() { oncall_python mend "$@"; }
