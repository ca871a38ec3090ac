/*
 * store_contract.h: what the subjects of the store's suite share: a fresh store with a study in it,
 * of the kind that the tests run on now, and words to fill it with.
 */
#ifndef HONE_TESTS_STORE_CONTRACT_H
#define HONE_TESTS_STORE_CONTRACT_H

#include "near.h"

#include "base/mem.h"
#include "store/store.h"

/* A fresh store with a study "seg" in it, taken by `me`. */
struct fixture {
    char folder[64], url[128];
    struct store *store;
    struct study_row study;
    uint64_t epoch;
};

extern const struct owner me;
extern hone_error err;

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != HONE_OK)                                                                     \
            fail_msg("%s: %s", #call, err.text);                                                   \
    } while (0)
#define FAILS(expected, call)                                                                      \
    do {                                                                                           \
        err.text[0] = '\0';                                                                        \
        assert_int_equal((call), (expected));                                                      \
        assert_true(err.text[0] != '\0');                                                          \
    } while (0)
#define SAYS(part)                                                                                 \
    do {                                                                                           \
        if (strstr(err.text, (part)) == NULL)                                                      \
            fail_msg("\"%s\" is not in: %s", (part), err.text);                                    \
    } while (0)

/* A test on a fixture of its own. */
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
int set_up(void **state);
int tear_down(void **state);

/* The subjects; each gives its tests. */
const struct CMUnitTest *store_rows_tests(size_t *n);
const struct CMUnitTest *store_studies_tests(size_t *n);
const struct CMUnitTest *store_writes_tests(size_t *n);

/* A second handle. */
struct store *open_again(const struct fixture *f);
/* Whether it is a server's database, and there is no file. */
bool is_server(void);

/* Rows with what must be in them. */
extern char word_study[], word_uid[], word_spec[], word_search[], word_params[];
struct study_row study_named(char *name, char *uid);
struct trial_row trial_numbered(int64_t number);
void begin(struct fixture *f);
void put_trial(struct fixture *f, int64_t number, hone_trial_state state);
void put_attempt(struct fixture *f, int64_t trial, int64_t number, enum attempt_state state,
                 int64_t started_at, int64_t ended_at);

/* Visitors: the one counts, the other keeps the last event without its body. */
hone_status count_trial(void *context, const struct trial_row *row, hone_error *e);
hone_status count_observation(void *context, const struct observation *row, hone_error *e);
hone_status last_event(void *context, const struct event *event, hone_error *e);
int64_t n_trials(struct store *store, int64_t study);
int64_t n_observations(struct store *store, int64_t study);

#endif
