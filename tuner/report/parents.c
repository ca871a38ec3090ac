/*
 * parents.c: see parents.h.
 *
 * An identical parent has the same objectives and the same parameters; ranges, lists and conditions
 * may differ. A parameter that it lacks needs a default here, one that it has more is an error: its
 * trials are then results of something else. Each trial is fitted to this study's parameters, with
 * the values and the defaults of those that are active here, and offered to an import, whose engine
 * says whether it is one of this space.
 */
#include "report/parents.h"

#include "base/error.h"
#include "io/file.h"
#include "io/time.h"
#include "report/study_view.h"
#include "report/trial_view.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct reading {
    struct parents *out;
    const struct spec *spec;
    const struct warm_parent *parent;
    const struct spec *parent_spec;
    json_t *results; /* mode transfer: those of this parent */
    json_t *taken;   /* mode identical: the trials so far, as keys of an object */
};

/* ---- May it be identical? ---- */

static const struct parameter *find_parameter(const struct spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->n_parameters; i++)
        if (strcmp(spec->parameters[i].name, name) == 0)
            return &spec->parameters[i];
    return NULL;
}

/* Numbers, texts, or both. */
static unsigned kinds_of(const struct parameter *p)
{
    unsigned kinds = p->n_values == 0 ? 1u << HONE_VALUE_NUMBER : 0;
    for (size_t i = 0; i < p->n_values; i++)
        kinds |= 1u << p->values[i].kind;
    return kinds;
}

static hone_status check_parameters(const struct reading *r, hone_error *err)
{
    const char *study = r->parent->text;
    for (size_t i = 0; i < r->parent_spec->n_parameters; i++) {
        const struct parameter *theirs = &r->parent_spec->parameters[i];
        const struct parameter *ours = find_parameter(r->spec, theirs->name);
        if (ours == NULL)
            return error_set(err, HONE_EINVAL,
                             "parameter \"%s\" of study \"%s\" is none of this study (mode: "
                             "transfer would do)",
                             theirs->name, study);
        if ((kinds_of(ours) & kinds_of(theirs)) == 0)
            return error_set(err, HONE_EINVAL,
                             "parameter \"%s\" has %s in study \"%s\", and %s here", theirs->name,
                             kinds_of(theirs) & 1 ? "numbers" : "texts", study,
                             kinds_of(ours) & 1 ? "numbers" : "texts");
    }
    for (size_t i = 0; i < r->spec->n_parameters; i++) {
        const struct parameter *ours = &r->spec->parameters[i];
        if (!ours->has_default && ours->n_conditions == 0 &&
            find_parameter(r->parent_spec, ours->name) == NULL)
            return error_set(err, HONE_EINVAL,
                             "study \"%s\" has no parameter \"%s\"; with a default it could be "
                             "filled in",
                             study, ours->name);
    }
    return HONE_OK;
}

static const char *goal(const struct objective *o)
{
    return o->maximize ? "maximized" : "minimized";
}

static hone_status check_objectives(const struct reading *r, hone_error *err)
{
    const struct spec *ours = r->spec, *theirs = r->parent_spec;
    if (ours->n_objectives != theirs->n_objectives)
        return error_set(err, HONE_EINVAL, "study \"%s\" has %zu objectives, this one %zu",
                         r->parent->text, theirs->n_objectives, ours->n_objectives);
    for (size_t i = 0; i < ours->n_objectives; i++) {
        const struct objective *a = &theirs->objectives[i], *b = &ours->objectives[i];
        if (strcmp(a->metric, b->metric) != 0 || a->maximize != b->maximize)
            return error_set(err, HONE_EINVAL,
                             "the objective of study \"%s\" is \"%s\", %s; here it is \"%s\", %s",
                             r->parent->text, a->metric, goal(a), b->metric, goal(b));
    }
    return HONE_OK;
}

/* ---- Trials ---- */

