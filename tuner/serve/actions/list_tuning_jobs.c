/*
 * list_tuning_jobs.c: ListHyperParameterTuningJobs: studies, as summaries of tuning jobs.
 *
 * A study is a job by its own name, where that is one that the API allows. Every study has a key,
 * "WHAT IS SORTED BY/NAME", and a page's token is the key of its last job: pages neither repeat nor
 * skip when studies come and go meanwhile. Filters apply before paging.
 */
#include "serve/actions/actions.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "report/study_view.h"
#include "store/store.h"

enum { NAME_MAX_CHARS = 32, PAGE = 10 };

struct item {
    char key[96];
    json_t *summary;
};

struct list {
    const struct serve_call *call;
    size_t n, room;
    struct item *items;
};

/* [a-zA-Z0-9](-*[a-zA-Z0-9]){0,31} */
static bool is_job_name(const char *name)
{
    size_t n = strlen(name);
    if (n == 0 || n > NAME_MAX_CHARS || name[0] == '-' || name[n - 1] == '-')
        return false;
    for (; *name != '\0'; name++)
        if (!isalnum((unsigned char)*name) && *name != '-')
            return false;
    return true;
}

static const char *status_text(enum study_state state)
{
    switch (state) {
    case STUDY_RUNNING:
        return "InProgress";
    case STUDY_FINISHED:
        return "Completed";
    case STUDY_STOPPED:
        return "Stopped";
    case STUDY_FAILED:
        return "Failed";
    }
    return "Failed";
}

static int64_t modified_at(const struct study_row *row)
{
    return row->ended_at > 0     ? row->ended_at
           : row->started_at > 0 ? row->started_at
                                 : row->created_at;
}

static const char *text_of(const struct list *list, const char *member, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(list->call->body, member));
    return text != NULL ? text : otherwise;
}

/* Whether a time lies between two members of the body, in seconds; neither is included. */
static bool is_between(const struct list *list, int64_t at_ms, const char *after,
                       const char *before)
{
    const json_t *low = json_object_get(list->call->body, after);
    const json_t *high = json_object_get(list->call->body, before);
    double at = (double)at_ms / 1000;
    return (!json_is_number(low) || at > json_number_value(low)) &&
           (!json_is_number(high) || at < json_number_value(high));
}

static bool is_wanted(const struct list *list, const struct study_row *row)
{
    return is_job_name(row->name) && strstr(row->name, text_of(list, "NameContains", "")) != NULL &&
           strcmp(status_text(row->state),
                  text_of(list, "StatusEquals", status_text(row->state))) == 0 &&
           is_between(list, row->created_at, "CreationTimeAfter", "CreationTimeBefore") &&
           is_between(list, modified_at(row), "LastModifiedTimeAfter", "LastModifiedTimeBefore");
}

static json_t *seconds(int64_t ms)
{
    return json_real((double)ms / 1000);
}

static json_t *summary_of(const struct list *list, const struct study_row *row,
                          const struct spec *spec, const struct study_counts *counts)
{
    char arn[256], strategy[64];
    const int64_t *n = counts->by_state;
    snprintf(arn, sizeof arn, "arn:aws:sagemaker:%s:%s:hyper-parameter-tuning-job/%s",
             list->call->region, list->call->account, row->name);
    snprintf(strategy, sizeof strategy, "%s", spec->strategy);
    strategy[0] = (char)toupper((unsigned char)strategy[0]);
    json_t *job = json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:{s:I, s:I, s:I, s:i, s:I}, s:{s:I, s:I, s:I}, s:{s:I, "
        "s:I}}",
        "HyperParameterTuningJobName", row->name, "HyperParameterTuningJobArn", arn,
        "HyperParameterTuningJobStatus", status_text(row->state), "Strategy", strategy,
        "CreationTime", seconds(row->created_at), "LastModifiedTime", seconds(modified_at(row)),
        "TrainingJobStatusCounters", "Completed", (json_int_t)n[HONE_TRIAL_COMPLETED], "InProgress",
        (json_int_t)n[HONE_TRIAL_RUNNING], "NonRetryableError", (json_int_t)n[HONE_TRIAL_FAILED],
        "RetryableError", 0, "Stopped",
        (json_int_t)(n[HONE_TRIAL_STOPPED] + n[HONE_TRIAL_CANCELLED]), "ObjectiveStatusCounters",
        "Succeeded", (json_int_t)(n[HONE_TRIAL_COMPLETED] + n[HONE_TRIAL_STOPPED]), "Pending",
        (json_int_t)n[HONE_TRIAL_RUNNING], "Failed",
        (json_int_t)(n[HONE_TRIAL_FAILED] + n[HONE_TRIAL_CANCELLED]), "ResourceLimits",
        "MaxNumberOfTrainingJobs", (json_int_t)spec->max_trials, "MaxParallelTrainingJobs",
        (json_int_t)spec->max_parallel);
    if (job != NULL && row->ended_at > 0)
        json_object_set_new(job, "HyperParameterTuningEndTime", seconds(row->ended_at));
    return job;
}

