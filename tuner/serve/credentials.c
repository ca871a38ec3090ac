/* credentials.c: the file of keys and tokens, read again whenever it is another one. */
#include "serve/credentials.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "io/file.h"
#include "s3/digest.h"

enum { FILE_MAX = 1 << 20, KEY_BYTES = 8, SECRET_BYTES = 20 };

struct credentials {
    char *path;
    pthread_mutex_t mutex;
    struct stat seen;    /* of the file that was read */
    char complaint[300]; /* what is wrong with the one that is there now, as it was told */
    struct credential *keys;
    size_t n_keys;
    char (*tokens)[CREDENTIAL_TEXT_MAX];
    size_t n_tokens;
};

/* The next word of a line, into out; false when there is none or it is too long. */
static bool word(const char **at, char out[CREDENTIAL_TEXT_MAX])
{
    *at += strspn(*at, " \t");
    size_t n = strcspn(*at, " \t\r\n");
    if (n == 0 || n >= CREDENTIAL_TEXT_MAX)
        return false;
    memcpy(out, *at, n);
    out[n] = '\0';
    *at += n;
    return true;
}

static bool read_key(const char *rest, struct credential *out)
{
    char rights[CREDENTIAL_TEXT_MAX];
    if (!word(&rest, out->name) || !word(&rest, out->key) || !word(&rest, out->secret) ||
        !word(&rest, rights))
        return false;
    out->admin = strcmp(rights, "admin") == 0;
    return out->admin || strcmp(rights, "read") == 0;
}

