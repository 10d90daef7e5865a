/* Short texts from outside: trimmed, compared, shown to a person. Pure; any thread. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stddef.h>

/* Cuts blanks, tabs, CR and LF off both ends. Returns the length of what is left, which begins at *begin. */
size_t text_trim(const char *text, size_t len, const char **begin);

/* Copies the text, cut to what out has room for, with its NUL. size is at least 1. */
void text_copy(char *out, size_t size, const char *text);

/* How many characters must be inserted, removed or replaced to turn one text into the other, without regard
 * to case. TEXT_DISTANCE_MAX for texts that are longer than that. */
enum { TEXT_DISTANCE_MAX = 96 };
size_t text_distance(const char *a, size_t a_len, const char *b, size_t b_len);

/* Keeps the candidate in *best if it is the most similar to the word so far, and similar enough to be what
 * the user meant. Start with *best NULL and *distance TEXT_DISTANCE_MAX. */
void text_similar(const char *word, size_t len, const char *candidate, const char **best, size_t *distance);

/* Copies the start of a text for a message: at most TEXT_SHOWN bytes, "?" for every byte that could steer a
 * terminal, "..." for the rest. Returns out. */
enum { TEXT_SHOWN = 60, TEXT_SHOWN_SIZE = TEXT_SHOWN + 4 };
const char *text_show(const char *text, size_t len, char out[TEXT_SHOWN_SIZE]);

#endif
