/*
 * http.c: from connections to exchanges and back.
 *
 * libmicrohttpd's own time limit counts from the last byte: a client that sends one now and then
 * holds its connection for ever. So each connection has a link that says since when its next
 * request is awaited, or when its body began; http_tend() shuts those down that are too slow.
 */
#include "serve/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/file.h"
#include "io/time.h"
#include "serve/exchange.h"

enum phase { AWAITS_HEAD, IN_BODY, ANSWERS };

struct link {
    struct link *next, **place;
    int fd;
    enum phase phase;
    int64_t since_ms; /* when the phase began */
    uint64_t received;
    char *target; /* of the request that is being read */
};

struct http {
    struct serve *serve;
    struct MHD_Daemon *daemon;
    int listener;
    struct buf cert, key;
    pthread_mutex_t mutex;
    struct link *links;
};

static void set_phase(struct http *http, struct link *link, enum phase phase)
{
    pthread_mutex_lock(&http->mutex);
    link->phase = phase;
    link->since_ms = time_monotonic_ms();
    link->received = 0;
    pthread_mutex_unlock(&http->mutex);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http *http = cls;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        struct link *link = mem_array(1, sizeof *link);
        *context = link;
        if (link == NULL)
            return;
        link->fd =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        link->since_ms = time_monotonic_ms();
        pthread_mutex_lock(&http->mutex);
        link->next = http->links;
        link->place = &http->links;
        if (link->next != NULL)
            link->next->place = &link->next;
        http->links = link;
        pthread_mutex_unlock(&http->mutex);
    } else if (*context != NULL) {
        struct link *link = *context;
        pthread_mutex_lock(&http->mutex);
        *link->place = link->next;
        if (link->next != NULL)
            link->next->place = link->place;
        pthread_mutex_unlock(&http->mutex);
        mem_free(link->target);
        mem_free(link);
        *context = NULL;
    }
}

static struct link *link_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/* The address as it was sent: libmicrohttpd takes it apart in its own way. */
static void *on_target(void *cls, const char *uri, struct MHD_Connection *connection)
{
    (void)cls;
    struct link *link = link_of(connection);
    if (link != NULL) {
        mem_free(link->target);
        link->target = mem_text(uri);
    }
    return NULL;
}

/* Nothing is decoded by libmicrohttpd. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

static enum MHD_Result add_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    struct request *request = cls;
    if (request->n_headers == REQUEST_HEADERS_MAX)
        return MHD_NO;
    request->headers[request->n_headers++] = (struct header){name, value == NULL ? "" : value};
    return MHD_YES;
}

static void note_client(struct exchange *x, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info == NULL || info->client_addr == NULL)
        return;
    socklen_t len = info->client_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                             : sizeof(struct sockaddr_in);
    if (getnameinfo(info->client_addr, len, x->client, sizeof x->client, NULL, 0, NI_NUMERICHOST))
        x->client[0] = '\0';
}

static struct MHD_Response *make_response(struct reply *reply)
{
    if (reply->fd >= 0 && reply->length > 0) {
        struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(
            reply->length, reply->fd, reply->offset); /* which closes it */
        if (response != NULL)
            reply->fd = -1;
        return response;
    }
    return MHD_create_response_from_buffer(reply->body.len, reply->body.data,
                                           MHD_RESPMEM_MUST_COPY);
}

