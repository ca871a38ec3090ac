/* postgres_none.c: stands for postgres.c where hone is built without libpq. */
#include "store/store_int.h"

#include "base/error.h"

struct store *postgres_open(const char *url, bool create, hone_error *err)
{
    /* The address is not repeated: it may have a password. */
    (void)url;
    (void)create;
    error_set(
        err, HONE_EINVAL,
        "this hone was built without PostgreSQL: it knows sqlite:PATH only (install libpq-dev, "
        "then build again)");
    return NULL;
}
