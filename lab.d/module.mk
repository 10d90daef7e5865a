EXTRA_DIST += \
	.ci/run \
	lab.d/build.sh \
	lab.d/containers.sh \
	lab.d/incident.sh \
	lab.d/install-packages \
	lab.d/oncall/__init__.py \
	lab.d/oncall/engines.py \
	lab.d/logs.py \
	lab.d/logs.sh \
	lab.d/packages.sh \
	lab.d/place.sh \
	lab.d/process.sh \
	lab.d/rotated.py \
	lab.d/status.sh \
	lab.d/test.sh \
	lab.d/test_full.sh \
	lab.d/test_plan.sh \
	lab.d/trace.py \
	lab.d/trace.sh \
	lab.d/ui.sh \
	lab.d/up.sh \
	tests/requirements.txt
