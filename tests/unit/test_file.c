#include "near.h"

#include <dirent.h>
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

static hone_error err;
static char folder[64]; /* of this test */

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/hone-file-XXXXXX");
    return mkdtemp(folder) == NULL || chdir(folder) != 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(file_remove_tree(folder, &err), HONE_OK);
    assert_int_equal(access(folder, F_OK), -1);
    return 0;
}

static int mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return (int)(st.st_mode & 0777);
}

static void check_content(const char *path, const char *expected)
{
    struct buf b;
    buf_init(&b, 1000);
    assert_int_equal(file_read(path, &b, &err), HONE_OK);
    assert_string_equal(b.data, expected);
    buf_release(&b);
}

static int n_entries(const char *path)
{
    int n = 0;
    DIR *d = opendir(path);
    assert_non_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

static void folders_are_made_with_their_parents(void **state)
{
    (void)state;
    assert_int_equal(file_make_folder("a/b/c", &err), HONE_OK);
    assert_int_equal(file_make_folder("a/b/c", &err), HONE_OK);
    assert_int_equal(file_make_folder("a//b/./c/", &err), HONE_OK);
    assert_int_equal(mode_of("a"), 0700);
    assert_int_equal(mode_of("a/b/c"), 0700);
    assert_int_equal(file_write("a/file", "x", 1, false, &err), HONE_OK);
    assert_int_equal(file_make_folder("a/file", &err), HONE_EIO);
    assert_non_null(strstr(err.text, "a/file"));
    assert_int_equal(file_make_folder("a/file/b", &err), HONE_EIO);
    assert_int_equal(file_make_folder("", &err), HONE_EINVAL);
}

static void a_file_is_replaced_and_nothing_else_is_left(void **state)
{
    (void)state;
    assert_int_equal(file_write("f", "one", 3, true, &err), HONE_OK);
    assert_int_equal(file_write("f", "second", 6, false, &err), HONE_OK);
    check_content("f", "second");
    assert_int_equal(mode_of("f"), 0600);
    assert_int_equal(n_entries("."), 1);
}

static void a_write_that_fails_leaves_the_old_file(void **state)
{
    (void)state;
    assert_int_equal(file_make_folder("d", &err), HONE_OK);
    assert_int_equal(file_write("d", "x", 1, true, &err), HONE_EIO); /* a folder is in the way */
    assert_non_null(strstr(err.text, "write d: "));
    assert_int_equal(n_entries("."), 1);
    assert_int_equal(file_write("no/such/folder", "x", 1, true, &err), HONE_EIO);
    assert_non_null(strstr(err.text, "no/such/folder"));
}

static void reading_says_what_is_wrong(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4);
    assert_int_equal(file_read("none", &b, &err), HONE_ENOTFOUND);
    assert_non_null(strstr(err.text, "none: No such file"));
    assert_int_equal(file_read(".", &b, &err), HONE_EIO);
    assert_int_equal(file_write("f", "12345", 5, false, &err), HONE_OK);
    assert_int_equal(file_read("f", &b, &err), HONE_EIO);
    assert_non_null(strstr(err.text, "4 bytes"));
    buf_release(&b);
}

static void a_tree_goes_but_not_what_its_links_point_to(void **state)
{
    (void)state;
    assert_int_equal(file_make_folder("keep", &err), HONE_OK);
    assert_int_equal(file_write("keep/f", "x", 1, false, &err), HONE_OK);
    assert_int_equal(file_make_folder("t/locked/deep", &err), HONE_OK);
    assert_int_equal(file_write("t/locked/f", "x", 1, false, &err), HONE_OK);
    assert_int_equal(symlink("../keep", "t/link"), 0);
    assert_int_equal(symlink("nowhere", "t/broken"), 0);
    assert_int_equal(chmod("t/locked", 0500), 0);
    assert_int_equal(file_remove_tree("t", &err), HONE_OK);
    assert_int_equal(access("t", F_OK), -1);
    check_content("keep/f", "x");
    assert_int_equal(file_remove_tree("t", &err), HONE_OK); /* gone already */
    assert_int_equal(symlink("keep", "link"), 0);
    assert_int_equal(file_remove_tree("link", &err), HONE_OK); /* the link itself */
    check_content("keep/f", "x");
}

static void check_path(char *path, const char *expected)
{
    assert_string_equal(path, expected);
    mem_free(path);
}

static void paths_are_joined_and_made_absolute(void **state)
{
    (void)state;
    char expected[128];
    check_path(path_join("a", "b"), "a/b");
    check_path(path_join("a/", "b"), "a/b");
    check_path(path_join("/", "b"), "/b");
    check_path(path_absolute("/a/./b//c/../d/"), "/a/b/d");
    check_path(path_absolute("/../.."), "/");
    check_path(path_absolute("/a/.."), "/");
    check_path(path_absolute("/..a/b.."), "/..a/b..");
    snprintf(expected, sizeof expected, "%s/x/y", folder);
    check_path(path_absolute("x/./y"), expected);
    snprintf(expected, sizeof expected, "%s", folder);
    check_path(path_absolute(""), expected);
    check_path(path_absolute("x/.."), expected);
    check_path(path_absolute("../../../../z"), "/z");
}

static void the_test_variable_makes_a_network_file_system(void **state)
{
    (void)state;
    char below[128];
    snprintf(below, sizeof below, "%s/not/there/yet", folder);
    assert_null(file_network(below));
    setenv("HONE_TEST_NETWORK_FS", folder, 1);
    assert_string_equal(file_network(below), "nfs");
    assert_string_equal(file_network("relative"), "nfs");
    assert_string_equal(file_network(folder), "nfs");
    snprintf(below, sizeof below, "%s-neighbour/x", folder);
    assert_null(file_network(below));
    unsetenv("HONE_TEST_NETWORK_FS");
    assert_null(file_network("/proc"));
    assert_null(file_network("/not/there"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(folders_are_made_with_their_parents),
        T(a_file_is_replaced_and_nothing_else_is_left),
        T(a_write_that_fails_leaves_the_old_file),
        T(reading_says_what_is_wrong),
        T(a_tree_goes_but_not_what_its_links_point_to),
        T(paths_are_joined_and_made_absolute),
        T(the_test_variable_makes_a_network_file_system),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
