/*
 * fuzz_request.c: any text as a request's target (the first line), Authorization (the second) and
 * further headers (NAME:VALUE, the rest): it is refused or not, and no signature that was made up
 * is good.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "serve/sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[128];
    struct request request = {.method = "GET"};
    struct sigv4 sig = {0};
    char *text = mem_text_n((const char *)data, size), *rest = text;
    if (text == NULL)
        return 0;
    const char *target = strsep(&rest, "\n");
    const char *authorization = rest == NULL ? NULL : strsep(&rest, "\n");
    if (authorization != NULL && authorization[0] != '\0')
        request.headers[request.n_headers++] = (struct header){"Authorization", authorization};
    while (rest != NULL && request.n_headers < REQUEST_HEADERS_MAX) {
        char *line = strsep(&rest, "\n");
        char *colon = strchr(line, ':');
        if (colon == NULL)
            continue;
        *colon = '\0';
        request.headers[request.n_headers++] = (struct header){line, colon + 1};
    }
    if (request_target(&request, target)) {
        enum sigv4_problem problem = sigv4_read(&request, &sig, why);
        for (int twice = 0; twice < 2 && problem == SIGV4_GOOD; twice++)
            if (sigv4_check(&request, &sig, "a secret that is not in the corpus", "/", NULL,
                            twice != 0, sig.signed_at_ms) == SIGV4_GOOD)
                abort();
    }
    sigv4_release(&sig);
    request_release(&request);
    mem_free(text);
    return 0;
}
