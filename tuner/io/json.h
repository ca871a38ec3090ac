/* json.h: jansson, with our errors and our numbers (17 digits, integers without a point). */
#ifndef HONE_IO_JSON_H
#define HONE_IO_JSON_H

#include <jansson.h>

#include "base/buf.h"

/** Parse an object or array; duplicate keys and trailing text are errors; depth and size are
 * limited. NULL on failure. */
json_t *json_read(const char *text, size_t len, hone_error *err);
/** Compact text; numbers as buf_double(), NaN and infinities as "NaN", "Infinity", "-Infinity"
 * strings. mem_free. */
char *json_write(const json_t *value);
/** A value as JSON number (integer where it is one) or string; a new reference. */
json_t *json_of_value(hone_value value);
/** Number or string to a value; the text is borrowed from the JSON. False for other types. */
bool json_to_value(const json_t *json, hone_value *out);
/** Settings to {"name": value, ...} in order; a new reference. */
json_t *json_of_settings(const hone_setting *settings, size_t n);
/** {"name": value, ...} to settings (mem_free the array; names and texts borrowed from the JSON);
 * NULL and *n_out = 0 with status in err when a value has another type. */
hone_setting *json_to_settings(const json_t *object, size_t *n_out, hone_error *err);
/** [{"params": {...}, "value": x}, ...] to results, in the same way; the text of a failure names
 * the entry. */
hone_result *json_to_results(const json_t *list, size_t *n_out, hone_error *err);

#endif
