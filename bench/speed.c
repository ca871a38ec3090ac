/*
 * speed.c: how long does an ask take, and how does the Cholesky factor compare with OpenBLAS?
 *
 *     build/bench/bench-speed [REPEATS]
 * Asks of the default strategy over ten mixed parameters, one worker, processor time by number of
 * told trials; before the last line the trials are random ones that were added. OpenBLAS is
 * compared where the build found it; run with OPENBLAS_NUM_THREADS=1.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/linalg.h"
#include "base/mem.h"
#include "hone.h"

#ifdef HAVE_OPENBLAS
/* LAPACK's own interface: column-major, so its lower triangle is our upper one. */
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
#endif

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* ---- Asks ------------------------------------------------------------------------------------ */

#define HALF_WINDOW 20 /* asks on both sides of n that count for n */

static hone_optimizer *optimizer_of(const char *strategy, uint64_t seed)
{
    hone_space *s = hone_space_new();
    const hone_value sizes[] = {HONE_NUMBER(16),  HONE_NUMBER(32),  HONE_NUMBER(64),
                                HONE_NUMBER(128), HONE_NUMBER(256), HONE_NUMBER(512)};
    const hone_value kinds[] = {HONE_TEXT("a"), HONE_TEXT("b"), HONE_TEXT("c"), HONE_TEXT("d")};
    bool ok = s != NULL;
    for (int j = 0; j < 10 && ok; j++) {
        char name[16];
        snprintf(name, sizeof name, "x%d", j);
        hone_status status = j % 5 == 0 ? hone_space_add_float(s, name, 0, 1, HONE_LINEAR, NULL)
                             : j % 5 == 1
                                 ? hone_space_add_float(s, name, 1e-5, 1e-1, HONE_LOG, NULL)
                             : j % 5 == 2 ? hone_space_add_int(s, name, 1, 16, HONE_LINEAR, NULL)
                             : j % 5 == 3 ? hone_space_add_ordinal(s, name, 6, sizes, NULL)
                                          : hone_space_add_choice(s, name, 4, kinds, NULL);
        ok = status == HONE_OK;
    }
    hone_options options = {.strategy = strategy, .seed = seed};
    hone_optimizer *opt = ok ? hone_optimizer_new(s, &options, NULL) : NULL;
    hone_space_free(s);
    return opt;
}

static double loss_of(const hone_trial *trial)
{
    size_t n;
    const hone_setting *settings = hone_trial_settings(trial, &n);
    double sum = 0.0;
    for (size_t j = 0; j < n; j++) {
        double v = settings[j].value.kind == HONE_VALUE_TEXT
                       ? (settings[j].value.text[0] - 'a') / 3.0
                       : settings[j].value.number;
        double u = j % 5 == 1   ? (log10(v) + 5.0) / 4.0
                   : j % 5 == 2 ? v / 16.0
                   : j % 5 == 3 ? (log2(v) - 4.0) / 5.0
                                : v;
        sum += (double)(j + 1) * (u - 0.3) * (u - 0.3);
    }
    return sum + 0.01 * sin(50.0 * sum);
}

/* One ask and what is told of it; the ask's milliseconds, or -1 when it failed. */
static double time_ask(hone_optimizer *opt)
{
    double start = now_ms();
    const hone_trial *trial = hone_ask(opt, NULL);
    double ms = now_ms() - start, loss = trial != NULL ? loss_of(trial) : 0.0;
    return trial != NULL && hone_tell(opt, hone_trial_id(trial), &loss, 1, NULL) == HONE_OK ? ms
                                                                                            : -1.0;
}

static void print_asks(int told, double *ms, size_t n)
{
    qsort(ms, n, sizeof *ms, compare);
    printf("ask, %5d told     median %7.2f ms   p95 %7.2f ms\n", told, ms[n / 2], ms[n * 95 / 100]);
}

