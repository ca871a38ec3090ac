"""hone run from the first trial to the last line: what it starts, records, says, and exits with."""

import json
import os
import re
import signal
import sqlite3

import pytest

from lab import Lab, wait_until

STEPS = """for step in 1 2 3; do
    echo "epoch $step"
    echo "m=0.$step$HONE_TRIAL"
done
"""


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


def test_a_study_runs_to_its_end_and_names_the_best(lab):
    lab.script(STEPS)
    lab.study(trials=6, parallel=2)
    done = lab.hone("run", "s.yaml")
    assert "all 6 trials are done" in done.stdout
    assert "trial 5 of s: m 0.35" in done.stdout
    assert re.search(r"^\./train\.sh --x 0\.\d+$", done.stdout, re.M)
    assert "hone stop s" in done.stdout and "hone resume s" in done.stdout
    assert str(lab.folder / ".hone/studies/s") in done.stdout and "seed    7" in done.stdout
    assert "\x1b" not in done.stdout
    assert len(re.findall(r"^trial \d  completed  m 0\.3\d?", done.stdout, re.M)) == 6
    assert [t["state"] for t in lab.trials()] == ["completed"] * 6
    assert lab.values()[3] == [(1, 1.0, 0.13), (1, 2.0, 0.23), (1, 3.0, 0.33)]
    lab.hone("replay", "s")
    lab.wait_quiet()


def test_the_last_value_counts_or_the_best_where_asked(lab):
    lab.script("echo m=0.9; echo m=0.2")
    lab.study("last", trials=1)
    lab.study("best", trials=1, objective="{metric: m, goal: maximize, use: best}")
    lab.study("least", trials=1, objective="{metric: m, goal: minimize, use: best}")
    for name, value in ("last", 0.2), ("best", 0.9), ("least", 0.2):
        lab.hone("run", f"{name}.yaml")
        assert json.loads(lab.trials(name)[0]["objectives"]) == [value]


def test_the_same_command_again_changes_nothing(lab):
    lab.script(STEPS)
    lab.study()
    lab.hone("run", "s.yaml")
    before = (lab.trials(), lab.attempts(), lab.events())
    done = lab.hone("run", "s.yaml")
    assert "ended already" in done.stdout and "./train.sh" in done.stdout
    assert (lab.trials(), lab.attempts(), lab.events()) == before


def test_a_larger_budget_goes_on(lab):
    lab.script(STEPS)
    lab.study(trials=3)
    lab.hone("run", "s.yaml")
    lab.study(trials=5)
    done = lab.hone("run", "s.yaml")
    assert "max_trials: 3 -> 5" in done.stdout
    assert [t["state"] for t in lab.trials()] == ["completed"] * 5
    assert len(lab.events(kind="changed")) == 1
    lab.hone("replay", "s")


def test_a_larger_budget_gives_the_trials_of_a_large_one(lab):
    for name, budgets in ("once", [8]), ("twice", [3, 8]):
        lab.script(STEPS)
        for trials in budgets:
            lab.study(name, trials=trials, parallel=1, strategy="sobol")
            lab.hone("run", f"{name}.yaml")
    assert [t["params"] for t in lab.trials("once")] == [t["params"] for t in lab.trials("twice")]


def test_other_settings_are_shown_and_refused(lab):
    lab.script(STEPS)
    lab.study(trials=2)
    lab.hone("run", "s.yaml")
    lab.study(trials=2, seed=8, parameters="  y: {type: float, min: 0, max: 1}\n")
    done = lab.hone("run", "s.yaml", status=2)
    assert "parameters" in done.stderr
    assert "hone: study \"s\" exists with other settings" in done.stderr
    assert len(lab.trials()) == 2


def test_a_study_without_a_file(lab):
    lab.script(STEPS)
    words = ["run", "-p", "x=0:1.0", "-p", "k=a,b", "--maximize", "m", "-n", "3", "-j", "2",
             "--strategy", "random", "--name", "flags", "--", "./train.sh", "--fast"]
    done = lab.hone(*words)
    assert re.search(r"^\./train\.sh --fast --x 0\.\d+ --k [ab]$", done.stdout, re.M)
    assert "ended already" in lab.hone(*words).stdout
    assert len(lab.trials("flags")) == 3


