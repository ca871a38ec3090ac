/*
 * metrics.c: values out of lines.
 *
 * Lines are bytes: nothing is decoded, so that a log in any encoding, or none, can be read. The
 * file is read in blocks at the cursor's offset; a line that is still growing is left where it is
 * and read again when it has ended. A line over METRIC_LINE_MAX is dropped as it comes, so memory
 * is bounded by one block, whatever a script writes.
 *
 * Patterns come from people (pattern.h). A line on which one comes to its limits gives that metric
 * no value; one that does so on many lines gets far smaller limits for the rest of the attempt.
 */
#include "exec/metrics_int.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "exec/pattern.h"

enum { BLOCK = 3 * METRIC_LINE_MAX };
static const int64_t HITS_MANY = 20; /* lines with a limit, then the limits are tight */
static const size_t NO_METRIC = (size_t)-1;

struct metric {
    char *name;
    int kind;
    char *key;               /* PATTERN_JSON */
    struct pattern *pattern; /* NULL for a file whose lines are the numbers */
    size_t stream;
};

struct metric_reader {
    size_t n_metrics, n_streams;
    struct metric *metrics;
    char **streams;       /* paths; 0 is the log */
    struct pattern *step; /* or NULL */
    size_t step_metric;
    bool reads_json;
    char *block;
    struct found {
        bool is;
        double value;
    } * found; /* in the line at hand, for each metric */
};

size_t reader_n_metrics(const struct metric_reader *reader)
{
    return reader->n_metrics;
}

size_t reader_n_streams(const struct metric_reader *reader)
{
    return reader->n_streams;
}

const char *reader_metric_name(const struct metric_reader *reader, size_t metric)
{
    return reader->metrics[metric].name;
}

const char *reader_stream_path(const struct metric_reader *reader, size_t stream)
{
    return reader->streams[stream];
}

bool reader_knows_steps(const struct metric_reader *reader)
{
    return reader->step != NULL || reader->step_metric != NO_METRIC;
}

/* ---- Making a reader -------------------------------------------------------------------------
 */

/* The stream of a path, new or known. */
static size_t stream_of(struct metric_reader *reader, const char *path, hone_error *err)
{
    for (size_t i = 0; i < reader->n_streams; i++)
        if (strcmp(reader->streams[i], path) == 0)
            return i;
    char *copy = mem_text(path);
    if (copy == NULL)
        error_memory(err);
    else
        reader->streams[reader->n_streams++] = copy;
    return copy == NULL ? NO_METRIC : reader->n_streams - 1;
}

static hone_status metric_init(struct metric_reader *reader, struct metric *m,
                               const struct metric_pattern *from, hone_error *err)
{
    char what[300];
    snprintf(what, sizeof what, "metric \"%.255s\"", from->name);
    m->kind = (int)from->kind;
    m->name = mem_text(from->name);
    m->key = mem_text(from->kind == PATTERN_JSON ? from->pattern : "");
    m->stream = stream_of(reader, from->kind == PATTERN_FILE ? from->path : "log", err);
    if (m->name == NULL || m->key == NULL || m->stream == NO_METRIC)
        return error_memory(err);
    if (from->kind == PATTERN_JSON) {
        reader->reads_json = true;
    } else if (from->pattern != NULL) {
        m->pattern = pattern_new(from->pattern, what, err);
        if (m->pattern == NULL)
            return HONE_EINVAL;
    }
    return HONE_OK;
}

struct metric_reader *metric_reader_new(const struct metric_pattern *patterns, size_t n,
                                        const char *step_pattern, const char *step_metric,
                                        hone_error *err)
{
    struct metric_reader *reader = mem_array(1, sizeof *reader);
    if (reader == NULL)
        goto no_memory;
    reader->step_metric = NO_METRIC;
    reader->metrics = mem_array(n, sizeof *reader->metrics);
    reader->streams = mem_array(n + 1, sizeof *reader->streams);
    reader->found = mem_array(n, sizeof *reader->found);
    reader->block = mem_array(BLOCK, 1);
    if (reader->metrics == NULL || reader->streams == NULL || reader->found == NULL ||
        reader->block == NULL)
        goto no_memory;
    if (stream_of(reader, "log", err) == NO_METRIC)
        goto fail;
    for (size_t i = 0; i < n; i++) {
        reader->n_metrics++;
        if (metric_init(reader, &reader->metrics[i], &patterns[i], err) != HONE_OK)
            goto fail;
        if (step_metric != NULL && strcmp(step_metric, patterns[i].name) == 0)
            reader->step_metric = i;
    }
    if (step_pattern != NULL) {
        reader->step = pattern_new(step_pattern, "step", err);
        if (reader->step == NULL)
            goto fail;
    }
    if (step_metric != NULL && reader->step_metric == NO_METRIC) {
        error_set(err, HONE_EINVAL, "step: no metric \"%s\"", step_metric);
        goto fail;
    }
    return reader;
no_memory:
    error_memory(err);
fail:
    metric_reader_free(reader);
    return NULL;
}

