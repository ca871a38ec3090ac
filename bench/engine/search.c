/*
 * search.c: bench-search: hone's studies over the public suites, in one process, without Python.
 *
 *     bench.py export --seeds 10 --out results/tasks
 *     bench-search --tasks results/tasks --seeds 10 --budget 50 -j 2 --out results/hone.jsonl
 *     bench.py compare results/hone.jsonl reference/optuna-tpe.N100.P1.jsonl.gz --at 50
 *
 * The harness in Python is the definition; its tasks come here as data (harness/export.py), and
 * both drivers play the same studies: same noise, same order of results, same scores. What for:
 * trying a change of the engine on hundreds of studies in a minute. The rows are bench.py's, in no
 * particular order; FILE is overwritten.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "io/json.h"
#include "study.h"

static const char usage[] =
    "usage: bench-search --tasks FOLDER --out FILE [options]\n"
    "  --tasks FOLDER    of bench.py export\n"
    "  --out FILE        results, one JSON object a line; overwritten\n"
    "  --name NAME       of the engine in the results (hone)\n"
    "  --strategy NAME   key \"strategy\" of the study line\n"
    "  --extra JSON      more keys of the study line\n"
    "  --suite A,B       only these suites\n"
    "  --task A,B        only these tasks\n"
    "  --seeds N         number of seeds, or FIRST-LAST (all that were exported)\n"
    "  --budget N        evaluations in a study (50)\n"
    "  --parallel P      evaluations at a time (1)\n"
    "  -j N              processes (1)\n"
    "  --points FILE     evaluate {\"entry\", \"config\", \"repeat\"} of each line instead, and\n"
    "                    write what comes out\n";

struct choice {
    const char *suites, *tasks; /* lists with commas; NULL: all */
    long first, last;           /* seeds */
};

/* Whether a word is in a list with commas. */
static bool is_listed(const char *list, const char *word)
{
    if (list == NULL)
        return true;
    size_t len = strlen(word);
    for (const char *p = list; p != NULL; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, word, len) == 0 && (p[len] == ',' || p[len] == '\0'))
            return true;
    }
    return false;
}

static bool read_seeds(const char *text, struct choice *choice)
{
    char *end;
    choice->first = 0;
    choice->last = strtol(text, &end, 10) - 1;
    if (*end == '-') {
        choice->first = choice->last + 1;
        choice->last = strtol(end + 1, &end, 10);
    }
    return end != text && *end == '\0';
}

/* ---- Studies ----------------------------------------------------------------------------------
 */

/* Take studies one by one until none is left; each row is one write, so that rows stay whole. */
static int work(const struct plan *plan, const struct task_file *file, const struct choice *choice,
                atomic_size_t *next, int out)
{
    struct buf row;
    size_t i;
    int code = 0;
    buf_init(&row, 1 << 24);
    while ((i = atomic_fetch_add(next, 1)) < json_array_size(file->entries)) {
        struct task task;
        task_init(&task, file, i);
        if (!is_listed(choice->suites, task.suite) || !is_listed(choice->tasks, task.name) ||
            task.seed < choice->first || task.seed > choice->last)
            continue;
        buf_clear(&row);
        if (!study_play(plan, &task, &row)) {
            fprintf(stderr, "bench-search: %s", row.data);
            code = 1;
        }
        if (write(out, row.data, row.len) != (ssize_t)row.len) {
            perror("bench-search: write");
            exit(1);
        }
    }
    buf_release(&row);
    return code;
}

