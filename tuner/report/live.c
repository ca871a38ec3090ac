/*
 * live.c: the block that updates in place, and its plain form.
 *
 *     digits                                     1 min 12 s, about 50 s left
 *     ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌  12 of 20
 *     9 completed, 2 stopped early, 1 failed, 2 running
 *     best val:accuracy 0.9722 by trial 7, 4 trials ago
 *
 *      trial    step    val:accuracy    rank
 *         12       4          0.9528    2 of 9
 *         13       -               -    starting
 *
 * A redraw is one write: up over the old block, each line with what follows it erased, then what is
 * below. When the terminal has become narrower, old lines have wrapped, and the way up is counted
 * by what they take now. Rows that don't fit the height are left out, never scrolled.
 */
#include "report/live.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/time.h"
#include "report/text.h"
#include "study/ledger.h"

enum { MOST_LINES = 80, LEAST_COLUMNS = 20, BAR_MOST = 60 };

struct live {
    bool block, color, quiet, silent, unicode;
    bool resized; /* what is on the screen was made for another width */
    int columns, rows;
    int n_lines; /* of the block on the screen */
    int widths[MOST_LINES];
    struct buf out;
};

static bool is_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);
        if (value && value[0])
            return strstr(value, "UTF-8") || strstr(value, "utf8") || strstr(value, "UTF8");
    }
    return false;
}

static void measure(struct live *live)
{
    struct winsize size;
    live->columns = 80;
    live->rows = 24;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        live->columns = size.ws_col < LEAST_COLUMNS ? LEAST_COLUMNS : size.ws_col;
        live->rows = size.ws_row;
    }
}

struct live *live_new(bool color, bool quiet)
{
    struct live *live = mem_array(1, sizeof *live);
    if (!live)
        return NULL;
    const char *term = getenv("TERM");
    live->quiet = quiet;
    live->block = !quiet && isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
    live->color = color && live->block;
    live->unicode = is_utf8();
    buf_init(&live->out, 1 << 20);
    measure(live);
    return live;
}

void live_free(struct live *live)
{
    if (!live)
        return;
    buf_release(&live->out);
    mem_free(live);
}

bool live_has_block(const struct live *live)
{
    return live && live->block && !live->silent;
}

void live_number(double x, char out[32])
{
    snprintf(out, 32, "%.6g", x);
}

/* ---- Lines ---- */

enum paint { PLAIN, BOLD, DIM, GREEN, RED, YELLOW };

/* A line under construction: text with colours, cut at the terminal's width. */
struct line {
    struct live *live;
    int width;
};

static void add_painted(struct line *l, enum paint paint, const char *text)
{
    static const char *const codes[] = {"",         "\x1b[1m",  "\x1b[2m",
                                        "\x1b[32m", "\x1b[31m", "\x1b[33m"};
    int room = l->live->columns - 1 - l->width;
    if (room <= 0)
        return;
    bool on = l->live->color && paint != PLAIN;
    if (on)
        buf_text(&l->live->out, codes[paint]);
    text_add(&l->live->out, text, room);
    if (on)
        buf_text(&l->live->out, "\x1b[0m");
    int width = text_width(text);
    l->width += width < room ? width : room;
}

