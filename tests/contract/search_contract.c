/*
 * search_contract.c: what every search algorithm keeps to, whatever the space and the results.
 *
 * A proposal is legal and new; the same history gives the same proposals; a study that is played
 * back from its recorded asks goes on identically; a finite space is used up to its last
 * configuration. Every algorithm of the registry is put through it, so a new one needs no line
 * here.
 */
#include "near.h"

#include <stdio.h>
#include <string.h>

#include "random_space.h"
#include "search/registry.h"
#include "study/optimizer.h"

#define N_SPACES 6
#define N_STEPS  24
#define MAX_D    6

static uint64_t seed;

/* What comes of the trials of a study. */
enum results { ORDINARY, ALL_EQUAL, HUGE, FAILURES, MIXED, NONE_TOLD, N_RESULTS };
static const char *const results_names[] = {"ordinary",      "all equal",  "1e300",
                                            "30 % failures", "everything", "none told"};

static const char *now; /* what is under test, for messages */

enum kind { ASK, TELL, FAIL, CANCEL, STOP, REPORT, ENQUEUE };

/* A call as it was made, to be made again. */
struct event {
    enum kind kind;
    uint64_t id;
    double value, step;
    double values[HONE_MAX_OUTCOMES]; /* TELL: value is the first */
    const hone_trial *trial;          /* ASK: what came of it */
    unsigned char *memo;
    size_t memo_size;
};

struct history {
    struct event events[8 * N_STEPS];
    size_t n;
};

static void must(hone_status status, const hone_error *err)
{
    if (status != HONE_OK)
        fail_msg("%s: %s", now, err->text);
}

/* Whether an ask gave a trial; the other answer is that the space is used up. */
static const hone_trial *ask(hone_optimizer *opt)
{
    hone_error err = {0};
    const hone_trial *trial = hone_ask(opt, &err);
    if (trial == NULL && err.status != HONE_EEXHAUSTED)
        fail_msg("%s: %s", now, err.text);
    return trial;
}

static void check_legal_and_new(const hone_optimizer *opt, const hone_trial *trial)
{
    const hone_space *space = opt->space;
    double row[MAX_D];
    size_t n;
    hone_error err = {0};
    const hone_setting *settings = hone_trial_settings(trial, &n);
    must(space_row_of(space, settings, n, row, &err), &err);
    if (!space_satisfies(space, row))
        fail_msg("%s: trial %d violates where", now, (int)trial->id);
    assert_memory_equal(row, trial->row, space->n * sizeof *row);
    assert_true(strlen(hone_trial_why(trial)) > 0);
    for (uint64_t id = 0; id < trial->id; id++) {
        const hone_trial *other = hone_find(opt, id);
        if (other->state != HONE_TRIAL_CANCELLED && row_equal(other->row, row, space->n))
            fail_msg("%s: trial %d repeats trial %d", now, (int)trial->id, (int)id);
    }
}

static void play(hone_optimizer *opt, const struct event *e)
{
    hone_error err = {0};
    uint64_t id;
    size_t n;
    bool stop;
    const hone_setting *settings;
    switch (e->kind) {
    case ASK:
        settings = hone_trial_settings(e->trial, &n);
        must(hone_restore(opt, settings, n, hone_trial_why(e->trial), e->memo, e->memo_size, &id,
                          &err),
             &err);
        assert_int_equal(id, e->id);
        break;
    case TELL:
        n = opt->options.n_objectives + opt->options.n_constraints;
        must(hone_tell(opt, e->id, e->values, n, &err), &err);
        break;
    case FAIL:
        must(hone_tell_failed(opt, e->id, &err), &err);
        break;
    case CANCEL:
        must(hone_tell_cancelled(opt, e->id, &err), &err);
        break;
    case STOP:
        must(hone_tell_stopped(opt, e->id, &err), &err);
        break;
    case REPORT:
        must(hone_report(opt, e->id, e->step, e->value, &stop, &err), &err);
        break;
    case ENQUEUE:
        settings = hone_trial_settings(hone_find(opt, e->id), &n);
        must(hone_enqueue(opt, settings, 1, &err), &err);
        break;
    }
}

