#include "near.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "io/file.h"
#include "s3/s3.h"
#include "s3/s3_int.h"

static hone_error err;
static char folder[64];
static struct s3 *s3;

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/hone-s3-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return 1;
    s3 = s3_open(folder, &err);
    return s3 == NULL || s3_bucket_create(s3, "bucket", &err) != HONE_OK;
}

static int tear_down(void **state)
{
    (void)state;
    s3_close(s3);
    return file_remove_tree(folder, &err) != HONE_OK;
}

static hone_status put(const char *key, const char *text)
{
    struct s3_write *write = s3_write_begin(s3, &err);
    assert_non_null(write);
    assert_int_equal(s3_write_add(write, text, strlen(text), &err), HONE_OK);
    return s3_write_commit(write, "bucket", key, NULL, NULL, &err);
}

static const char *get(const char *key)
{
    static char text[256];
    int fd;
    if (s3_get(s3, "bucket", key, &fd, NULL, &err) != HONE_OK)
        return NULL;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n < 0 ? 0 : n] = '\0';
    return text;
}

static hone_status add_key(void *context, const char *key, const struct s3_object *object,
                           hone_error *error)
{
    (void)error;
    struct buf *out = context;
    buf_printf(out, "%s%s;", key, object == NULL ? "*" : "");
    return HONE_OK;
}

static const char *list(struct s3_query query, bool *more)
{
    static struct buf out;
    bool any;
    buf_release(&out);
    buf_init(&out, 1 << 20);
    if (query.max == 0)
        query.max = 1000;
    assert_int_equal(s3_list(s3, "bucket", &query, add_key, &out, more ? more : &any, &err),
                     HONE_OK);
    return out.data;
}

static bool is_file(const char *path)
{
    char name[256];
    struct stat st;
    snprintf(name, sizeof name, "%s/bucket/%s", folder, path);
    return lstat(name, &st) == 0 && S_ISREG(st.st_mode);
}

static void an_object_is_a_plain_file(void **state)
{
    (void)state;
    struct s3_object object;
    assert_int_equal(put("data/cases.json", "hello"), HONE_OK);
    assert_true(is_file("data/cases.json"));
    assert_int_equal(s3_head(s3, "bucket", "data/cases.json", &object, &err), HONE_OK);
    assert_string_equal(object.etag, "5d41402abc4b2a76b9719d911017c592"); /* RFC 1321: md5 */
    assert_int_equal(object.size, 5);
    s3_object_release(&object);
    assert_int_equal(s3_head(s3, "bucket", "data", NULL, &err), HONE_ENOTFOUND);
    assert_int_equal(s3_head(s3, "nobucket", "data", NULL, &err), HONE_ENOTFOUND);
}

static void what_a_person_copies_in_is_an_object(void **state)
{
    (void)state;
    struct s3_object object;
    char path[128];
    assert_int_equal(put("x", "first"), HONE_OK);
    snprintf(path, sizeof path, "%s/bucket/x", folder);
    assert_int_equal(file_write(path, "hello", 5, false, &err), HONE_OK);
    assert_int_equal(s3_head(s3, "bucket", "x", &object, &err), HONE_OK);
    assert_string_equal(object.etag, "5d41402abc4b2a76b9719d911017c592");
    s3_object_release(&object);
    snprintf(path, sizeof path, "%s/bucket/link", folder);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_null(get("link"));
    assert_string_equal(list((struct s3_query){0}, NULL), "x;");
    assert_int_equal(unlink(path), 0);
}

static void a_key_may_be_the_start_of_another(void **state)
{
    (void)state;
    assert_int_equal(put("x", "1"), HONE_OK);
    assert_int_equal(put("x/y", "2"), HONE_OK);
    assert_string_equal(get("x"), "1");
    assert_string_equal(get("x/y"), "2");
    assert_int_equal(put("x", "3"), HONE_OK);
    assert_string_equal(get("x"), "3");
    assert_string_equal(list((struct s3_query){0}, NULL), "x;x/y;");
    assert_int_equal(s3_delete(s3, "bucket", "x", &err), HONE_OK);
    assert_null(get("x"));
    assert_string_equal(get("x/y"), "2");
    assert_int_equal(put("x", "4"), HONE_OK);
    assert_int_equal(s3_delete(s3, "bucket", "x/y", &err), HONE_OK);
    assert_string_equal(get("x"), "4");
    assert_int_equal(put("x", "5"), HONE_OK);
    assert_true(is_file("x"));
    assert_false(is_file("x%="));
    assert_string_equal(get("x"), "5");
}

