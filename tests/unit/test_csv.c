/* test_csv.c: fields of RFC 4180, and the lines that messages name. */
#include "near.h"

#include <stdlib.h>
#include <string.h>

#include "io/csv.h"

static hone_error err;

static struct csv begin(const char *text)
{
    struct csv csv;
    csv_init(&csv, text, strlen(text));
    return csv;
}

/* The next field is `text`, and the last of its record or not. */
static void expect(struct csv *csv, const char *text, bool last)
{
    bool is_last = !last;
    assert_int_equal(csv_field(csv, &is_last, &err), HONE_OK);
    assert_string_equal(csv->field.len > 0 ? csv->field.data : "", text);
    assert_int_equal(is_last, last);
}

static void fields_and_records_follow_one_another(void **state)
{
    (void)state;
    struct csv csv = begin("\xef\xbb\xbf"
                           "a,b\r\n\n\"x, \"\"y\"\"\nz\",\n,end");
    assert_true(csv_next_record(&csv));
    expect(&csv, "a", false);
    expect(&csv, "b", true);
    assert_true(csv_next_record(&csv)); /* an empty line is none */
    assert_int_equal(csv.line, 3);
    expect(&csv, "x, \"y\"\nz", false);
    expect(&csv, "", true);
    assert_true(csv_next_record(&csv));
    assert_int_equal(csv.line, 5);
    expect(&csv, "", false);
    expect(&csv, "end", true);
    assert_false(csv_next_record(&csv));
    csv_release(&csv);
}

static void a_mistake_names_its_line(void **state)
{
    (void)state;
    bool last;
    struct csv csv = begin("a\n\"open\n\n");
    expect(&csv, "a", true);
    assert_int_equal(csv_field(&csv, &last, &err), HONE_EINVAL);
    assert_string_equal(err.text, "2: a quote is not closed");
    csv_release(&csv);
    csv = begin("\"a\"b,c");
    assert_int_equal(csv_field(&csv, &last, &err), HONE_EINVAL);
    assert_string_equal(err.text, "1: text after a closing quote");
    csv_release(&csv);
}

static void what_is_written_comes_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"plain", "",      "a,b",       "say \"no\"",
                                        " edge", "edge ", "two\nlines"};
    enum { N = sizeof texts / sizeof texts[0] };
    char *data = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&data, &len);
    for (size_t i = 0; i < N; i++) {
        csv_put(out, texts[i]);
        fputc(i + 1 < N ? ',' : '\n', out);
    }
    fclose(out);
    struct csv csv = begin(data);
    for (size_t i = 0; i < N; i++)
        expect(&csv, texts[i], i + 1 == N);
    csv_release(&csv);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_and_records_follow_one_another),
        cmocka_unit_test(a_mistake_names_its_line),
        cmocka_unit_test(what_is_written_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
