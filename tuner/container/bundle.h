/* bundle.h: sourcedir.tar.gz taken apart, model.tar.gz put together. */
#ifndef HONE_CONTAINER_BUNDLE_H
#define HONE_CONTAINER_BUNDLE_H

#include <stdint.h>

#include "hone.h"

struct bundle_limits {
    uint64_t bytes;   /* of all files together */
    uint64_t entries; /* files, folders and links */
    uint64_t ratio;   /* unpacked bytes for one of the archive, beyond 64 MiB */
};

/**
 * Unpack a tar archive, compressed or not, into an existing folder. Nothing is written outside of
 * it, whatever the archive says: a name that is absolute or has "..", a link that leads out, a
 * device, or anything beyond the limits makes the whole archive refused.
 *
 * @return HONE_EINVAL: what is wrong with it; HONE_EIO. Files that came before it may be there.
 */
HONE_NODISCARD hone_status bundle_unpack(const char *path, const char *folder,
                                         const struct bundle_limits *limits, hone_error *err);

/** Pack what is in a folder, at the top level of a .tar.gz; links stay links. */
HONE_NODISCARD hone_status bundle_pack(const char *folder, const char *path, hone_error *err);

#endif