static void odd_keys_survive_and_none_leads_out(void **state)
{
    (void)state;
    char longest[S3_KEY_MAX + 2], wide[600];
    memset(longest, '\x01', S3_KEY_MAX);
    longest[S3_KEY_MAX] = '\0';
    memset(wide, 'w', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    const char *const keys[] = {"a//b",
                                "a/",
                                "/",
                                "/a",
                                "//",
                                "..",
                                "../../etc/passwd",
                                "a/../b",
                                "./x",
                                "%2e%2e/x",
                                "50% off/\n",
                                "gr\xc3\xbc\xc3\x9f"
                                "e/\xe2\x82\xac",
                                "a%=",
                                "b%+/c",
                                "%_",
                                longest,
                                wide};
    enum { N = sizeof keys / sizeof keys[0] };
    for (int i = 0; i < N; i++) {
        char text[32];
        snprintf(text, sizeof text, "%d", i);
        assert_int_equal(put(keys[i], text), HONE_OK);
    }
    for (int i = 0; i < N; i++) {
        char text[32];
        struct buf path;
        buf_init(&path, PATH_LIMIT);
        snprintf(text, sizeof text, "%d", i);
        assert_string_equal(get(keys[i]), text);
        assert_true(key_path(keys[i], &path));
        buf_release(&path);
        assert_non_null(strstr(list((struct s3_query){.prefix = keys[i]}, NULL), keys[i]));
    }
    /* In the order of bytes, each once. */
    struct buf seen;
    const char *last = "";
    char *all = mem_text(list((struct s3_query){0}, NULL));
    int n = 0;
    for (char *key = all, *end; (end = strchr(key, ';')) != NULL; key = end + 1, n++) {
        *end = '\0';
        assert_true(strcmp(last, key) < 0);
        last = key;
    }
    assert_int_equal(n, N);
    mem_free(all);
    buf_init(&seen, 16);
    for (int i = 0; i < N; i++)
        assert_int_equal(s3_delete(s3, "bucket", keys[i], &err), HONE_OK);
    assert_string_equal(list((struct s3_query){0}, NULL), "");
    assert_int_equal(s3_bucket_delete(s3, "bucket", &err), HONE_OK);
    buf_release(&seen);
}

static void keys_that_are_no_text_are_refused(void **state)
{
    (void)state;
    char longer[S3_KEY_MAX + 2];
    memset(longer, 'k', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(put("", "x"), HONE_EINVAL);
    assert_int_equal(put(longer, "x"), HONE_EINVAL);
    assert_int_equal(put("\xff", "x"), HONE_EINVAL);
    assert_int_equal(put("\xc0\xaf", "x"), HONE_EINVAL); /* "/" in two bytes */
    assert_int_equal(s3_delete(s3, "bucket", "\xff", &err), HONE_OK);
    static const char *const buckets[] = {"..", ".hone", "ab", "Bucket", "a/b", "-ab", "a..b", ""};
    for (size_t i = 0; i < sizeof buckets / sizeof buckets[0]; i++) {
        assert_int_equal(s3_bucket_create(s3, buckets[i], &err), HONE_EINVAL);
        assert_int_equal(s3_head(s3, buckets[i], "x", NULL, &err), HONE_ENOTFOUND);
    }
}

static void listings_group_and_page(void **state)
{
    (void)state;
    bool more;
    static const char *const keys[] = {"a-b", "a", "a/x", "a/y/z", "a/y-", "a0", "b/1", "b/2", "c"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_int_equal(put(keys[i], ""), HONE_OK);
    assert_string_equal(list((struct s3_query){0}, NULL), "a;a-b;a/x;a/y-;a/y/z;a0;b/1;b/2;c;");
    assert_string_equal(list((struct s3_query){.delimiter = "/"}, NULL), "a;a-b;a/*;a0;b/*;c;");
    assert_string_equal(list((struct s3_query){.prefix = "a/", .delimiter = "/"}, NULL),
                        "a/x;a/y-;a/y/*;");
    assert_string_equal(list((struct s3_query){.prefix = "a", .delimiter = "-"}, NULL),
                        "a;a-*;a/x;a/y-*;a/y/z;a0;");
    assert_string_equal(list((struct s3_query){.prefix = "a/y"}, NULL), "a/y-;a/y/z;");
    /* A page goes on where the last ended, also when that was a group. */
    assert_string_equal(list((struct s3_query){.delimiter = "/", .max = 3}, &more), "a;a-b;a/*;");
    assert_true(more);
    assert_string_equal(list((struct s3_query){.delimiter = "/", .after = "a/", .max = 3}, &more),
                        "a0;b/*;c;");
    assert_false(more);
    assert_string_equal(list((struct s3_query){.after = "a/y-"}, NULL), "a/y/z;a0;b/1;b/2;c;");
    assert_string_equal(list((struct s3_query){.after = "c"}, NULL), "");
}

static void what_was_said_of_an_object_is_kept(void **state)
{
    (void)state;
    struct s3_object object;
    json_t *meta = json_pack("{s:s}", "x-amz-meta-who", "me");
    struct s3_write *write = s3_write_begin(s3, &err);
    assert_int_equal(s3_write_commit(write, "bucket", "k",
                                     &(struct s3_put){.type = "text/x", .meta = meta}, NULL, &err),
                     HONE_OK);
    json_decref(meta);
    assert_int_equal(s3_head(s3, "bucket", "k", &object, &err), HONE_OK);
    assert_string_equal(object.type, "text/x");
    assert_string_equal(json_string_value(json_object_get(object.meta, "x-amz-meta-who")), "me");
    s3_object_release(&object);
}

/* A reader that is still working out the old file's ETag when a put comes. */
static void what_a_slow_reader_finds_replaces_nothing(void **state)
{
    (void)state;
    struct s3_object object;
    char path[256];
    snprintf(path, sizeof path, "%s/bucket/k", folder);
    assert_int_equal(file_write(path, "old", 3, false, &err), HONE_OK);
    int old = open(path, O_RDONLY | O_CLOEXEC);
    struct s3_write *write = s3_write_begin(s3, &err);
    assert_int_equal(s3_write_add(write, "new", 3, &err), HONE_OK);
    assert_int_equal(
        s3_write_commit(write, "bucket", "k", &(struct s3_put){.type = "text/x"}, NULL, &err),
        HONE_OK);
    assert_int_equal(object_describe(s3, "bucket", "k", old, &object, &err), HONE_OK);
    assert_int_equal(object.size, 3);
    s3_object_release(&object);
    close(old);
    assert_int_equal(s3_head(s3, "bucket", "k", &object, &err), HONE_OK);
    assert_non_null(object.type);
    assert_string_equal(object.type, "text/x");
    s3_object_release(&object);
}

static void a_put_may_have_conditions(void **state)
{
    (void)state;
    assert_int_equal(put("k", "hello"), HONE_OK);
    struct s3_write *write = s3_write_begin(s3, &err);
    assert_int_equal(
        s3_write_commit(write, "bucket", "k", &(struct s3_put){.if_none = true}, NULL, &err),
        HONE_ESTATE);
    write = s3_write_begin(s3, &err);
    assert_int_equal(
        s3_write_commit(write, "bucket", "k", &(struct s3_put){.if_match = "0"}, NULL, &err),
        HONE_ESTATE);
    assert_string_equal(get("k"), "hello");
    write = s3_write_begin(s3, &err);
    assert_int_equal(
        s3_write_commit(write, "bucket", "k",
                        &(struct s3_put){.if_match = "5d41402abc4b2a76b9719d911017c592"}, NULL,
                        &err),
        HONE_OK);
    assert_string_equal(get("k"), "");
}

static hone_status part(const char *id, int number, size_t n, char c, struct s3_part *out)
{
    struct s3_write *write = s3_write_begin(s3, &err);
    char *bytes = mem_array(n + 1, 1);
    memset(bytes, c, n);
    assert_int_equal(s3_write_add(write, bytes, n, &err), HONE_OK);
    mem_free(bytes);
    return s3_upload_part(write, "bucket", id, number, out, &err);
}

static hone_status count_part(void *context, const struct s3_part *p, hone_error *error)
{
    (void)p;
    (void)error;
    ++*(int *)context;
    return HONE_OK;
}

static void parts_are_joined_in_order(void **state)
{
    (void)state;
    char id[S3_UPLOAD_ID_MAX];
    struct s3_part parts[2], other;
    struct s3_object object;
    int n = 0;
    assert_int_equal(s3_upload_begin(s3, "bucket", "big", NULL, id, &err), HONE_OK);
    assert_true(s3_upload_exists(s3, "bucket", "big", id));
    assert_false(s3_upload_exists(s3, "bucket", "bi", id));
    assert_false(s3_upload_exists(s3, "bucket", "big", "../../../x"));
    assert_int_equal(part(id, 2, 3, 'b', &parts[1]), HONE_OK);
    assert_int_equal(part(id, 1, 9, 'x', &other), HONE_OK);
    assert_int_equal(part(id, 1, S3_PART_MIN_BYTES, 'a', &parts[0]), HONE_OK);
    assert_int_equal(part(id, 0, 3, 'a', &other), HONE_EINVAL);
    assert_int_equal(s3_upload_parts(s3, "bucket", id, count_part, &n, &err), HONE_OK);
    assert_int_equal(n, 2);
    other = parts[0];
    other.etag[0] = other.etag[0] == '0' ? '1' : '0';
    assert_int_equal(s3_upload_complete(s3, "bucket", "big", id, &other, 1, NULL, &err),
                     HONE_EINVAL);
    struct s3_part wrong[2] = {parts[1], parts[0]};
    assert_int_equal(s3_upload_complete(s3, "bucket", "big", id, wrong, 2, NULL, &err),
                     HONE_ESTATE); /* the small one first */
    assert_int_equal(s3_upload_complete(s3, "bucket", "big", id, parts, 2, &object, &err), HONE_OK);
    assert_int_equal(object.size, S3_PART_MIN_BYTES + 3);
    assert_string_equal(object.etag + 32, "-2");
    s3_object_release(&object);
    assert_false(s3_upload_exists(s3, "bucket", "big", id));
    assert_int_equal(s3_head(s3, "bucket", "big", &object, &err), HONE_OK);
    assert_string_equal(object.etag + 32, "-2");
    s3_object_release(&object);
    assert_int_equal(s3_upload_begin(s3, "bucket", "big", NULL, id, &err), HONE_OK);
    assert_int_equal(s3_upload_abort(s3, "bucket", id, &err), HONE_OK);
    assert_int_equal(s3_upload_abort(s3, "bucket", id, &err), HONE_ENOTFOUND);
}

static void a_bucket_with_objects_is_not_deleted(void **state)
{
    (void)state;
    char path[128];
    assert_int_equal(s3_bucket_create(s3, "bucket", &err), HONE_ESTATE);
    assert_int_equal(put("a/b", "x"), HONE_OK);
    assert_int_equal(s3_bucket_delete(s3, "bucket", &err), HONE_ESTATE);
    assert_int_equal(s3_delete(s3, "bucket", "a/b", &err), HONE_OK);
    snprintf(path, sizeof path, "%s/bucket/no%%41object", folder);
    assert_int_equal(file_write(path, "", 0, false, &err), HONE_OK);
    assert_int_equal(s3_bucket_delete(s3, "bucket", &err), HONE_ESTATE);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(s3_bucket_delete(s3, "bucket", &err), HONE_OK);
    assert_int_equal(s3_bucket_delete(s3, "bucket", &err), HONE_ENOTFOUND);
}

static void what_is_given_up_leaves_nothing(void **state)
{
    (void)state;
    char path[128];
    struct s3_write *write = s3_write_begin(s3, &err);
    assert_int_equal(s3_write_add(write, "x", 1, &err), HONE_OK);
    s3_write_abandon(write);
    snprintf(path, sizeof path, "%s/.hone/tmp", folder);
    assert_int_equal(rmdir(path), 0); /* it was empty */
}

static void what_killed_writes_left_is_swept(void **state)
{
    (void)state;
    char path[128];
    int64_t now = 0;
    struct stat st;
    struct s3_write *write = s3_write_begin(s3, &err); /* its process goes on */
    snprintf(path, sizeof path, "%s/.hone/tmp/%s", folder, write->name);
    assert_int_equal(stat(path, &st), 0);
    now = stat_ms(&st);
    s3_sweep(s3, now);
    assert_int_equal(stat(path, &st), 0);
    s3_sweep(s3, now + 1);
    assert_int_equal(stat(path, &st), -1);
    s3_write_abandon(write);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(an_object_is_a_plain_file),
        CASE(what_a_person_copies_in_is_an_object),
        CASE(a_key_may_be_the_start_of_another),
        CASE(odd_keys_survive_and_none_leads_out),
        CASE(keys_that_are_no_text_are_refused),
        CASE(listings_group_and_page),
        CASE(what_was_said_of_an_object_is_kept),
        CASE(what_a_slow_reader_finds_replaces_nothing),
        CASE(a_put_may_have_conditions),
        CASE(parts_are_joined_in_order),
        CASE(a_bucket_with_objects_is_not_deleted),
        CASE(what_is_given_up_leaves_nothing),
        CASE(what_killed_writes_left_is_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
