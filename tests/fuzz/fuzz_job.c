/* job.json, with the values of a trial inside it, to arguments; and as a manifest. */
#include "fuzz.h"

#include "base/buf.h"
#include "container/argv.h"
#include "container/job.h"
#include "container/objects.h"
#include "io/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *prefix;
    struct job job;
    hone_error err = {0};
    json_t *json = json_read(text, size, &err);
    if (json && manifest_check(json, &prefix, &err) == HONE_OK && prefix == NULL)
        __builtin_trap();
    json_t *params = json_object_get(json, "params");
    json_t *values = json_is_object(params) ? json_incref(params) : json_object();
    if (job_read(&job, text, size, values, 3, &err) == HONE_OK) {
        for (int internal = 0; internal < 2; internal++) {
            json_t *decoded = argv_decode(job.hyperparameters, internal == 1);
            json_t *arguments = argv_of(decoded);
            if (json_array_size(arguments) != 2 * json_object_size(decoded))
                __builtin_trap();
            struct buf b;
            buf_init(&b, 1 << 22);
            argv_json(&b, decoded);
            json_t *again = json_loadb(b.data, b.len, 0, NULL);
            if (!b.failed && !again)
                __builtin_trap();
            json_decref(again);
            buf_release(&b);
            json_decref(arguments);
            json_decref(decoded);
        }
        json_decref(job_interpreter(&job, &err));
        job_release(&job);
    }
    json_decref(values);
    json_decref(json);
    return 0;
}