static enum MHD_Result send_reply(struct MHD_Connection *connection, struct exchange *x)
{
    struct reply *reply = &x->reply;
    if (reply->body.failed)
        answer_error(x, 500, "InternalFailure", "the answer is too large");
    bool sized = reply->fd >= 0 && reply->length > 0;
    struct MHD_Response *response = make_response(reply);
    if (response == NULL)
        return MHD_NO;
    if (reply->type != NULL && (sized || reply->body.len > 0 || reply->fd >= 0))
        MHD_add_response_header(response, "Content-Type", reply->type);
    for (size_t i = 0; i < reply->n; i++)
        MHD_add_response_header(response, reply->headers[i].name, reply->headers[i].value);
    MHD_add_response_header(response, "Server", "hone");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static bool has_body(const struct exchange *x)
{
    const char *length = request_header(&x->request, "content-length");
    return request_header(&x->request, "transfer-encoding") != NULL ||
           (length != NULL && strcmp(length, "0") != 0);
}

static enum MHD_Result begin(struct http *http, struct MHD_Connection *connection,
                             const char *method, void **context)
{
    struct link *link = link_of(connection);
    if (link == NULL || link->target == NULL)
        return MHD_NO;
    struct exchange *x = exchange_new(http->serve, link->target);
    if (x == NULL)
        return MHD_NO;
    *context = x;
    atomic_fetch_add(&http->serve->requests, 1);
    atomic_fetch_add(&http->serve->active, 1);
    note_client(x, connection);
    x->request.method = method;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, add_header, &x->request);
    set_phase(http, link, IN_BODY);
    if (MHD_get_connection_values(connection, MHD_HEADER_KIND, NULL, NULL) > REQUEST_HEADERS_MAX)
        answer_error(x, 431, "RequestHeaderSectionTooLarge", "more than %d headers",
                     REQUEST_HEADERS_MAX);
    else
        door_head(x);
    /* An answer before the body spares the client to send it. */
    return x->answered && has_body(x) ? send_reply(connection, x) : MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    (void)url;
    (void)version;
    struct http *http = cls;
    struct exchange *x = *context;
    if (x == NULL)
        return begin(http, connection, method, context);
    struct link *link = link_of(connection);
    if (*size > 0) {
        door_body(x, data, *size);
        pthread_mutex_lock(&http->mutex);
        link->received += *size;
        pthread_mutex_unlock(&http->mutex);
        *size = 0;
        return MHD_YES;
    }
    set_phase(http, link, ANSWERS);
    door_end(x);
    return send_reply(connection, x);
}

static void write_log(struct exchange *x)
{
    struct serve *serve = x->serve;
    struct buf line;
    char now[32];
    if (serve->log == NULL)
        return;
    time_text(time_now_ms(), now);
    buf_init(&line, 4096);
    buf_printf(&line, "%s %s %s %s ", now, x->client[0] == '\0' ? "-" : x->client,
               x->who.name[0] == '\0' ? "-" : x->who.name, x->request.method);
    char *path =
        x->request.path == NULL ? NULL : mem_text_n(x->request.path, strnlen(x->request.path, 500));
    buf_json(&line, path == NULL ? "" : path);
    mem_free(path);
    buf_printf(&line, " %s %d %llu %lld ms\n", x->action[0] == '\0' ? "-" : x->action,
               x->reply.status, (unsigned long long)x->received,
               (long long)(time_monotonic_ms() - x->began_ms));
    pthread_mutex_lock(&serve->log_mutex);
    fwrite(line.data, 1, line.len, serve->log);
    fflush(serve->log);
    pthread_mutex_unlock(&serve->log_mutex);
    buf_release(&line);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode how)
{
    (void)how;
    struct http *http = cls;
    struct exchange *x = *context;
    struct link *link = link_of(connection);
    if (link != NULL)
        set_phase(http, link, AWAITS_HEAD);
    if (x == NULL)
        return;
    write_log(x);
    atomic_fetch_sub(&http->serve->active, 1);
    exchange_free(x);
    *context = NULL;
}

/* What libmicrohttpd finds wrong with a connection is nobody's business but the client's. */
static void on_complaint(void *cls, const char *fmt, va_list args)
{
    (void)cls;
    (void)fmt;
    (void)args;
}