/* Read the lines into new arrays. */
static hone_status read_lines(struct credentials *fresh, const char *text, hone_error *err)
{
    fresh->keys = mem_array(CREDENTIALS_MAX, sizeof *fresh->keys);
    fresh->tokens = mem_array(CREDENTIALS_MAX, sizeof *fresh->tokens);
    if (fresh->keys == NULL || fresh->tokens == NULL)
        return error_memory(err);
    for (int line = 1; *text != '\0'; line++) {
        size_t n = strcspn(text, "\n");
        char *one = mem_text_n(text, n);
        char kind[CREDENTIAL_TEXT_MAX], name[CREDENTIAL_TEXT_MAX];
        if (one == NULL)
            return error_memory(err);
        const char *rest = one;
        bool full = fresh->n_keys == CREDENTIALS_MAX || fresh->n_tokens == CREDENTIALS_MAX;
        bool fine = !word(&rest, kind) ? one[strspn(one, " \t\r")] == '\0' : kind[0] == '#';
        if (!fine && !full && strcmp(kind, "key") == 0 &&
            read_key(rest, &fresh->keys[fresh->n_keys]))
            fine = ++fresh->n_keys > 0;
        if (!fine && !full && strcmp(kind, "token") == 0 && word(&rest, name) &&
            word(&rest, fresh->tokens[fresh->n_tokens]))
            fine = ++fresh->n_tokens > 0;
        mem_free(one);
        if (!fine)
            return error_set(err, HONE_EINVAL,
                             "%s:%d: a line is \"key NAME KEY SECRET admin|read\" or \"token NAME "
                             "TOKEN\"; at most %d",
                             fresh->path, line, CREDENTIALS_MAX);
        text += n + (text[n] == '\n');
    }
    return HONE_OK;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Read the file anew where it is another one; on failure what was read before stays. */
static hone_status refresh(struct credentials *credentials, hone_error *err)
{
    struct credentials fresh = {.path = credentials->path};
    struct buf text;
    struct stat st;
    if (stat(credentials->path, &st) != 0)
        return error_errno(err, HONE_EIO, "open %s", credentials->path);
    if (same_file(&st, &credentials->seen))
        return HONE_OK;
    if ((st.st_mode & 077) != 0)
        return error_set(err, HONE_EIO, "%s: others may read it; chmod 600 %s", credentials->path,
                         credentials->path);
    buf_init(&text, FILE_MAX);
    hone_status status = file_read(credentials->path, &text, err);
    if (status == HONE_OK)
        status = read_lines(&fresh, text.data, err);
    buf_release(&text);
    if (status == HONE_OK) {
        mem_free(credentials->keys);
        mem_free(credentials->tokens);
        credentials->keys = fresh.keys;
        credentials->n_keys = fresh.n_keys;
        credentials->tokens = fresh.tokens;
        credentials->n_tokens = fresh.n_tokens;
        credentials->seen = st;
    } else {
        mem_free(fresh.keys);
        mem_free(fresh.tokens);
    }
    return status;
}

/* Read the file anew while the service runs. What is wrong with it is told once: who has changed it
 * would wait in vain for the new key. */
static void look_again(struct credentials *credentials)
{
    hone_error err = {0};
    char complaint[sizeof credentials->complaint] = "";
    if (refresh(credentials, &err) != HONE_OK)
        snprintf(complaint, sizeof complaint, "%.299s", err.text);
    if (strcmp(complaint, credentials->complaint) == 0)
        return;
    memcpy(credentials->complaint, complaint, sizeof complaint);
    if (complaint[0] != '\0')
        fprintf(stderr, "hone: %s; the credentials read before stay\n", complaint);
}

/* A new file with one key and one token. */
static hone_status make_file(const char *path, hone_error *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    unsigned char bytes[16 + SECRET_BYTES + SECRET_BYTES];
    char key[17], secret[2 * SECRET_BYTES + 1], token[2 * SECRET_BYTES + 1];
    struct buf text;
    if (!random_bytes(bytes, sizeof bytes))
        return error_set(err, HONE_EIO, "the system has no randomness");
    for (int i = 0; i < 16; i++)
        key[i] = letters[bytes[i] % 32];
    key[16] = '\0';
    hex_write(bytes + 16, SECRET_BYTES, secret);
    hex_write(bytes + 16 + SECRET_BYTES, SECRET_BYTES, token);
    buf_init(&text, 1024);
    buf_printf(&text,
               "# Who may ask hone serve for what; read again when it changes.\n"
               "#   key NAME ACCESS-KEY SECRET-KEY admin|read\n"
               "#   token NAME TOKEN\n"
               "key admin HONE%s %s admin\n"
               "token dashboard %s\n",
               key, secret, token);
    hone_status status =
        text.failed ? error_memory(err) : file_write(path, text.data, text.len, true, err);
    buf_release(&text);
    return status;
}

struct credentials *credentials_open(const char *path, bool *made_out, hone_error *err)
{
    struct stat st;
    *made_out = false;
    if (stat(path, &st) != 0 && errno == ENOENT) {
        if (make_file(path, err) != HONE_OK)
            return NULL;
        *made_out = true;
    }
    struct credentials *credentials = mem_array(1, sizeof *credentials);
    if (credentials != NULL)
        credentials->path = mem_text(path);
    if (credentials == NULL || credentials->path == NULL) {
        mem_free(credentials);
        error_memory(err);
        return NULL;
    }
    pthread_mutex_init(&credentials->mutex, NULL);
    if (refresh(credentials, err) != HONE_OK) {
        credentials_close(credentials);
        return NULL;
    }
    return credentials;
}

void credentials_close(struct credentials *credentials)
{
    if (credentials == NULL)
        return;
    pthread_mutex_destroy(&credentials->mutex);
    mem_free(credentials->keys);
    mem_free(credentials->tokens);
    mem_free(credentials->path);
    mem_free(credentials);
}

bool credentials_find(struct credentials *credentials, const char *key, struct credential *out)
{
    bool found = false;
    pthread_mutex_lock(&credentials->mutex);
    look_again(credentials);
    for (size_t i = 0; i < credentials->n_keys && !found; i++)
        if (strcmp(credentials->keys[i].key, key) == 0) {
            *out = credentials->keys[i];
            found = true;
        }
    pthread_mutex_unlock(&credentials->mutex);
    return found;
}

bool credentials_first(struct credentials *credentials, struct credential *out,
                       char token[CREDENTIAL_TEXT_MAX])
{
    bool found = false;
    pthread_mutex_lock(&credentials->mutex);
    token[0] = '\0';
    if (credentials->n_tokens > 0)
        memcpy(token, credentials->tokens[0], CREDENTIAL_TEXT_MAX);
    for (size_t i = 0; i < credentials->n_keys && !found; i++)
        if (credentials->keys[i].admin) {
            *out = credentials->keys[i];
            found = true;
        }
    pthread_mutex_unlock(&credentials->mutex);
    return found;
}

bool credentials_token(struct credentials *credentials, const char *token)
{
    bool found = false;
    pthread_mutex_lock(&credentials->mutex);
    look_again(credentials);
    for (size_t i = 0; i < credentials->n_tokens; i++)
        found = secret_equal(credentials->tokens[i], token) || found;
    pthread_mutex_unlock(&credentials->mutex);
    return found;
}
