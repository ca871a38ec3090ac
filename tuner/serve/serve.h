/* serve.h: what the parts of the running service share. */
#ifndef HONE_SERVE_SERVE_H
#define HONE_SERVE_SERVE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>

#include "s3/s3.h"
#include "serve/action.h"
#include "serve/credentials.h"
#include "store/store.h"

#define SERVE_ACCOUNT "000000000000"
#define SERVE_REGION  "us-east-1" /* where a request without a signature names none */
#define SERVE_ROLE    "hone"

enum {
    SERVE_HOSTS_MAX = 32,
    SERVE_STORES_MAX = 32 /* handles that are kept open */
};
#define SERVE_JSON_MAX ((size_t)4 << 20) /* bytes of a JSON or query request */
#define SERVE_XML_MAX  ((size_t)4 << 20) /* bytes of a list of keys or parts */

struct serve {
    struct serve_place place;
    struct credentials *credentials;
    struct s3 *s3;
    const char *only_region;            /* or NULL: any */
    const char *hosts[SERVE_HOSTS_MAX]; /* names besides localhost and plain addresses */
    size_t n_hosts;
    int timeout_s; /* for a request's head, and between requests */
    bool tls;
    int port;
    FILE *log;
    pthread_mutex_t log_mutex;
    int64_t started_ms;
    struct rlimit descriptors; /* the limit that we were started with */

    pthread_mutex_t stores_mutex;
    struct store *idle_stores[SERVE_STORES_MAX];
    size_t n_stores;

    atomic_llong requests, refused, failed, bytes_in, active, tuners_started;
};

/** An open store for one request; NULL: why not. Give it back. */
struct store *serve_store_take(struct serve *serve, hone_error *err);
void serve_store_give(struct serve *serve, struct store *store);
void serve_stores_close(struct serve *serve);

#endif
