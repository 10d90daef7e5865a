# SPDX-License-Identifier: MIT
# The grader of the on-call cases, without a lab: 50 seeds of each case.
TESTS += tests/oncall/cases.sh
EXTRA_DIST += \
	tests/oncall/cases.sh \
	tests/oncall/cases_test.py \
	tests/oncall/verdicts_test.py \
	tests/oncall/world.py
