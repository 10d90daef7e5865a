/* SPDX-License-Identifier: MIT */
/* The errors of the telemetry layer: 0 is success, all others are negative. */
#ifndef TEL_ERROR_H
#define TEL_ERROR_H

#include <tel/api.h>

TEL_BEGIN

#define TEL_ERRORS(X)                                                                                        \
  X(TEL_E_MEMORY, -1, "out of memory")                                                                       \
  X(TEL_E_NAME, -2, "not a valid metric or label name, or already taken")                                    \
  X(TEL_E_LABELS, -3, "a label value is NULL or not UTF-8")                                                  \
  X(TEL_E_FULL, -4, "at its limit")                                                                          \
  X(TEL_E_VALUE, -5, "invalid argument or state")                                                            \
  X(TEL_E_SYSTEM, -6, "the system refused; see errno")

#define TEL_ERROR_ENUM(name, number, text) name = number,
enum tel_error { TEL_OK = 0, TEL_ERRORS(TEL_ERROR_ENUM) };
#undef TEL_ERROR_ENUM

#define TEL_MUST_CHECK __attribute__((warn_unused_result))

/* A static text for people. */
TEL_API const char *tel_error_text(int error);

TEL_END

#endif
