/* SPDX-License-Identifier: MIT */
/* Macros of the public headers: C linkage in C++, and the symbols that the shared library exports. All other
 * symbols of the library are hidden. */
#ifndef TEL_API_H
#define TEL_API_H

#ifdef __cplusplus
#define TEL_BEGIN extern "C" {
#define TEL_END }
#else
#define TEL_BEGIN
#define TEL_END
#endif
#define TEL_API __attribute__((visibility("default")))

#endif
