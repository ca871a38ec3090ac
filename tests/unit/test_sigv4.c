#include "near.h"

#include <stdio.h>
#include <string.h>

#include "serve/sigv4.h"

/* Of the public test suite of Signature Version 4: "get-vanilla" and
 * "get-vanilla-query-order-key-case". */
#define SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define SCOPE  "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
#define EMPTY  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static char authorization[512];
static struct request request;
static struct sigv4 sig;
static char why[128];

static void begin(const char *target, const char *signature)
{
    request_release(&request);
    sigv4_release(&sig);
    snprintf(authorization, sizeof authorization,
             "AWS4-HMAC-SHA256 Credential=" SCOPE ", SignedHeaders=host;x-amz-date, Signature=%s",
             signature);
    request.method = "GET";
    assert_true(request_target(&request, target));
    request.headers[0] = (struct header){"Host", "example.amazonaws.com"};
    request.headers[1] = (struct header){"X-Amz-Date", "20150830T123600Z"};
    request.headers[2] = (struct header){"Authorization", authorization};
    request.n_headers = 3;
}

static enum sigv4_problem check(const char *secret, int64_t after_ms)
{
    enum sigv4_problem problem = sigv4_read(&request, &sig, why);
    if (problem != SIGV4_GOOD)
        return problem;
    return sigv4_check(&request, &sig, secret, "/", EMPTY, true,
                       sigv4_time("20150830T123600Z") + after_ms);
}

static int tear_down(void **state)
{
    (void)state;
    request_release(&request);
    sigv4_release(&sig);
    return 0;
}

static void signatures_of_the_public_suite_are_good(void **state)
{
    (void)state;
    begin("/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    assert_int_equal(check(SECRET, 0), SIGV4_GOOD);
    begin("/?Param2=value2&Param1=value1",
          "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
    assert_int_equal(check(SECRET, 0), SIGV4_GOOD);
}

static void whatever_is_changed_is_noticed(void **state)
{
    (void)state;
    static const char good[] = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    begin("/", good);
    assert_int_equal(check(SECRET "x", 0), SIGV4_MISMATCH);
    begin("/x", good);
    assert_int_equal(check(SECRET, 0), SIGV4_MISMATCH);
    begin("/?a=", good);
    assert_int_equal(check(SECRET, 0), SIGV4_MISMATCH);
    begin("/", good);
    request.headers[0].value = "example.amazonaws.org";
    assert_int_equal(check(SECRET, 0), SIGV4_MISMATCH);
    begin("/", good);
    request.headers[request.n_headers++] = (struct header){"X-Amz-Target", "SageMaker.X"};
    assert_int_equal(check(SECRET, 0), SIGV4_MISMATCH);
    begin("/", good);
    request.method = "HEAD";
    assert_int_equal(check(SECRET, 0), SIGV4_MISMATCH);
    begin("/", "5FA00FA31553B73EBF1942676E86291E8372FF2A2260956D9B8AAE1D763FBF31");
    assert_int_equal(check(SECRET, 0), SIGV4_MISMATCH);
}

static void a_time_too_far_away_is_told_to_who_knows_the_secret(void **state)
{
    (void)state;
    static const char good[] = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    begin("/", good);
    assert_int_equal(check(SECRET, SIGV4_SKEW_MS), SIGV4_GOOD);
    begin("/", good);
    assert_int_equal(check(SECRET, SIGV4_SKEW_MS + 1), SIGV4_SKEW);
    begin("/", good);
    assert_int_equal(check(SECRET, -SIGV4_SKEW_MS - 1), SIGV4_SKEW);
    begin("/", good);
    assert_int_equal(check("wrong", SIGV4_SKEW_MS + 1), SIGV4_MISMATCH);
}

static void what_is_malformed_is_said(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ",
        "AWS4-HMAC-SHA512 Credential=" SCOPE ", SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=" SCOPE ", Signature=00",
        "AWS4-HMAC-SHA256 Credential=" SCOPE ", SignedHeaders=host",
        "AWS4-HMAC-SHA256 Credential=A/20150830/us-east-1/service, SignedHeaders=host, "
        "Signature=00",
        "AWS4-HMAC-SHA256 Credential=A/20150831/us-east-1/service/aws4_request, "
        "SignedHeaders=host, Signature=00",
        "AWS4-HMAC-SHA256 Credential=A/20150830/US_EAST/service/aws4_request, SignedHeaders=host, "
        "Signature=00",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        begin("/", "00");
        request.headers[2].value = wrong[i];
        assert_int_equal(check(SECRET, 0), SIGV4_MALFORMED);
        assert_true(why[0] != '\0');
    }
    begin("/", "00");
    request.n_headers = 2;
    assert_int_equal(check(SECRET, 0), SIGV4_ABSENT);
}

static void times_are_read_strictly(void **state)
{
    (void)state;
    assert_int_equal(sigv4_time("19700102T000001Z"), 86401000);
    assert_int_equal(sigv4_time("2015-08-30T12:36:00Z"), -1);
    assert_int_equal(sigv4_time("20150830T123600"), -1);
    assert_int_equal(sigv4_time("20151330T123600Z"), -1);
    assert_int_equal(sigv4_time(""), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(signatures_of_the_public_suite_are_good, tear_down),
        cmocka_unit_test_teardown(whatever_is_changed_is_noticed, tear_down),
        cmocka_unit_test_teardown(a_time_too_far_away_is_told_to_who_knows_the_secret, tear_down),
        cmocka_unit_test_teardown(what_is_malformed_is_said, tear_down),
        cmocka_unit_test_teardown(times_are_read_strictly, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
