# SPDX-License-Identifier: MIT
# The stack in containers and its test; ./lab test --full runs it.
EXTRA_DIST += \
	.dockerignore \
	.env \
	.hadolint.yaml \
	Dockerfile \
	docker-compose.yml \
	observability/alertmanager/slack_url.containers \
	tests/containers/compose_stack.py \
	tests/containers/compose_test.py \
	tests/containers/image_checks.py \
	tests/containers/images.py \
	tests/containers/images.sh \
	tests/containers/listen.pl \
	tests/containers/oncall_cases.py
