/* chunked.c: aws-chunked bodies. Each chunk's signature covers its bytes and the signature before
 * it, so that none can be left out or moved. */
#include "serve/chunked.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

enum state { IN_LENGTH, IN_DATA, AFTER_DATA, IN_TRAILERS, WHOLE };

struct chunked {
    enum state state;
    enum chunked_problem problem;
    chunked_sink *sink;
    void *context;
    bool is_signed;
    unsigned char key[DIGEST_MAX];
    char time[17], scope[9 + 65 + 65 + 16];
    char before[65], claimed[65]; /* signatures */
    struct digest *hash;          /* of the chunk's bytes */
    uint64_t left;                /* bytes of the chunk, or of the line end behind it */
    struct buf line, trailers;    /* trailers: as they are signed */
    char *names[CHUNK_TRAILERS_MAX], *values[CHUNK_TRAILERS_MAX];
    size_t n;
};

struct chunked *chunked_new(const struct sigv4 *sig, const char *secret, chunked_sink *sink,
                            void *context)
{
    struct chunked *chunked = mem_array(1, sizeof *chunked);
    if (chunked == NULL)
        return NULL;
    buf_init(&chunked->line, CHUNK_LINE_MAX);
    buf_init(&chunked->trailers, (size_t)CHUNK_LINE_MAX * CHUNK_TRAILERS_MAX);
    chunked->sink = sink;
    chunked->context = context;
    chunked->is_signed = sig != NULL;
    chunked->hash = digest_new(DIGEST_SHA256);
    if (chunked->hash == NULL || (sig != NULL && !sigv4_key(sig, secret, chunked->key))) {
        chunked_free(chunked);
        return NULL;
    }
    if (sig != NULL) {
        snprintf(chunked->time, sizeof chunked->time, "%s", sig->time);
        snprintf(chunked->before, sizeof chunked->before, "%s", sig->signature);
        snprintf(chunked->scope, sizeof chunked->scope, "%s/%s/%s/aws4_request", sig->date,
                 sig->region, sig->service);
    }
    return chunked;
}

void chunked_free(struct chunked *chunked)
{
    if (chunked == NULL)
        return;
    for (size_t i = 0; i < chunked->n; i++) {
        mem_free(chunked->names[i]);
        mem_free(chunked->values[i]);
    }
    digest_free(chunked->hash);
    buf_release(&chunked->line);
    buf_release(&chunked->trailers);
    mem_free(chunked);
}

/* Whether `claimed` signs what came, after the signature before it. */
static bool signature_fits(struct chunked *chunked, const char *kind, const char *empty,
                           const char *hash)
{
    char text[1024], wanted[DIGEST_HEX_MAX];
    unsigned char mac[DIGEST_MAX];
    int n = snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n%s%s", kind, chunked->time, chunked->scope,
                     chunked->before, empty, hash);
    if (n < 0 || (size_t)n >= sizeof text ||
        digest_hmac(DIGEST_SHA256, chunked->key, DIGEST_MAX, text, (size_t)n, mac) == 0)
        return false;
    hex_write(mac, DIGEST_MAX, wanted);
    if (!secret_equal(wanted, chunked->claimed))
        return false;
    snprintf(chunked->before, sizeof chunked->before, "%s", wanted);
    return true;
}

static enum chunked_problem end_chunk(struct chunked *chunked)
{
    unsigned char bytes[DIGEST_MAX];
    char hash[DIGEST_HEX_MAX];
    hex_write(bytes, digest_take(chunked->hash, bytes), hash);
    if (chunked->is_signed &&
        !signature_fits(chunked, "AWS4-HMAC-SHA256-PAYLOAD", EMPTY_HASH "\n", hash))
        return CHUNKED_MISMATCH;
    return CHUNKED_GOOD;
}

static enum chunked_problem end_trailers(struct chunked *chunked)
{
    char hash[DIGEST_HEX_MAX];
    const char *claimed = chunked_trailer(chunked, "x-amz-trailer-signature");
    chunked->state = WHOLE;
    if (!chunked->is_signed || chunked->trailers.len == 0)
        return CHUNKED_GOOD;
    if (claimed == NULL || strlen(claimed) >= sizeof chunked->claimed)
        return CHUNKED_MISMATCH;
    snprintf(chunked->claimed, sizeof chunked->claimed, "%s", claimed);
    digest_hex(DIGEST_SHA256, chunked->trailers.data, chunked->trailers.len, hash);
    return signature_fits(chunked, "AWS4-HMAC-SHA256-TRAILER", "", hash) ? CHUNKED_GOOD
                                                                         : CHUNKED_MISMATCH;
}