/* A function with a slope in each coordinate. */
static double value_of(const hone_trial *trial, size_t d)
{
    double sum = 0.0;
    for (size_t j = 0; j < d; j++)
        sum += (trial->row[j] - 0.3) * (trial->row[j] - 0.3) * (double)(j + 1);
    return sum;
}

/* What happens next to a trial, drawn from rng. */
static struct event next_event(enum results results, const hone_trial *trial, size_t d,
                               struct rng *rng)
{
    struct event e = {.kind = TELL, .id = trial->id, .value = value_of(trial, d)};
    double u = rng_uniform(rng);
    switch (results) {
    case ALL_EQUAL:
        e.value = 3.0;
        break;
    case HUGE:
        e.value = (u < 0.3 ? -1e300 : u < 0.6 ? 1e300 : 1e-300) * (1.0 + e.value);
        break;
    case FAILURES:
        if (u < 0.15)
            e.kind = FAIL;
        else if (u < 0.3)
            e.value = u < 0.25 ? (double)NAN : (double)INFINITY;
        break;
    case MIXED:
        if (u < 0.6)
            e.kind = (enum kind)(FAIL + (int)(u / 0.12));
        if (e.kind == REPORT || e.kind == ENQUEUE)
            e.step = 1.0 + floor(9.0 * rng_uniform(rng));
        break;
    case ORDINARY:
    case NONE_TOLD:
    case N_RESULTS:
        break;
    }
    /* Further outcomes pull to and fro, or break whatever limit there is. */
    for (size_t i = 0; i < sizeof e.values / sizeof e.values[0]; i++)
        e.values[i] = (i % 2 == 1 && results != ALL_EQUAL ? -e.value : e.value) +
                      (i > 1 && results != ALL_EQUAL ? trial->row[0] * (double)i : 0.0);
    return e;
}

static struct event *record(struct history *history, struct event e)
{
    assert_true(history->n < sizeof history->events / sizeof history->events[0]);
    history->events[history->n] = e;
    return &history->events[history->n++];
}

static void record_ask(struct history *history, const hone_optimizer *opt, const hone_trial *trial)
{
    struct event e = {.kind = ASK, .id = trial->id, .trial = trial};
    const void *memo = hone_memo(opt, &e.memo_size);
    e.memo = mem_array(e.memo_size, 1);
    memcpy(e.memo, memo, e.memo_size);
    record(history, e);
}

/* Ask all optimizers for one trial; they must agree to the last bit. */
static const hone_trial *ask_all(hone_optimizer *const *opts, size_t n)
{
    const hone_trial *first = ask(opts[0]);
    for (size_t i = 1; i < n; i++) {
        const hone_trial *trial = ask(opts[i]);
        assert_int_equal(trial == NULL, first == NULL);
        if (trial == NULL)
            continue;
        assert_int_equal(trial->id, first->id);
        if (memcmp(trial->row, first->row, opts[0]->space->n * sizeof *trial->row) != 0)
            fail_msg("%s: optimizer %d differs at trial %d", now, (int)i, (int)trial->id);
        size_t size, first_size;
        const void *memo = hone_memo(opts[i], &size), *first_memo = hone_memo(opts[0], &first_size);
        assert_int_equal(size, first_size);
        assert_memory_equal(memo, first_memo, size);
    }
    return first;
}

/* Two optimizers side by side, and from the middle on a third that was played back. */
static void run_study(const hone_space *space, const hone_options *options, enum results results,
                      struct rng *rng)
{
    hone_error err = {0};
    hone_optimizer *opts[3] = {0};
    size_t n_opts = 2;
    static struct history history;
    history.n = 0;
    for (size_t i = 0; i < 3; i++) {
        opts[i] = hone_optimizer_new(space, options, &err);
        if (opts[i] == NULL)
            fail_msg("%s: %s", now, err.text);
    }
    for (int step = 0; step < N_STEPS; step++) {
        if (step == N_STEPS / 2) {
            for (size_t i = 0; i < history.n; i++)
                play(opts[2], &history.events[i]);
            n_opts = 3;
        }
        const hone_trial *trial = ask_all(opts, n_opts);
        if (trial == NULL)
            break;
        check_legal_and_new(opts[0], trial);
        record_ask(&history, opts[0], trial);
        /* Three trials are pending all the time. */
        const hone_trial *due = trial->id >= 3 ? hone_find(opts[0], trial->id - 3) : NULL;
        if (results == NONE_TOLD || due == NULL || due->state != HONE_TRIAL_RUNNING)
            continue;
        const struct event *e = record(&history, next_event(results, due, space->n, rng));
        for (size_t i = 0; i < n_opts; i++)
            play(opts[i], e);
    }
    for (size_t i = 0; i < 3; i++)
        hone_optimizer_free(opts[i]);
    for (size_t i = 0; i < history.n; i++)
        mem_free(history.events[i].memo);
}

