/* test_spec.c: studies that are right: what is read, written, compared and run. */
#include "spec/spec.h"

#include <string.h>
#include <unistd.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "near.h"

/* The study of docs: what hone must be able to do from its first day. */
static const char segmentation[] =
    "study: segmentation\n"
    "command: python3 train.py --model_name SegResNet --epochs 10 --val_interval 2\n"
    "objective: { metric: val:dice, goal: maximize }\n"
    "metrics:\n"
    "  val:dice:   'val:dice=([0-9\\.]+)'\n"
    "  train:loss: 'train:loss=([0-9\\.]+)'\n"
    "parameters:\n"
    "  lr:           { type: float, min: 1.0e-5, max: 1.0e-3, scale: log }\n"
    "  batch_size:   { type: choice, values: [1, 2, 4] }\n"
    "  use_dropout:  { type: choice, values: ['True', 'False'] }\n"
    "  dropout:      { type: float, min: 0.1, max: 0.5, when: { use_dropout: 'True' } }\n"
    "  init_filters: { type: choice, values: [8, 16, 32] }\n"
    "max_trials: 20\n"
    "max_parallel: 4\n"
    "strategy: bayesian\n"
    "early_stopping: auto\n"
    "price_per_hour: { on_demand: 1.41, spot: 0.42 }\n";

/* Read a text that has no mistake. */
static struct spec *read_fine(const char *text)
{
    struct problems problems = {0};
    struct spec *spec = spec_read_text(text, strlen(text), "/lab/seg/study.yaml", &problems);
    if (problems.n > 0)
        print_error("%s\n", problems.lines[0]);
    assert_int_equal(problems.n, 0);
    assert_non_null(spec);
    problems_release(&problems);
    return spec;
}

/* A small study with one more line, or more. */
static struct spec *read_small(const char *more)
{
    char text[4000];
    snprintf(text, sizeof text,
             "command: python3 train.py\nobjective: {metric: acc, goal: maximize}\n"
             "parameters: {lr: log 1e-5..1e-3, opt: [sgd, adam]}\n%s",
             more);
    return read_fine(text);
}

static struct spec *read_words(const char *const *words, size_t n)
{
    struct problems problems = {0};
    char *argv[64];
    for (size_t i = 0; i < n; i++)
        argv[i] = mem_text(words[i]);
    struct spec *spec = spec_read_flags((int)n, argv, &problems);
    if (problems.n > 0)
        print_error("%s\n", problems.lines[0]);
    assert_int_equal(problems.n, 0);
    for (size_t i = 0; i < n; i++)
        mem_free(argv[i]);
    problems_release(&problems);
    return spec;
}
#define FLAGS(...)                                                                                 \
    read_words((const char *const[]){"run", __VA_ARGS__},                                          \
               sizeof((const char *const[]){"run", __VA_ARGS__}) / sizeof(char *))

/* What flags get wrong, as one text. */
static void words_get(const char *const *words, size_t n, const char *expected)
{
    struct problems problems = {0};
    char *argv[64], text[2000] = "";
    for (size_t i = 0; i < n; i++)
        argv[i] = mem_text(words[i]);
    assert_null(spec_read_flags((int)n, argv, &problems));
    for (size_t i = 0; i < problems.n; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s\n", problems.lines[i]);
    }
    assert_string_equal(text, expected);
    for (size_t i = 0; i < n; i++)
        mem_free(argv[i]);
    problems_release(&problems);
}
#define FLAGS_GET(expected, ...)                                                                   \
    words_get((const char *const[]){"run", __VA_ARGS__},                                           \
              sizeof((const char *const[]){"run", __VA_ARGS__}) / sizeof(char *), expected)