static enum chunked_problem take_length(struct chunked *chunked, const char *line)
{
    size_t digits = strspn(line, "0123456789abcdefABCDEF");
    uint64_t length = 0;
    if (digits == 0 || digits > 15 || (line[digits] != '\0' && line[digits] != ';'))
        return CHUNKED_MALFORMED;
    for (size_t i = 0; i < digits; i++) {
        char c = line[i];
        length = length * 16 + (uint64_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    const char *signature = strstr(line + digits, ";chunk-signature=");
    chunked->claimed[0] = '\0';
    if (signature != NULL) {
        signature += 17;
        size_t n = strcspn(signature, ";");
        if (n >= sizeof chunked->claimed)
            return CHUNKED_MALFORMED;
        memcpy(chunked->claimed, signature, n);
        chunked->claimed[n] = '\0';
    }
    chunked->left = length;
    chunked->state = length == 0 ? IN_TRAILERS : IN_DATA;
    return length == 0 ? end_chunk(chunked) : CHUNKED_GOOD;
}

static enum chunked_problem take_trailer(struct chunked *chunked, const char *line)
{
    size_t n = strcspn(line, ":");
    if (line[0] == '\0')
        return end_trailers(chunked);
    if (line[n] == '\0' || n == 0 || chunked->n == CHUNK_TRAILERS_MAX)
        return CHUNKED_MALFORMED;
    const char *value = line + n + 1;
    value += strspn(value, " \t");
    size_t len = strlen(value);
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    char *name = mem_text_n(line, n), *kept = mem_text_n(value, len);
    if (name == NULL || kept == NULL) {
        mem_free(name);
        mem_free(kept);
        return CHUNKED_MALFORMED;
    }
    for (char *p = name; *p != '\0'; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
    chunked->names[chunked->n] = name;
    chunked->values[chunked->n++] = kept;
    if (strcmp(name, "x-amz-trailer-signature") != 0)
        buf_printf(&chunked->trailers, "%s:%s\n", name, kept);
    return CHUNKED_GOOD;
}

/* Bytes of a chunk: how many were taken. */
static size_t take_data(struct chunked *chunked, const char *data, size_t n)
{
    size_t take = n < chunked->left ? n : (size_t)chunked->left;
    if (chunked->is_signed)
        digest_add(chunked->hash, data, take);
    if (!chunked->sink(chunked->context, data, take))
        chunked->problem = CHUNKED_SINK;
    chunked->left -= take;
    if (chunked->left == 0) {
        chunked->state = AFTER_DATA;
        chunked->left = 2;
    }
    return take;
}

/* One byte of a line; a line ends in CR LF. */
static void take_byte(struct chunked *chunked, char c)
{
    struct buf *line = &chunked->line;
    if (c != '\n') {
        buf_char(line, c);
        if (line->failed || c == '\0')
            chunked->problem = CHUNKED_MALFORMED;
        return;
    }
    if (line->len == 0 || line->data[line->len - 1] != '\r') {
        chunked->problem = CHUNKED_MALFORMED;
        return;
    }
    line->data[--line->len] = '\0';
    chunked->problem = chunked->state == IN_LENGTH ? take_length(chunked, line->data)
                                                   : take_trailer(chunked, line->data);
    buf_clear(line);
}

enum chunked_problem chunked_feed(struct chunked *chunked, const char *data, size_t n)
{
    while (n > 0 && chunked->problem == CHUNKED_GOOD) {
        size_t taken = 1;
        switch (chunked->state) {
        case IN_DATA:
            taken = take_data(chunked, data, n);
            break;
        case AFTER_DATA:
            if (*data != (chunked->left == 2 ? '\r' : '\n'))
                chunked->problem = CHUNKED_MALFORMED;
            else if (--chunked->left == 0) {
                chunked->state = IN_LENGTH;
                chunked->problem = end_chunk(chunked);
            }
            break;
        case IN_LENGTH:
        case IN_TRAILERS:
            take_byte(chunked, *data);
            break;
        case WHOLE:
            chunked->problem = CHUNKED_MALFORMED; /* something behind the end */
            break;
        }
        data += taken;
        n -= taken;
    }
    return chunked->problem;
}

bool chunked_is_whole(const struct chunked *chunked)
{
    return chunked->state == WHOLE && chunked->problem == CHUNKED_GOOD;
}

const char *chunked_trailer(const struct chunked *chunked, const char *name)
{
    for (size_t i = 0; i < chunked->n; i++)
        if (strcmp(chunked->names[i], name) == 0)
            return chunked->values[i];
    return NULL;
}
