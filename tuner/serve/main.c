/*
 * hone-serve: the service. `hone serve` starts it in its own place, so that hone itself needs
 * neither libmicrohttpd nor libcrypto.
 *
 * A few threads of http.c answer; this one waits for signals and, each second, looks for
 * connections that are too slow and for studies without a tuner.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "io/time.h"
#include "serve/environment.h"
#include "serve/http.h"
#include "serve/supervisor.h"

enum { EXIT_WRONG_USAGE = 2, EXIT_FAILURE_OF_SYSTEM = 3, TIMEOUT_S_MAX = 3600 };

#define LISTEN_DEFAULT "127.0.0.1:8765"
#define SWEEP_AFTER_MS ((int64_t)24 * 3600 * 1000) /* no write takes longer */

struct options {
    const char *listen, *store, *credentials, *s3_root, *region, *log, *cert, *key, *images;
    const char *hosts;
    int timeout_s;
    bool print_env, quiet;
};

static int fail(int status, const char *text)
{
    fprintf(stderr, "hone: %s\n", text);
    return status;
}

static int wrong(const char *text, const char *word)
{
    fprintf(stderr, "hone: serve: %s%s; 'hone serve --help' explains it\n", text, word);
    return EXIT_WRONG_USAGE;
}

static const char *take_value(const char *flag, const char *word, int *i, char **argv)
{
    size_t n = strlen(flag);
    if (strncmp(word, flag, n) != 0)
        return NULL;
    if (word[n] == '=')
        return word + n + 1;
    return word[n] == '\0' && argv[*i + 1] != NULL ? argv[++*i] : NULL;
}

static int read_options(char **argv, struct options *out)
{
    const char *timeout = NULL, *value;
    struct {
        const char *flag;
        const char **to;
    } texts[] = {{"--listen", &out->listen},
                 {"--store", &out->store},
                 {"--credentials", &out->credentials},
                 {"--s3-root", &out->s3_root},
                 {"--region", &out->region},
                 {"--log", &out->log},
                 {"--tls-cert", &out->cert},
                 {"--tls-key", &out->key},
                 {"--images", &out->images},
                 {"--timeout", &timeout},
                 {"--hosts", &out->hosts}};
    for (int i = 1; argv[i] != NULL; i++) {
        const char *word = argv[i];
        bool known = false;
        if (strcmp(word, "--print-env") == 0)
            known = out->print_env = true;
        if (strcmp(word, "--quiet") == 0)
            known = out->quiet = true;
        for (size_t k = 0; k < sizeof texts / sizeof texts[0] && !known; k++)
            if ((value = take_value(texts[k].flag, word, &i, argv)) != NULL) {
                *texts[k].to = value;
                known = true;
            }
        if (!known)
            return wrong("no option, or no value behind it: ", word);
    }
    double seconds = HTTP_TIMEOUT_S;
    if (timeout != NULL && !duration_parse(timeout, &seconds))
        return wrong("--timeout is a duration such as 60s, not ", timeout);
    if (seconds < 1 || seconds > TIMEOUT_S_MAX)
        return wrong("--timeout must be within [1s, 1h], not ", timeout);
    out->timeout_s = (int)seconds;
    if ((out->cert == NULL) != (out->key == NULL))
        return wrong("--tls-cert and --tls-key belong together", "");
    return 0;
}

/* The folder beside a store's file; of a server's: .hone of the working folder. */
static char *state_folder(const char *store_url)
{
    const char *path = strncmp(store_url, "sqlite:", 7) == 0 ? store_url + 7 : store_url;
    const char *slash = strrchr(path, '/');
    if (strstr(store_url, "://") != NULL)
        return path_absolute(".hone");
    char *folder = slash == NULL ? mem_text(".") : mem_text_n(path, (size_t)(slash - path + 1));
    char *whole = folder == NULL ? NULL : path_absolute(folder);
    mem_free(folder);
    return whole;
}

static void endpoint_of(const struct serve *serve, const char *listen, char out[300])
{
    char host[256];
    const char *colon = strrchr(listen, ':');
    size_t n = colon == NULL ? strlen(listen) : (size_t)(colon - listen);
    snprintf(host, sizeof host, "%.*s", (int)(n < sizeof host ? n : sizeof host - 1), listen);
    bool any = host[0] == '\0' || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "[::]") == 0;
    snprintf(out, 300, "%s://%s:%d", serve->tls ? "https" : "http", any ? "127.0.0.1" : host,
             serve->port);
}

/* Everything is signals from here: SIGTERM and SIGINT end it, a second passes and it looks around.
 */
static void stay(struct serve *serve, struct http *http, const sigset_t *signals)
{
    for (;;) {
        int got = sigtimedwait(signals, NULL, &(struct timespec){.tv_sec = 1});
        if (got == SIGTERM || got == SIGINT)
            return;
        if (got == SIGHUP && serve->log != NULL && serve->log != stderr)
            fflush(serve->log);
        http_tend(http);
        supervisor_pass(serve);
    }
}