static void the_segmentation_study_is_read(void **state)
{
    (void)state;
    struct spec *spec = read_fine(segmentation);
    assert_string_equal(spec->name, "segmentation");
    assert_string_equal(spec->folder, "/lab/seg");
    assert_string_equal(spec->workdir, "/lab/seg");
    assert_int_equal(spec->n_command, 8);
    assert_string_equal(spec->command[7], "2");
    assert_int_equal(spec->n_objectives, 1);
    assert_true(spec->objectives[0].maximize);
    assert_false(spec->objectives[0].use_best);
    assert_int_equal(spec->n_metrics, 2);
    assert_string_equal(spec->metrics[0].pattern, "val:dice=([0-9\\.]+)");
    assert_int_equal(spec->n_parameters, 5);
    assert_true(spec->parameters[0].scale == HONE_LOG);
    assert_true(spec->parameters[0].min == 1e-5);
    assert_true(spec->parameters[1].values[2].number == 4);
    assert_string_equal(spec->parameters[2].values[0].text, "True");
    assert_string_equal(spec->parameters[3].conditions[0].parent, "use_dropout");
    assert_int_equal(spec->max_trials, 20);
    assert_int_equal(spec->options.parallel, 4);
    assert_string_equal(spec->options.strategy, "bayesian");
    assert_string_equal(spec->options.stopping, "median");
    assert_true(spec->options.maximize[0]);
    assert_true(spec->has_price && spec->price_spot == 0.42);
    assert_string_equal(spec->currency, "USD");
    hone_error err = {0};
    hone_optimizer *opt = hone_optimizer_new(spec->space, &spec->options, &err);
    assert_non_null(opt);
    hone_optimizer_free(opt);
    spec_free(spec);
}

static void defaults_are_those_of_the_manual(void **state)
{
    (void)state;
    struct spec *spec = read_small("");
    assert_string_equal(spec->name, "study");
    assert_int_equal(spec->max_trials, 20);
    assert_int_equal(spec->max_parallel, 1);
    assert_false(spec->has_seed);
    assert_string_equal(spec->strategy, "auto");
    assert_string_equal(spec->options.stopping, "none");
    assert_true(spec->grace_s == 120 && spec->orphan_s == 86400 && spec->lease_s == 60);
    assert_true(spec->trial_time_s == 0 && spec->silence_s == 0 && spec->memory_bytes == 0);
    assert_int_equal(spec->retry_preempted, 100);
    assert_int_equal(spec->retry_lost, 3);
    assert_int_equal(spec->retry_failed + spec->retry_timeout, 0);
    assert_true(spec->on_timeout == TIMEOUT_FAIL && !spec->ignore_nonfinite);
    assert_false(spec->has_price || spec->has_target || spec->shell || spec->spot);
    assert_int_equal(spec->slot_cpus, 0);
    spec_free(spec);
}

static void every_kind_of_value_is_read(void **state)
{
    (void)state;
    struct spec *spec =
        read_small("seed: 9223372036854775807\nmax_trials: 1e3\n"
                   "stop: {target: 0, no_improvement: 7, expected_gain: 1%, time: 1h30m}\n"
                   "limits: {trial_time: 90, silence: 20m, memory: 8GiB, on_timeout: keep}\n"
                   "nonfinite: ignore\nretries: {failed: 2}\nslots: {cpus: 2, memory: 512MiB}\n"
                   "price_per_hour: 1.5\nworkdir: ../x\nenv: {A: 1, B: ''}\n"
                   "inputs: {training: data/, other: /abs}\nlease: 5m\n"
                   "early_stopping: {rule: median, warmup: 3}\n");
    assert_true(spec->options.seed == INT64_MAX && spec->has_seed);
    assert_int_equal(spec->max_trials, 1000);
    assert_true(spec->has_target && spec->stop_target == 0);
    assert_int_equal(spec->stop_no_improvement, 7);
    assert_near(spec->stop_expected_gain, 0.01, 1e-15);
    assert_true(spec->stop_time_s == 5400);
    assert_true(spec->trial_time_s == 90 && spec->silence_s == 1200);
    assert_true(spec->memory_bytes == (uint64_t)8 << 30);
    assert_true(spec->on_timeout == TIMEOUT_KEEP && spec->ignore_nonfinite);
    assert_int_equal(spec->retry_failed, 2);
    assert_int_equal(spec->slot_cpus, 2);
    assert_true(spec->has_price && spec->price_on_demand == 1.5);
    assert_string_equal(spec->workdir, "/lab/x");
    assert_int_equal(spec->n_env, 2);
    assert_string_equal(spec->env[0].value, "1");
    assert_string_equal(spec->env[1].value, "");
    assert_string_equal(spec->inputs[0].value, "/lab/seg/data");
    assert_string_equal(spec->inputs[1].value, "/abs");
    assert_int_equal(spec->options.warmup, 3);
    spec_free(spec);
}