static int open_listener(const char *listen_at, int *port_out, hone_error *err)
{
    char host[256];
    const char *colon = strrchr(listen_at, ':');
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int yes = 1;
    size_t n = colon == NULL ? 0 : (size_t)(colon - listen_at);
    bool bracketed = n > 1 && listen_at[0] == '[' && listen_at[n - 1] == ']';
    if (colon == NULL || n >= sizeof host) {
        error_set(err, HONE_EINVAL, "--listen %s: write HOST:PORT", listen_at);
        return -1;
    }
    memcpy(host, listen_at + bracketed, n - 2 * bracketed);
    host[n - 2 * bracketed] = '\0';
    int problem = getaddrinfo(host[0] == '\0' ? NULL : host, colon + 1, &hints, &found);
    if (problem != 0) {
        error_set(err, HONE_EINVAL, "--listen %s: %s", listen_at, gai_strerror(problem));
        return -1;
    }
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
              bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0 &&
              getsockname(fd, (struct sockaddr *)&bound, &len) == 0;
    if (ok)
        *port_out = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                                      : ((struct sockaddr_in *)&bound)->sin_port);
    else
        error_errno(err, HONE_EIO, "listen on %s", listen_at);
    freeaddrinfo(found);
    if (!ok && fd >= 0)
        close(fd);
    return ok ? fd : -1;
}

static bool start_daemon(struct http *http)
{
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, http->cert.data},
                                   {MHD_OPTION_HTTPS_MEM_KEY, 0, http->key.data},
                                   {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    if (http->serve->tls)
        flags |= MHD_USE_TLS;
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_complaint, NULL,
        MHD_OPTION_LISTEN_SOCKET, http->listener, MHD_OPTION_THREAD_POOL_SIZE,
        (unsigned)HTTP_THREADS, MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEAD_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)http->serve->timeout_s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_URI_LOG_CALLBACK, on_target,
        http, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_ARRAY,
        http->serve->tls ? tls : none, MHD_OPTION_END);
    return http->daemon != NULL;
}

struct http *http_start(struct serve *serve, const char *listen_at, const char *cert,
                        const char *key, hone_error *err)
{
    struct http *http = mem_array(1, sizeof *http);
    if (http == NULL) {
        error_memory(err);
        return NULL;
    }
    http->serve = serve;
    http->listener = -1;
    pthread_mutex_init(&http->mutex, NULL);
    buf_init(&http->cert, 1 << 20);
    buf_init(&http->key, 1 << 20);
    serve->tls = cert != NULL;
    bool ok = cert == NULL || (file_read(cert, &http->cert, err) == HONE_OK &&
                               file_read(key, &http->key, err) == HONE_OK);
    if (ok)
        http->listener = open_listener(listen_at, &serve->port, err);
    if (ok && http->listener >= 0 && start_daemon(http))
        return http;
    if (ok && http->listener >= 0)
        error_set(err, HONE_EIO,
                  cert == NULL ? "the HTTP server does not start"
                               : "the HTTP server does not start: are certificate "
                                 "and key those of each other?");
    if (http->listener >= 0)
        close(http->listener);
    buf_release(&http->cert);
    buf_release(&http->key);
    mem_free(http);
    return NULL;
}

void http_tend(struct http *http)
{
    int64_t now = time_monotonic_ms(), limit = (int64_t)http->serve->timeout_s * 1000;
    pthread_mutex_lock(&http->mutex);
    for (struct link *link = http->links; link != NULL; link = link->next) {
        int64_t age = now - link->since_ms;
        bool slow = link->phase == AWAITS_HEAD ||
                    (link->phase == IN_BODY &&
                     link->received < (uint64_t)(age / 1000) * HTTP_BODY_RATE_MIN);
        if (age > limit && slow)
            shutdown(link->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&http->mutex);
}

void http_stop(struct http *http)
{
    int listener = MHD_quiesce_daemon(http->daemon);
    int64_t end = time_monotonic_ms() + HTTP_STOP_S * 1000;
    while (atomic_load(&http->serve->active) > 0 && time_monotonic_ms() < end)
        usleep(10000);
    MHD_stop_daemon(http->daemon);
    if (listener >= 0)
        close(listener);
    buf_release(&http->cert);
    buf_release(&http->key);
    pthread_mutex_destroy(&http->mutex);
    mem_free(http);
}
