# SPDX-License-Identifier: MIT
# Shared by all signals: attributes, the pipeline, the resource, and struct tel.
libtelemetry_la_SOURCES += \
	src/telemetry/core/arena.c src/telemetry/core/arena.h src/telemetry/core/attributes.c \
	src/telemetry/core/attributes_private.h src/telemetry/core/block.c \
	src/telemetry/core/error.c src/telemetry/core/fork_claim.c src/telemetry/core/fork_claim.h src/telemetry/core/left_behind.c \
	src/telemetry/core/left_behind.h src/telemetry/core/pair_json.c src/telemetry/core/pair_otlp.c src/telemetry/core/pipeline.c \
	src/telemetry/core/pipeline.h src/telemetry/core/pipeline_system.c src/telemetry/core/pipeline_system.h \
	src/telemetry/core/pool.c src/telemetry/core/pool.h src/telemetry/core/resource.c src/telemetry/core/resource.h src/telemetry/core/stdout_turn.c \
	src/telemetry/core/stdout_turn.h src/telemetry/core/telemetry.c \
	src/telemetry/core/telemetry_private.h src/telemetry/core/wire.h