static int play(const struct plan *plan, const struct task_file *file, const struct choice *choice,
                int processes, int out)
{
    atomic_size_t *next =
        mmap(NULL, sizeof *next, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int code = 0, ended;
    if (next == MAP_FAILED)
        return 1;
    atomic_init(next, 0);
    for (int i = 1; i < processes; i++)
        if (fork() == 0)
            _exit(work(plan, file, choice, next, out));
    code = work(plan, file, choice, next, out);
    while (wait(&ended) > 0)
        code = code != 0 || ended != 0;
    munmap(next, sizeof *next);
    return code;
}

/* ---- Points -----------------------------------------------------------------------------------
 */

static void write_values(struct buf *row, const char *name, const double *values, size_t n)
{
    buf_printf(row, "\"%s\": [", name);
    for (size_t k = 0; k < n; k++) {
        buf_text(row, k > 0 ? ", " : "");
        buf_double(row, values[k]);
    }
    buf_text(row, "], ");
}

/* What one point gives, for the comparison with Python. */
static bool evaluate_point(const struct task_file *file, const json_t *point, struct buf *row)
{
    struct task task;
    struct outcome outcome;
    struct buf key;
    size_t n;
    hone_error err = {0};
    hone_setting *settings = json_to_settings(json_object_get(point, "config"), &n, &err);
    if (err.status != HONE_OK)
        return false;
    buf_init(&key, 1 << 16);
    task_init(&task, file, (size_t)json_integer_value(json_object_get(point, "entry")));
    config_key(settings, n, &key);
    task_evaluate(&task, settings, n, key.data,
                  (unsigned)json_integer_value(json_object_get(point, "repeat")), &outcome);
    buf_clear(row);
    buf_char(row, '{');
    if (!outcome.failed) {
        write_values(row, "observed", outcome.observed, task.n_objectives);
        write_values(row, "truth", outcome.truth, task.n_objectives);
    }
    buf_text(row, "\"seconds\": ");
    buf_double(row, outcome.seconds);
    buf_text(row, "}\n");
    buf_release(&key);
    mem_free(settings);
    return true;
}

static int evaluate_points(const struct task_file *file, const char *path, int out)
{
    json_t *points = json_load_file(path, 0, NULL), *point;
    struct buf row;
    size_t i;
    int code = points == NULL;
    buf_init(&row, 1 << 16);
    json_array_foreach(points, i, point)
    {
        if (!evaluate_point(file, point, &row) || write(out, row.data, row.len) != (ssize_t)row.len)
            code = 1;
    }
    buf_release(&row);
    json_decref(points);
    return code;
}

/* ---- Options ----------------------------------------------------------------------------------
 */

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"tasks", required_argument, NULL, 'T'},  {"out", required_argument, NULL, 'o'},
        {"name", required_argument, NULL, 'n'},   {"strategy", required_argument, NULL, 's'},
        {"extra", required_argument, NULL, 'x'},  {"suite", required_argument, NULL, 'S'},
        {"task", required_argument, NULL, 't'},   {"seeds", required_argument, NULL, 'e'},
        {"budget", required_argument, NULL, 'b'}, {"parallel", required_argument, NULL, 'p'},
        {"points", required_argument, NULL, 'P'}, {NULL, 0, NULL, 0},
    };
    struct plan plan = {.name = "hone", .budget = 50, .parallel = 1};
    struct choice choice = {.last = 1L << 62};
    const char *folder = NULL, *out_path = NULL, *points = NULL;
    json_t *extra = json_object();
    long processes = 1;
    bool ok = true;
    for (int c; (c = getopt_long(argc, argv, "j:", options, NULL)) != -1;) {
        switch (c) {
        case 'T':
            folder = optarg;
            break;
        case 'o':
            out_path = optarg;
            break;
        case 'n':
            plan.name = optarg;
            break;
        case 's':
            json_object_set_new(extra, "strategy", json_string(optarg));
            break;
        case 'x': {
            json_t *more = json_loads(optarg, 0, NULL);
            ok = ok && json_object_update(extra, more) == 0;
            json_decref(more);
            break;
        }
        case 'S':
            choice.suites = optarg;
            break;
        case 't':
            choice.tasks = optarg;
            break;
        case 'e':
            ok = ok && read_seeds(optarg, &choice);
            break;
        case 'b':
            plan.budget = strtoul(optarg, NULL, 10);
            break;
        case 'p':
            plan.parallel = strtoul(optarg, NULL, 10);
            break;
        case 'P':
            points = optarg;
            break;
        case 'j':
            processes = strtol(optarg, NULL, 10);
            break;
        default:
            ok = false;
        }
    }
    if (!ok || optind < argc || folder == NULL || out_path == NULL || plan.budget < 1 ||
        plan.budget > 1000000 || plan.parallel < 1 || plan.parallel > 10000 || processes < 1 ||
        processes > 1024) {
        fputs(usage, stderr);
        return 2;
    }
    plan.extra = extra;
    int out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
    if (out < 0) {
        perror(out_path);
        return 1;
    }
    struct task_file file;
    task_file_open(&file, folder);
    int code = points != NULL ? evaluate_points(&file, points, out)
                              : play(&plan, &file, &choice, (int)processes, out);
    task_file_release(&file);
    json_decref(extra);
    close(out);
    return code;
}
