/* request.c: what a command asks of the tuner that is at work on a study (decision 8). */
#include "cli/request.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "io/json.h"
#include "io/process.h"
#include "io/time.h"

enum { LOOK_MS = 50, ANSWER_MS = 15000 };

static int wait_for_answer(struct store *store, const struct study_row *study, int64_t id)
{
    hone_error err = {0};
    int64_t until = time_monotonic_ms() + ANSWER_MS;
    while (time_monotonic_ms() < until) {
        struct request_row request = {0};
        if (store_request_find(store, id, &request, &err) != HONE_OK)
            return fail(EXIT_SYSTEM, "%s", err.text);
        bool answered = request.answer != NULL;
        json_t *answer = answered ? json_read(request.answer, strlen(request.answer), &err) : NULL;
        const char *refusal = json_string_value(json_object_get(answer, "error"));
        int status = refusal ? fail(EXIT_USAGE, "%s", refusal) : EXIT_DONE;
        json_decref(answer);
        request_row_release(&request);
        if (answered)
            return status;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    }
    return fail(EXIT_SYSTEM, "the tuner of study \"%s\" (host %s, pid %lld) has not answered",
                study->name, study->owner.host, (long long)study->owner.pid);
}

int ask_tuner(struct store *store, const struct study_row *study, const char *kind,
              const char *body)
{
    hone_error err = {0};
    int64_t id = 0;
    if (store_request(store, study->id, kind, body, time_now_ms(), &id, &err) != HONE_OK)
        return fail(EXIT_SYSTEM, "%s", err.text);
    /* It would look within a second anyhow. */
    const struct owner *owner = &study->owner;
    if (strcmp(owner->host, process_host()) == 0 &&
        process_lives(owner->pid, owner->pid_start, owner->boot_id))
        kill((pid_t)owner->pid, SIGUSR1);
    return wait_for_answer(store, study, id);
}