def test_a_seed_is_chosen_stored_and_shown(lab):
    lab.script(STEPS)
    path = lab.study(trials=1)
    path.write_text(path.read_text().replace("seed: 7\n", ""))
    shown = int(re.search(r"seed +(\d+)", lab.hone("run", "s.yaml").stdout)[1])
    assert lab.row()["seed"] == shown


def test_what_a_trial_sees(lab):
    lab.script("env > env.$HONE_TRIAL; cp $HONE_PARAMS params.$HONE_TRIAL; ls -d $SM_MODEL_DIR "
               "$SM_OUTPUT_DATA_DIR $HONE_CHECKPOINT_DIR && echo m=1; cat; "
               "echo $@ > args.$HONE_TRIAL")
    (lab.folder / "data").mkdir()
    lab.study(trials=2, parallel=1, extra="env: {COLOUR: blue}\ninputs: {training: data}\n",
              parameters="  lr: {type: float, min: 0.5, max: 0.75}\n"
                         "  kind: {type: choice, values: [a, b]}\n"
                         "  only: {type: int, min: 1, max: 3, when: {kind: b}}\n")
    lab.hone("run", "s.yaml")
    seeds = set()
    for trial in 0, 1:
        env = dict(line.split("=", 1) for line in
                   (lab.folder / f"env.{trial}").read_text().splitlines() if "=" in line)
        params = json.loads((lab.folder / f"params.{trial}").read_text())
        assert json.loads(env["SM_HPS"]) == params == json.loads(lab.trials()[trial]["params"])
        assert float(env["SM_HP_LR"]) == params["lr"] and env["SM_HP_KIND"] == params["kind"]
        assert ("SM_HP_ONLY" in env) == (params["kind"] == "b") == ("only" in params)
        assert env["COLOUR"] == "blue" and env["SM_CHANNEL_TRAINING"] == str(lab.folder / "data")
        assert (env["HONE_STUDY"], env["HONE_TRIAL"], env["HONE_ATTEMPT"]) == ("s", str(trial), "1")
        assert "SM_NUM_GPUS" in env
        seeds.add(int(env["HONE_SEED"]))
        args = (lab.folder / f"args.{trial}").read_text().split()
        assert args[:4] == ["--lr", env["SM_HP_LR"], "--kind", params["kind"]]
    assert len(seeds) == 2 and all(0 <= seed < 2**31 for seed in seeds)


def test_start_configurations_come_first(lab):
    lab.script(STEPS)
    lab.study(trials=4, parallel=1, extra="start: [{x: 0.25}, {x: 0.75}]\n")
    lab.hone("run", "s.yaml")
    trials = lab.trials()
    assert [json.loads(t["params"])["x"] for t in trials[:2]] == [0.25, 0.75]
    assert [t["origin"] for t in trials] == ["start", "start", "search", "search"]
    lab.hone("replay", "s")


def test_with_repeats_a_small_space_is_not_used_up(lab):
    lab.script("echo m=$SM_HP_K\n")
    lab.study(parameters="  k: {type: choice, values: [1, 2]}\n", trials=6, strategy="bayesian",
              extra="repeats: true\n")
    lab.hone("run", "s.yaml")
    assert len(lab.trials()) == 6
    lab.hone("replay", "s")


def test_a_used_up_space_ends_the_study(lab):
    lab.script(STEPS)
    lab.study(trials=20, parameters="  k: {type: choice, values: [a, b, c]}\n")
    done = lab.hone("run", "s.yaml")
    assert "used up" in done.stdout and len(lab.trials()) == 3


# ---- Failures ----