void metric_reader_free(struct metric_reader *reader)
{
    if (reader == NULL)
        return;
    for (size_t i = 0; i < reader->n_metrics; i++) {
        pattern_free(reader->metrics[i].pattern);
        mem_free(reader->metrics[i].name);
        mem_free(reader->metrics[i].key);
    }
    for (size_t i = 0; i < reader->n_streams; i++)
        mem_free(reader->streams[i]);
    pattern_free(reader->step);
    mem_free(reader->metrics);
    mem_free(reader->streams);
    mem_free(reader->found);
    mem_free(reader->block);
    mem_free(reader);
}

/* ---- A value in a line -----------------------------------------------------------------------
 */

struct span {
    const char *at;
    size_t len;
};

static struct span trimmed(struct span s)
{
    while (s.len > 0 && (s.at[0] == ' ' || s.at[0] == '\t')) {
        s.at++;
        s.len--;
    }
    while (s.len > 0 && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* The value's text; false when there is none or a limit stopped the search. */
static bool search(struct pattern *pattern, struct span line, struct metric_place *place,
                   struct span *out)
{
    size_t at, n;
    enum pattern_end end =
        pattern_search(pattern, line.at, line.len, place->limit_hits >= HITS_MANY, &at, &n);
    place->limit_hits += end == PATTERN_LIMIT;
    if (end == PATTERN_FOUND)
        *out = trimmed((struct span){line.at + at, n});
    return end == PATTERN_FOUND;
}

static bool to_number(struct span text, struct metric_place *place, double *out)
{
    if (str_double(text.at, text.len, out))
        return true;
    if (place->n_bad < BAD_SHOWN) {
        char *bad = place->bad[place->n_bad];
        for (size_t i = 0; i < text.len && i < BAD_MAX; i++) /* it goes to terminals */
            bad[i] = text.at[i] >= ' ' && text.at[i] <= '~' ? text.at[i] : '?';
    }
    place->n_bad++;
    return false;
}

/*
 * A line that is a JSON object, or NULL. Python writes NaN and Infinity into JSON, which its
 * grammar does not have; they are read as texts then.
 */
static json_t *read_object(struct span line)
{
    static const char *const words[] = {"NaN", "-Infinity", "Infinity"};
    line = trimmed(line);
    if (line.len < 2 || line.at[0] != '{' || line.at[line.len - 1] != '}')
        return NULL;
    json_t *object = json_loadb(line.at, line.len, JSON_ALLOW_NUL, NULL);
    if (object != NULL)
        return object;
    struct buf b;
    buf_init(&b, (size_t)2 * METRIC_LINE_MAX);
    bool in_text = false;
    for (size_t i = 0; i < line.len; i++) {
        size_t word = 0, len = 0;
        for (; !in_text && word < 3; word++) {
            len = strlen(words[word]);
            if (len <= line.len - i && memcmp(line.at + i, words[word], len) == 0)
                break;
        }
        if (!in_text && word < 3) {
            buf_printf(&b, "\"%s\"", words[word]);
            i += len - 1;
            continue;
        }
        if (line.at[i] == '"')
            in_text = !in_text;
        buf_char(&b, line.at[i]);
        if (in_text && line.at[i] == '\\' && i + 1 < line.len)
            buf_char(&b, line.at[++i]);
    }
    if (!b.failed)
        object = json_loadb(b.data, b.len, JSON_ALLOW_NUL, NULL);
    buf_release(&b);
    return object;
}

/* The member of that name, or, for "val.loss", the member of a member. */
static const json_t *member(const json_t *object, const char *key)
{
    const json_t *found = json_object_get(object, key);
    const char *dot = strchr(key, '.');
    char head[256];
    if (found != NULL || dot == NULL || (size_t)(dot - key) >= sizeof head)
        return found;
    snprintf(head, sizeof head, "%.*s", (int)(dot - key), key);
    return member(json_object_get(object, head), dot + 1);
}

static bool value_in_object(const struct metric *m, const json_t *object,
                            struct metric_place *place, double *out)
{
    const json_t *found = member(object, m->key);
    if (found == NULL)
        return false;
    if (json_is_number(found)) {
        *out = json_number_value(found);
        return true;
    }
    const char *text = json_is_string(found) ? json_string_value(found)
                       : json_is_null(found) ? "null"
                                             : "no number or text";
    return to_number((struct span){text, strlen(text)}, place, out);
}

static bool value_in_line(const struct metric *m, struct span line, const json_t *object,
                          struct metric_place *place, double *out)
{
    struct span text = line;
    if (m->kind == PATTERN_JSON)
        return object != NULL && value_in_object(m, object, place, out);
    if (m->pattern == NULL) /* the lines of its file are the numbers */
        return trimmed(line).len > 0 && to_number(trimmed(line), place, out);
    return search(m->pattern, line, place, &text) && to_number(text, place, out);
}

/* What a read carries with it. */
struct reading {
    struct metric_reader *reader;
    struct progress *p;
    metric_visitor *visit;
    void *context;
    size_t stream;
};

static void find_values(struct reading *r, struct span line)
{
    struct metric_reader *reader = r->reader;
    json_t *object = r->stream == 0 && reader->reads_json ? read_object(line) : NULL;
    for (size_t i = 0; i < reader->n_metrics; i++) {
        struct found *f = &reader->found[i];
        f->is = reader->metrics[i].stream == r->stream &&
                value_in_line(&reader->metrics[i], line, object, &r->p->metrics[i], &f->value);
    }
    json_decref(object);
}

/* The step that this line says, for its own values and those after it. */
static void find_step(struct reading *r, struct span line)
{
    struct metric_reader *reader = r->reader;
    struct metric_place *place = &r->p->metrics[reader->n_metrics];
    struct span text;
    double step;
    if (reader->step != NULL && search(reader->step, line, place, &text) &&
        to_number(text, place, &step) && isfinite(step))
        r->p->step = step;
    if (reader->step_metric != NO_METRIC && reader->found[reader->step_metric].is &&
        isfinite(reader->found[reader->step_metric].value))
        r->p->step = reader->found[reader->step_metric].value;
}

static hone_status take_line(struct reading *r, struct span line, hone_error *err)
{
    struct metric_reader *reader = r->reader;
    hone_status status = HONE_OK;
    r->p->lines += r->stream == 0;
    if (line.len == 0)
        return HONE_OK;
    find_values(r, line);
    find_step(r, line);
    for (size_t i = 0; i < reader->n_metrics && status == HONE_OK; i++) {
        struct metric_place *place = &r->p->metrics[i];
        if (!reader->found[i].is)
            continue;
        struct metric_value value = {.metric = i,
                                     .seq = place->n,
                                     .step = r->p->step,
                                     .value = reader->found[i].value,
                                     .line = line.at,
                                     .line_len = line.len};
        if (!reader_knows_steps(reader))
            value.step = (double)(place->n_before + place->n + 1);
        place->n++;
        status = r->visit(r->context, &value, err);
    }
    return status;
}

/* ---- Lines in a file -------------------------------------------------------------------------
 */

static void end_long_line(struct reading *r, struct stream_place *s)
{
    r->p->lines += r->stream == 0;
    r->p->n_long++;
    if (s->skipped > r->p->longest)
        r->p->longest = s->skipped;
    s->skipped = 0;
}

static hone_status end_line(struct reading *r, struct stream_place *s, struct span line,
                            hone_error *err)
{
    if (s->skipped == 0 && line.len <= METRIC_LINE_MAX)
        return take_line(r, line, err);
    s->skipped += (int64_t)line.len;
    end_long_line(r, s);
    return HONE_OK;
}

/* Next place of a byte at or after `at`, or `end`; `known` is the last answer. */
static const char *next_byte(const char *known, char byte, const char *at, const char *end)
{
    if (known != NULL && known >= at)
        return known;
    const char *found = memchr(at, byte, (size_t)(end - at));
    return found == NULL ? end : found;
}

/* Take the lines that end in this block, and move the stream's place behind them. */
static hone_status take_block(struct reading *r, struct stream_place *s, const char *block,
                              size_t n, hone_error *err)
{
    const char *at = block, *end = block + n, *newline = NULL, *cr = NULL;
    hone_status status = HONE_OK;
    while (at < end && status == HONE_OK) {
        if (s->after_cr && *at == '\n') {
            s->after_cr = false;
            at++;
            continue;
        }
        newline = next_byte(newline, '\n', at, end);
        cr = next_byte(cr, '\r', at, end);
        const char *stop = newline < cr ? newline : cr;
        if (stop == end)
            break;
        status = end_line(r, s, (struct span){at, (size_t)(stop - at)}, err);
        s->after_cr = *stop == '\r';
        at = stop + 1;
    }
    size_t rest = (size_t)(end - at);
    if (rest > 0)
        s->after_cr = false;
    if (rest > METRIC_LINE_MAX || (rest > 0 && s->skipped > 0)) {
        s->skipped += (int64_t)rest;
        at = end;
    }
    s->offset += at - block;
    return status;
}

/* Read from the stream's place on; *left_out is whether the budget ended before the file. */
static hone_status read_stream(struct reading *r, int fd, const char *path, bool ended,
                               size_t max_bytes, bool *left_out, hone_error *err)
{
    struct stream_place *s = &r->p->streams[r->stream];
    hone_status status = HONE_OK;
    int64_t start = s->offset;
    *left_out = false;
    while (status == HONE_OK) {
        if (s->offset - start >= (int64_t)max_bytes) {
            *left_out = true;
            return HONE_OK;
        }
        ssize_t n = pread(fd, r->reader->block, BLOCK, s->offset);
        if (n < 0)
            return error_errno(err, HONE_EIO, "read %s", path);
        int64_t before = s->offset;
        status = take_block(r, s, r->reader->block, (size_t)n, err);
        if (status != HONE_OK || n == BLOCK)
            continue;
        /* The end of the file: what is left is a line when nobody can go on with it. */
        size_t used = (size_t)(s->offset - before), rest = (size_t)n - used;
        if (ended && (rest > 0 || s->skipped > 0)) {
            status = end_line(r, s, (struct span){r->reader->block + used, rest}, err);
            s->offset += (int64_t)rest;
        }
        break;
    }
    return status;
}

/*
 * A metric's own file may be written anew instead of being appended to: when it is another file,
 * shorter, or changed at the same length, it is read from its start.
 */
static void notice_new_file(struct stream_place *s, const struct stat *st)
{
    int64_t mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
    bool changed = mtime_ns != s->mtime_ns;
    if ((int64_t)st->st_ino != s->inode || st->st_size < s->offset ||
        (changed && st->st_size == s->offset))
        *s = (struct stream_place){0};
    s->inode = (int64_t)st->st_ino;
    s->mtime_ns = mtime_ns;
}

static hone_status read_file(struct reading *r, const char *folder, bool ended, size_t max_bytes,
                             bool *left_out, hone_error *err)
{
    const char *name = r->reader->streams[r->stream];
    hone_status status = HONE_OK;
    struct buf path;
    struct stat st;
    int fd = -1;
    buf_init(&path, 1u << 16);
    if (name[0] != '/')
        buf_printf(&path, "%s/", folder);
    buf_text(&path, name);
    if (path.failed) {
        status = error_memory(err);
        goto out;
    }
    fd = open(path.data, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) /* it may come; but without a folder nothing can */
        status = r->stream == 0 && access(folder, F_OK) != 0
                     ? error_errno(err, HONE_EIO, "open %s", folder)
                     : HONE_OK;
    else if (fd < 0 || fstat(fd, &st) != 0)
        status = error_errno(err, HONE_EIO, "open %s", path.data);
    else if (S_ISREG(st.st_mode)) {
        if (r->stream > 0)
            notice_new_file(&r->p->streams[r->stream], &st);
        status = read_stream(r, fd, path.data, ended, max_bytes, left_out, err);
    }
out:
    if (fd >= 0)
        close(fd);
    buf_release(&path);
    return status;
}

hone_status metric_read(struct metric_reader *reader, struct metric_cursor *cursor,
                        const char *folder, bool ended, size_t max_bytes, metric_visitor *visit,
                        void *context, bool *more_out, hone_error *err)
{
    struct reading r = {.reader = reader, .p = &cursor->now, .visit = visit, .context = context};
    hone_status status = HONE_OK;
    bool more = false;
    cursor_save(cursor);
    for (; r.stream < reader->n_streams && status == HONE_OK; r.stream++) {
        bool left = false;
        status = read_file(&r, folder, ended, max_bytes, &left, err);
        more = more || left;
    }
    if (status == HONE_OK)
        status = cursor_warn(cursor, err);
    if (status != HONE_OK)
        cursor_restore(cursor);
    else
        *more_out = more;
    return status;
}
