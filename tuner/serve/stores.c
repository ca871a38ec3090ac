/* stores.c: open stores for whoever needs one: a handle is for one thread at a time, and opening
 * one for each request would cost more than the request. */
#include "serve/serve.h"

struct store *serve_store_take(struct serve *serve, hone_error *err)
{
    struct store *store = NULL;
    pthread_mutex_lock(&serve->stores_mutex);
    if (serve->n_stores > 0)
        store = serve->idle_stores[--serve->n_stores];
    pthread_mutex_unlock(&serve->stores_mutex);
    return store != NULL ? store : store_open(serve->place.store_url, true, err);
}

void serve_store_give(struct serve *serve, struct store *store)
{
    if (store == NULL)
        return;
    pthread_mutex_lock(&serve->stores_mutex);
    if (serve->n_stores < SERVE_STORES_MAX && !store_is_away(store)) {
        serve->idle_stores[serve->n_stores++] = store;
        store = NULL;
    }
    pthread_mutex_unlock(&serve->stores_mutex);
    store_close(store);
}

void serve_stores_close(struct serve *serve)
{
    for (size_t i = 0; i < serve->n_stores; i++)
        store_close(serve->idle_stores[i]);
    serve->n_stores = 0;
}
