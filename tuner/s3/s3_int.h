/* s3_int.h: what the files of this folder share. */
#ifndef HONE_S3_S3_INT_H
#define HONE_S3_S3_INT_H

#include <sys/stat.h>

#include "base/buf.h"
#include "s3/s3.h"

#define S3_OWN ".hone" /* our folder in the root; no bucket can have this name */

/* Endings of names that no escaped component has: after "%" comes no digit. */
#define NAME_EMPTY   "%_" /* a component without a byte: "a//b" */
#define NAME_GOES_ON "%+" /* a folder: the component goes on inside */
#define NAME_BESIDE  "%=" /* an object whose plain name is a folder */

enum {
    NAME_PLAIN_MAX = 240,  /* bytes of a file's name before an ending; systems take 255 */
    PATH_LIMIT = 8 * 1024, /* of an escaped key: every byte may become three */
    META_LIMIT = 64 * 1024
};

struct s3 {
    char *root;
    int root_fd, own_fd;
};

struct s3_write {
    struct s3 *s3;
    char name[32]; /* in .hone/tmp */
    int fd;
    uint64_t size;
    struct digest *md5;
};

/* The path of a key below its bucket, every byte in its place. False: memory. */
bool key_path(const char *key, struct buf *out);
/*
 * Append what a file's name stands for. *goes_on: it is a folder whose entries continue the
 * component. *beside: an object whose plain name is a folder. False when no key has this name.
 */
bool key_of_name(const char *name, struct buf *out, bool *goes_on, bool *beside);

/* The bucket's folder; -1 with errno. */
int bucket_open(struct s3 *s3, const char *bucket);
/* Hold the root's lock: a descriptor to close, or -1 with errno. */
int s3_lock(struct s3 *s3);
/* The same without waiting: -1 too where somebody holds it. */
int s3_lock_if_free(struct s3 *s3);
/* A folder below another, made if need be: a descriptor, or -1. */
int folder_make_at(int folder, const char *name);
/* Delete everything in a folder and itself. */
bool remove_tree_at(int folder, const char *name);
/* A file of JSON in a folder, of at most META_LIMIT bytes; NULL when there is none that can be
 * read.
 */
json_t *json_read_at(int folder, const char *name);
/* A folder's names, sorted by bytes, without "." and ".."; mem_free each and the array. */
bool folder_names(int folder, char ***names_out, size_t *n_out);
void names_free(char **names, size_t n);

/* Fill in what is known of an open object, reading it when nobody has said. */
hone_status object_describe(struct s3 *s3, const char *bucket, const char *key, int fd,
                            struct s3_object *object, hone_error *err);
/* As s3_write_commit(), with the ETag that an upload in parts gets; `etag` may be NULL. */
hone_status object_commit(struct s3_write *write, const char *bucket, const char *key,
                          const struct s3_put *put, const char *etag, struct s3_object *object,
                          hone_error *err);
/* Open the object at a path below the bucket's folder: -1 with errno. */
int object_open(int bucket_fd, const char *path);
int64_t stat_ms(const struct stat *st);

#endif
