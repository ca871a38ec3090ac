/* store_int.h: what a kind of store implements. Each function is described in store.h under the
 * same name. */
#ifndef HONE_STORE_STORE_INT_H
#define HONE_STORE_STORE_INT_H

#include "store/store.h"

struct store_ops {
    void (*close)(struct store *store);
    void (*set_patience)(struct store *store, int64_t ms);
    bool (*is_away)(const struct store *store);                                  /* or NULL */
    hone_status (*settle)(struct store *store, bool *kept_out, hone_error *err); /* or NULL */

    hone_status (*study_create)(struct store *store, struct study_row *row, hone_error *err);
    hone_status (*study_find)(struct store *store, const char *name, struct study_row *out,
                              hone_error *err);
    hone_status (*studies)(struct store *store, study_visitor *visit, void *context,
                           hone_error *err);
    hone_status (*study_delete)(struct store *store, int64_t study, hone_error *err);

    hone_status (*lease_take)(struct store *store, int64_t study, uint64_t seen_epoch,
                              const struct owner *owner, int64_t now, int64_t lease_ms,
                              uint64_t *epoch_out, hone_error *err);

    hone_status (*begin)(struct store *store, int64_t study, uint64_t epoch, hone_error *err);
    hone_status (*begin_copy)(struct store *store, struct study_row *row, hone_error *err);
    hone_status (*put_event)(struct store *store, const struct event *event, hone_error *err);
    hone_status (*put_trial)(struct store *store, const struct trial_row *row, hone_error *err);
    hone_status (*put_attempt)(struct store *store, const struct attempt_row *row, hone_error *err);
    hone_status (*put_metric)(struct store *store, const char *name, hone_error *err);
    hone_status (*put_observations)(struct store *store, const struct observation *rows, size_t n,
                                    hone_error *err);
    hone_status (*put_study)(struct store *store, const struct study_row *row, hone_error *err);
    hone_status (*answer_request)(struct store *store, int64_t id, const char *answer,
                                  hone_error *err);
    hone_status (*commit)(struct store *store, hone_error *err);
    void (*rollback)(struct store *store);

    hone_status (*events)(struct store *store, int64_t study, int64_t after_seq,
                          event_visitor *visit, void *context, hone_error *err);
    hone_status (*trials)(struct store *store, int64_t study, int64_t number, trial_visitor *visit,
                          void *context, hone_error *err);
    hone_status (*attempts)(struct store *store, int64_t study, int64_t trial,
                            attempt_visitor *visit, void *context, hone_error *err);
    hone_status (*metrics)(struct store *store, int64_t study, name_visitor *visit, void *context,
                           hone_error *err);
    hone_status (*observations)(struct store *store, int64_t study, int64_t trial,
                                const char *metric, observation_visitor *visit, void *context,
                                hone_error *err);
    hone_status (*counts)(struct store *store, int64_t study, struct study_counts *out,
                          hone_error *err);
    hone_status (*version)(struct store *store, int64_t *out, hone_error *err);

    hone_status (*request)(struct store *store, int64_t study, const char *kind, const char *body,
                           int64_t now, int64_t *id_out, hone_error *err);
    hone_status (*next_request)(struct store *store, int64_t study, struct request_row *out,
                                hone_error *err);
    hone_status (*request_find)(struct store *store, int64_t id, struct request_row *out,
                                hone_error *err);
    bool (*heard)(struct store *store, int64_t study); /* or NULL */
    int (*ear)(const struct store *store);             /* or NULL */
};

/* The head of every store. */
struct store {
    const struct store_ops *ops;
    char *url;
    bool is_server; /* several machines may use it; it lies in no folder */
};

/* Opens the file `path`; `url` is copied. */
struct store *sqlite_open(const char *url, const char *path, bool create, hone_error *err);

/* Connects to the database of an address "postgresql://...". */
struct store *postgres_open(const char *url, bool create, hone_error *err);

/* The state whose text this is; -1 when there is none. */
int event_kind_of(const char *text);
int study_state_of(const char *text);
int trial_state_of(const char *text);
int attempt_state_of(const char *text);

#endif
