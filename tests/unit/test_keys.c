/* test_keys.c: the table of study keys, and that nothing made from it or beside it leaves one out.
 */
#include "spec/keys.h"

#include <string.h>

#include "base/buf.h"
#include "io/file.h"
#include "io/json.h"
#include "near.h"
#include "spec/spec.h"

static const char reference[] = TEST_DATA "/../../examples/study.yaml";

static void every_key_says_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_keys; i++) {
        const struct key *key = &keys[i];
        assert_true(key_find(key->path) == key); /* no path twice */
        assert_true(strlen(key->meaning) > 5);
        assert_int_equal(key->meaning[strlen(key->meaning) - 1], '.');
        assert_true(key->type == KEY_LATER || key->example[0] != '\0');
        assert_true(key->type != KEY_LATER || key->words != NULL);
        const char *point = strrchr(key->path, '.');
        if (point == NULL)
            continue;
        /* A section stands before its keys. */
        char section[64];
        snprintf(section, sizeof section, "%.*s", (int)(point - key->path), key->path);
        assert_true(key_find(section) != NULL && key_find(section) < key);
    }
    assert_null(key_find("limits."));
    assert_null(key_find("grace"));
}

static void the_reference_is_a_study_and_shows_every_key(void **state)
{
    (void)state;
    struct problems problems = {0};
    hone_error err = {0};
    struct buf text;
    buf_init(&text, 100000);
    if (file_read(reference, &text, &err) != HONE_OK)
        fail_msg("%s", err.text);
    struct spec *spec = spec_read_file(reference, &problems);
    assert_int_equal(problems.n, 0);
    assert_int_equal(problems.n_warnings, 0);
    assert_non_null(spec);
    for (size_t i = 0; i < n_keys; i++) {
        char word[64];
        snprintf(word, sizeof word, "%s:", key_leaf(&keys[i]));
        if (strstr(text.data, word) == NULL)
            fail_msg("%s is not in examples/study.yaml", keys[i].path);
    }
    spec_free(spec);
    buf_release(&text);
}

static void the_schema_has_every_key_and_the_required_ones(void **state)
{
    (void)state;
    struct buf text;
    hone_error err = {0};
    buf_init(&text, 1 << 20);
    spec_schema(&text);
    assert_false(text.failed);
    json_t *schema = json_read(text.data, text.len, &err);
    assert_string_equal(err.text, "");
    json_t *properties = json_object_get(schema, "properties");
    size_t n = 0;
    for (size_t i = 0; i < n_keys; i++) {
        if (!key_is_inside(&keys[i], ""))
            continue;
        json_t *one = json_object_get(properties, keys[i].path);
        assert_non_null(json_object_get(one, "description"));
        n++;
    }
    assert_int_equal(json_object_size(properties), n);
    assert_int_equal(json_array_size(json_object_get(schema, "required")), 3);
    json_t *limits = json_object_get(json_object_get(properties, "limits"), "properties");
    assert_non_null(json_object_get(limits, "grace"));
    json_t *strategy = json_object_get(json_object_get(properties, "strategy"), "anyOf");
    assert_int_equal(json_array_size(strategy), 2);
    json_t *names = json_object_get(json_array_get(strategy, 0), "enum");
    assert_string_equal(json_string_value(json_array_get(names, 1)), "bayesian");
    assert_true(json_array_size(names) >= 6);
    assert_int_equal(json_object_get(schema, "additionalProperties") == json_false(), 1);
    json_decref(schema);
    buf_release(&text);
}

/* What the table offers the engine must have, and what it has not the table must not offer. */
static void strategies_and_rules_are_those_of_the_engine(void **state)
{
    (void)state;
    static const char *const paths[] = {"strategy.name", "early_stopping.rule"};
    hone_space *space = hone_space_new();
    hone_error err = {0};
    assert_int_equal(hone_space_add_int(space, "x", 1, 9, HONE_LINEAR, &err), HONE_OK);
    for (size_t i = 0; i < 2; i++) {
        const char *cursor = NULL, *word;
        size_t len;
        bool later;
        while ((word = key_next_word(key_find(paths[i])->words, &cursor, &len, &later)) != NULL) {
            char name[32];
            snprintf(name, sizeof name, "%.*s", (int)len, word);
            if (strcmp(name, "off") == 0)
                continue; /* the engine calls it none */
            hone_options options = {.strategy = i == 0 ? name : "random",
                                    .stopping = i == 1 ? name : NULL};
            hone_optimizer *opt = hone_optimizer_new(space, &options, &err);
            assert_true((opt == NULL) == later);
            hone_optimizer_free(opt);
        }
    }
    hone_space_free(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_says_what_it_is),
        cmocka_unit_test(the_reference_is_a_study_and_shows_every_key),
        cmocka_unit_test(the_schema_has_every_key_and_the_required_ones),
        cmocka_unit_test(strategies_and_rules_are_those_of_the_engine),
    };
    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
