/* test_yaml.c: nodes and their lines, the core schema, and what is refused. */
#include "io/yaml.h"

#include <string.h>

#include "base/buf.h"
#include "near.h"

/* The tree as one line: scalars as they are, quoted ones in quotes, @N the line of an entry. */
static void dump(const struct node *node, struct buf *out)
{
    const char *separator = "";
    if (node->kind == NODE_SCALAR) {
        buf_printf(out, node->plain ? "%s" : "'%s'", node->text);
        return;
    }
    buf_char(out, node->kind == NODE_LIST ? '[' : '{');
    for (const struct node *entry = node->first; entry != NULL; entry = entry->next) {
        buf_text(out, separator);
        if (node->kind == NODE_MAP)
            buf_printf(out, "%s@%d:", entry->key, entry->line);
        dump(entry, out);
        separator = ",";
    }
    buf_char(out, node->kind == NODE_LIST ? ']' : '}');
}

static void reads(const char *text, const char *expected)
{
    struct arena arena = {0};
    hone_error err = {0};
    int line = 0;
    struct buf out;
    buf_init(&out, 10000);
    struct node *root = yaml_read(text, strlen(text), &arena, &line, &err);
    assert_string_equal(err.text, "");
    dump(root, &out);
    assert_string_equal(out.data, expected);
    buf_release(&out);
    arena_release(&arena);
}

static void refuses_n(const char *text, size_t len, int at_line, const char *expected)
{
    struct arena arena = {0};
    hone_error err = {0};
    int line = 0;
    assert_null(yaml_read(text, len, &arena, &line, &err));
    assert_string_equal(err.text, expected);
    assert_int_equal(line, at_line);
    arena_release(&arena);
}

static void refuses(const char *text, int at_line, const char *expected)
{
    refuses_n(text, strlen(text), at_line, expected);
}

static void entries_know_the_lines_of_their_keys(void **state)
{
    (void)state;
    reads("a: 1\nb:\n  c: [x, 'y',\n    \"z\"]\n\nd: |\n  two\n  lines\ne:\n",
          "{a@1:1,b@2:{c@3:[x,'y','z']},d@6:'two\nlines\n',e@9:}");
}

static void json_is_yaml(void **state)
{
    (void)state;
    reads("{\"a\": [1, 2.5e-3, null, true, \"\\u00e9\\\"\\n\"], \"b\": {}}",
          "{a@1:[1,2.5e-3,null,true,'\xC3\xA9\"\n'],b@1:{}}");
}

static void an_alias_is_a_copy(void **state)
{
    (void)state;
    reads("a: &x [1, {b: 2}]\nc: *x\nd: &y z\ne: *y",
          "{a@1:[1,{b@1:2}],c@2:[1,{b@1:2}],d@3:z,e@4:z}");
}

static void broken_syntax_has_its_line(void **state)
{
    (void)state;
    refuses("a: 1\nb: [1, 2\n", 3, "flow sequence without a closing bracket");
    refuses("a: b: c", 1, "invalid nested block mapping on the same line");
    refuses("a: 1\n\tb: 2", 1, "invalid multiline plain key");
    refuses("a: 'x", 1, "single-quoted scalar without closing quote");
}

static void what_has_no_meaning_is_refused(void **state)
{
    (void)state;
    refuses("", 1, "the file is empty");
    refuses("# nothing\n", 1, "the file is empty");
    refuses("a: 1\n---\nb: 2\n", 2, "a second document; one study a file");
    refuses("a: 1\nb: !!str 2\n", 2,
            "tags such as !!str have no meaning here; put a text into quotes");
    refuses("? [1, 2]\n: 3\n", 1, "a key must be a single word or text");
    refuses("a: \"x\\0y\"", 1, "a text with a NUL character");
    refuses("a: 1\nb: *x\n", 2, "an alias to an anchor that does not stand before it");
    refuses("a: &x [1, *x]\n", 1, "an alias inside of what it stands for");
}

static void text_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    refuses("a: 1\nb: \xFF\xFE\n", 2, "a character that is not UTF-8");
    refuses("a: \xC3", 1, "a character that is not UTF-8");
    refuses("a: \xED\xA0\x80", 1, "a character that is not UTF-8");
    refuses_n("a: 1\nb: x\0y\n", 11, 2, "a NUL character: this is no text file");
}

