/*
 * cursor.c: the place in an attempt's log, and what reading on needs to know: kept as JSON by the
 * store, in the transaction of the observations. Metrics are keyed by name and files by path, so
 * that a cursor survives a study whose metrics were reordered.
 */
#include "exec/metrics_int.h"

#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

static const size_t TEXT_MAX = 1u << 20;

static bool progress_init(struct progress *p, const struct metric_reader *reader)
{
    p->streams = mem_array(reader_n_streams(reader), sizeof *p->streams);
    p->metrics = mem_array(reader_n_metrics(reader) + 1, sizeof *p->metrics);
    return p->streams != NULL && p->metrics != NULL;
}

static void progress_release(struct progress *p)
{
    mem_free(p->streams);
    mem_free(p->metrics);
}

static void progress_copy(struct progress *to, const struct progress *from,
                          const struct metric_reader *reader)
{
    struct progress keep = *to;
    *to = *from;
    to->streams = keep.streams;
    to->metrics = keep.metrics;
    memcpy(to->streams, from->streams, reader_n_streams(reader) * sizeof *to->streams);
    memcpy(to->metrics, from->metrics, (reader_n_metrics(reader) + 1) * sizeof *to->metrics);
}

void cursor_save(struct metric_cursor *cursor)
{
    progress_copy(&cursor->saved, &cursor->now, cursor->reader);
}

void cursor_restore(struct metric_cursor *cursor)
{
    progress_copy(&cursor->now, &cursor->saved, cursor->reader);
}

/* ---- As text ---------------------------------------------------------------------------------
 */

/* The step's pattern has no name of its own; no metric's name is empty. */
static const char *key_of(const struct metric_reader *reader, size_t metric)
{
    return metric < reader_n_metrics(reader) ? reader_metric_name(reader, metric) : "";
}

char *metric_cursor_text(const struct metric_cursor *cursor)
{
    const struct progress *p = &cursor->now;
    const struct metric_reader *reader = cursor->reader;
    struct buf b;
    buf_init(&b, TEXT_MAX);
    buf_printf(&b, "{\"lines\":%lld,\"long\":%lld,\"longest\":%lld,\"step\":", (long long)p->lines,
               (long long)p->n_long, (long long)p->longest);
    buf_double(&b, p->step);
    buf_text(&b, ",\"files\":{");
    for (size_t i = 0; i < reader_n_streams(reader); i++) {
        const struct stream_place *s = &p->streams[i];
        buf_text(&b, i > 0 ? "," : "");
        buf_json(&b, reader_stream_path(reader, i));
        buf_printf(&b, ":{\"offset\":%lld,\"skipped\":%lld,\"after_cr\":%d", (long long)s->offset,
                   (long long)s->skipped, s->after_cr);
        if (i > 0)
            buf_printf(&b, ",\"inode\":%lld,\"mtime\":%lld", (long long)s->inode,
                       (long long)s->mtime_ns);
        buf_char(&b, '}');
    }
    buf_text(&b, "},\"metrics\":{");
    for (size_t i = 0; i <= reader_n_metrics(reader); i++) {
        const struct metric_place *m = &p->metrics[i];
        buf_text(&b, i > 0 ? "," : "");
        buf_json(&b, key_of(reader, i));
        buf_printf(&b, ":{\"n\":%lld,\"before\":%lld,\"limit\":%lld,\"bad\":%lld,\"texts\":[",
                   (long long)m->n, (long long)m->n_before, (long long)m->limit_hits,
                   (long long)m->n_bad);
        for (int64_t k = 0; k < m->n_bad && k < BAD_SHOWN; k++) {
            buf_text(&b, k > 0 ? "," : "");
            buf_json(&b, m->bad[k]);
        }
        buf_text(&b, "]}");
    }
    buf_text(&b, "}}");
    return buf_take(&b);
}

static int64_t number_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void read_metric(struct metric_place *m, const json_t *from)
{
    *m = (struct metric_place){.n = number_of(from, "n"),
                               .n_before = number_of(from, "before"),
                               .limit_hits = number_of(from, "limit"),
                               .n_bad = number_of(from, "bad")};
    for (size_t k = 0; k < BAD_SHOWN; k++) {
        const char *text = json_string_value(json_array_get(json_object_get(from, "texts"), k));
        if (text != NULL)
            memcpy(m->bad[k], text, strnlen(text, BAD_MAX));
    }
}

static void read_progress(struct progress *p, const struct metric_reader *reader,
                          const json_t *from)
{
    p->lines = number_of(from, "lines");
    p->n_long = number_of(from, "long");
    p->longest = number_of(from, "longest");
    p->step = json_number_value(json_object_get(from, "step"));
    for (size_t i = 0; i < reader_n_streams(reader); i++) {
        const json_t *s =
            json_object_get(json_object_get(from, "files"), reader_stream_path(reader, i));
        p->streams[i] = (struct stream_place){.offset = number_of(s, "offset"),
                                              .skipped = number_of(s, "skipped"),
                                              .after_cr = number_of(s, "after_cr") != 0,
                                              .inode = number_of(s, "inode"),
                                              .mtime_ns = number_of(s, "mtime")};
    }
    for (size_t i = 0; i <= reader_n_metrics(reader); i++)
        read_metric(&p->metrics[i],
                    json_object_get(json_object_get(from, "metrics"), key_of(reader, i)));
}

