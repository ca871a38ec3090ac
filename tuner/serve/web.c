/* web.c: /healthz and /metrics. Without a token nothing is answered but the first. */
#include "serve/exchange.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/time.h"

static bool has_token(struct exchange *x)
{
    const char *header = request_header(&x->request, "authorization");
    const char *token = header != NULL && strncmp(header, "Bearer ", 7) == 0
                            ? header + 7
                            : request_query(&x->request, "token");
    return token != NULL && credentials_token(x->serve->credentials, token);
}

static void healthz(struct exchange *x)
{
    hone_error err = {0};
    int64_t version;
    struct store *store = serve_store_take(x->serve, &err);
    hone_status status = store == NULL ? HONE_EIO : store_version(store, &version, &err);
    serve_store_give(x->serve, store);
    answer_begin(x, status == HONE_OK ? 200 : 503, "text/plain; charset=utf-8");
    buf_text(&x->reply.body, status == HONE_OK ? "ok\n" : "the store does not answer\n");
}

static long resident_bytes(void)
{
    long pages = 0, all;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%ld %ld", &all, &pages) != 2)
        pages = 0;
    fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

struct tally {
    int by_state[STUDY_FAILED + 1];
};

static hone_status count_study(void *context, const struct study_row *row, hone_error *err)
{
    (void)err;
    ((struct tally *)context)->by_state[row->state]++;
    return HONE_OK;
}

static void figure(struct exchange *x, const char *name, const char *kind, const char *help,
                   long long value)
{
    buf_printf(&x->reply.body, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", name, help, name, kind,
               name, value);
}

static void metrics(struct exchange *x)
{
    struct serve *serve = x->serve;
    struct tally tally = {0};
    hone_error err = {0};
    struct store *store = serve_store_take(serve, &err);
    hone_status status = store == NULL ? HONE_EIO : store_studies(store, count_study, &tally, &err);
    serve_store_give(serve, store);
    answer_begin(x, 200, "text/plain; version=0.0.4; charset=utf-8");
    figure(x, "hone_up", "gauge", "whether the store answers", status == HONE_OK);
    figure(x, "hone_requests_total", "counter", "requests", atomic_load(&serve->requests));
    figure(x, "hone_requests_refused_total", "counter", "requests refused at the door",
           atomic_load(&serve->refused));
    figure(x, "hone_requests_failed_total", "counter", "requests that failed by a fault of ours",
           atomic_load(&serve->failed));
    figure(x, "hone_received_bytes_total", "counter", "bytes of bodies",
           atomic_load(&serve->bytes_in));
    figure(x, "hone_requests_active", "gauge", "requests at work", atomic_load(&serve->active));
    figure(x, "hone_tuners_started_total", "counter", "tuners started by this service",
           atomic_load(&serve->tuners_started));
    figure(x, "hone_uptime_seconds", "gauge", "time since the start",
           (time_now_ms() - serve->started_ms) / 1000);
    figure(x, "process_resident_memory_bytes", "gauge", "memory", resident_bytes());
    if (status != HONE_OK)
        return;
    buf_text(&x->reply.body, "# HELP hone_studies studies by state\n# TYPE hone_studies gauge\n");
    for (int state = STUDY_RUNNING; state <= STUDY_FAILED; state++)
        buf_printf(&x->reply.body, "hone_studies{state=\"%s\"} %d\n",
                   study_state_text((enum study_state)state), tally.by_state[state]);
}

void web_answer(struct exchange *x)
{
    bool health = strcmp(x->request.path, "/healthz") == 0;
    snprintf(x->action, sizeof x->action, "web");
    if (strcmp(x->request.method, "GET") != 0 && strcmp(x->request.method, "HEAD") != 0)
        answer_error(x, 405, "", "only GET");
    else if (health)
        healthz(x);
    else if (!has_token(x))
        answer_error(x, 403, "",
                     "this needs the token of the credentials file: "
                     "Authorization: Bearer TOKEN, or ?token=TOKEN");
    else
        metrics(x);
}
