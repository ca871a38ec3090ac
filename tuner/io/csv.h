/* csv.h: comma-separated values (RFC 4180), field by field, with the line for messages. */
#ifndef HONE_IO_CSV_H
#define HONE_IO_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/error.h"

enum { CSV_LONGEST_FIELD = 1 << 20 };

struct csv {
    const char *at, *end;
    int64_t line;     /* of the field that comes next, from 1 */
    struct buf field; /* the last one */
};

/** Read from a text, which is borrowed. A spreadsheet's mark for UTF-8 is passed over. */
void csv_init(struct csv *csv, const char *text, size_t len);
void csv_release(struct csv *csv);

/** Pass over empty lines. false: that was all. */
bool csv_next_record(struct csv *csv);

/**
 * Read a field into csv->field.
 * @param last_out  whether it ended its record
 * @return HONE_EINVAL: "LINE: why"
 */
HONE_NODISCARD hone_status csv_field(struct csv *csv, bool *last_out, hone_error *err);

/** Write a field so that it comes back as it was: in quotes where it has a separator, a quote, or
 * white space at its ends, and where it is empty. */
void csv_put(FILE *out, const char *text);

#endif