/* Whether p is active under the values of the parameters before it. */
static bool is_active(const struct spec *spec, const struct parameter *p, const json_t *params)
{
    for (size_t c = 0; c < p->n_conditions; c++) {
        const struct parameter_condition *condition = &p->conditions[c];
        const struct parameter *parent = find_parameter(spec, condition->parent);
        const json_t *json = json_object_get(params, condition->parent);
        hone_value value;
        bool holds = false;
        if (json == NULL || !import_value(parent, json, &value))
            return false;
        for (size_t i = 0; i < condition->n_values; i++) {
            const hone_value *v = &condition->values[i];
            holds = holds || (v->kind == value.kind &&
                              (v->kind == HONE_VALUE_NUMBER ? v->number == value.number
                                                            : strcmp(v->text, value.text) == 0));
        }
        if (!holds)
            return false;
    }
    return true;
}

json_t *params_fit(const struct spec *spec, const json_t *params)
{
    json_t *out = json_object();
    bool fits = out != NULL;
    for (size_t i = 0; i < spec->n_parameters && fits; i++) {
        const struct parameter *p = &spec->parameters[i];
        const json_t *json = json_object_get(params, p->name);
        hone_value value = p->default_value;
        if (!is_active(spec, p, out))
            continue;
        fits = json != NULL ? import_value(p, json, &value) : p->has_default;
        fits = fits && json_object_set_new(out, p->name, json_of_value(value)) == 0;
    }
    if (fits)
        return out;
    json_decref(out);
    return NULL;
}

/* Whether a trial was taken already: parents may have been warm started from each other. */
static bool is_copy(struct reading *r, const json_t *object)
{
    json_t *pair = json_pack("{s:O, s:O}", "params", json_object_get(object, "params"), "values",
                             json_object_get(object, "values"));
    char *key = pair != NULL ? json_write(pair) : NULL;
    bool known = key != NULL && json_object_get(r->taken, key) != NULL;
    if (key != NULL && !known)
        json_object_set_new(r->taken, key, json_true());
    mem_free(key);
    json_decref(pair);
    return known;
}

static hone_status take_identical(struct reading *r, const struct trial_view *view, hone_error *err)
{
    struct import *import = &r->out->import;
    hone_error detail = {0};
    hone_status status = HONE_OK;
    char why[400];
    json_t *object = trial_view_json(view), *params = params_fit(r->spec, view->params);
    if (object == NULL) {
        json_decref(params);
        return error_memory(err);
    }
    if (params == NULL) {
        r->out->n_not_fitting++;
        goto out;
    }
    snprintf(why, sizeof why, "trial %lld of %s", (long long)view->row->number, r->parent->text);
    json_object_set_new(object, "params", params);
    json_object_set_new(object, "why", json_string(why));
    if (is_copy(r, object))
        goto out;
    /* What differs for good was told before: what the engine refuses now is one trial. */
    size_t before = import->n;
    status = import_add(import, object, &detail);
    if (status == HONE_EINVAL) {
        r->out->n_not_fitting++;
        status = HONE_OK;
    } else if (status != HONE_OK) {
        *err = detail;
    }
    r->out->n_trials += import->n - before;
out:
    json_decref(object);
    return status;
}

static hone_status take_transfer(struct reading *r, const struct trial_view *view, hone_error *err)
{
    if (view->row->state != HONE_TRIAL_COMPLETED || view->n_values == 0)
        return HONE_OK;
    bool turned = r->spec->objectives[0].maximize != r->parent_spec->objectives[0].maximize;
    json_t *result = json_pack("{s:O, s:f}", "params", view->params, "value",
                               turned ? -view->values[0] : view->values[0]);
    if (result == NULL || json_array_append_new(r->results, result) != 0)
        return error_memory(err);
    r->out->n_trials++;
    return HONE_OK;
}

