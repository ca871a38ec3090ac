/* xml.h: the little XML that S3 clients send (lists of keys and parts), and texts in what we
 * answer.
 */
#ifndef HONE_SERVE_XML_H
#define HONE_SERVE_XML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

enum { XML_DEPTH_MAX = 16, XML_NAME_MAX = 64, XML_TEXT_MAX = 8192 };

struct xml_visitor {
    void *context;
    /** An element begins or ends; `text` is its own text at its end, else NULL. False ends the
     * reading, which then fails. `path` is "Delete/Object/Key". */
    bool (*element)(void *context, const char *path, const char *text);
};

/** Read a document: elements, attributes (skipped), text, entities, comments, CDATA. There are no
 * DTDs: one is refused, so that nothing expands and nothing is fetched. */
bool xml_read(const char *data, size_t len, const struct xml_visitor *visitor);

/** Append a text, escaped. What XML cannot hold is written as U+FFFD. */
void xml_text(struct buf *out, const char *text);
/** <name>text</name> */
void xml_element(struct buf *out, const char *name, const char *text);

#endif
