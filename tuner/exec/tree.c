/*
 * tree.c: the processes below one. /proc/PID/task/TID/children gives them directly; a kernel
 * without it (CONFIG_PROC_CHILDREN) has every process's parent in /proc/PID/stat, which costs a
 * look at all of them.
 */
#include "exec/tree.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file of /proc, cut to the buffer; -1 when the process is gone. */
static ssize_t read_proc(const char *path, char *out, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = read(fd, out, size - 1);
    close(fd);
    out[n > 0 ? n : 0] = '\0';
    return n;
}

/* State and parent of a process; false when it is gone. */
static bool read_stat(pid_t pid, char *state, pid_t *parent)
{
    char path[48], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    if (read_proc(path, text, sizeof text) <= 0)
        return false;
    const char *end = strrchr(text, ')'); /* the name before it may hold anything */
    if (end == NULL || end[1] != ' ' || end[2] == '\0')
        return false;
    *state = end[2];
    *parent = (pid_t)strtol(end + 3, NULL, 10);
    return true;
}

struct list {
    struct tree_process *at;
    size_t n, max;
};

/* Zombies are kept out, but not what is below them: init or a subreaper already has that. */
static void list_add(struct list *list, pid_t pid)
{
    char state;
    pid_t parent;
    if (list->n < list->max && read_stat(pid, &state, &parent) && state != 'Z' && state != 'X')
        list->at[list->n++] = (struct tree_process){.pid = pid, .state = state};
}

/* Add the children of all threads of a process; false when the kernel has no such file. */
static bool add_children(struct list *list, pid_t pid)
{
    char path[64], text[16384];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    bool known = tasks == NULL; /* gone: it has no children any more */
    for (struct dirent *e; tasks != NULL && (e = readdir(tasks)) != NULL;) {
        if (!isdigit((unsigned char)e->d_name[0]))
            continue;
        snprintf(path, sizeof path, "/proc/%d/task/%.16s/children", (int)pid, e->d_name);
        if (read_proc(path, text, sizeof text) < 0)
            continue;
        known = true;
        for (char *at = text, *end; strtol(at, &end, 10) > 0 && end != at; at = end)
            list_add(list, (pid_t)strtol(at, NULL, 10));
    }
    if (tasks != NULL)
        closedir(tasks);
    return known;
}

static void scan_for_children(struct list *list, pid_t pid)
{
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc != NULL && (e = readdir(proc)) != NULL;) {
        char state;
        pid_t parent, candidate = (pid_t)strtol(e->d_name, NULL, 10);
        if (candidate > 0 && read_stat(candidate, &state, &parent) && parent == pid)
            list_add(list, candidate);
    }
    if (proc != NULL)
        closedir(proc);
}

size_t tree_list(pid_t root, struct tree_process *out, size_t max)
{
    struct list list = {.at = out, .max = max};
    bool children_files = add_children(&list, root);
    if (!children_files)
        scan_for_children(&list, root);
    for (size_t i = 0; i < list.n; i++) { /* breadth first: the list is the queue */
        if (children_files)
            add_children(&list, out[i].pid);
        else
            scan_for_children(&list, out[i].pid);
    }
    return list.n;
}

static uint64_t resident_bytes(pid_t pid)
{
    char path[48], text[256];
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (read_proc(path, text, sizeof text) <= 0)
        return 0;
    const char *second = strchr(text, ' ');
    return second == NULL ? 0 : strtoull(second, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The proportional set; the resident one where the kernel or its rights give none. */
static uint64_t proportional_bytes(pid_t pid)
{
    char path[48], text[4096];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    if (read_proc(path, text, sizeof text) <= 0)
        return resident_bytes(pid);
    const char *line = strstr(text, "\nPss:");
    return line == NULL ? resident_bytes(pid) : strtoull(line + 5, NULL, 10) * 1024;
}

uint64_t tree_memory(const struct tree_process *list, size_t n, uint64_t enough)
{
    uint64_t resident = 0, proportional = 0;
    for (size_t i = 0; i < n; i++)
        resident += resident_bytes(list[i].pid);
    if (resident <= enough)
        return resident;
    for (size_t i = 0; i < n; i++)
        proportional += proportional_bytes(list[i].pid);
    return proportional;
}