static void add(struct line *l, enum paint paint, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void add(struct line *l, enum paint paint, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    add_painted(l, paint, text);
}

static void end_line(struct line *l)
{
    struct live *live = l->live;
    buf_text(&live->out, "\x1b[K\n");
    if (live->n_lines < MOST_LINES)
        live->widths[live->n_lines++] = l->width;
    l->width = 0;
}

/* ---- The block ---- */

static void head(struct line *l, const struct live_view *v)
{
    char elapsed[32], left[32] = "";
    char text[100];
    duration_text(floor(v->elapsed_s), elapsed);
    if (v->left_s >= 0)
        duration_text(ceil(v->left_s), left);
    snprintf(text, sizeof text, "%s%s%s%s", elapsed, left[0] ? ", about " : "", left,
             left[0] ? " left" : "");
    add_painted(l, BOLD, v->study);
    int gap = l->live->columns - 1 - l->width - text_width(text);
    int most = BAR_MOST + 14 - l->width - text_width(text); /* as wide as the bar below */
    if (gap > most)
        gap = most;
    if (gap < 2)
        gap = 2;
    add(l, DIM, "%*s%s", gap, "", text);
    end_line(l);
}

static void bar(struct line *l, const struct live_view *v)
{
    int64_t done = 0;
    for (int s = HONE_TRIAL_COMPLETED; s <= HONE_TRIAL_CANCELLED; s++)
        done += v->by_state[s];
    char text[64];
    snprintf(text, sizeof text, "  %lld of %lld", (long long)done, (long long)v->max_trials);
    int width = l->live->columns - 1 - text_width(text);
    if (width > BAR_MOST)
        width = BAR_MOST;
    int64_t most = v->max_trials > 0 ? v->max_trials : 1;
    int full =
        width > 0 ? (int)((double)width * (double)(done < most ? done : most) / (double)most) : 0;
    char cells[BAR_MOST * 3 + 1] = "";
    for (int i = 0; i < full; i++)
        strncat(cells, l->live->unicode ? "━" : "=", sizeof cells - strlen(cells) - 1);
    add_painted(l, GREEN, cells);
    cells[0] = '\0';
    for (int i = full; i < width; i++)
        strncat(cells, l->live->unicode ? "╌" : "-", sizeof cells - strlen(cells) - 1);
    add_painted(l, DIM, cells);
    add_painted(l, PLAIN, text);
    end_line(l);
}

static void counts(struct line *l, const struct live_view *v)
{
    static const struct {
        int state; /* hone_trial_state; -1: waiting */
        const char *text;
        enum paint paint;
    } parts[] = {
        {HONE_TRIAL_COMPLETED, "completed", PLAIN}, {HONE_TRIAL_STOPPED, "stopped early", PLAIN},
        {HONE_TRIAL_FAILED, "failed", RED},         {HONE_TRIAL_CANCELLED, "cancelled", PLAIN},
        {HONE_TRIAL_RUNNING, "running", PLAIN},     {-1, "waiting", PLAIN}};
    const char *separator = "";
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        int64_t n = parts[i].state < 0 ? v->waiting : v->by_state[parts[i].state];
        bool always = parts[i].state == HONE_TRIAL_COMPLETED;
        if (n == 0 && !always)
            continue;
        add(l, PLAIN, "%s", separator);
        add(l, parts[i].paint, "%lld %s", (long long)n, parts[i].text);
        separator = ", ";
    }
    end_line(l);
}

static void best(struct line *l, const struct live_view *v)
{
    char value[32];
    if (v->best_trial < 0) {
        add(l, DIM, "no result yet");
        end_line(l);
        return;
    }
    live_number(v->best, value);
    add(l, PLAIN, "best %s ", v->metric);
    add(l, BOLD, "%s", value);
    add(l, PLAIN, " by trial %lld", (long long)v->best_trial);
    if (v->best_ago > 0)
        add(l, DIM, ", %lld %s ago", (long long)v->best_ago, v->best_ago == 1 ? "trial" : "trials");
    end_line(l);
}

static void money(struct line *l, const struct live_view *v)
{
    if (!v->currency)
        return;
    add(l, PLAIN, "cost %.2f %s", v->spent, v->currency);
    if (v->saved >= 0.005)
        add(l, PLAIN, ", %.2f saved", v->saved);
    if (v->forecast >= v->spent + 0.005) /* NaN: not known */
        add(l, DIM, ", about %.2f at the end", v->forecast);
    end_line(l);
}

void live_money(struct live_view *view, const struct ledger_sums *sums)
{
    view->spent = sums->spent;
    view->forecast = sums->forecast;
    view->saved = sums->saved_stopping + sums->saved_spot;
}

static void trial_row(struct line *l, const struct live_trial *r, int value_width)
{
    char step[32] = "-", value[32] = "-", rank[48] = "";
    if (r->has_value) {
        live_number(r->step, step);
        live_number(r->value, value);
    }
    add(l, PLAIN, "%6lld  %6s  %*s", (long long)r->trial, step, value_width, value);
    if (strcmp(r->state, "running") != 0)
        snprintf(rank, sizeof rank, "%s", r->state);
    else if (r->ranked > 1)
        snprintf(rank, sizeof rank, "%lld of %lld", (long long)r->rank, (long long)r->ranked);
    add(l, strcmp(r->state, "running") != 0 ? YELLOW : PLAIN, "  %-9s", rank);
    char seconds[32];
    duration_text(floor(r->seconds), seconds);
    if (r->seconds >= 1)
        add(l, DIM, "  %s", seconds);
    if (r->attempt > 1)
        add(l, DIM, "  attempt %lld", (long long)r->attempt);
    end_line(l);
}

