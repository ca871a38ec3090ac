/* edits.c: see edits.h. */
#include "report/edits.h"

#include <string.h>

#include "base/error.h"
#include "io/json.h"
#include "io/time.h"
#include "report/text.h"

static hone_status visit(void *context, const struct event *event, hone_error *err)
{
    json_t *list = context;
    char at[32];
    if (event->kind != EVENT_EDITED && event->kind != EVENT_CHANGED)
        return HONE_OK;
    json_t *body = event->body ? json_read(event->body, strlen(event->body), err) : NULL;
    if (!body)
        return HONE_EIO;
    time_text(event->at, at);
    json_t *edit =
        json_pack("{s:s, s:s, s:O}", "at", at, "by", event->kind == EVENT_EDITED ? "edit" : "run",
                  "lines", json_object_get(body, "lines"));
    json_t *trials = json_object_get(body, "trials"), *fit = json_object_get(body, "fit");
    if (edit && trials && fit) {
        json_object_set(edit, "trials", trials);
        json_object_set(edit, "fit", fit);
    }
    json_decref(body);
    return edit && json_array_append_new(list, edit) == 0 ? HONE_OK : error_memory(err);
}

json_t *edits_read(struct store *store, const struct study_row *study, hone_error *err)
{
    json_t *list = json_array();
    if (list && store_events(store, study->id, 0, visit, list, err) == HONE_OK)
        return list;
    if (!list)
        error_memory(err);
    json_decref(list);
    return NULL;
}

void edits_print(const json_t *edits, const char *study, FILE *out)
{
    size_t i, k;
    const json_t *edit, *line;
    if (json_array_size(edits) == 0)
        fprintf(out, "the settings of %s are those that it began with\n", study);
    json_array_foreach(edits, i, edit)
    {
        const json_t *trials = json_object_get(edit, "trials");
        fprintf(out, "%s  by hone %s", json_string_value(json_object_get(edit, "at")),
                json_string_value(json_object_get(edit, "by")));
        if (trials)
            fprintf(out, "; a new search, from %lld of %lld trials",
                    (long long)json_integer_value(json_object_get(edit, "fit")),
                    (long long)json_integer_value(trials));
        fputc('\n', out);
        json_array_foreach(json_object_get(edit, "lines"), k, line)
        {
            fputs("  ", out);
            text_print(out, json_string_value(line));
            fputc('\n', out);
        }
    }
}