static hone_status take(void *context, const struct trial_view *view, hone_error *err)
{
    struct reading *r = context;
    if (view->row->state == HONE_TRIAL_RUNNING || view->row->state == HONE_TRIAL_CANCELLED)
        return HONE_OK;
    return r->spec->warm_mode == WARM_IDENTICAL ? take_identical(r, view, err)
                                                : take_transfer(r, view, err);
}

/* ---- Studies ---- */

/* Open the store that a parent names: a file, or a folder with .hone/hone.db in it. */
static struct store *open_parent(const struct warm_parent *parent, hone_error *err)
{
    struct stat info;
    if (strstr(parent->store, "://") != NULL)
        return store_open(parent->store, false, err);
    bool is_folder = stat(parent->store, &info) == 0 && S_ISDIR(info.st_mode);
    char *path = is_folder ? path_join(parent->store, ".hone/hone.db") : mem_text(parent->store);
    /* What could not be on a network file system went to a local disk. */
    if (path != NULL && is_folder && file_network(parent->store) != NULL) {
        char *local = store_local_path(path);
        mem_free(path);
        path = local;
    }
    struct store *store = NULL;
    if (path == NULL)
        error_memory(err);
    else
        store = store_open(path, false, err);
    mem_free(path);
    return store;
}

static hone_status read_trials(struct reading *r, struct store *store, const struct study_row *row,
                               hone_error *err)
{
    hone_status status = HONE_OK;
    if (r->spec->warm_mode == WARM_IDENTICAL) {
        status = check_objectives(r, err);
        if (status == HONE_OK)
            status = check_parameters(r, err);
    } else {
        json_t *part = json_pack("{s:s, s:[]}", "study", r->parent->text, "results");
        r->results = json_object_get(part, "results");
        if (r->results == NULL || json_array_append_new(r->out->transfer, part) != 0)
            status = error_memory(err);
    }
    if (status == HONE_OK)
        status = trial_views(store, row, r->parent_spec, -1, time_now_ms(), take, r, err);
    return status;
}

static hone_status read_parent(struct reading *r, struct store *own, hone_error *err)
{
    struct study_row row = {0};
    struct spec *spec = NULL;
    hone_status status = HONE_EIO;
    struct store *store = r->parent->store != NULL ? open_parent(r->parent, err) : own;
    if (store == NULL && r->parent->store == NULL) /* hone check, before there is any */
        return error_set(err, HONE_ENOTFOUND, "no study \"%s\": the store has none yet",
                         r->parent->name);
    if (store == NULL)
        return err->status;
    status = store_study_find(store, r->parent->name, &row, err);
    if (status == HONE_OK) {
        spec = stored_spec(&row, err);
        r->parent_spec = spec;
        status = spec != NULL ? read_trials(r, store, &row, err) : err->status;
    }
    spec_free(spec);
    study_row_release(&row);
    if (store != own)
        store_close(store);
    return status;
}

hone_status parents_read(struct parents *out, const struct spec *spec, struct store *store,
                         hone_error *err)
{
    hone_error detail = {0};
    hone_status status = HONE_OK;
    *out = (struct parents){.transfer = json_array()};
    struct reading r = {.out = out, .spec = spec, .taken = json_object()};
    if (out->transfer == NULL || r.taken == NULL)
        status = error_memory(&detail);
    if (status == HONE_OK && spec->warm_mode == WARM_IDENTICAL)
        status = import_begin(&out->import, spec, "warm", &detail);
    for (size_t i = 0; i < spec->n_warm_parents && status == HONE_OK; i++) {
        r.parent = &spec->warm_parents[i];
        status = read_parent(&r, store, &detail);
    }
    json_decref(r.taken);
    if (status == HONE_OK)
        return HONE_OK;
    parents_release(out);
    bool wrong = status == HONE_ENOTFOUND || status == HONE_EINVAL;
    return error_set(err, wrong ? HONE_EINVAL : status, "warm_start: %s", detail.text);
}

void parents_release(struct parents *parents)
{
    import_release(&parents->import);
    json_decref(parents->transfer);
    *parents = (struct parents){0};
}
