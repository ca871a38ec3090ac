/*
 * serve.c: hone serve: becomes hone-serve, which lies beside hone, in the build tree, or where it
 * is installed ($HONE_SERVE names another). The service starts tuners by the program that started
 * it.
 */
#include "cli/args.h"
#include "cli/cli.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "exec/paths.h"

/* Where hone-serve is, by our own path; false when it is nowhere. */
static bool find_program(const char *self, char out[PATH_MAX])
{
    static const char *const beside[] = {"/hone-serve", "/../serve/hone-serve",
                                         "/../libexec/hone/hone-serve"};
    const char *given = getenv("HONE_SERVE");
    const char *slash = strrchr(self, '/');
    int folder = slash == NULL ? 0 : (int)(slash - self);
    if (given != NULL) {
        snprintf(out, PATH_MAX, "%s", given);
        return access(out, X_OK) == 0;
    }
    for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++) {
        int n = snprintf(out, PATH_MAX, "%.*s%s", folder, self, beside[i]);
        if (n < PATH_MAX && access(out, X_OK) == 0)
            return true;
    }
    snprintf(out, PATH_MAX, "%s/hone-serve", HONE_LIBEXECDIR);
    return access(out, X_OK) == 0;
}

int cmd_serve(int argc, char **argv, const struct globals *globals)
{
    char self[PATH_MAX], path[PATH_MAX];
    bool print_env = false;
    const char *values[10] = {NULL};
    const struct flag flags[] = {
        {"--listen", NULL, &values[0]},   {"--credentials", NULL, &values[1]},
        {"--s3-root", NULL, &values[2]},  {"--hosts", NULL, &values[3]},
        {"--region", NULL, &values[4]},   {"--tls-cert", NULL, &values[5]},
        {"--tls-key", NULL, &values[6]},  {"--images", NULL, &values[7]},
        {"--timeout", NULL, &values[8]},  {"--log", NULL, &values[9]},
        {"--print-env", &print_env, NULL}};
    enum { N_VALUES = sizeof values / sizeof values[0] };
    int status = args_read(argc, argv, flags, N_VALUES + 1, NULL, 0, 0, NULL);
    if (status != EXIT_DONE)
        return status;
    if ((values[5] == NULL) != (values[6] == NULL))
        return usage_error("serve", "--tls-cert and --tls-key belong together");
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0)
        return fail(EXIT_SYSTEM, "read /proc/self/exe: %s", strerror(errno));
    self[n] = '\0';
    if (!find_program(self, path))
        return fail(EXIT_SYSTEM,
                    "hone-serve is not installed: hone was built without libmicrohttpd "
                    "or libcrypto");
    char *url = default_store_url(globals);
    const char *words[2 * N_VALUES + 8] = {path, "--store", url};
    size_t count = 3;
    if (url == NULL)
        return fail(EXIT_SYSTEM, "out of memory");
    for (size_t i = 0; i < N_VALUES; i++)
        if (values[i] != NULL) {
            words[count++] = flags[i].name;
            words[count++] = values[i];
        }
    if (print_env)
        words[count++] = "--print-env";
    if (globals->quiet)
        words[count++] = "--quiet";
    setenv("HONE_PROGRAM", self, 1);
    char *copies[2 * N_VALUES + 8] = {NULL}; /* execv() wants words that could be written to */
    for (size_t i = 0; i < count; i++)
        copies[i] = mem_text(words[i]);
    execv(path, copies);
    return fail(EXIT_SYSTEM, "start %s: %s", path, strerror(errno));
}