static void types_of_choices_are_those_of_the_file(void **state)
{
    (void)state;
    struct spec *spec = read_small("start: [{opt: adam, lr: 1e-4}]\n");
    assert_int_equal(spec->n_start, 1);
    assert_string_equal(spec->start[0].settings[0].value.text, "adam");
    assert_true(spec->start[0].settings[1].value.number == 1e-4);
    spec_free(spec);
    spec = read_fine("command: x\nobjective: {metric: a, goal: minimize}\n"
                     "parameters:\n  c: [1, '1', true, False, x, 0x10, null_]\n"
                     "  d: {min: 0, max: 1.0, when: {c: [true, 1]}, default: 0.5}\n");
    const hone_value *values = spec->parameters[0].values;
    assert_true(values[0].kind == HONE_VALUE_NUMBER && values[0].number == 1);
    assert_true(values[1].kind == HONE_VALUE_TEXT);
    assert_string_equal(values[1].text, "1");
    assert_string_equal(values[2].text, "true");
    assert_string_equal(values[3].text, "False");
    assert_true(values[5].number == 16);
    assert_string_equal(spec->parameters[1].conditions[0].values[0].text, "true");
    assert_true(spec->parameters[1].conditions[0].values[1].kind == HONE_VALUE_NUMBER);
    spec_free(spec);
}

static void the_stored_text_gives_the_study_back(void **state)
{
    (void)state;
    struct spec *once[] = {
        read_fine(segmentation),
        read_small("stop: {target: -0.5, cost: 3}\nprice_per_hour: 2\nseed: 0\nlimits: {grace: 0}\n"
                   "metrics: {a: {json: k}, b: {file: f, regex: 'x(.)'}, c: '\\\"\\d(.)'}\n"
                   "step: {metric: epoch}\nenv: {A: 'x y'}\ninputs: {t: d}\nwhere: [lr < 0.5]\n"
                   "start: [{lr: 1e-4}, {opt: sgd}]\nworkdir: w\n"),
        read_fine(
            "command: 'a | b {x}'\nshell: true\n"
            "objective: [{metric: a, goal: minimize}, {metric: b, goal: maximize, use: best}]\n"
            "strategy: {name: random}\nparameters: {x: [1.5, '2', \"\xC3\xA9\\n\"],"
            " y: {min: 0, max: 1e300, scale: auto}}\n"),
    };
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++) {
        struct spec *again = read_fine(once[i]->text);
        assert_string_equal(again->text, once[i]->text);
        struct spec_change change = spec_compare(once[i], again);
        assert_int_equal(change.n, 0);
        spec_change_release(&change);
        spec_free(again);
        spec_free(once[i]);
    }
}

static void a_moved_folder_is_the_same_study(void **state)
{
    (void)state;
    struct problems problems = {0};
    struct spec *here = read_small("inputs: {t: data}\n");
    struct spec *there =
        spec_read_text(here->text, strlen(here->text), "/elsewhere/study.yaml", &problems);
    assert_string_equal(there->inputs[0].value, "/elsewhere/data");
    struct spec_change change = spec_compare(here, there);
    assert_int_equal(change.n, 0);
    spec_free(here);
    spec_free(there);
}

static void differences_are_shown_and_judged(void **state)
{
    (void)state;
    struct spec *old = read_small("max_trials: 20\nlimits: {trial_time: 2h}\n");
    struct spec *more = read_small("max_trials: 40\nlimits: {trial_time: 90m, silence: 5m}\n");
    struct spec_change change = spec_compare(old, more);
    assert_true(change.allowed);
    assert_int_equal(change.n, 3);
    assert_string_equal(change.lines[0], "max_trials: 20 -> 40");
    assert_string_equal(change.lines[1], "limits.trial_time: 2 h 00 min -> 1 h 30 min");
    assert_string_equal(change.lines[2], "limits.silence: not set -> 5 min 00 s");
    spec_change_release(&change);

    struct spec *other = read_small("max_trials: 20\nlimits: {trial_time: 2h}\nseed: 7\n"
                                    "strategy: random\nmetrics: {acc: 'acc=(.*);'}\n");
    change = spec_compare(old, other);
    assert_false(change.allowed);
    assert_int_equal(change.n, 3);
    assert_string_equal(change.lines[0], "metrics.acc: not set -> acc=(.*);");
    assert_string_equal(change.lines[1], "strategy.name: auto -> random");
    assert_string_equal(change.lines[2], "seed: not set -> 7");
    spec_change_release(&change);

    struct spec *a = read_fine("study: s\ncommand: x\nobjective: {metric: a, goal: minimize}\n"
                               "parameters: {p: 1..2, q: 1..3}\n");
    struct spec *b = read_fine("study: s\ncommand: x\nobjective: {metric: a, goal: minimize}\n"
                               "parameters: {q: 1..3, p: 1..2}\n");
    change = spec_compare(a, b);
    assert_false(change.allowed);
    assert_string_equal(change.lines[0], "parameters: in another order");
    spec_change_release(&change);
    spec_free(old);
    spec_free(more);
    spec_free(other);
    spec_free(a);
    spec_free(b);
}

