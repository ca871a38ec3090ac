/* supervisor.h: tuners of the studies that clients created. */
#ifndef HONE_SERVE_SUPERVISOR_H
#define HONE_SERVE_SUPERVISOR_H

#include "serve/serve.h"

/** One pass, to be made each second: studies that are the service's, are wanted to run, and have no
 * living tuner get one. Studies that a person drives are left alone. */
void supervisor_pass(struct serve *serve);
/** Forget what is remembered of tuners being started. They go on by themselves. */
void supervisor_end(void);

#endif
