/*
 * credentials.h: who may ask for what. A text file (0600), one line each, which is read again when
 * it changes:
 *
 *     key NAME ACCESS-KEY SECRET-KEY admin|read
 *     token NAME TOKEN
 *
 * A key signs requests of AWS clients; `read` may only look. A token opens the dashboard and
 * /metrics.
 */
#ifndef HONE_SERVE_CREDENTIALS_H
#define HONE_SERVE_CREDENTIALS_H

#include <stdbool.h>

#include "hone.h"

enum { CREDENTIAL_TEXT_MAX = 129, CREDENTIALS_MAX = 1000 };

struct credential {
    char name[CREDENTIAL_TEXT_MAX], key[CREDENTIAL_TEXT_MAX], secret[CREDENTIAL_TEXT_MAX];
    bool admin;
};

/** Open the file; where there is none, make it, with an admin's key and a token. NULL: HONE_EIO:
 * others may read it; HONE_EINVAL: a line is wrong: the text names it. *made_out: it is new. */
struct credentials *credentials_open(const char *path, bool *made_out, hone_error *err);
void credentials_close(struct credentials *credentials);
/** The credential of an access key, as the file is now. A file that has become unreadable leaves
 * what was read before. Threads: safe. */
bool credentials_find(struct credentials *credentials, const char *key, struct credential *out);
/** The first admin's key, and the first token: what is printed for a person. */
bool credentials_first(struct credentials *credentials, struct credential *out,
                       char token[CREDENTIAL_TEXT_MAX]);
/** Whether a token is one of the file. Takes the same time for all wrong ones of its length. */
bool credentials_token(struct credentials *credentials, const char *token);

#endif