/* Only the numbers of the values go over to the next attempt. */
static void read_before(struct progress *p, const struct metric_reader *reader, const json_t *from)
{
    for (size_t i = 0; i < reader_n_metrics(reader); i++) {
        const json_t *m = json_object_get(json_object_get(from, "metrics"), key_of(reader, i));
        p->metrics[i].n_before = number_of(m, "before") + number_of(m, "n");
    }
}

struct metric_cursor *metric_cursor_new(const struct metric_reader *reader, const char *text,
                                        const char *previous, hone_error *err)
{
    bool is_new = text == NULL || *text == '\0';
    json_t *from = NULL;
    struct metric_cursor *cursor = mem_array(1, sizeof *cursor);
    if (cursor == NULL)
        goto no_memory;
    cursor->reader = reader;
    if (!progress_init(&cursor->now, reader) || !progress_init(&cursor->saved, reader))
        goto no_memory;
    if (is_new)
        text = previous;
    if (text != NULL && *text != '\0') {
        from = json_loads(text, 0, NULL);
        if (!json_is_object(from)) {
            error_set(err, HONE_EINVAL, "the place in the log is damaged: %.80s", text);
            goto fail;
        }
        if (is_new)
            read_before(&cursor->now, reader, from);
        else
            read_progress(&cursor->now, reader, from);
        json_decref(from);
        from = NULL;
    }
    if (cursor_warn(cursor, err) != HONE_OK)
        goto fail;
    return cursor;
no_memory:
    error_memory(err);
fail:
    json_decref(from);
    metric_cursor_free(cursor);
    return NULL;
}

static void free_texts(char **texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        mem_free(texts[i]);
    mem_free(texts);
}

void metric_cursor_free(struct metric_cursor *cursor)
{
    if (cursor == NULL)
        return;
    progress_release(&cursor->now);
    progress_release(&cursor->saved);
    free_texts(cursor->warnings, cursor->n_warnings);
    mem_free(cursor);
}

int64_t metric_cursor_lines(const struct metric_cursor *cursor)
{
    return cursor->now.lines;
}

/* ---- Warnings --------------------------------------------------------------------------------
 */

static void warn_bad(struct buf *b, const struct metric_place *m)
{
    buf_printf(b,
               m->n_bad == 1 ? "a match is not a number: \"" : "%lld matches are not numbers: \"",
               (long long)m->n_bad);
    buf_text(b, m->bad[0]);
    if (m->n_bad > 1)
        buf_printf(b, "\", \"%s", m->bad[1]);
    buf_text(b, m->n_bad > BAD_SHOWN ? "\", ..." : "\"");
}

/* All warnings, each ended by a newline. */
static void write_warnings(const struct metric_cursor *cursor, struct buf *b)
{
    const struct metric_reader *reader = cursor->reader;
    const struct progress *p = &cursor->now;
    bool goes_on = false;
    for (size_t i = 0; i <= reader_n_metrics(reader); i++) {
        const struct metric_place *m = &p->metrics[i];
        goes_on = goes_on || (m->n_before > 0 && m->n > 0);
        for (int kind = 0; kind < 2; kind++) {
            if ((kind == 0 ? m->n_bad : m->limit_hits) == 0)
                continue;
            if (i < reader_n_metrics(reader))
                buf_printf(b, "metric \"%s\": ", reader_metric_name(reader, i));
            else
                buf_text(b, "step: ");
            if (kind == 0)
                warn_bad(b, m);
            else
                buf_printf(b, "the regular expression hit its match limit on %lld line%s",
                           (long long)m->limit_hits, m->limit_hits == 1 ? "" : "s");
            buf_char(b, '\n');
        }
    }
    if (p->n_long == 1)
        buf_printf(b, "a line of %lld bytes was skipped: the limit is %d\n", (long long)p->longest,
                   METRIC_LINE_MAX);
    else if (p->n_long > 1)
        buf_printf(b, "%lld lines were skipped, the longest of %lld bytes: the limit is %d\n",
                   (long long)p->n_long, (long long)p->longest, METRIC_LINE_MAX);
    if (goes_on && !reader_knows_steps(reader))
        buf_text(b,
                 "the step numbers go on from the attempt before: the study names no \"step\"\n");
}

hone_status cursor_warn(struct metric_cursor *cursor, hone_error *err)
{
    struct buf b;
    size_t n = 0;
    buf_init(&b, TEXT_MAX);
    write_warnings(cursor, &b);
    for (size_t i = 0; i < b.len; i++)
        n += b.data[i] == '\n';
    char **texts = mem_array(n, sizeof *texts);
    bool ok = texts != NULL && !b.failed;
    const char *line = b.data;
    for (size_t i = 0; ok && i < n; i++) {
        size_t len = strcspn(line, "\n");
        texts[i] = mem_text_n(line, len);
        ok = texts[i] != NULL;
        line += len + 1;
    }
    buf_release(&b);
    if (!ok) {
        free_texts(texts, texts == NULL ? 0 : n);
        return error_memory(err);
    }
    free_texts(cursor->warnings, cursor->n_warnings);
    cursor->warnings = texts;
    cursor->n_warnings = n;
    return HONE_OK;
}

size_t metric_cursor_warnings(const struct metric_cursor *cursor, const char *const **out)
{
    *out = (const char *const *)cursor->warnings;
    return cursor->n_warnings;
}
