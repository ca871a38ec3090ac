/* pq.c: loading libpq. */
#include "store/pq.h"

#include <dlfcn.h>
#include <string.h>

struct pq pq;

hone_status pq_load(hone_error *err)
{
    static void *library; /* stays loaded: OpenSSL does not like to be unloaded */
    static const char *const names[] = {
#define PQ_NAME(name) #name,
        PQ_FUNCTIONS(PQ_NAME)
#undef PQ_NAME
    };
    void *functions[sizeof names / sizeof names[0]];
    _Static_assert(sizeof functions == sizeof pq, "one pointer a function");
    if (library != NULL)
        return HONE_OK;
    void *loaded = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
    if (loaded == NULL)
        return error_set(err, HONE_EIO,
                         "a PostgreSQL store needs libpq (Debian: apt-get install libpq5): %s",
                         dlerror());
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        functions[i] = dlsym(loaded, names[i]);
        if (functions[i] == NULL) {
            dlclose(loaded);
            return error_set(err, HONE_EIO,
                             "libpq is too old: version 14 or later is needed, "
                             "this one has no %s",
                             names[i]);
        }
    }
    memcpy(&pq, functions, sizeof pq);
    library = loaded;
    return HONE_OK;
}
