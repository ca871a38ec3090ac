/*
 * curve.c: end a trial whose extrapolated curve will hardly become the best.
 *
 * A curve is taken for a power law with noise,
 *     y(x) = f + b h(x) + e,   h(x) = (x^-c - X^-c) / (1 - X^-c),   e ~ N(0, s2),
 * where x counts steps from 1 in the distance of the trial's first two, and X is the x of the last
 * step R: f is the final value and f + b the first. Given c it is linear in f and b, with the
 * priors
 *     f ~ N(y_last + D, V):  D, V the median and the spread of (final - value at this step) over
 *                            the completed trials,
 *     b ~ N(0, B^2),         B twice the distance from the first value to the best final one,
 * so that its likelihood and the posterior of f are those of linear regression. c is a grid from
 * curves that are nearly straight (c = -1) to those that soon are flat. What no power law gets
 * right counts as more variance: MISFIT of the values' range at each step, DOUBT of the change that
 * is still to come. The trial ends when the chance that f is below the best final value is under
 * MIN_CHANCE; with several objectives when, with a chance of 1 - MIN_CHANCE, a completed trial that
 * keeps the constraints is better in all of them.
 *
 * Source: Domhan, Springenberg & Hutter, "Speeding up automatic hyperparameter optimization of deep
 *     neural networks by extrapolation of learning curves", IJCAI 24 (2015).
 * Departures: a threshold of 0.2 for their 0.05; one family of curves instead of eleven, with f and
 * b integrated exactly instead of a Markov chain over all (it takes microseconds, and decisions
 * repeat); the prior of f comes from the study.
 */
#include "stop/stop.h"

#include <math.h>

#include "base/numeric.h"

#define MIN_COMPLETED 4
#define MIN_VALUES    4
#define MAX_VALUES    50 /* the last ones */
#define MIN_CHANCE    0.2

#define N_POWERS  32 /* none of them is 0 */
#define MIN_POWER -1.0
#define MAX_POWER 3.0

#define MISFIT 0.05
#define DOUBT  0.3

struct prior {
    double f, sd;
    double best; /* final value of the completed trials */
};

static bool find_prior(const struct search_view *view, size_t objective, const struct report *now,
                       struct prior *out)
{
    double *work = arena_array(view->scratch, view->n_trials, sizeof *work);
    if (work == NULL)
        return false;
    *out = (struct prior){.best = (double)INFINITY};
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *trial = &view->trials[i];
        if (trial->state == HONE_TRIAL_COMPLETED)
            out->best = fmin(out->best, trial->values[objective]);
    }
    struct search_gain gain = search_gain_after(view, objective, now->step, work);
    if (gain.n < MIN_COMPLETED)
        return false;
    out->f = now->value + gain.median;
    out->sd = gain.sd;
    return true;
}

/* The values that are looked at, with x as above. */
struct curve {
    double x[MAX_VALUES], y[MAX_VALUES];
    size_t n;
    double X, first, range, noise;
};

static void read_curve(const struct series *series, double R, struct curve *out)
{
    const struct report *reports = series->reports;
    double first = reports[0].step, unit = reports[1].step - first;
    double low = (double)INFINITY, high = -(double)INFINITY, jumps[MAX_VALUES];
    size_t from = series->n > MAX_VALUES ? series->n - MAX_VALUES : 0;
    *out = (struct curve){
        .n = series->n - from, .first = reports[0].value, .X = 1.0 + (R - first) / unit};
    for (size_t i = 0; i < out->n; i++) {
        out->x[i] = 1.0 + (reports[from + i].step - first) / unit;
        out->y[i] = reports[from + i].value;
        low = fmin(low, out->y[i]);
        high = fmax(high, out->y[i]);
    }
    for (size_t i = 0; i + 1 < out->n; i++)
        jumps[i] = out->y[i + 1] - out->y[i];
    num_centre(jumps, out->n - 1, &out->noise);
    out->noise *= sqrt(0.5);
    out->range = high - low;
}

/* Of f given c: mean, variance, and the logarithm of the likelihood of the values, later the weight
 * among all c. */
struct fit {
    double mean, variance, log_likelihood, weight;
};

/*
 * Conditioning on one value after the other: (f, b) ~ N(m, S), y = f + b h + e. Always positive
 * definite, whatever the values.
 */
static struct fit fit_curve(const struct curve *curve, double c, const struct prior *prior,
                            double s2)
{
    double f = prior->f, b = 0.0, B = 2.0 * fabs(curve->first - prior->best);
    double S_ff = prior->sd * prior->sd, S_fb = 0.0, S_bb = B * B, log_likelihood = 0.0;
    double end = num_exp(-c * num_log(curve->X));
    for (size_t i = 0; i < curve->n; i++) {
        double h = (num_exp(-c * num_log(curve->x[i])) - end) / (1.0 - end);
        double u_f = S_ff + S_fb * h, u_b = S_fb + S_bb * h; /* covariance with y */
        double v = u_f + h * u_b + s2, rest = curve->y[i] - f - b * h;
        log_likelihood -= 0.5 * (rest * rest / v + num_log(v));
        f += u_f / v * rest;
        b += u_b / v * rest;
        S_ff -= u_f * u_f / v;
        S_fb -= u_f * u_b / v;
        S_bb -= u_b * u_b / v;
    }
    return (struct fit){f, fmax(S_ff, 0.0), log_likelihood, 0.0};
}