static void a_short_form_and_a_long_one_are_the_same_study(void **state)
{
    (void)state;
    struct spec *brief = read_fine("command: x\nobjective: {metric: a, goal: minimize}\n"
                                   "parameters:\n  a: log 1e-5..1e-3\n  b: 1..12\n  c: [1, 2]\n"
                                   "  d: 0..1.0 step 0.25\n  e: 'ordinal: 64, 128'\n");
    struct spec *full =
        read_fine("command: [x]\nobjective: [{metric: a, goal: minimize, use: last}]\nparameters:\n"
                  "  a: {type: float, min: 0.00001, max: 0.001, scale: log}\n"
                  "  b: {type: int, min: 1, max: 12, scale: linear}\n  c: {values: [1, 2]}\n"
                  "  d: {min: 0, max: 1, step: 0.25, type: float}\n  e: {type: ordinal, values: "
                  "[64, 128]}\n");
    assert_string_equal(brief->text, full->text);
    spec_free(brief);
    spec_free(full);
}

static void flags_are_the_same_study_as_a_file(void **state)
{
    (void)state;
    struct spec *file = read_fine(
        "study: seg\ncommand: [python3, train.py, --x, '1']\n"
        "objective: {metric: val:dice, goal: maximize}\nmetrics: {val:dice: 'val:dice=([0-9.]+)'}\n"
        "parameters:\n  lr: {type: float, min: 1e-5, max: 1e-3, scale: log}\n"
        "  batch_size: [1, 2, 4]\n  depth: {type: int, min: 2, max: 10, step: 2}\n"
        "  width: {type: ordinal, values: [64, 128, 256]}\n  use_dropout: ['True', 'False']\n"
        "  dropout: {min: 0.1, max: 0.5, when: {use_dropout: 'True'}}\n"
        "max_trials: 30\nmax_parallel: 4\nseed: 7\nlimits: {trial_time: 2h, silence: 5m}\n"
        "strategy: {name: random}\nearly_stopping: median\nwhere: [depth * batch_size < 30]\n"
        "env: {A: 'b c'}\nstart: [{lr: 1e-4}]\nstop: {target: 0.9}\nprice_per_hour: 3\n");
    struct spec *flags = FLAGS(
        "-p", "lr=log:1e-5:1e-3", "-p", "batch_size=1,2,4", "-p", "depth=2:10:2", "-p",
        "width=ordinal:64,128,256", "-p", "use_dropout=True,False", "-p",
        "dropout=0.1:0.5 if use_dropout=True", "--maximize", "val:dice=([0-9.]+)", "-n", "30", "-j",
        "4", "--name", "seg", "--seed=7", "--limits.trial-time", "2h", "--limits.silence", "5m",
        "--strategy", "random", "--early-stopping", "median", "--where", "depth * batch_size < 30",
        "--env.A", "b c", "--start", "{lr: 1e-4}", "--stop", "{target: 0.9}", "--price_per_hour",
        "3", "--", "python3", "train.py", "--x", "1");
    assert_string_equal(flags->text, file->text);
    char here[4096];
    assert_string_equal(flags->folder, getcwd(here, sizeof here));
    spec_free(file);
    spec_free(flags);
}

