/* The small readers of the service: escapes, chunks, XML, checksums. */
#include "near.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "serve/checksum.h"
#include "serve/chunked.h"
#include "serve/uri.h"
#include "serve/xml.h"

static void escapes_decode_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text, *decoded;
    } cases[] = {{"a%20b+c", "a b+c"},
                 {"%C3%BC%2f", "\xc3\xbc/"},
                 {"", ""},
                 {"%", NULL},
                 {"%4", NULL},
                 {"%zz", NULL},
                 {"a%00b", NULL},
                 {"%+1", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf out;
        buf_init(&out, 100);
        bool ok = uri_decode(cases[i].text, strlen(cases[i].text), false, &out);
        assert_int_equal(ok, cases[i].decoded != NULL);
        if (ok)
            assert_string_equal(out.data, cases[i].decoded);
        buf_release(&out);
    }
}

static void pairs_are_limited(void **state)
{
    (void)state;
    struct pairs pairs;
    char many[2 * URI_PAIRS_MAX + 3];
    assert_true(pairs_read("a=1&b&&c=%3D+", 13, true, &pairs));
    assert_int_equal(pairs.n, 3);
    assert_string_equal(pairs_find(&pairs, "b"), "");
    assert_string_equal(pairs_find(&pairs, "c"), "= ");
    assert_null(pairs_find(&pairs, "d"));
    pairs_release(&pairs);
    for (size_t i = 0; i < sizeof many; i++)
        many[i] = i % 2 ? '&' : 'a';
    assert_false(pairs_read(many, sizeof many, true, &pairs));
    assert_true(pairs_read(many, 2 * URI_PAIRS_MAX - 1, true, &pairs));
    pairs_release(&pairs);
    assert_false(pairs_read("a=%", 3, true, &pairs));
}

static bool keep(void *context, const void *data, size_t n)
{
    buf_add(context, data, n);
    return true;
}

static enum chunked_problem decode(const char *text, size_t piece, struct buf *out, bool *whole)
{
    enum chunked_problem problem = CHUNKED_GOOD;
    struct chunked *chunked = chunked_new(NULL, NULL, keep, out);
    for (size_t n = strlen(text), at = 0; at < n; at += piece)
        problem = chunked_feed(chunked, text + at, n - at < piece ? n - at : piece);
    *whole = chunked_is_whole(chunked);
    if (*whole && chunked_trailer(chunked, "x-amz-checksum-crc32"))
        assert_string_equal(chunked_trailer(chunked, "x-amz-checksum-crc32"), "AAAAAA==");
    chunked_free(chunked);
    return problem;
}

static void chunks_decode_in_pieces_of_any_size(void **state)
{
    (void)state;
    static const char text[] = "5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n"
                               "X-Amz-Checksum-CRC32: AAAAAA== \r\n\r\n";
    for (size_t piece = 1; piece < sizeof text; piece++) {
        struct buf out;
        bool whole;
        buf_init(&out, 100);
        assert_int_equal(decode(text, piece, &out, &whole), CHUNKED_GOOD);
        assert_true(whole);
        assert_string_equal(out.data, "hello0123456789");
        buf_release(&out);
    }
}

static void chunks_that_are_malformed_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"x\r\n",
                                        "\r\n",
                                        "5\nhello",
                                        "5\r\nhelloo\r\n",
                                        "1111111111111111\r\n",
                                        "0\r\n\r\nmore",
                                        "0\r\nnocolon\r\n\r\n",
                                        "-1\r\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct buf out;
        bool whole;
        buf_init(&out, 100);
        assert_int_equal(decode(wrong[i], 3, &out, &whole), CHUNKED_MALFORMED);
        assert_false(whole);
        buf_release(&out);
    }
    struct buf out;
    bool whole;
    buf_init(&out, 100);
    assert_int_equal(decode("5\r\nhello\r\n", 100, &out, &whole), CHUNKED_GOOD);
    assert_false(whole);
    buf_release(&out);
}

