/* spawn.h: programs by their words. */
#ifndef HONE_CONTAINER_SPAWN_H
#define HONE_CONTAINER_SPAWN_H

#include <jansson.h>

/** Become the program that a list of texts names; returns only on failure, with errno. */
void spawn_exec(json_t *words);
/** Run it to its end; its status, 128 + N when signal N ended it, 127 when it can't be run. */
int spawn_wait(json_t *words);
/** Of waitpid(), in the same form. */
int spawn_status(int how);

#endif
