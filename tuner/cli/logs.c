/*
 * logs.c: hone logs: the log of an attempt, whole or while it grows.
 *
 * In a pipe the bytes are the script's own. On a terminal they are shown by text_print_log(): a
 * character that is cut at the end of a block waits for the next one.
 */
#include "base/mem.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "io/file.h"
#include "loop/lease.h"
#include "report/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 1 << 16, LOOK_MS = 100 };

struct attempt {
    int64_t number; /* wanted */
    int64_t last;   /* the trial's last one; 0: none */
    bool ended;
};

static hone_status look_at_attempt(void *context, const struct attempt_row *row, hone_error *err)
{
    (void)err;
    struct attempt *a = context;
    a->last = row->number;
    if (a->number == row->number)
        a->ended = row->state != ATTEMPT_WAITING && row->state != ATTEMPT_RUNNING;
    return HONE_OK;
}

/** FOLDER/trial-0007/attempt-1/FILE; mem_free. */
static char *attempt_path(const struct store *store, const struct study_row *study, int64_t trial,
                          int64_t attempt, const char *file)
{
    char name[96];
    snprintf(name, sizeof name, "trial-%04lld/attempt-%lld/%s", (long long)trial,
             (long long)attempt, file);
    char *folder = study_folder(store, study);
    char *path = folder != NULL ? path_join(folder, name) : NULL;
    mem_free(folder);
    return path;
}

/** How many bytes at the end of a block are the beginning of a character or of "\r\n". */
static size_t cut_length(const char *data, size_t len)
{
    if (len > 0 && data[len - 1] == '\r')
        return 1;
    for (size_t k = 1; k <= 3 && k <= len; k++) {
        unsigned char c = (unsigned char)data[len - k];
        if (c >= 0xc0)
            return (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) > k ? k : 0;
        if (c < 0x80)
            return 0;
    }
    return 0;
}

struct reader {
    int fd;
    bool escapes;
    size_t kept; /* bytes at the beginning of data that were cut */
    char data[BLOCK + 4];
};

/** Print what the file has now; `whole`: nothing will follow. False when reading or writing fails.
 */
static bool print_available(struct reader *r, bool whole)
{
    for (;;) {
        ssize_t n = read(r->fd, r->data + r->kept, BLOCK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        size_t len = r->kept + (size_t)n;
        size_t cut = r->escapes && !(whole && n == 0) ? cut_length(r->data, len) : 0;
        if (r->escapes)
            text_print_log(stdout, r->data, len - cut);
        else
            fwrite(r->data, 1, len, stdout);
        memmove(r->data, r->data + len - cut, cut);
        r->kept = cut;
        if (ferror(stdout))
            return false;
        if (n == 0)
            return fflush(stdout) == 0;
    }
}

static void wait_a_little(void)
{
    struct timespec t = {.tv_nsec = LOOK_MS * 1000000L};
    nanosleep(&t, NULL);
}

/** Print the log, and with `follow` go on until its attempt has ended. */
static int print_log(struct store *store, const struct study_row *row, int64_t trial,
                     int64_t number, bool follow)
{
    static struct reader reader;
    hone_error err = {0};
    int status = EXIT_DONE;
    char *path = attempt_path(store, row, trial, number, "log");
    char *exit_path = attempt_path(store, row, trial, number, "exit");
    if (path == NULL || exit_path == NULL) {
        mem_free(path);
        mem_free(exit_path);
        return fail(EXIT_SYSTEM, "out of memory");
    }
    reader = (struct reader){.fd = -1, .escapes = isatty(STDOUT_FILENO)};
    for (;;) {
        /* Whether it has ended is asked before reading: what is read then is all there is. Without
         * a tuner at work the store does not know it, but the exit record is there. */
        struct attempt attempt = {.number = number};
        if (store_attempts(store, row->id, trial, look_at_attempt, &attempt, &err) != HONE_OK) {
            status = fail(EXIT_SYSTEM, "%s", err.text);
            break;
        }
        bool last =
            attempt.ended || attempt.last < number || !follow || access(exit_path, F_OK) == 0;
        if (reader.fd < 0)
            reader.fd = open(path, O_RDONLY | O_CLOEXEC);
        if (reader.fd < 0 && (errno != ENOENT || last)) {
            status = errno == ENOENT ? fail(EXIT_NOTHING, "attempt %lld of trial %lld has no log",
                                            (long long)number, (long long)trial)
                                     : fail(EXIT_SYSTEM, "open %s: %s", path, strerror(errno));
            break;
        }
        if (reader.fd >= 0 && !print_available(&reader, last)) {
            status = fail(EXIT_SYSTEM, "read %s: %s", path, strerror(errno));
            break;
        }
        if (last)
            break;
        wait_a_little();
    }
    if (reader.fd >= 0)
        close(reader.fd);
    mem_free(exit_path);
    mem_free(path);
    return status;
}

int cmd_logs(int argc, char **argv, const struct globals *globals)
{
    const char *words[2], *attempt_text = NULL;
    bool follow = false;
    int64_t trial, number = 0;
    struct study_row row = {0};
    struct attempt attempt = {0};
    hone_error err = {0};
    const struct flag flags[] = {{.name = "-f", .on = &follow},
                                 {.name = "--attempt", .value = &attempt_text}};
    int status = args_read(argc, argv, flags, 2, words, 2, 2, NULL);
    if (status != EXIT_DONE)
        return status;
    if (!args_trial(argv[0], words[1], &trial))
        return EXIT_USAGE;
    if (attempt_text != NULL &&
        (!str_int64(attempt_text, strlen(attempt_text), &number) || number < 1))
        return usage_error(argv[0], "an attempt is a number from 1 on, not \"%s\"", attempt_text);
    struct store *store = open_study(globals, words[0], &row, &status);
    if (store == NULL)
        return status;
    if (store_attempts(store, row.id, trial, look_at_attempt, &attempt, &err) != HONE_OK)
        status = fail(EXIT_SYSTEM, "%s", err.text);
    else if (attempt.last == 0)
        status = fail(EXIT_USAGE, "study \"%s\" has no attempt of a trial %lld", row.name,
                      (long long)trial);
    else if (number > attempt.last)
        status = fail(EXIT_USAGE, "trial %lld of \"%s\" has %lld attempt%s", (long long)trial,
                      row.name, (long long)attempt.last, attempt.last > 1 ? "s" : "");
    else
        status = print_log(store, &row, trial, number > 0 ? number : attempt.last, follow);
    study_row_release(&row);
    store_close(store);
    return status;
}