static void a_metric_is_named_by_the_text_before_its_group(void **state)
{
    (void)state;
    static const char *const names[][2] = {{"val:dice=([0-9.]+)", "val:dice"},
                                           {"accuracy: ([0-9.]+)", "accuracy"},
                                           {"epoch [0-9]+ loss=(\\S+)", "loss"},
                                           {"val\\.f1\\s*=\\s*([0-9.]+)", "val.f1"},
                                           {"(?<![a-z])score (?:is )?([0-9]+)", "objective"},
                                           {"([0-9.]+) points", "objective"},
                                           {"plain_name", "plain_name"}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct spec *spec = FLAGS("-p", "x=0:1.0", "--minimize", names[i][0], "--", "train");
        assert_string_equal(spec->objectives[0].metric, names[i][1]);
        assert_false(spec->objectives[0].maximize);
        assert_string_equal(spec->name, "train");
        spec_free(spec);
    }
}

static void a_study_of_flags_is_named_for_its_script(void **state)
{
    (void)state;
    static const char *const commands[][2] = {{"dir/train.py", "train"},
                                              {"./my model.sh", "my-model"},
                                              {"/usr/bin/true", "true"},
                                              {".hidden", "_hidden"}};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        struct spec *spec = FLAGS("-p", "x=1:2", "--maximize", "a", "--", commands[i][0], "b.c");
        assert_string_equal(spec->name, commands[i][1]);
        spec_free(spec);
    }
    struct spec *spec = FLAGS("-p", "x=1:2", "--maximize", "a", "--", "python3", "-m", "pkg.train");
    assert_string_equal(spec->name, "pkg.train");
    spec_free(spec);
    spec = FLAGS("-p", "x=1:2", "--maximize", "a", "--shell", "--", "cd a; python3 b.py | tee c");
    assert_string_equal(spec->name, "b");
    spec_free(spec);
}

static void mistakes_in_flags_name_the_flag(void **state)
{
    (void)state;
    FLAGS_GET("no objective: give --maximize or --minimize with a metric\n"
              "-p lr: log scale needs min > 0, got 0\n"
              "-n: needs a whole number from 1 to 1000000, got \"x\"\n"
              "--max-trails: unknown option; did you mean --max-trials?\n"
              "foo: unexpected word; the command comes last, after \"--\"\n"
              "--limits: unknown key \"silnce\"; did you mean \"silence\"?\n",
              "-p", "lr=log:0:1.0", "-n", "x", "--max-trails", "3", "foo", "--limits",
              "{silnce: 1}", "--", "python3");
    FLAGS_GET("no command: put it last, after \"--\"\n"
              "no parameters: give one with -p NAME=LOW:HIGH\n"
              "-p: needs NAME=LOW:HIGH or NAME=a,b,c, got \"lr\"\n"
              "--maximize: missing closing parenthesis at offset 3 of the pattern \"a=(\"\n"
              "--seed: needs a whole number from 0 to 2^63 - 1, got \"a\"\n"
              "--limits.grace: needs a time such as 90s, 20m or 2h, from 0 s to 24 h, got \"x\"\n"
              "-x: unknown option\n--env: did not find expected node content\n"
              "--lease: needs a value\n",
              "-p", "lr", "--maximize", "a=(", "--seed", "a", "--limits.grace=x", "-x", "--env",
              "{a: ", "--lease");
}

static void flags_take_the_place_of_what_the_file_says(void **state)
{
    (void)state;
    char path[] = "/tmp/hone-spec-XXXXXX.yaml";
    int fd = mkstemps(path, 5);
    assert_true(write(fd, segmentation, strlen(segmentation)) > 0);
    close(fd);
    struct problems problems = {0};
    const char *const words[] = {"run",        "-n",
                                 "40",         "--strategy.name",
                                 "random",     "-p",
                                 "lr=0.1:0.2", "--limits.silence",
                                 "1m",         "--stop.target=0.9"};
    char *argv[10];
    for (size_t i = 0; i < 10; i++)
        argv[i] = mem_text(words[i]);
    struct spec *spec = spec_read_file_flags(path, 10, argv, &problems);
    assert_int_equal(problems.n, 0);
    assert_int_equal(spec->max_trials, 40);
    assert_int_equal(spec->max_parallel, 4);
    assert_string_equal(spec->strategy, "random");
    assert_string_equal(spec->parameters[0].name, "lr");
    assert_true(spec->parameters[0].max == 0.2 && spec->parameters[0].scale == HONE_LINEAR);
    assert_int_equal(spec->n_parameters, 5);
    assert_true(spec->silence_s == 60 && spec->stop_target == 0.9);
    spec_free(spec);
    for (size_t i = 0; i < 10; i++)
        mem_free(argv[i]);
    unlink(path);
    assert_null(spec_read_file(path, &problems));
    assert_int_equal(problems.n, 1);
    assert_non_null(strstr(problems.lines[0], ": No such file or directory"));
    problems_release(&problems);
}

