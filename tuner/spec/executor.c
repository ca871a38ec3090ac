/* executor.c: the key executor: this machine, or a Slurm cluster and what to ask of it. */
#include "spec/read_int.h"

#include <stddef.h>
#include <string.h>

static const char NEEDED[] = "local, slurm, or {slurm: {partition: NAME, ...}}";

/* Options of sbatch that are hone's own, or that put a job where hone does not look for it. */
static bool is_ours(const char *option)
{
    static const char *const ours[] = {
        "--job-name", "--output", "--requeue",   "--array", "--export",    "--export-file",
        "--parsable", "--wrap",   "--wait",      "--chdir", "--open-mode", "--clusters",
        "--cluster",  "--uid",    "--test-only", "-J",      "-o",          "-a",
        "-D",         "-W",       "-M"};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) {
        size_t len = strlen(ours[i]);
        bool is_short = len == 2; /* its value may stand right behind it */
        if (strncmp(option, ours[i], len) == 0 &&
            (is_short || option[len] == '\0' || option[len] == '='))
            return true;
    }
    return false;
}

static void read_extra(struct reader *r, const struct node *node, json_t *all)
{
    struct slurm_wants *slurm = &r->spec->slurm;
    static const char subject[] = "executor.slurm.extra";
    if (node->kind != NODE_LIST) {
        problem(r, node, subject, "needs a list of sbatch options such as [--nice=100], %s",
                got(r, node));
        return;
    }
    json_t *list = json_array();
    slurm->extra = keep(r, node->n + 1, sizeof *slurm->extra);
    for (const struct node *item = node->first; item != NULL && slurm->extra != NULL;
         item = item->next) {
        const char *text = read_text(r, item, subject, "an option of sbatch");
        if (text == NULL)
            continue;
        if (text[0] != '-' || is_ours(text)) {
            problem(r, item, subject,
                    text[0] == '-' ? "%s is set by hone itself"
                                   : "needs an option that begins with -, got %s",
                    quoted(r, text));
            continue;
        }
        slurm->extra[slurm->n_extra++] = keep_text(r, text);
        if (json_array_append_new(list, json_string(text)) != 0)
            r->no_memory = true;
    }
    json_object_set_new(all, "extra", list);
}

static void read_slurm(struct reader *r, const struct node *node)
{
    struct slurm_wants *slurm = &r->spec->slurm;
    const struct {
        const char *key, *needed;
        char **text;
    } texts[] = {{"partition", "a partition's name", &slurm->partition},
                 {"account", "an account's name", &slurm->account},
                 {"gres", "resources such as gpu:1", &slurm->gres},
                 {"time", "a limit such as 2:00:00", &slurm->time},
                 {"spot_partition", "a partition's name", &slurm->spot_partition}};
    static const char *const known[] = {"partition", "account",        "gres",
                                        "time",      "spot_partition", "extra"};
    enum { N_TEXTS = sizeof texts / sizeof texts[0] };
    json_t *all = json_object();
    r->spec->on_slurm = true;
    if (node != NULL && node->kind != NODE_MAP &&
        !(node->kind == NODE_SCALAR && node->text[0] == '\0'))
        problem(r, node, "executor.slurm", "needs a map of options, %s", got(r, node));
    if (node != NULL && node->kind == NODE_MAP) {
        check_keys(r, node, "executor.slurm", known, N_TEXTS + 1);
        for (size_t i = 0; i < N_TEXTS; i++) {
            const struct node *value = node_find(node, texts[i].key);
            const char *subject = phrase(r, "executor.slurm.%s", texts[i].key);
            const char *text = value != NULL ? read_text(r, value, subject, texts[i].needed) : NULL;
            if (text == NULL)
                continue;
            *texts[i].text = keep_text(r, text);
            json_object_set_new(all, texts[i].key, json_string(text));
        }
        if (node_find(node, "extra") != NULL)
            read_extra(r, node_find(node, "extra"), all);
    }
    canonical_set(r, "executor", json_pack("{s:o}", "slurm", all));
}

void read_executor(struct reader *r, const struct node *node)
{
    static const char *const known[] = {"local", "slurm"};
    if (node == NULL)
        return;
    if (node->kind == NODE_MAP) {
        check_keys(r, node, "executor", known, 2);
        if (node_find(node, "slurm") != NULL && node->n == 1) {
            read_slurm(r, node_find(node, "slurm"));
            return;
        }
        problem(r, node, "executor", "needs %s", NEEDED);
        return;
    }
    const char *text = read_text(r, node, "executor", NEEDED);
    if (text != NULL && strcmp(text, "slurm") == 0)
        read_slurm(r, NULL);
    else if (text != NULL && strcmp(text, "local") != 0)
        problem(r, node, "executor", "needs %s, got %s", NEEDED, quoted(r, text));
    else if (text != NULL)
        canonical_set(r, "executor", json_string(text));
}
