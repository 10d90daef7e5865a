/* SPDX-License-Identifier: MIT */
#include "tel/error.h"

const char *tel_error_text(int error) {
  switch (error) {
#define CASE(name, number, text)                                                                             \
  case name:                                                                                                 \
    return text;
    TEL_ERRORS(CASE)
#undef CASE
  case TEL_OK:
    return "success";
  default:
    return "unknown error";
  }
}
