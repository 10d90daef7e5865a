/* Lists as environment variables hold them: key=value,key=value, percent-encoded. Internal to src/telemetry.
 */
#ifndef TELEMETRY_KEYVALUES_H
#define TELEMETRY_KEYVALUES_H

#include <stdbool.h>
#include <stddef.h>

/* One pair, decoded, both NUL-terminated; they live as long as the call. False ends the reading. */
typedef bool tel_keyvalue_fn(void *cls, const char *key, const char *value);

enum { TEL_KEYVALUES_SIZE = 4096 };

/* Reads text, at most TEL_KEYVALUES_SIZE - 1 bytes. Blanks around keys and values are cut off, empty members
 * skipped. False if a member has no equals sign or no key, an encoding is wrong or stands for NUL, the text
 * is too long, or each said so. What came before it has been given to each by then: check with a NULL each
 * first. */
bool tel_keyvalues_read(const char *text, tel_keyvalue_fn *each, void *cls);

#endif
