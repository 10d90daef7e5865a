/* SPDX-License-Identifier: MIT */
/* An error message for people. All errors of the programs have this form. A function that can fail for
 * several reasons returns -1 or NULL and sets the message. The telemetry library has codes instead
 * (tel/error.h). Any thread. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

enum { ERROR_SIZE = 1024 };

/* One line, without the program's name and without a newline. */
struct error {
  char text[ERROR_SIZE];
};

/* Sets the text, cut to its size. Control characters become "?". The arguments may point into error itself,
 * to put a place before its text. */
void error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