static void no_small_file_stands_for_a_huge_one(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 22);
    buf_text(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++) {
        buf_printf(&text, "a%d: &a%d [", i, i);
        for (int j = 0; j < 10; j++)
            buf_printf(&text, j > 0 ? ", *a%d" : "*a%d", i - 1);
        buf_text(&text, "]\n");
    }
    refuses(text.data, 5, "more than 20000 values, counting what aliases stand for");

    buf_clear(&text);
    for (int i = 0; i < 25; i++)
        buf_char(&text, '[');
    refuses(text.data, 1, "nested deeper than 24 levels");

    buf_clear(&text);
    for (int i = 0; i < 1001; i++)
        buf_printf(&text, "k%d: 1\n", i);
    refuses(text.data, 1001, "more than 1000 keys in one map");

    buf_clear(&text);
    for (int i = 0; i < 1 << 20; i++)
        buf_text(&text, "#\n");
    refuses(text.data, 1, "longer than 1 MiB");
    buf_release(&text);
}

static struct node plain(const char *text)
{
    return (struct node){.kind = NODE_SCALAR, .plain = true, .text = text};
}

static void numbers_are_those_of_the_core_schema(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } numbers[] = {
        {"0", 0},    {"-12", -12}, {"+3", 3},    {"1e-5", 1e-5}, {"1.0E+2", 100},
        {".5", 0.5}, {"5.", 5},    {"0x1F", 31}, {"0o17", 15},   {"-.inf", -(double)INFINITY},
        {"007", 7}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct node node = plain(numbers[i].text);
        double x = 17;
        assert_true(node_is_number(&node, &x));
        assert_true(x == numbers[i].value);
        node.plain = false;
        assert_false(node_is_number(&node, &x));
    }
    static const char *const texts[] = {"",    "-",     ".",     "1e",    "1e+", "0x",
                                        "0xG", "0o8",   "1_0",   "1,000", "nan", "inf",
                                        "e5",  "1.2.3", "-0x1F", "12a"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct node node = plain(texts[i]);
        double x;
        assert_false(node_is_number(&node, &x));
    }
}

static void integers_are_written_in_decimal(void **state)
{
    (void)state;
    struct node yes = plain("-12"), point = plain("1.0"), hex = plain("0x10");
    assert_true(node_is_integer(&yes));
    assert_false(node_is_integer(&point));
    assert_false(node_is_integer(&hex));
}

static void booleans_are_true_and_false_but_not_yes_and_off(void **state)
{
    (void)state;
    bool value = false;
    struct node yes = plain("True"), no = plain("FALSE"), off = plain("off"), text = plain("yes");
    assert_true(node_is_boolean(&yes, &value) && value);
    assert_true(node_is_boolean(&no, &value) && !value);
    assert_false(node_is_boolean(&off, &value));
    assert_false(node_is_boolean(&text, &value));
}

static void no_memory_is_an_error_not_a_crash(void **state)
{
    (void)state;
    const char *text = "a: &x [1, {b: 2}]\nc: *x\n";
    for (size_t n = 1; n < 4; n++) {
        struct arena arena = {0};
        hone_error err = {0};
        int line;
        mem_fail_at(n, 1);
        struct node *root = yaml_read(text, strlen(text), &arena, &line, &err);
        mem_fail_at(0, 0);
        if (root == NULL)
            assert_int_equal(err.status, HONE_ENOMEM);
        else
            assert_true(n > 1);
        arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_know_the_lines_of_their_keys),
        cmocka_unit_test(json_is_yaml),
        cmocka_unit_test(an_alias_is_a_copy),
        cmocka_unit_test(broken_syntax_has_its_line),
        cmocka_unit_test(what_has_no_meaning_is_refused),
        cmocka_unit_test(text_that_is_not_utf8_is_refused),
        cmocka_unit_test(no_small_file_stands_for_a_huge_one),
        cmocka_unit_test(numbers_are_those_of_the_core_schema),
        cmocka_unit_test(integers_are_written_in_decimal),
        cmocka_unit_test(booleans_are_true_and_false_but_not_yes_and_off),
        cmocka_unit_test(no_memory_is_an_error_not_a_crash),
    };
    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