/* What is believed of the final value: a mixture. */
struct belief {
    struct fit fits[N_POWERS];
    double mean;
    double last, s2; /* value, variance of one */
};

static void extrapolate(const struct curve *curve, const struct prior *prior, struct belief *out)
{
    double most = -(double)INFINITY, sum = 0.0;
    out->s2 = curve->noise * curve->noise + MISFIT * MISFIT * curve->range * curve->range;
    out->last = curve->y[curve->n - 1];
    out->mean = 0.0;
    for (size_t k = 0; k < N_POWERS; k++) {
        double share = ((double)k + 0.5) / N_POWERS;
        double c = MIN_POWER + share * (MAX_POWER - MIN_POWER);
        out->fits[k] = fit_curve(curve, c, prior, out->s2);
        most = fmax(most, out->fits[k].log_likelihood);
    }
    for (size_t k = 0; k < N_POWERS; k++) {
        out->fits[k].weight = num_exp(out->fits[k].log_likelihood - most);
        sum += out->fits[k].weight;
        out->mean += out->fits[k].weight * out->fits[k].mean;
    }
    for (size_t k = 0; k < N_POWERS; k++)
        out->fits[k].weight /= sum;
    out->mean /= sum;
}

/* The chance that the final value is below another. */
static double chance_below(const struct belief *belief, double value)
{
    double below = 0.0;
    for (size_t k = 0; k < N_POWERS; k++) {
        const struct fit *fit = &belief->fits[k];
        double doubt = DOUBT * (fit->mean - belief->last);
        double z = (value - fit->mean) / sqrt(fit->variance + belief->s2 + doubt * doubt);
        below += fit->weight * num_normal_cdf(z);
    }
    return below;
}

/* The allowed completed trial that most probably beats it in every objective, by that chance;
 * errors of the objectives are taken for independent. */
static double chance_beaten(const struct search_view *view, const struct belief *beliefs,
                            const struct search_trial **by_out)
{
    double most = 0.0;
    for (size_t i = 0; i < view->n_trials; i++) {
        const struct search_trial *other = &view->trials[i];
        if (!search_is_feasible(view, other))
            continue;
        double p = 1.0;
        for (size_t j = 0; j < view->options->n_objectives; j++)
            p *= 1.0 - chance_below(&beliefs[j], other->values[j]);
        if (p > most) {
            most = p;
            *by_out = other;
        }
    }
    return most;
}

static bool stops(const struct search_view *view, size_t index, struct buf *reason)
{
    const struct search_trial *trial = &view->trials[index];
    size_t m = view->options->n_objectives;
    double R = stop_resource(view), best = 0.0, p;
    double last[HONE_MAX_OBJECTIVES], end[HONE_MAX_OBJECTIVES];
    double step = trial->series->reports[trial->series->n - 1].step;
    const struct search_trial *by = NULL;
    struct belief *beliefs = arena_array(view->scratch, m, sizeof *beliefs);
    if (beliefs == NULL || step >= R || !stop_point(view, trial, step, last))
        return false;
    for (size_t j = 0; j < m; j++) {
        const struct series *series = &trial->series[j];
        struct prior prior;
        struct curve curve;
        if (series->n < MIN_VALUES || !find_prior(view, j, &series->reports[series->n - 1], &prior))
            return false;
        read_curve(series, R, &curve);
        extrapolate(&curve, &prior, &beliefs[j]);
        end[j] = beliefs[j].mean;
        best = prior.best;
    }
    if (m == 1)
        p = chance_below(&beliefs[0], best);
    else
        p = 1.0 - chance_beaten(view, beliefs, &by);
    if (!(p < MIN_CHANCE))
        return false;
    stop_begin(view, last, step, reason);
    buf_text(reason, m > 1 ? " point to about " : " points to about ");
    stop_values(view, end, reason);
    if (m == 1) {
        buf_printf(reason, " at step %.4g: with a chance of %.2g %% better than the best, ", R,
                   100.0 * p);
        stop_values(view, &best, reason);
    } else {
        buf_printf(reason,
                   " at step %.4g: with a chance of %.2g %% dominated by those of trial %llu", R,
                   100.0 * (1.0 - p), (unsigned long long)by->id);
    }
    return true;
}

const struct stop_rule stop_curve = {
    .name = "curve",
    .summary = "end a trial whose extrapolated curve will hardly become the best",
    .takes = STOP_TAKES_MAX,
    .stops = stops,
};