@pytest.mark.parametrize("script, reason", [
    ("echo m=0.9; exit 3", "exit 3"),
    ("echo m=0.9; kill -SEGV $$", "signal 11 (SIGSEGV)"),
    ("echo a; echo b", "no objective value in 2 lines of log"),
    ("true", "no objective value: the script printed nothing"),
    ("echo m=1; echo m=nan", "objective was nan"),
    ("echo m=1; echo m=-inf", "objective was -inf"),
])
def test_a_failure_has_a_reason_in_words_and_the_end_of_its_log(lab, script, reason):
    lab.script(f"if [ $HONE_TRIAL = 1 ]; then\n{script}\nelse\necho m=0.5\nfi\n")
    lab.study(trials=3, parallel=1)
    done = lab.hone("run", "s.yaml")
    trials = lab.trials()
    assert [t["state"] for t in trials] == ["completed", "failed", "completed"]
    assert trials[1]["reason"] == reason and f"failed: {reason}" in done.stdout
    assert (trials[1]["log_tail"] or "") == lab.log("s", 1).strip()


def test_a_study_without_a_result_exits_with_1(lab):
    lab.script("echo m=1; exit 1")
    lab.study(trials=3)
    done = lab.hone("run", "s.yaml", status=1)
    assert "hone show s 0" in done.stdout
    assert lab.row()["state"] == "failed"
    assert [t["state"] for t in lab.trials()] == ["failed"] * 3


def test_a_silent_objective_ends_the_study_after_the_first_trials(lab):
    lab.script("echo accuracy=0.5")
    lab.study(trials=50, parallel=2)
    done = lab.hone("run", "s.yaml", status=1)
    assert "no objective value in 1 line of log" in done.stdout and "hone check" in done.stdout
    assert len(lab.trials()) <= 3
    lab.script("echo m=0.5")  # mended: the same command goes on
    assert "all 50 trials are done" in lab.hone("run", "s.yaml").stdout


def test_a_command_that_is_not_there_ends_the_study(lab):
    lab.study(trials=50, parallel=1, command="./nothing.sh")
    done = lab.hone("run", "s.yaml", status=1)
    assert "could not be started" in done.stdout and "nothing.sh" in done.stdout
    assert len(lab.trials()) == 1


def test_a_failed_trial_gets_its_retries_in_the_same_place(lab):
    lab.script('echo $HONE_ATTEMPT >> $HONE_CHECKPOINT_DIR/seen; echo m=0.$HONE_ATTEMPT; '
               '[ $HONE_ATTEMPT = 3 ]')
    lab.study(trials=2, extra="retries: {failed: 2}\n")
    lab.hone("run", "s.yaml")
    assert [(a["trial"], a["number"], a["state"]) for a in lab.attempts()] == [
        (t, n, "succeeded" if n == 3 else "failed") for t in (0, 1) for n in (1, 2, 3)]
    assert [json.loads(t["objectives"]) for t in lab.trials()] == [[0.3], [0.3]]
    seen = lab.folder / ".hone/studies/s/trial-0001/checkpoints/seen"
    assert seen.read_text().split() == ["1", "2", "3"]
    lab.hone("replay", "s")


def test_limits_end_a_trial(lab):
    lab.script("echo m=0.5; [ $HONE_TRIAL = 0 ] || sleep 60")
    lab.study("time", trials=2, parallel=1, extra="limits: {trial_time: 1s, grace: 1s}\n")
    lab.study("kept", trials=2, parallel=1,
              extra="limits: {trial_time: 1s, grace: 1s, on_timeout: keep}\n")
    lab.study("silent", trials=2, parallel=1, extra="limits: {silence: 1s, grace: 1s}\n")
    for name, state, reason in (("time", "failed", "time limit 1 s"), ("kept", "completed", "time"),
                                ("silent", "failed", "silent for 1 s")):
        lab.hone("run", f"{name}.yaml")
        assert lab.trials(name)[1]["state"] == state
        assert lab.attempts(name)[1]["state"] == "timeout"
        assert reason in lab.attempts(name)[1]["reason"]
        lab.wait_quiet(name)


# ---- Ends ----

def test_target_ends_the_study_and_what_runs(lab):
    lab.script("[ $HONE_TRIAL = 0 ] && { echo m=0.9; exit; }; echo m=0.1; sleep 60")
    lab.study(trials=10, extra="stop: {target: 0.8}\nlimits: {grace: 1s}\n")
    done = lab.hone("run", "s.yaml")
    assert "target reached: trial 0 has 0.9" in done.stdout
    assert [t["state"] for t in lab.trials()] in (["completed", "stopped"],
                                                  ["completed", "cancelled"])
    assert lab.row()["state"] == "finished"
    lab.wait_quiet()