static hone_status add(void *context, const struct study_row *row, hone_error *err)
{
    struct list *list = context;
    if (!is_wanted(list, row))
        return HONE_OK;
    if (list->n == list->room) {
        size_t room = list->room > 0 ? 2 * list->room : 16;
        struct item *items = list->items != NULL ? mem_resize(list->items, room, sizeof *items)
                                                 : mem_array(room, sizeof *items);
        if (items == NULL)
            return error_memory(err);
        list->items = items;
        list->room = room;
    }
    struct study_counts counts = {0};
    struct spec *spec = stored_spec(row, err);
    hone_status status =
        spec == NULL ? err->status : store_counts(list->call->store, row->id, &counts, err);
    struct item *item = &list->items[list->n];
    item->summary = status == HONE_OK ? summary_of(list, row, spec, &counts) : NULL;
    spec_free(spec);
    if (status != HONE_OK)
        return status;
    if (item->summary == NULL)
        return error_memory(err);
    const char *by = text_of(list, "SortBy", "CreationTime");
    if (strcmp(by, "Name") == 0)
        snprintf(item->key, sizeof item->key, "%s", row->name);
    else if (strcmp(by, "Status") == 0)
        snprintf(item->key, sizeof item->key, "%s/%s", status_text(row->state), row->name);
    else
        snprintf(item->key, sizeof item->key, "%020lld/%s", (long long)row->created_at, row->name);
    list->n++;
    return HONE_OK;
}

static int ascending(const void *a, const void *b)
{
    return strcmp(((const struct item *)a)->key, ((const struct item *)b)->key);
}

static int descending(const void *a, const void *b)
{
    return ascending(b, a);
}

static json_t *page_of(struct list *list)
{
    bool up = strcmp(text_of(list, "SortOrder", "Descending"), "Ascending") == 0;
    const char *token = text_of(list, "NextToken", NULL);
    const json_t *max = json_object_get(list->call->body, "MaxResults");
    size_t room = json_is_integer(max) ? (size_t)json_integer_value(max) : PAGE, i = 0;
    json_t *jobs = json_array();
    json_t *page = json_pack("{s:o}", "HyperParameterTuningJobSummaries", jobs);
    if (page == NULL)
        return NULL;
    if (list->n > 0)
        qsort(list->items, list->n, sizeof *list->items, up ? ascending : descending);
    while (token != NULL && i < list->n &&
           (up ? strcmp(list->items[i].key, token) <= 0 : strcmp(list->items[i].key, token) >= 0))
        i++;
    for (; i < list->n && json_array_size(jobs) < room; i++)
        json_array_append(jobs, list->items[i].summary);
    if (i > 0 && i < list->n)
        json_object_set_new(page, "NextToken", json_string(list->items[i - 1].key));
    return page;
}

void list_tuning_jobs(const struct serve_call *call, struct serve_answer *answer)
{
    hone_error err = {0};
    struct list list = {.call = call};
    hone_status status = store_studies(call->store, add, &list, &err);
    if (status == HONE_OK)
        answer->body = page_of(&list);
    if (answer->body == NULL)
        serve_answer_error(answer, 500, "InternalFailure", "%s",
                           status != HONE_OK ? err.text : "out of memory");
    for (size_t i = 0; i < list.n; i++)
        json_decref(list.items[i].summary);
    mem_free(list.items);
}
