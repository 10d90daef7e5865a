/* SPDX-License-Identifier: MIT */
/* The rename of a logger after a fork. */
#ifndef TELEMETRY_LOGS_LOG_RENAME_H
#define TELEMETRY_LOGS_LOG_RENAME_H

#include "tel/log.h"

/* See tel_log_writer_rename(). */
TEL_MUST_CHECK int tel_logger_rename(struct tel_logger *logger, const char *version, const char *instance);

#endif
