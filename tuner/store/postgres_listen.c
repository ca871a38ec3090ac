/*
 * postgres_listen.c: a tuner that hears of requests.
 *
 * Whoever leaves a request notifies the channel "hone_request", with the study's number, in the
 * same transaction: the server tells every connection that listens as soon as it is committed. A
 * connection that was made anew has perhaps missed something, so beginning to listen counts as
 * having heard.
 */
#include "store/postgres_int.h"

#include <string.h>

#include "base/str.h"

/* Takes what the server told; whether one was about the study. */
static bool take_notices(struct postgres_store *s, int64_t study)
{
    bool heard = false;
    for (PGnotify *notice; (notice = pq.PQnotifies(s->conn)) != NULL; pq.PQfreemem(notice)) {
        int64_t of = 0;
        heard = heard || (str_int64(notice->extra, strlen(notice->extra), &of) && of == study);
    }
    return heard;
}

static bool begin_to_listen(struct postgres_store *s, int64_t study)
{
    hone_status status = postgres_queue(s, SQL_LISTEN, NULL, 0, NULL);
    if (status == HONE_OK)
        status = postgres_collect(s, NULL, NULL);
    if (status == HONE_OK)
        s->heard_of = study;
    else
        postgres_rollback(s);
    return status == HONE_OK;
}

bool postgres_heard(struct store *store, int64_t study)
{
    struct postgres_store *s = postgres_self(store);
    if (s->conn == NULL || s->writing)
        return false;
    if (s->heard_of != study)
        return begin_to_listen(s, study);
    if (!pq.PQconsumeInput(s->conn)) {
        postgres_disconnect(s); /* the next call that needs it makes a new one */
        return false;
    }
    return take_notices(s, study);
}

int postgres_ear(const struct store *store)
{
    const struct postgres_store *s = (const struct postgres_store *)store;
    return s->conn == NULL || s->heard_of == 0 ? -1 : pq.PQsocket(s->conn);
}