static void proposals_are_legal_new_and_repeatable_whatever_comes(void **state)
{
    (void)state;
    for (size_t a = 0; search_at(a) != NULL; a++)
        for (uint64_t s = 0; s < N_SPACES; s++)
            for (int results = 0; results < N_RESULTS; results++) {
                char text[100];
                snprintf(text, sizeof text, "%s, space %d, %s", search_at(a)->name, (int)s,
                         results_names[results]);
                now = text;
                struct rng rng;
                rng_init(&rng, seed, RNG_TEST, s);
                hone_space *space = random_space(&rng, s % 3 == 2);
                hone_options options = {.strategy = search_at(a)->name,
                                        .seed = s,
                                        .grid_points = 3,
                                        .shuffle = s % 2 == 1};
                run_study(space, &options, (enum results)results, &rng);
                hone_space_free(space);
            }
}

static void several_objectives_and_constraints_are_served_or_refused_in_words(void **state)
{
    (void)state;
    static const struct {
        size_t objectives, constraints;
    } shapes[] = {{2, 0}, {1, 2}, {3, 1}, {5, 1}, {8, 8}};
    const size_t n_shapes = sizeof shapes / sizeof shapes[0];
    for (size_t a = 0; search_at(a) != NULL; a++) {
        size_t n_served = 0;
        for (size_t s = 0; s < n_shapes; s++)
            for (int results = 0; results < N_RESULTS; results++) {
                char text[100];
                snprintf(text, sizeof text, "%s, %zu objectives, %zu constraints, %s",
                         search_at(a)->name, shapes[s].objectives, shapes[s].constraints,
                         results_names[results]);
                now = text;
                struct rng rng;
                rng_init(&rng, seed, RNG_TEST, 1000 + s);
                hone_space *space = random_space(&rng, s % 3 == 2);
                hone_options options = {.strategy = search_at(a)->name,
                                        .seed = s,
                                        .grid_points = 3,
                                        .n_objectives = shapes[s].objectives,
                                        .n_constraints = shapes[s].constraints,
                                        .has_reference = s % 2 == 1,
                                        .maximize = {false, true, false, true}};
                for (size_t i = 0; i < options.n_constraints; i++)
                    options.constraints[i] =
                        (hone_constraint){.limit = 0.5, .at_least = i % 2 == 0};
                hone_error err = {0};
                hone_optimizer *opt = hone_optimizer_new(space, &options, &err);
                if (opt == NULL)
                    assert_non_null(strstr(err.text, search_at(a)->name));
                else
                    run_study(space, &options, (enum results)results, &rng);
                n_served += opt != NULL;
                hone_optimizer_free(opt);
                hone_space_free(space);
            }
        if (strcmp(search_at(a)->name, "bayesian") == 0)
            assert_int_equal(n_served, n_shapes * N_RESULTS);
    }
}

