/*
 * tree.h: the processes below one, from /proc. For hone-shim, which needs no more than the C
 * library.
 *
 * A tree changes while it is read, so a list is a sample: whoever must end all of it repeats until
 * waitpid() says that no child is left. As every orphan below a subreaper becomes its child, that
 * is the end of the tree too.
 */
#ifndef HONE_EXEC_TREE_H
#define HONE_EXEC_TREE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct tree_process {
    pid_t pid;
    char state; /* as in /proc/PID/stat: R, S, D, T, ... */
};

/** List the living descendants of `root`, without root and zombies; at most `max`. */
size_t tree_list(pid_t root, struct tree_process *out, size_t max);

/**
 * Memory of listed processes in bytes. The resident sets are added up; when their sum is over
 * `enough`, the exact proportional sets are, since forked workers share most pages.
 */
uint64_t tree_memory(const struct tree_process *list, size_t n, uint64_t enough);

#endif
