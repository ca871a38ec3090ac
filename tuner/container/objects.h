/* objects.h: files to and from s3://BUCKET/KEY. */
#ifndef HONE_CONTAINER_OBJECTS_H
#define HONE_CONTAINER_OBJECTS_H

#include <jansson.h>
#include <stdbool.h>

#include "hone.h"

struct s3;

/** Copy an object to a file. HONE_ENOTFOUND: there is none. */
HONE_NODISCARD hone_status objects_get(struct s3 *s3, const char *uri, const char *path,
                                       hone_error *err);
/** Make a file an object; a bucket that is not there is made. */
HONE_NODISCARD hone_status objects_put(struct s3 *s3, const char *path, const char *uri,
                                       hone_error *err);
/**
 * Copy the objects whose keys begin with a prefix below a folder. The path of each is its key from
 * the prefix's folder on ("a/b" and "a/b/" both name the folder a/b); a prefix that is itself an
 * object gives that file.
 *
 * @param missing_only  leave files alone that are there
 * @param n_out         how many were there to copy
 */
HONE_NODISCARD hone_status objects_get_prefix(struct s3 *s3, const char *uri, const char *folder,
                                              bool missing_only, size_t *n_out, hone_error *err);
/**
 * Copy what a manifest names: [{"prefix": "s3://b/p/"}, "a/x", "a/y"].
 */
HONE_NODISCARD hone_status objects_get_manifest(struct s3 *s3, const char *uri, const char *folder,
                                                size_t *n_out, hone_error *err);
/** Read a manifest: its prefix and, in the list, the texts after it; borrowed from it. HONE_EINVAL
 * when it has another form or a name that leads out of the folder. */
HONE_NODISCARD hone_status manifest_check(const json_t *manifest, const char **prefix_out,
                                          hone_error *err);
/** Copy the files below a folder that have changed since the last call to objects below the URI.
 * `seen` (path -> "size mtime") is brought up to date. */
HONE_NODISCARD hone_status objects_put_folder(struct s3 *s3, const char *folder, const char *uri,
                                              json_t *seen, hone_error *err);

#endif
