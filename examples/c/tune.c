/*
 * tune.c: a C program that tunes a function of its own with libhone.
 *
 *     cc tune.c $(pkg-config --cflags --libs hone) -o tune && ./tune
 *
 * Himmelblau's function has four minima of value 0; a real program would train and measure here.
 */
#include <hone.h>

#include <stdio.h>
#include <stdlib.h>

static double himmelblau(double x, double y)
{
    double a = x * x + y - 11.0, b = x + y * y - 7.0;
    return a * a + b * b;
}

static hone_space *make_space(hone_error *err)
{
    hone_space *space = hone_space_new();
    if (space == NULL || hone_space_add_float(space, "x", -5.0, 5.0, HONE_LINEAR, err) != HONE_OK ||
        hone_space_add_float(space, "y", -5.0, 5.0, HONE_LINEAR, err) != HONE_OK) {
        hone_space_free(space);
        return NULL;
    }
    return space;
}

int main(void)
{
    hone_error err = {0};
    hone_optimizer *opt = NULL;
    int status = EXIT_FAILURE;

    hone_space *space = make_space(&err);
    if (space != NULL)
        opt = hone_optimizer_new(space, &(hone_options){.seed = 1, .budget = 40}, &err);
    if (opt == NULL)
        goto out;

    for (int i = 0; i < 40; i++) {
        const hone_trial *trial = hone_ask(opt, &err);
        if (trial == NULL)
            goto out;
        double value = himmelblau(hone_trial_number(trial, "x"), hone_trial_number(trial, "y"));
        if (hone_tell(opt, hone_trial_id(trial), &value, 1, &err) != HONE_OK)
            goto out;
    }

    size_t n;
    const hone_trial *best = hone_best(opt);
    printf("hone %s: best of 40 trials: x = %.4f, y = %.4f, value %.6f\n", hone_version(),
           hone_trial_number(best, "x"), hone_trial_number(best, "y"),
           hone_trial_values(best, &n)[0]);
    status = EXIT_SUCCESS;
out:
    if (status != EXIT_SUCCESS)
        fprintf(stderr, "tune: %s\n", err.text);
    hone_optimizer_free(opt);
    hone_space_free(space);
    return status;
}
