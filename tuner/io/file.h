/* file.h: files and folders. Folders are made 0700, files 0600. Failures name the path and the
 * system's reason. */
#ifndef HONE_IO_FILE_H
#define HONE_IO_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

bool write_all(int fd, const void *data, size_t n);
/** Make a folder and its parents; one that exists is fine. */
HONE_NODISCARD hone_status file_make_folder(const char *path, hone_error *err);
/** The whole file, up to out->limit. HONE_ENOTFOUND when there is none. */
HONE_NODISCARD hone_status file_read(const char *path, struct buf *out, hone_error *err);
/** Replace a file so that a reader finds the old or the new one, never a part: write, (fsync,)
 * rename. */
HONE_NODISCARD hone_status file_write(const char *path, const void *data, size_t n, bool durable,
                                      hone_error *err);
/** Delete a folder with everything in it, following no link. */
HONE_NODISCARD hone_status file_remove_tree(const char *path, hone_error *err);
/** The name of the network file system that `path` (or its nearest existing parent) is on ("nfs",
 * "cifs",
 * ...), or NULL. */
const char *file_network(const char *path);
/** dir + "/" + name; mem_free. */
char *path_join(const char *dir, const char *name);
/** Absolute and without "." and ".."; the file need not exist; mem_free. */
char *path_absolute(const char *path);

#endif