def test_no_improvement_ends_the_study(lab):
    lab.script("echo m=$((9 - HONE_TRIAL))")
    lab.study(trials=50, parallel=1, extra="stop: {no_improvement: 4}\n")
    assert "no improvement in 4 trials since trial 0" in lab.hone("run", "s.yaml").stdout
    assert len(lab.trials()) == 5


def test_time_ends_the_study(lab):
    lab.script("echo m=1; exec sleep 60")
    lab.study(trials=50, extra="stop: {time: 1s}\nlimits: {grace: 1s}\n")
    done = lab.hone("run", "s.yaml", status=1)
    assert "time: the study's 1 s are over" in done.stdout
    assert [t["state"] for t in lab.trials()] == ["stopped"] * 2
    lab.wait_quiet()


def test_cost_ends_the_study(lab):
    lab.script("echo m=1; exec sleep 60")
    lab.study(trials=50, parallel=1, extra="stop: {cost: 1}\nlimits: {grace: 1s}\n"
                                           "price_per_hour: {on_demand: 36000}\n")
    done = lab.hone("run", "s.yaml", status=None)
    spent = re.search(r"cost: (\d+\.\d\d) of 1\.00 USD are spent", done.stdout)
    assert spent and float(spent[1]) >= 1
    assert lab.row()["state"] == "finished" or lab.row()["state"] == "failed"


def test_a_cost_limit_is_exceeded_by_the_grace_alone(lab):
    lab.script("trap '' TERM; echo m=1; while :; do sleep 0.05; done")
    lab.study(trials=50, parallel=4, extra="stop: {cost: 6}\nlimits: {grace: 1s}\n"
                                           "price_per_hour: {on_demand: 3600}\nrepeats: true\n")
    lab.hone("run", "s.yaml", status=None)
    status = json.loads(lab.hone("status", "s", "--json").stdout)
    assert status["reason"].startswith("cost: 6.0")
    # 1 USD a second: the limit, the grace of four trials, and 2 s for a machine that is busy.
    assert 6 <= status["cost"]["spent"] <= 6 + 4 * (1 + 2)
    assert status["cost"]["forecast"] == status["cost"]["spent"]
    assert status["cost"]["saved"] == {"early_stopping": 0, "spot": 0}
    assert len(lab.trials()) == 4  # nothing was started at the limit


def test_bad_curves_are_stopped_early_with_the_reason(lab):
    lab.script('bad=0; [ $HONE_TRIAL -ge 8 ] && bad=1\n'
               'for step in 1 2 3 4 5 6; do\n'
               '  if [ $bad = 1 ]; then echo m=0.00$step; sleep 0.4; else echo m=0.$step; fi\ndone')
    lab.study(trials=9, parallel=1, extra="early_stopping: median\n")
    done = lab.hone("run", "s.yaml")
    last = lab.trials()[8]
    assert last["state"] == "stopped", last
    assert "median" in last["reason"] and "stopped" in done.stdout
    assert lab.attempts()[8]["state"] == "cancelled"
    lab.hone("replay", "s")


# ---- In the background ----

def test_background_watch_and_stop(lab):
    lab.script("echo m=0.5; while [ ! -e go ]; do sleep 0.02; done")
    lab.study(trials=50, parallel=2)
    done = lab.hone("run", "s.yaml", "-d")
    assert "hone stop s" in done.stdout
    wait_until(lambda: len(lab.trials()) == 2, "two trials")
    again = lab.hone("run", "s.yaml", status=3)
    assert again.stderr.count("\n") == 1 and "pid" in again.stderr
    watch = lab.start("attach", "s")
    assert "no new trials" in lab.hone("stop", "s").stdout
    lab.write("go", "")
    out, _ = watch.communicate(timeout=60)
    assert watch.returncode == 0 and "stopped by hone stop" in out
    assert [t["state"] for t in lab.trials()] == ["completed"] * 2
    assert lab.row()["state"] == "stopped"
    lab.study(trials=3, parallel=2)
    assert "all 3 trials are done" in lab.hone("run", "s.yaml").stdout


