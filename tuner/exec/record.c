/* record.c: the records of an attempt; record.h says what they mean. */
#include "exec/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "io/process.h"

enum {
    RECORD_MAX = 2048,        /* the longest: host 255, problem 255, 15 numbers, the id */
    RENAME_IF_ABSENT = 1 << 0 /* RENAME_NOREPLACE of linux/fs.h */
};

static const char *const cause_texts[] = {
    [END_BY_ITSELF] = "itself",        [END_TIME] = "time",
    [END_SILENCE] = "silence",         [END_MEMORY] = "memory",
    [END_ORPHAN] = "orphan",           [END_ASKED] = "asked",
    [END_NOT_STARTED] = "not_started", [END_PREEMPTED] = "preempted",
    [END_CANCELLED] = "cancelled"};
enum { N_CAUSES = sizeof cause_texts / sizeof cause_texts[0] };

const char *end_cause_text(enum end_cause cause)
{
    return cause_texts[cause];
}

/* One table for writing and reading. */
static const struct field {
    const char *key;
    enum { INT64, INT, BOOL, CAUSE, TEXT } kind;
    size_t offset, size; /* size of a text, with its NUL */
} fields[] = {
#define FIELD(key, kind, member)                                                                   \
    {                                                                                              \
        key, kind, offsetof(struct attempt_status, member),                                        \
            sizeof(((struct attempt_status *)0)->member)                                           \
    }
    FIELD("shim", INT64, shim_pid),         FIELD("shim_start", INT64, shim_start),
    FIELD("boot_id", TEXT, boot_id),        FIELD("node", TEXT, node),
    FIELD("child", INT64, child_pid),       FIELD("started_at", INT64, started_at),
    FIELD("ended_at", INT64, ended_at),     FIELD("cause", CAUSE, cause),
    FIELD("exit_code", INT, exit_code),     FIELD("exit_signal", INT, exit_signal),
    FIELD("killed", BOOL, killed),          FIELD("was_stopped", BOOL, was_stopped),
    FIELD("stragglers", INT64, stragglers), FIELD("peak_memory", INT64, peak_memory),
    FIELD("log_bytes", INT64, log_bytes),   FIELD("disk_full", BOOL, disk_full),
    FIELD("problem", TEXT, problem),
#undef FIELD
};
enum { N_FIELDS = sizeof fields / sizeof fields[0] };

void record_identify(struct attempt_status *status, const char *boot_id, const char *node)
{
    status->shim_pid = getpid();
    status->shim_start = process_start(getpid());
    snprintf(status->boot_id, sizeof status->boot_id, "%s", boot_id);
    snprintf(status->node, sizeof status->node, "%s", node);
}

static int field_print(char *out, size_t size, const struct field *f, const void *at)
{
    switch (f->kind) {
    case INT64:
        return snprintf(out, size, "%s=%lld\n", f->key, (long long)*(const int64_t *)at);
    case INT:
        return snprintf(out, size, "%s=%d\n", f->key, *(const int *)at);
    case BOOL:
        return snprintf(out, size, "%s=%d\n", f->key, *(const bool *)at);
    case CAUSE:
        return snprintf(out, size, "%s=%s\n", f->key, cause_texts[*(const enum end_cause *)at]);
    case TEXT:
        break;
    }
    const char *text = at;
    return snprintf(out, size, "%s=%.*s\n", f->key, (int)strcspn(text, "\n"), text);
}

/* Write a new file of this name; false with errno. */
static bool write_new(int folder, const char *name, const char *id,
                      const struct attempt_status *status, bool durable)
{
    char text[RECORD_MAX];
    size_t len = (size_t)snprintf(text, sizeof text, "attempt=%.255s\n", id);
    for (size_t i = 0; i < N_FIELDS; i++)
        len += (size_t)field_print(text + len, sizeof text - len, &fields[i],
                                   (const char *)status + fields[i].offset);
    len += (size_t)snprintf(text + len, sizeof text - len, "whole\n");

    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    ssize_t done = write(fd, text, len);
    bool ok = done == (ssize_t)len;
    int reason = ok ? 0 : done < 0 ? errno : ENOSPC; /* a short write to a file: no space */
    if (ok && durable && fsync(fd) != 0) {
        ok = false;
        reason = errno;
    }
    if (close(fd) != 0 && ok) {
        ok = false;
        reason = errno;
    }
    if (!ok) {
        unlinkat(folder, name, 0);
        errno = reason;
    }
    return ok;
}

/* Give a file its name, which nobody else may have; false with errno, and the file is gone. By
 * number: not every C library has the call, nor every network file system the flag. */
static bool name_file(int folder, const char *temporary, const char *name)
{
    if (syscall(SYS_renameat2, folder, temporary, folder, name, RENAME_IF_ABSENT) == 0)
        return true;
    bool ok =
        (errno == EINVAL || errno == ENOSYS) && linkat(folder, temporary, folder, name, 0) == 0;
    int reason = errno;
    unlinkat(folder, temporary, 0);
    errno = reason;
    return ok;
}

bool record_claim(int folder, const char *id, const struct attempt_status *status)
{
    /* Tuner and shim may try at the same time, and one that was killed before its unlink() left a
     * second name of the claim itself: nobody else ever has ours. */
    char own[64];
    snprintf(own, sizeof own, "claim.%lld.%lld", (long long)status->shim_pid,
             (long long)status->shim_start);
    return write_new(folder, own, id, status, false) && name_file(folder, own, "claim");
}

bool record_write(int folder, const char *name, const char *id, const struct attempt_status *status,
                  bool durable)
{
    char temporary[64];
    snprintf(temporary, sizeof temporary, "%s.tmp", name);
    if (!write_new(folder, temporary, id, status, durable))
        return false;
    /* The rename makes the record visible; syncing the folder makes the rename last. */
    return renameat(folder, temporary, folder, name) == 0 && (!durable || fsync(folder) == 0);
}

static void field_read(const struct field *f, const char *value, void *at)
{
    switch (f->kind) {
    case INT64:
        *(int64_t *)at = strtoll(value, NULL, 10);
        break;
    case INT:
        *(int *)at = (int)strtol(value, NULL, 10);
        break;
    case BOOL:
        *(bool *)at = value[0] == '1';
        break;
    case CAUSE:
        for (int i = 0; i < N_CAUSES; i++)
            if (strcmp(value, cause_texts[i]) == 0)
                *(enum end_cause *)at = (enum end_cause)i;
        break;
    case TEXT:
        snprintf(at, f->size, "%s", value);
        break;
    }
}

bool record_read(int folder, const char *name, struct attempt_status *out)
{
    static const char mark[] = "\nwhole\n";
    char text[RECORD_MAX];
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    size_t end = sizeof mark - 1;
    if (n < (ssize_t)end || memcmp(text + n - end, mark, end) != 0) {
        errno = ENOENT;
        return false;
    }
    text[n] = '\0';
    for (char *line = text, *next; (next = strchr(line, '\n')) != NULL; line = next + 1) {
        *next = '\0';
        char *value = strchr(line, '=');
        if (value == NULL)
            continue;
        *value++ = '\0';
        for (size_t i = 0; i < N_FIELDS; i++)
            if (strcmp(line, fields[i].key) == 0)
                field_read(&fields[i], value, (char *)out + fields[i].offset);
    }
    return true;
}

bool record_read_end(int folder, struct attempt_status *out)
{
    struct stat st;
    return record_read(folder, "exit", out) &&
           (out->log_bytes == 0 ||
            (fstatat(folder, "log", &st, 0) == 0 && st.st_size >= out->log_bytes));
}
