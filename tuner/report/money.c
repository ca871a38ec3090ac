/* money.c: see money.h. The figures are the ledger's, the formulas are in study/ledger.h. */
#include "report/money.h"

#include <math.h>

#include "io/time.h"
#include "report/text.h"

enum { LINE_MOST = 4096 };

/* Cents; less than ten of them in two digits. */
static const char *amount(double x, char out[32])
{
    snprintf(out, 32, x > 0 && x < 0.095 ? "%.2g" : "%.2f", x);
    return out;
}

static void print_time(const struct study_view *view, FILE *out, int columns)
{
    char elapsed[32], trials[32];
    struct buf text;
    buf_init(&text, LINE_MOST);
    duration_text(view->elapsed_s, elapsed);
    duration_text(view->trial_s, trials);
    buf_printf(&text, "%s elapsed, %s in trials", elapsed, trials);
    if (view->speedup > 0)
        buf_printf(&text, ": speed-up %.1f over one after the other", view->speedup);
    text_labelled(out, "time", text.data, columns);
    buf_release(&text);
}

/* "2.52 USD spent: 6 h on spot at 0.42 an hour" */
static void print_spent(const struct study_view *view, FILE *out, int columns)
{
    const struct ledger_sums *m = &view->money;
    const struct spec *spec = view->spec;
    char text[32];
    struct buf line;
    buf_init(&line, LINE_MOST);
    buf_printf(&line, "%s %s spent", amount(m->spent, text), spec->currency);
    if (m->on_demand_s > 0) {
        duration_text(m->on_demand_s, text);
        buf_printf(&line, ": %s%s at %g an hour", text, m->spot_s > 0 ? " on demand" : "",
                   spec->price_on_demand);
    }
    if (m->spot_s > 0) {
        duration_text(m->spot_s, text);
        buf_printf(&line, "%s %s on spot at %g%s", m->on_demand_s > 0 ? "," : ":", text,
                   spec->price_spot, m->on_demand_s > 0 ? "" : " an hour");
    }
    text_labelled(out, "cost", line.data, columns);
    buf_release(&line);
}

static void print_forecast(const struct study_view *view, FILE *out, int columns)
{
    const struct ledger_sums *m = &view->money;
    char text[32];
    struct buf line;
    bool more = m->forecast >= m->spent + 0.005; /* NaN: not known */
    if (!more || view->row->state != STUDY_RUNNING)
        return;
    buf_init(&line, LINE_MOST);
    buf_printf(&line, "about %s at the end", amount(m->forecast, text));
    if (view->spec->stop_cost > 0 && m->forecast >= view->spec->stop_cost) {
        buf_printf(&line, ": the study's limit, stop.cost");
    } else {
        duration_text(round(m->ended_s), text);
        buf_printf(&line, ": trials to come as long as those that ended, %s in the mean", text);
    }
    text_labelled(out, "", line.data, columns);
    buf_release(&line);
}

/* "11.58 USD, 82 % of the 14.10 that the same trials cost in full length on demand", then a line
 * for each way. */
static void print_saved(const struct study_view *view, FILE *out, int columns)
{
    const struct ledger_sums *m = &view->money;
    const struct spec *spec = view->spec;
    char text[32], full[32];
    struct buf line;
    if (m->saved_stopping <= 0 && m->saved_spot <= 0)
        return;
    buf_init(&line, LINE_MOST);
    buf_printf(&line, "%s %s, %.0f %% of the %s that the same trials cost %s",
               amount(m->saved_stopping + m->saved_spot, text), spec->currency,
               100 * m->saved_fraction, amount(m->in_full, full),
               m->saved_spot > 0 ? "in full length and on demand" : "in full length");
    text_labelled(out, "saved", line.data, columns);
    if (m->saved_stopping > 0) {
        buf_clear(&line);
        duration_text(round(m->full_s), full);
        buf_printf(&line,
                   "%s by early stopping: %zu trial%s against the median of completed ones, %s, "
                   "at %g an hour",
                   amount(m->saved_stopping, text), m->n_stopped, m->n_stopped == 1 ? "" : "s",
                   full, spec->price_on_demand);
        text_labelled(out, "", line.data, columns);
    }
    if (m->saved_spot > 0) {
        buf_clear(&line);
        duration_text(m->spot_s, full);
        buf_printf(&line, "%s by spot: %s at %g an hour less", amount(m->saved_spot, text), full,
                   spec->price_on_demand - spec->price_spot);
        text_labelled(out, "", line.data, columns);
    }
    buf_release(&line);
}

void money_print(const struct study_view *view, FILE *out, int columns)
{
    print_time(view, out, columns);
    if (!view->has_cost)
        return;
    print_spent(view, out, columns);
    print_forecast(view, out, columns);
    print_saved(view, out, columns);
}