/* Connections take descriptors. Tuners get the limit as it was: trials may count on it. */
static void raise_descriptor_limit(struct serve *serve)
{
    if (getrlimit(RLIMIT_NOFILE, &serve->descriptors) != 0)
        return;
    struct rlimit limit = serve->descriptors;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_all(struct serve *serve, const struct options *options, const char *credentials,
                    const char *config, bool *made_out)
{
    hone_error err = {0};
    serve->credentials = credentials_open(credentials, made_out, &err);
    if (serve->credentials == NULL)
        return fail(EXIT_FAILURE_OF_SYSTEM, err.text);
    if (environment_write_config(config, &err) != HONE_OK)
        return fail(EXIT_FAILURE_OF_SYSTEM, err.text);
    if (options->print_env)
        return 0;
    if (options->log != NULL && (serve->log = fopen(options->log, "ae")) == NULL) {
        fprintf(stderr, "hone: open %s: %s\n", options->log, strerror(errno));
        return EXIT_FAILURE_OF_SYSTEM;
    }
    serve->s3 = s3_open(serve->place.s3_root, &err);
    if (serve->s3 == NULL)
        return fail(EXIT_FAILURE_OF_SYSTEM, err.text);
    s3_sweep(serve->s3, time_now_ms() - SWEEP_AFTER_MS);
    hone_status status = s3_bucket_create(serve->s3, SERVE_BUCKET, &err);
    if (status != HONE_OK && status != HONE_ESTATE)
        return fail(EXIT_FAILURE_OF_SYSTEM, err.text);
    struct store *store = serve_store_take(serve, &err);
    if (store == NULL)
        return fail(EXIT_FAILURE_OF_SYSTEM, err.text);
    serve_store_give(serve, store);
    return 0;
}

/* --print-env asks nobody: it has to be told where a service is that does not listen as usual. */
static void print_how_to_print(const struct serve *serve, const struct options *options)
{
    const char *colon = strrchr(options->listen, ':');
    printf("# the variables for clients: eval \"$(hone serve --print-env");
    if (colon != NULL && strcmp(options->listen, LISTEN_DEFAULT) != 0)
        printf(" --listen %.*s:%d", (int)(colon - options->listen), options->listen, serve->port);
    if (options->cert != NULL)
        printf(" --tls-cert %s --tls-key %s", options->cert, options->key);
    printf(")\"\n");
}

static int run(struct serve *serve, const struct options *options, const char *config, bool made)
{
    hone_error err = {0};
    sigset_t signals;
    char endpoint[300];
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, NULL); /* before threads begin: they inherit it */
    signal(SIGPIPE, SIG_IGN);
    struct http *http = http_start(serve, options->listen, options->cert, options->key, &err);
    if (http == NULL)
        return fail(err.status == HONE_EINVAL ? EXIT_WRONG_USAGE : EXIT_FAILURE_OF_SYSTEM,
                    err.text);
    endpoint_of(serve, options->listen, endpoint);
    if (!options->quiet || made) {
        printf("# hone serves %s, store %s, objects %s\n", endpoint, serve->place.store_url,
               serve->place.s3_root);
        printf("# S3, STS, IAM, lists of tuning jobs; creating jobs is not there yet\n");
        if (made)
            environment_print(stdout, serve, endpoint, config);
        else
            print_how_to_print(serve, options);
        fflush(stdout);
    }
    supervisor_pass(serve);
    stay(serve, http, &signals);
    http_stop(http);
    supervisor_end();
    return 0;
}

/* Names between commas. */
static void take_hosts(struct serve *serve, char *names)
{
    char *rest = names;
    while (rest != NULL && *rest != '\0' && serve->n_hosts < SERVE_HOSTS_MAX) {
        char *name = strsep(&rest, ",");
        if (*name != '\0')
            serve->hosts[serve->n_hosts++] = name;
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    struct options options = {.listen = LISTEN_DEFAULT};
    static struct serve serve = {.log_mutex = PTHREAD_MUTEX_INITIALIZER,
                                 .stores_mutex = PTHREAD_MUTEX_INITIALIZER};
    bool made = false;
    int status = read_options(argv, &options);
    if (status != 0)
        return status;
    if (options.store == NULL)
        return wrong("needs --store URL", "");
    /* One arena of memory for a few threads: the default is eight a processor, each of which grows.
     */
    mallopt(M_ARENA_MAX, 2);
    raise_descriptor_limit(&serve);
    hone_error err = {0};
    char *folder = state_folder(options.store);
    if (folder == NULL || file_make_folder(folder, &err) != HONE_OK)
        return fail(EXIT_FAILURE_OF_SYSTEM, folder == NULL ? "out of memory" : err.text);
    char *credentials = options.credentials == NULL ? path_join(folder, "credentials")
                                                    : mem_text(options.credentials);
    char *config = path_join(folder, "sagemaker-config.yaml");
    char *root = options.s3_root == NULL ? path_join(folder, "s3") : path_absolute(options.s3_root);
    if (credentials == NULL || config == NULL || root == NULL)
        return fail(EXIT_FAILURE_OF_SYSTEM, "out of memory");
    serve.place = (struct serve_place){.store_url = options.store,
                                       .s3_root = root,
                                       .account = SERVE_ACCOUNT,
                                       .images = options.images};
    serve.only_region = options.region;
    char *hosts = mem_text(options.hosts == NULL ? "" : options.hosts);
    take_hosts(&serve, hosts);
    serve.timeout_s = options.timeout_s;
    serve.tls = options.cert != NULL;
    serve.log = options.quiet ? NULL : stderr;
    serve.started_ms = time_now_ms();

    status = open_all(&serve, &options, credentials, config, &made);
    if (status == 0 && options.print_env) {
        const char *colon = strrchr(options.listen, ':');
        char endpoint[300];
        int64_t port;
        serve.port =
            colon != NULL && str_int64(colon + 1, strlen(colon + 1), &port) ? (int)port : 0;
        endpoint_of(&serve, options.listen, endpoint);
        environment_print(stdout, &serve, endpoint, config);
    } else if (status == 0) {
        status = run(&serve, &options, config, made);
    }
    serve_stores_close(&serve);
    s3_close(serve.s3);
    credentials_close(serve.credentials);
    if (serve.log != NULL && serve.log != stderr)
        fclose(serve.log);
    mem_free(credentials);
    mem_free(config);
    mem_free(root);
    mem_free(hosts);
    mem_free(folder);
    return status;
}
