/* ask_tell.c: hone ask-tell: the engine for any language, a line in, a line out. */
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/protocol.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define REPLY_MAX ((size_t)256 << 20)

static bool is_blank(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (strchr(" \t\r", line[i]) == NULL)
            return false;
    return true;
}

static bool send(const struct buf *reply)
{
    return fwrite(reply->data, 1, reply->len, stdout) == reply->len && fflush(stdout) == 0;
}

/* Serve the line that was collected; false when the reply can't be given. */
static bool serve_line(struct session *session, struct buf *line, struct buf *reply)
{
    buf_clear(reply);
    if (line->failed)
        buf_printf(
            reply,
            "{\"error\":{\"code\":\"EINVAL\",\"message\":\"a line has at most %zu bytes\"}}\n",
            PROTOCOL_LINE_MAX);
    else if (!is_blank(line->data, line->len))
        session_answer(session, line->data, line->len, reply);
    buf_clear(line);
    if (reply->failed) {
        buf_clear(reply);
        buf_text(reply,
                 "{\"error\":{\"code\":\"ENOMEM\",\"message\":\"the reply is too long\"}}\n");
    }
    return reply->len == 0 || send(reply);
}

int cmd_ask_tell(int argc, char **argv, const struct globals *globals)
{
    (void)globals;
    int status = args_read(argc, argv, NULL, 0, NULL, 0, 0, NULL);
    if (status != EXIT_DONE)
        return status;
    struct session session = {0};
    struct buf line, reply;
    buf_init(&line, PROTOCOL_LINE_MAX);
    buf_init(&reply, REPLY_MAX);
    static char chunk[65536];
    bool ok = true;
    ssize_t n = 0;
    while (ok) {
        n = read(STDIN_FILENO, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        const char *p = chunk, *end = chunk + n;
        while (ok && p < end) {
            const char *newline = memchr(p, '\n', (size_t)(end - p));
            buf_add(&line, p, (size_t)((newline != NULL ? newline : end) - p));
            if (newline == NULL)
                break;
            ok = serve_line(&session, &line, &reply);
            p = newline + 1;
        }
    }
    if (ok && (line.len > 0 || line.failed))
        ok = serve_line(&session, &line, &reply);
    if (n < 0)
        status = fail(EXIT_SYSTEM, "read standard input: %s", strerror(errno));
    else if (!ok)
        status = fail(EXIT_SYSTEM, "write standard output: %s", strerror(errno));
    session_release(&session);
    buf_release(&reply);
    buf_release(&line);
    return status;
}