/* ---- Commands ---- */

static const hone_setting some[] = {
    {"lr", {.kind = HONE_VALUE_NUMBER, .number = 1e-4}},
    {"n", {.kind = HONE_VALUE_NUMBER, .number = 3}},
    {"opt", {.kind = HONE_VALUE_TEXT, .text = "it's a \"b\""}},
};

static struct spec *with_command(const char *command)
{
    char text[2000];
    snprintf(text, sizeof text,
             "%s\nobjective: {metric: a, goal: minimize}\nparameters: {lr: log 1e-5..1e-3, n: "
             "1..5, opt: [\"it's a \\\"b\\\"\", x], off: {min: 0, max: 1.0, when: {opt: x}}}\n",
             command);
    return read_fine(text);
}

static void line_is(const char *command, const char *expected)
{
    struct spec *spec = with_command(command);
    char *line = spec_command_line(spec, some, 3);
    assert_string_equal(line, expected);
    mem_free(line);
    spec_free(spec);
}

static void words_are_split_as_a_shell_does(void **state)
{
    (void)state;
    struct spec *spec =
        with_command("command: |-\n  python3  'a b'\"c $d \\\" \\\\ \\x\"\\ e '' \\'\n   f\\\n  g");
    static const char *const words[] = {"python3", "a bc $d \" \\ \\x e", "", "'", "fg"};
    assert_int_equal(spec->n_command, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(spec->command[i], words[i]);
    spec_free(spec);
}

static void active_parameters_are_appended_in_their_order(void **state)
{
    (void)state;
    struct spec *spec = with_command("command: train");
    char **words = spec_command(spec, some, 3);
    static const char *const expected[] = {"train", "--lr",  "0.0001",      "--n",
                                           "3",     "--opt", "it's a \"b\""};
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(words[i], expected[i]);
    assert_null(words[7]);
    mem_free(words);
    spec_free(spec);
    line_is("command: train", "train --lr 0.0001 --n 3 --opt 'it'\\''s a \"b\"'");
}

static void placeholders_place_values(void **state)
{
    (void)state;
    line_is("command: [train, 'rate={lr}/{n}', '{opt}', '{other}', '${lr}']",
            "train rate=0.0001/3 'it'\\''s a \"b\"' '{other}' '$0.0001'");
    line_is("command: train {lr}", "train 0.0001 --n 3 --opt 'it'\\''s a \"b\"'");
}

static void an_inactive_placeholder_takes_its_option_with_it(void **state)
{
    (void)state;
    line_is("command: train --off {off} --lr {lr} {n} {opt}",
            "train --lr 0.0001 3 'it'\\''s a \"b\"'");
    line_is("command: train --off={off} -v x-{off} {lr} {n} {opt}",
            "train -v 0.0001 3 'it'\\''s a \"b\"'");
    line_is("command: -train {off} {lr} {n} {opt}", "-train 0.0001 3 'it'\\''s a \"b\"'");
}

static void a_shell_gets_quoted_values(void **state)
{
    (void)state;
    struct spec *spec =
        with_command("command: \"echo {opt} {off} ${lr} | tee {n}.log\\n\"\nshell: true");
    char **words = spec_command(spec, some, 3);
    assert_string_equal(words[0], "/bin/sh");
    assert_string_equal(words[1], "-c");
    assert_string_equal(words[2], "echo 'it'\\''s a \"b\"'  ${lr} | tee 3.log --lr 0.0001");
    assert_null(words[3]);
    mem_free(words);
    spec_free(spec);
}

static void negative_numbers_are_written_for_argparse(void **state)
{
    (void)state;
    struct spec *spec = read_fine("command: t\nobjective: {metric: a, goal: minimize}\n"
                                  "parameters: {x: -1..1.0}\n");
    static const struct {
        double x;
        const char *text;
    } cases[] = {{-1.5e-5, "t --x -0.000015"},
                 {1.5e-5, "t --x 1.5e-05"},
                 {-1, "t --x -1"},
                 {0.5, "t --x 0.5"},
                 {-2e-10, "t --x -0.0000000002"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hone_setting setting = {"x", HONE_NUMBER(cases[i].x)};
        char *line = spec_command_line(spec, &setting, 1);
        assert_string_equal(line, cases[i].text);
        mem_free(line);
    }
    spec_free(spec);
}

/* ---- Metrics ---- */

/* The first group of the default pattern of `name` in a line; NULL without a match. */
static char *found(const char *name, const char *line, char out[64])
{
    char text[600];
    snprintf(text, sizeof text,
             "command: x\nobjective: {metric: '%s', goal: minimize}\nparameters: {x: 1..2}\n",
             name);
    struct spec *spec = read_fine(text);
    assert_true(spec->metrics[0].is_default);
    int code;
    PCRE2_SIZE offset, len = 64;
    pcre2_code *pattern = pcre2_compile((PCRE2_SPTR)spec->metrics[0].pattern, PCRE2_ZERO_TERMINATED,
                                        0, &code, &offset, NULL);
    assert_non_null(pattern);
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(pattern, NULL);
    int n = pcre2_match(pattern, (PCRE2_SPTR)line, strlen(line), 0, 0, match, NULL);
    if (n > 0)
        pcre2_substring_copy_bynumber(match, 1, (PCRE2_UCHAR *)out, &len);
    pcre2_match_data_free(match);
    pcre2_code_free(pattern);
    spec_free(spec);
    return n > 0 ? out : NULL;
}

static void a_metric_is_found_as_a_whole_word_with_a_whole_number(void **state)
{
    (void)state;
    static const struct {
        const char *name, *line, *value;
    } lines[] = {
        {"loss", "loss=0.5", "0.5"},
        {"loss", "epoch 3 val_loss=1 loss: -1.5e-3, acc=2", "-1.5e-3"},
        {"loss", "val_loss=0.5", NULL},
        {"loss", "train/loss=0.5", NULL},
        {"loss", "val:loss=0.5", NULL},
        {"loss", "losses=0.5", NULL},
        {"loss", "loss 0.5", NULL},
        {"loss", "loss=nan", "nan"},
        {"loss", "loss=-Infinity", "-Infinity"},
        {"loss", "loss=none", NULL},
        {"loss", "loss=1,234.5", NULL},
        {"loss", "loss=0x1f", NULL},
        {"loss", "loss=1.2.3", NULL},
        {"loss", "loss=.5;", ".5"},
        {"loss", "loss=5.", "5."},
        {"loss", "the loss = 3.", "3."},
        {"loss", "loss=12%", "12"},
        {"val:acc", "val:acc=0.25 x", "0.25"},
        {"a.b", "axb=1 a.b=2", "2"},
        {"a\\E(", "a\\E(=2", "2"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char out[64];
        const char *value = found(lines[i].name, lines[i].line, out);
        if ((value == NULL) != (lines[i].value == NULL))
            print_error("%s\n", lines[i].line);
        assert_true((value == NULL) == (lines[i].value == NULL));
        if (value != NULL)
            assert_string_equal(value, lines[i].value);
    }
}

static void metrics_that_are_used_are_among_them(void **state)
{
    (void)state;
    struct spec *spec = read_small("metrics: {lat: {json: latency}, f: {file: out/m.txt}}\n"
                                   "step: {metric: epoch}\n");
    assert_int_equal(spec->n_metrics, 4);
    assert_true(spec->metrics[0].kind == METRIC_JSON);
    assert_string_equal(spec->metrics[0].pattern, "latency");
    assert_true(spec->metrics[1].kind == METRIC_FILE && spec->metrics[1].pattern == NULL);
    assert_string_equal(spec->metrics[2].name, "acc");
    assert_string_equal(spec->metrics[3].name, "epoch");
    assert_string_equal(spec->step_metric, "epoch");
    spec_free(spec);
}

/* ---- Limits ---- */

static void no_memory_at_any_place_is_an_error_not_a_crash(void **state)
{
    (void)state;
    bool done = false;
    for (size_t n = 1; !done; n++) {
        struct problems problems = {0};
        mem_fail_at(n, 0);
        struct spec *spec =
            spec_read_text(segmentation, strlen(segmentation), "/lab/study.yaml", &problems);
        mem_fail_at(0, 0);
        done = spec != NULL && problems.n == 0;
        assert_true(n < 2000);
        if (spec != NULL) {
            /* A failure that was survived must not have changed the study. */
            struct spec *same = read_fine(segmentation);
            assert_string_equal(spec->text, same->text);
            spec_free(same);
        }
        done = done && n > 100;
        spec_free(spec);
        problems_release(&problems);
    }
}

static void no_memory_for_flags_is_an_error_too(void **state)
{
    (void)state;
    char words[][40] = {"run",
                        "-p",
                        "x=log:1:10 if y=a",
                        "-p",
                        "y=a,b",
                        "--maximize",
                        "m=(.)",
                        "--limits",
                        "{grace: 1s}",
                        "--where",
                        "x < 2",
                        "--stop.target=1",
                        "--max-trails",
                        "3",
                        "--",
                        "t"};
    char *argv[16];
    for (size_t i = 0; i < 16; i++)
        argv[i] = words[i];
    for (size_t n = 1; n < 200; n++) {
        struct problems problems = {0};
        mem_fail_at(n, 1);
        struct spec *spec = spec_read_flags(16, argv, &problems);
        mem_fail_at(0, 0);
        assert_null(spec);
        problems_release(&problems);
    }
}

static void too_many_mistakes_are_counted_not_listed(void **state)
{
    (void)state;
    char text[20000] = "";
    for (int i = 0; i < 900; i++)
        snprintf(text + strlen(text), 20, "key%d: 1\n", i);
    struct problems problems = {0};
    assert_null(spec_read_text(text, strlen(text), "study.yaml", &problems));
    assert_int_equal(problems.n, 101);
    assert_string_equal(problems.lines[100], "... and 803 more");
    problems_release(&problems);
}

static void problems_are_printed_with_their_number(void **state)
{
    (void)state;
    struct problems problems = {0};
    char text[300] = "";
    FILE *to = fmemopen(text, sizeof text, "w");
    problems_add(&problems, "study.yaml:%d: a", 3);
    problems_add(&problems, "study.yaml:4: b");
    problems_warn(&problems, "study.yaml:1: c");
    problems_print(&problems, "study.yaml", to);
    fclose(to);
    assert_string_equal(text, "hone: warning: study.yaml:1: c\nstudy.yaml:3: a\n"
                              "study.yaml:4: b\nhone: study.yaml: 2 errors\n");
    problems_release(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_segmentation_study_is_read),
        cmocka_unit_test(defaults_are_those_of_the_manual),
        cmocka_unit_test(every_kind_of_value_is_read),
        cmocka_unit_test(types_of_choices_are_those_of_the_file),
        cmocka_unit_test(the_stored_text_gives_the_study_back),
        cmocka_unit_test(a_moved_folder_is_the_same_study),
        cmocka_unit_test(differences_are_shown_and_judged),
        cmocka_unit_test(a_short_form_and_a_long_one_are_the_same_study),
        cmocka_unit_test(flags_are_the_same_study_as_a_file),
        cmocka_unit_test(a_metric_is_named_by_the_text_before_its_group),
        cmocka_unit_test(a_study_of_flags_is_named_for_its_script),
        cmocka_unit_test(mistakes_in_flags_name_the_flag),
        cmocka_unit_test(flags_take_the_place_of_what_the_file_says),
        cmocka_unit_test(words_are_split_as_a_shell_does),
        cmocka_unit_test(active_parameters_are_appended_in_their_order),
        cmocka_unit_test(placeholders_place_values),
        cmocka_unit_test(an_inactive_placeholder_takes_its_option_with_it),
        cmocka_unit_test(a_shell_gets_quoted_values),
        cmocka_unit_test(negative_numbers_are_written_for_argparse),
        cmocka_unit_test(a_metric_is_found_as_a_whole_word_with_a_whole_number),
        cmocka_unit_test(metrics_that_are_used_are_among_them),
        cmocka_unit_test(no_memory_at_any_place_is_an_error_not_a_crash),
        cmocka_unit_test(no_memory_for_flags_is_an_error_too),
        cmocka_unit_test(too_many_mistakes_are_counted_not_listed),
        cmocka_unit_test(problems_are_printed_with_their_number),
    };
    return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
