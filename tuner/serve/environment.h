/* environment.h: what an AWS client must be told to come here. */
#ifndef HONE_SERVE_ENVIRONMENT_H
#define HONE_SERVE_ENVIRONMENT_H

#include <stdio.h>

#include "serve/serve.h"

#define SERVE_BUCKET "hone" /* the SDK's default bucket; made at the start */

/** Write the SDK's configuration file. */
HONE_NODISCARD hone_status environment_write_config(const char *path, hone_error *err);
/** Print ready `export` lines for a shell. `endpoint`: "http://127.0.0.1:8765". */
void environment_print(FILE *out, struct serve *serve, const char *endpoint, const char *config);

#endif