static void a_finite_space_is_used_up_to_its_last_configuration(void **state)
{
    (void)state;
    for (size_t a = 0; search_at(a) != NULL; a++) {
        int n_used_up = 0;
        for (uint64_t s = 100; s < 200 && n_used_up < 8; s++) {
            struct rng rng;
            rng_init(&rng, seed, RNG_TEST, s);
            hone_space *space = random_space(&rng, true);
            uint64_t size;
            hone_error err = {0};
            must(hone_space_size(space, &size, &err), &err);
            if (size >= 1 && size <= 40) {
                char text[100];
                snprintf(text, sizeof text, "%s, finite space %d", search_at(a)->name, (int)s);
                now = text;
                hone_options options = {.strategy = search_at(a)->name, .seed = s};
                hone_optimizer *opt = hone_optimizer_new(space, &options, &err);
                for (uint64_t i = 0; i < size; i++) {
                    const hone_trial *trial = ask(opt);
                    if (trial == NULL)
                        fail_msg("%s: used up after %d of %d", now, (int)i, (int)size);
                    check_legal_and_new(opt, trial);
                    double value = value_of(trial, space->n);
                    must(hone_tell(opt, trial->id, &value, 1, &err), &err);
                }
                assert_null(ask(opt));
                assert_null(ask(opt)); /* and it stays so */
                hone_optimizer_free(opt);
                n_used_up++;
            }
            hone_space_free(space);
        }
        assert_true(n_used_up >= 3);
    }
}

static void thirty_two_pending_trials_and_none_told_are_all_different(void **state)
{
    (void)state;
    for (size_t a = 0; search_at(a) != NULL; a++) {
        now = search_at(a)->name;
        hone_space *space = hone_space_new();
        hone_error err = {0};
        must(hone_space_add_float(space, "x", 0, 1, HONE_LINEAR, &err), &err);
        must(hone_space_add_int(space, "n", 1, 50, HONE_LOG, &err), &err);
        hone_options options = {.strategy = now, .grid_points = 8, .parallel = 32};
        hone_optimizer *opt = hone_optimizer_new(space, &options, &err);
        for (int i = 0; i < 32; i++) {
            const hone_trial *trial = ask(opt);
            assert_non_null(trial);
            check_legal_and_new(opt, trial);
        }
        hone_optimizer_free(opt);
        hone_space_free(space);
    }
}

static void a_parameter_with_one_value_is_no_obstacle(void **state)
{
    (void)state;
    for (size_t a = 0; search_at(a) != NULL; a++) {
        now = search_at(a)->name;
        hone_space *space = hone_space_new();
        hone_error err = {0};
        must(hone_space_add_float(space, "fixed", 2, 2, HONE_LOG, &err), &err);
        must(hone_space_add_int(space, "one", 7, 7, HONE_LINEAR, &err), &err);
        hone_options options = {.strategy = now};
        hone_optimizer *opt = hone_optimizer_new(space, &options, &err);
        const hone_trial *trial = ask(opt);
        assert_non_null(trial);
        assert_true(hone_trial_number(trial, "fixed") == 2.0);
        assert_true(hone_trial_number(trial, "one") == 7.0);
        assert_null(ask(opt));
        hone_optimizer_free(opt);
        hone_space_free(space);
    }
}

static void with_repeats_a_space_is_never_used_up(void **state)
{
    (void)state;
    for (size_t a = 0; search_at(a) != NULL; a++) {
        now = search_at(a)->name;
        hone_space *space = hone_space_new();
        hone_error err = {0};
        must(hone_space_add_int(space, "x", 1, 3, HONE_LINEAR, &err), &err);
        hone_options options = {.strategy = now, .repeats = true};
        hone_optimizer *opt = hone_optimizer_new(space, &options, &err);
        for (int i = 0; i < 12; i++) {
            const hone_trial *trial = ask(opt);
            assert_non_null(trial);
            double value = hone_trial_number(trial, "x");
            must(hone_tell(opt, trial->id, &value, 1, &err), &err);
        }
        hone_optimizer_free(opt);
        hone_space_free(space);
    }
}

int main(void)
{
    seed = random_seed();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proposals_are_legal_new_and_repeatable_whatever_comes),
        cmocka_unit_test(several_objectives_and_constraints_are_served_or_refused_in_words),
        cmocka_unit_test(a_finite_space_is_used_up_to_its_last_configuration),
        cmocka_unit_test(thirty_two_pending_trials_and_none_told_are_all_different),
        cmocka_unit_test(a_parameter_with_one_value_is_no_obstacle),
        cmocka_unit_test(with_repeats_a_space_is_never_used_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