def test_stop_now_and_resume_give_the_next_attempt(lab):
    lab.script("echo m=0.5; [ $HONE_ATTEMPT = 2 ] || exec sleep 60")
    lab.study(trials=2, parallel=2)
    lab.hone("run", "s.yaml", "-d")
    wait_until(lambda: [a["state"] for a in lab.attempts()] == ["running"] * 2, "two trials")
    lab.hone("stop", "s", "--now")
    assert lab.row()["state"] == "stopped"
    assert [(a["number"], a["state"]) for a in lab.attempts()] == [(1, "cancelled"),
                                                                  (2, "waiting")] * 2
    lab.wait_quiet()
    lab.hone("resume", "s")
    assert [t["state"] for t in lab.trials()] == ["completed"] * 2
    lab.hone("replay", "s")


def test_stop_one_trial_for_good(lab):
    lab.script("echo m=0.5; [ $HONE_TRIAL != 0 ] || exec sleep 60")
    lab.study(trials=3, parallel=2)
    run = lab.start("run", "s.yaml")
    wait_until(lambda: [t["state"] for t in lab.trials()][1:] == ["completed"] * 2, "the others")
    lab.hone("stop", "s", "--trial", "0")
    run.communicate(timeout=60)
    assert run.returncode == 0
    assert [t["state"] for t in lab.trials()] == ["cancelled", "completed", "completed"]
    lab.hone("stop", "s", "--trial", "9", status=None)


def test_a_study_yaml_needs_no_naming(lab):
    lab.script("echo m=1")
    lab.study("study", trials=1, parallel=1)
    lab.hone("run")
    assert len(lab.trials("study")) == 1


def test_enqueue_before_and_while_a_study_runs(lab):
    lab.script("echo m=$SM_HP_X; [ $HONE_TRIAL = 0 ] || while [ ! -e go ]; do sleep 0.01; done\n")
    lab.study(trials=1, parallel=1)
    lab.hone("run", "s.yaml")
    done = lab.hone("enqueue", "s", "x=0.125")
    assert "it has 1 of 1; more: hone edit s -n 2" in done.stdout
    tuner = lab.start("run", "s.yaml", "-n", "4")
    wait_until(lambda: len(lab.trials()) == 2, "the second trial has not begun")
    lab.hone("enqueue", "s", "x=0.375")
    for words, what in ((["x=2"], '"x": 2 is not in [0, 1]'), (["y=1"], 'no parameter "y"'),
                        (["x"], "needs NAME=VALUE")):
        refused = lab.hone("enqueue", "s", *words, status=2)
        assert what in refused.stderr
    lab.write("go", "")
    assert tuner.wait(60) == 0
    trials = lab.trials()
    assert [json.loads(t["params"])["x"] for t in trials[1:3]] == [0.125, 0.375]
    assert [t["origin"] for t in trials] == ["search", "enqueued", "enqueued", "search"]
    lab.hone("replay", "s")


# Steps 1 to 3; the second attempt goes on from the checkpoint of the first.
CHECKPOINTED = """cd $HONE_CHECKPOINT_DIR
i=$(cat step 2>/dev/null || echo 0)
while [ $i -lt 3 ]; do
    i=$((i + 1))
    echo "step $i m=0.$i$HONE_ATTEMPT"
    echo $i >step
    [ $HONE_ATTEMPT$i != 12 ] || { echo >ready; exec sleep 60; }
done
"""


@pytest.mark.parametrize("notice", ["hone preempt", "a signal"])
def test_a_preempted_trial_goes_on_from_its_checkpoint(lab, notice):
    lab.script(CHECKPOINTED)
    lab.study(trials=1, extra="step: 'step ([0-9]+)'\n")
    tuner = lab.start("run", "s.yaml")
    ready = lab.folder / ".hone/studies/s/trial-0000/checkpoints/ready"
    wait_until(ready.exists, "the first attempt has not come to its second step")
    if notice == "hone preempt":
        lab.hone("preempt", "s", "0")
    else:
        pid = wait_until(lambda: lab.attempts()[0]["pid"], "the attempt's process is not known")
        os.kill(pid, signal.SIGTERM)
    out, _ = tuner.communicate(timeout=60)
    assert tuner.returncode == 0 and "preempted" in out
    assert [a["state"] for a in lab.attempts()] == ["preempted", "succeeded"]
    assert lab.values() == {0: [(1, 1, 0.11), (1, 2, 0.21), (2, 3, 0.32)]}
    lab.hone("replay", "s")