static void trial_rows(struct line *l, const struct live_view *v)
{
    if (v->n_trials == 0)
        return;
    size_t room = l->live->rows > 10 ? (size_t)l->live->rows - 9 : 1;
    size_t shown = v->n_trials <= room ? v->n_trials : room;
    if (shown > MOST_LINES - 10)
        shown = MOST_LINES - 10;
    int value_width = text_width(v->metric) > 10 ? text_width(v->metric) : 10;
    if (value_width > 24)
        value_width = 24;
    char metric[128];
    snprintf(metric, sizeof metric, "%s", v->metric);
    end_line(l);
    add(l, DIM, "%6s  %6s  %*s  %s", "trial", "step", value_width, metric, "rank");
    end_line(l);
    for (size_t i = 0; i < shown; i++)
        trial_row(l, &v->trials[i], value_width);
    if (shown < v->n_trials) {
        add(l, DIM, "   and %zu more", v->n_trials - shown);
        end_line(l);
    }
}

/* To the first line of the block that is on the screen. */
static void go_up(struct live *live)
{
    int up = 0;
    for (int i = 0; i < live->n_lines; i++)
        up += live->widths[i] > live->columns
                  ? (live->widths[i] + live->columns - 1) / live->columns
                  : 1;
    if (up > live->rows - 1)
        up = live->rows - 1;
    buf_clear(&live->out);
    if (up > 0)
        buf_printf(&live->out, "\x1b[%dA", up);
    buf_char(&live->out, '\r');
    if (live->resized)
        buf_text(&live->out, "\x1b[J");
    live->resized = false;
    live->n_lines = 0;
}

static void flush(struct live *live)
{
    size_t done = 0;
    while (!live->out.failed && done < live->out.len) {
        ssize_t n = write(STDOUT_FILENO, live->out.data + done, live->out.len - done);
        if (n <= 0) { /* the reader has gone: the study goes on */
            live->silent = true;
            break;
        }
        done += (size_t)n;
    }
    buf_clear(&live->out);
}

void live_draw(struct live *live, const struct live_view *view)
{
    if (!live_has_block(live))
        return;
    struct line l = {.live = live};
    go_up(live);
    end_line(&l);
    head(&l, view);
    bar(&l, view);
    counts(&l, view);
    best(&l, view);
    money(&l, view);
    if (view->phase) {
        add(&l, YELLOW, "%s", view->phase);
        end_line(&l);
    }
    trial_rows(&l, view);
    buf_text(&live->out, "\x1b[J");
    flush(live);
}

void live_resized(struct live *live)
{
    if (!live)
        return;
    measure(live);
    live->resized = true;
}

void live_end(struct live *live)
{
    if (!live_has_block(live))
        return;
    live->n_lines = 0;
    live->block = false;
}

/* ---- Lines ---- */

void live_note(struct live *live, const char *text)
{
    if (!live || live->silent || live->quiet)
        return;
    if (live_has_block(live))
        go_up(live);
    else
        buf_clear(&live->out);
    text_add(&live->out, text, 10000);
    buf_text(&live->out, live_has_block(live) ? "\x1b[K\n\x1b[J" : "\n");
    flush(live);
}

static const char *state_word(hone_trial_state state)
{
    switch (state) {
    case HONE_TRIAL_COMPLETED:
        return "completed";
    case HONE_TRIAL_STOPPED:
        return "stopped";
    case HONE_TRIAL_FAILED:
        return "failed";
    case HONE_TRIAL_CANCELLED:
        return "cancelled";
    case HONE_TRIAL_RUNNING:
        break;
    }
    return "running";
}

void live_trial_ended(struct live *live, const struct live_view *view,
                      const struct live_ended *ended)
{
    char line[600], value[32] = "", seconds[32];
    if (!live || live->silent || live->quiet || live->block)
        return;
    if (ended->has_value)
        live_number(ended->value, value);
    duration_text(ended->seconds, seconds);
    snprintf(line, sizeof line, "trial %lld  %s%s%s%s%s%s%s%s  %s", (long long)ended->trial,
             state_word(ended->state), ended->has_value ? "  " : "",
             ended->has_value ? view->metric : "", ended->has_value ? " " : "", value,
             ended->is_best ? "  best" : "", ended->reason[0] ? ": " : "", ended->reason, seconds);
    live_note(live, line);
}