/* The example of AWS's page on signed chunks: 65 KiB of "a" in chunks of 64 KiB and 1 KiB. */
static void signed_chunks_are_checked(void **state)
{
    (void)state;
    struct sigv4 sig = {
        .date = "20130524", .region = "us-east-1", .service = "s3", .time = "20130524T000000Z"};
    static const char secret[] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    static const char *const heads[] = {
        "10000;chunk-signature="
        "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n",
        "400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n",
        "0;chunk-signature="
        "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"};
    snprintf(sig.signature, sizeof sig.signature,
             "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
    for (int wrong = 0; wrong < 2; wrong++) {
        struct buf out, text;
        buf_init(&out, 1 << 20);
        buf_init(&text, 1 << 20);
        for (int i = 0; i < 3; i++) {
            buf_text(&text, heads[i]);
            for (int k = 0; k < (i == 0 ? 65536 : i == 1 ? 1024 : 0); k++)
                buf_char(&text, k == 7 && i == wrong ? 'b' : 'a');
            if (i < 2)
                buf_text(&text, "\r\n");
        }
        if (wrong == 0) /* the first time nothing is wrong */
            text.data[strlen(heads[0]) + 7] = 'a';
        struct chunked *chunked = chunked_new(&sig, secret, keep, &out);
        assert_int_equal(chunked_feed(chunked, text.data, text.len),
                         wrong ? CHUNKED_MISMATCH : CHUNKED_GOOD);
        assert_int_equal(chunked_is_whole(chunked), !wrong);
        chunked_free(chunked);
        buf_release(&out);
        buf_release(&text);
    }
}

static bool note(void *context, const char *path, const char *text)
{
    if (text != NULL)
        buf_printf(context, "%s=%s;", path, text);
    return true;
}

static void xml_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *seen; /* NULL: refused */
    } cases[] = {
        {"<?xml version='1.0'?>\n<A xmlns=\"x>y\"><B>1 &lt;&#x41;&#10;</B><!-- no --><C/></A>",
         "A/B=1 <A\n;A/C=;A=;"},
        {"<s:A><s:B><![CDATA[<&>]]></s:B></s:A>", "A/B=<&>;A=;"},
        {"<A>", NULL},
        {"<A></B>", NULL},
        {"</A>", NULL},
        {"<A>&unknown;</A>", NULL},
        {"<A>&#0;</A>", NULL},
        {"<A>&#xD800;</A>", NULL},
        {"<A>&#99999999999;</A>", NULL},
        {"<!DOCTYPE A [<!ENTITY x \"y\">]><A>&x;</A>", NULL},
        {"text", NULL},
        {"<A", NULL},
        {"<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf seen;
        buf_init(&seen, 1000);
        const struct xml_visitor visitor = {&seen, note};
        assert_int_equal(xml_read(cases[i].text, strlen(cases[i].text), &visitor),
                         cases[i].seen != NULL);
        if (cases[i].seen != NULL)
            assert_string_equal(seen.data, cases[i].seen);
        buf_release(&seen);
    }
}

static void texts_are_escaped_for_xml(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 100);
    xml_element(&out, "K", "a<b>&\"\r\x01\xff");
    assert_string_equal(out.data, "<K>a&lt;b&gt;&amp;&quot;&#13;\xef\xbf\xbd\xef\xbf\xbd</K>");
    buf_release(&out);
}

/* The check values of the catalogue of CRC algorithms: of "123456789". */
static void checksums_match_their_check_values(void **state)
{
    (void)state;
    static const struct {
        enum checksum_kind kind;
        const char *text;
    } cases[] = {{CHECKSUM_CRC32, "y/Q5Jg=="},         /* cbf43926 */
                 {CHECKSUM_CRC32C, "4waSgw=="},        /* e3069283 */
                 {CHECKSUM_CRC64NVME, "rosUhgp5mIg="}, /* ae8b14860a799888 */
                 {CHECKSUM_MD5, "JfnnlDI7RTiF9RgfG2JNCw=="}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[48];
        struct checksum *checksum = checksum_new(cases[i].kind);
        checksum_add(checksum, "1234", 4);
        checksum_add(checksum, "56789", 5);
        checksum_text(checksum, text);
        assert_string_equal(text, cases[i].text);
        checksum_free(checksum);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(escapes_decode_strictly),
        cmocka_unit_test(pairs_are_limited),
        cmocka_unit_test(chunks_decode_in_pieces_of_any_size),
        cmocka_unit_test(chunks_that_are_malformed_are_refused),
        cmocka_unit_test(signed_chunks_are_checked),
        cmocka_unit_test(xml_is_read),
        cmocka_unit_test(texts_are_escaped_for_xml),
        cmocka_unit_test(checksums_match_their_check_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
