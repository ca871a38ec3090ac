/* Bodies along the table of shapes: what fits, and the words for what does not. */
#include "near.h"

#include <string.h>

#include "serve/validate.h"

/* The message for a body, in `out`; "" when it fits. */
static const char *said(const char *service, const char *action, const char *body, char code[64])
{
    static char out[4096];
    struct serve_answer answer = {0};
    struct serve_call call = {.service = service, .action = action};
    json_error_t where;
    call.body = json_loads(body, 0, &where);
    assert_non_null(call.body);
    bool fits = validate_body(&call, &answer);
    assert_int_equal(fits, answer.code[0] == '\0');
    if (!fits)
        assert_int_equal(answer.status, 400);
    snprintf(out, sizeof out, "%s", answer.message == NULL ? "" : answer.message);
    snprintf(code, 64, "%s", answer.code);
    serve_answer_release(&answer);
    json_decref(call.body);
    return out;
}

#define CREATE_BEGIN                                                                               \
    "{\"HyperParameterTuningJobName\": \"seg-1\", \"HyperParameterTuningJobConfig\": {"            \
    "\"Strategy\": \"Bayesian\", \"ResourceLimits\": {\"MaxParallelTrainingJobs\": "
#define CREATE_END "}}}"

static void a_body_that_fits_is_let_through(void **state)
{
    (void)state;
    char code[64];
    assert_string_equal(
        said("sagemaker", "CreateHyperParameterTuningJob", CREATE_BEGIN "4" CREATE_END, code), "");
    assert_string_equal(said("sagemaker", "ListHyperParameterTuningJobs", "{}", code), "");
    assert_string_equal(said("sagemaker", "ListTags",
                             "{\"ResourceArn\": \"arn:aws:sagemaker:us-east-1:000000000000:"
                             "training-job/x\", \"NextToken\": null, \"Unknown\": 1}",
                             code),
                        "");
}

static void a_bound_is_named_with_its_path(void **state)
{
    (void)state;
    char code[64];
    assert_string_equal(
        said("sagemaker", "CreateHyperParameterTuningJob", CREATE_BEGIN "0" CREATE_END, code),
        "1 validation error detected: Value '0' at 'hyperParameterTuningJobConfig.resourceLimits."
        "maxParallelTrainingJobs' failed to satisfy constraint: Member must have value greater "
        "than or equal to 1");
    assert_string_equal(code, "ValidationException");
}

static void lengths_patterns_enums_and_absences_are_told_at_once(void **state)
{
    (void)state;
    char code[64];
    const char *text = said("sagemaker", "CreateHyperParameterTuningJob",
                            "{\"HyperParameterTuningJobName\": \"bad_name\","
                            " \"HyperParameterTuningJobConfig\": {\"Strategy\": \"Guess\"},"
                            " \"Tags\": [{\"Key\": \"\", \"Value\": \"v\"}]}",
                            code);
    static const char *const wanted[] = {
        "4 validation errors detected: ",
        "Value 'bad_name' at 'hyperParameterTuningJobName' failed to satisfy constraint: Member "
        "must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}",
        "Value 'Guess' at 'hyperParameterTuningJobConfig.strategy' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Bayesian, Random, Hyperband, Grid]",
        "Value null at 'hyperParameterTuningJobConfig.resourceLimits' failed to satisfy "
        "constraint: Member must not be null",
        "Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length "
        "greater than or equal to 1",
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        assert_non_null(strstr(text, wanted[i]));
}

static void characters_count_not_bytes(void **state)
{
    (void)state;
    char code[64], body[1024] = "{\"ResourceArn\": \"arn:aws:sagemaker:r:000000000000:x\","
                                " \"TagKeys\": [\"";
    for (int i = 0; i < 128; i++)
        strncat(body, "\xc3\xbc", sizeof body - strlen(body) - 1);
    strncat(body, "\"]}", sizeof body - strlen(body) - 1);
    assert_string_equal(said("sagemaker", "DeleteTags", body, code), "");
}

static void a_value_of_another_kind_is_not_read(void **state)
{
    (void)state;
    char code[64];
    assert_string_equal(
        said("sagemaker", "CreateHyperParameterTuningJob", CREATE_BEGIN "\"4\"" CREATE_END, code),
        "the value at 'hyperParameterTuningJobConfig.resourceLimits.maxParallelTrainingJobs' is "
        "of the wrong kind");
    assert_string_equal(code, "SerializationException");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_that_fits_is_let_through),
        cmocka_unit_test(a_bound_is_named_with_its_path),
        cmocka_unit_test(lengths_patterns_enums_and_absences_are_told_at_once),
        cmocka_unit_test(characters_count_not_bytes),
        cmocka_unit_test(a_value_of_another_kind_is_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
