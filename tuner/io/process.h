/* process.h: knowing a process again. A pid alone is not enough: it is reused, and means nothing
 * after a reboot. */
#ifndef HONE_IO_PROCESS_H
#define HONE_IO_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

/** This boot's id (/proc/sys/kernel/random/boot_id); HONE_TEST_BOOT_ID in the environment takes its
 * place in tests. */
const char *process_boot_id(void);
/** This machine's name. */
const char *process_host(void);
/** Start time of a process in clock ticks since boot; 0 when it is gone or a zombie. */
int64_t process_start(int64_t pid);
/** Whether exactly that process still runs here: same boot, same start time. */
bool process_lives(int64_t pid, int64_t start, const char *boot_id);

#endif