def test_preemptions_are_counted(lab):
    lab.script("echo m=0.5; echo >ready; exec sleep 60\n")
    lab.study(trials=1, extra="retries: {preempted: 0}\n")
    tuner = lab.start("run", "s.yaml")
    wait_until((lab.folder / "ready").exists, "the trial does not run")
    lab.hone("preempt", "s", "0")
    tuner.communicate(timeout=60)
    assert [a["state"] for a in lab.attempts()] == ["preempted"]
    assert [t["state"] for t in lab.trials()] == ["cancelled"]
    gone = lab.hone("preempt", "s", "0", status=2)
    assert 'study "s" does not run' in gone.stderr


def test_delete_leaves_nothing(lab):
    lab.script(STEPS)
    lab.study()
    lab.hone("run", "s.yaml")
    lab.hone("delete", "s", status=2)
    lab.hone("delete", "s", "--yes")
    assert lab.row() is None and not (lab.folder / ".hone/studies/s").exists()
    lab.hone("run", "s.yaml")


def test_a_study_file_in_another_folder_anchors_its_paths(lab):
    (lab.folder / "exp").mkdir()
    lab.script(STEPS, "exp/train.sh")
    lab.study("s", trials=2).rename(lab.folder / "exp/s.yaml")
    lab.hone("run", "exp/s.yaml")
    path = lab.folder / "exp/s.yaml"
    path.write_text(path.read_text().replace("max_trials: 2", "max_trials: 3"))
    lab.hone("run", "exp/s.yaml")
    lab.hone("resume", "s")
    assert [t["state"] for t in lab.trials()] == ["completed"] * 3


def test_quiet_says_nothing(lab):
    lab.script(STEPS)
    lab.study()
    done = lab.hone("run", "s.yaml", "--quiet")
    assert done.stdout == done.stderr == ""
    lab.script("exit 1")
    lab.study("bad")
    done = lab.hone("run", "bad.yaml", "--quiet", status=1)
    assert done.stdout == done.stderr == ""


def test_a_bad_study_file_is_refused_before_anything_is_made(lab):
    lab.study(parameters="  x: {type: float, min: 1, max: 0}\n")
    done = lab.hone("run", "s.yaml", "-d", status=2)
    assert "s.yaml:" in done.stderr and "hone: s.yaml: 1 error" in done.stderr
    assert not (lab.folder / ".hone").exists()
    assert "no study.yaml here" in lab.hone("run", status=2).stderr
    lab.hone("run", "nothing.yaml", status=2)
    lab.hone("resume", "nothing", status=2)
    lab.hone("stop", "nothing", status=2)


def test_several_objectives(lab):
    lab.script('echo "m=0.$HONE_TRIAL"; [ $HONE_TRIAL = 2 ] || echo "k=$HONE_TRIAL"')
    lab.study(trials=4, objective="[{metric: m, goal: maximize}, {metric: k, goal: minimize}]")
    lab.hone("run", "s.yaml")
    trials = lab.trials()
    assert [t["state"] for t in trials] == ["completed", "completed", "failed", "completed"]
    assert json.loads(trials[3]["objectives"]) == [0.3, 3]
    assert trials[2]["reason"] == 'no objective value "k" in 1 line of log'
    lab.hone("replay", "s")


def test_replay_names_the_first_trial_that_differs(lab):
    lab.script(STEPS)
    lab.study(trials=6)
    lab.hone("run", "s.yaml")
    db = sqlite3.connect(lab.folder / ".hone/hone.db")
    with db:
        db.execute("UPDATE event SET body = json_set(body, '$.params.x', 0.123) "
                   "WHERE kind = 'ask' AND trial = 4")
    db.close()
    done = lab.hone("replay", "s", status=1)
    assert done.stderr.startswith("hone: trial 4 differs: the configuration was {\"x\":0.123}")
