/* SPDX-License-Identifier: MIT */
/* Macros of the public headers: C linkage in C++, and the symbols that the shared library exports. All other
 * symbols of the library are hidden. */
#ifndef TEL_API_H
#define TEL_API_H

/* g++ -Wshadow warns of a struct and a function with the same name, such as tel_registry. */
#ifdef __cplusplus
#define TEL_BEGIN _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wshadow\"") extern "C" {
#define TEL_END                                                                                              \
  }                                                                                                          \
  _Pragma("GCC diagnostic pop")
#else
#define TEL_BEGIN
#define TEL_END
#endif
#define TEL_API __attribute__((visibility("default")))

#endif