static bool time_asks(void)
{
    static const int told[] = {50, 100, 300, 1000};
    int last = told[sizeof told / sizeof told[0] - 1] + HALF_WINDOW;
    double *ms = mem_array((size_t)last, sizeof *ms), window[2 * HALF_WINDOW];
    hone_optimizer *opt = optimizer_of(NULL, 1);
    bool ok = ms != NULL && opt != NULL;
    for (int i = 0; i < last && ok; i++)
        ok = (ms[i] = time_ask(opt)) >= 0.0;
    for (size_t k = 0; k < sizeof told / sizeof told[0] && ok; k++) {
        memcpy(window, ms + told[k] - HALF_WINDOW, sizeof window);
        print_asks(told[k], window, sizeof window / sizeof window[0]);
    }
    hone_optimizer_free(opt);
    mem_free(ms);
    return ok;
}

/* Where so many are told, asking for each would take minutes. */
static bool time_asks_among(int told)
{
    hone_optimizer *opt = optimizer_of(NULL, 1), *random = optimizer_of("random", 2);
    bool ok = opt != NULL && random != NULL;
    for (int i = 0; i < told - HALF_WINDOW && ok; i++) {
        const hone_trial *trial = hone_ask(random, NULL);
        size_t n = 0;
        const hone_setting *settings = trial != NULL ? hone_trial_settings(trial, &n) : NULL;
        double loss = trial != NULL ? loss_of(trial) : 0.0;
        ok = trial != NULL && hone_add(opt, settings, n, &loss, 1, NULL, NULL) == HONE_OK;
    }
    double ms[2 * HALF_WINDOW];
    for (size_t i = 0; i < 2 * HALF_WINDOW && ok; i++)
        ok = (ms[i] = time_ask(opt)) >= 0.0;
    if (ok)
        print_asks(told, ms, sizeof ms / sizeof ms[0]);
    hone_optimizer_free(opt);
    hone_optimizer_free(random);
    return ok;
}

/* ---- Factors --------------------------------------------------------------------------------- */

struct matrices {
    size_t n, stride, bytes;
    double *K, *R;
};

static double factor_ms(const struct matrices *m, bool ours)
{
    memcpy(m->R, m->K, m->bytes);
    double start = now_ms();
    if (ours) {
        if (!linalg_cholesky(m->R, m->n, m->stride))
            abort();
    } else {
#ifdef HAVE_OPENBLAS
        int n = (int)m->n, stride = (int)m->stride, info;
        dpotrf_("L", &n, m->R, &stride, &info);
        if (info != 0)
            abort();
#endif
    }
    return now_ms() - start;
}

static bool time_factors(int repeats)
{
    static const size_t sizes[] = {16, 50, 100, 200, 300, 400};
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        struct matrices m = {.n = sizes[k], .stride = linalg_stride(sizes[k])};
        m.bytes = linalg_rows(m.n) * m.stride * sizeof(double);
        m.K = mem_array(m.bytes, 1);
        m.R = mem_array(m.bytes, 1);
        if (m.K == NULL || m.R == NULL)
            return false;
        for (size_t i = 0; i < m.n; i++)
            for (size_t j = 0; j < m.n; j++) {
                double apart = (double)i - (double)j;
                m.K[i * m.stride + j] = exp(-0.1 * fabs(apart)) + (i == j ? 0.01 : 0.0);
            }
        linalg_pad(m.K, m.n, m.stride);
        double ours = 1e9, theirs = 1e9;
        for (int r = 0; r < repeats; r++) { /* in turns, so that both meet the same machine */
            ours = fmin(ours, factor_ms(&m, true));
            theirs = fmin(theirs, factor_ms(&m, false));
        }
        printf("Cholesky, n = %3zu  %8.4f ms", m.n, ours);
#ifdef HAVE_OPENBLAS
        printf("   OpenBLAS %8.4f ms   ratio %.2f", theirs, ours / theirs);
#endif
        printf("\n");
        mem_free(m.K);
        mem_free(m.R);
    }
    return true;
}

int main(int argc, char **argv)
{
    int repeats = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 50;
    return time_asks() && time_asks_among(10000) && time_factors(repeats) ? 0 : 1;
}
