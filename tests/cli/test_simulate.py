"""hone simulate: studies on a simulated clock. Times and sums are exact, and worked out here."""

import json
import math

import pytest

from lab import Lab

STEPS, STEP_S = 10, 180  # a full trial: half an hour
GRACE_S = 120
# Which of 20 trials are good. The first four complete before any is judged.
GOOD = {0, 1, 2, 3, 6, 7, 10, 11, 14, 15}

STUDY = """study: lab
command: python3 train.py
objective: {metric: 'val:dice', goal: maximize}
parameters:
  lr: {type: float, min: 1.0e-5, max: 1.0e-3}
max_trials: 20
seed: 7
strategy: random
price_per_hour: {on_demand: 1.41, spot: 0.42}
"""


def lr(i):
    return round(1e-5 * (1 + i), 7)


def curve(i):
    """The dice of trial i by step."""
    top = 0.9 - i / 1000 if i in GOOD else 0.3 + i / 1000
    return [round(top * (1 - math.exp(-step / 3)), 4) for step in range(1, STEPS + 1)]


def trace_text(numbers=range(20)):
    rows = ["lr,step,seconds,val:dice"]
    for i in numbers:
        rows += [f"{lr(i)},{step},{STEP_S * step},{value}"
                 for step, value in enumerate(curve(i), start=1)]
    return "\n".join(rows) + "\n"


@pytest.fixture()
def lab(tmp_path):
    lab = Lab(tmp_path)
    start = "".join(f"- {{lr: {lr(i)}}}\n" for i in range(20))
    lab.write("lab.yaml", STUDY + "start:\n" + start)
    lab.write("trace.csv", trace_text())
    return lab


def simulate(lab, *words, status=0):
    """The JSON of a simulated study, or of several."""
    done = lab.hone("simulate", "lab.yaml", "--trace", "trace.csv", "--json", *words,
                    status=status)
    return json.loads(done.stdout)


# ---- Money and time ----

def test_the_labs_table(lab):
    """20 experiments of 30 min at 1.41 USD; 4 in parallel; spot at 0.42 with early stopping."""
    alone = simulate(lab)
    assert alone["elapsed_s"] == alone["trial_s"] == 10 * 3600 and alone["speedup"] == 1
    assert alone["cost"]["spent"] == pytest.approx(14.10)

    parallel = simulate(lab, "--parallel", "4")
    assert parallel["elapsed_s"] == 2.5 * 3600 and parallel["speedup"] == 4
    assert parallel["cost"]["spent"] == pytest.approx(14.10)
    assert parallel["cost"]["saved"] == {"early_stopping": 0, "spot": 0}

    # The ten bad ones end at their second of ten steps: together 12 full equivalents.
    cheap = simulate(lab, "--parallel", "4", "--spot", "--early-stopping", "median")
    assert cheap["counts"]["completed"] == 10 and cheap["counts"]["stopped"] == 10
    assert cheap["trial_s"] == 12 * 1800
    cost = cheap["cost"]
    assert cost["spent"] == cost["forecast"] == pytest.approx(2.52)
    assert cost["saved"]["early_stopping"] == pytest.approx(8 * 0.5 * 1.41)
    assert cost["saved"]["spot"] == pytest.approx(12 * 0.5 * (1.41 - 0.42))
    assert cost["spent"] + sum(cost["saved"].values()) == pytest.approx(14.10)
    assert cheap["best"] == alone["best"]


def test_what_a_person_sees(lab):
    shown = lab.hone("simulate", "lab.yaml", "--trace", "trace.csv", "--parallel", "4", "--spot",
                     "--early_stopping", "median").stdout
    assert "all 20 trials are done" in shown and "best: trial 0 of lab" in shown
    assert "python3 train.py --lr 1e-05" in shown
    for line in [
            "6 h 00 min in trials: speed-up",
            "2.52 USD spent: 6 h 00 min on spot at 0.42 an hour",
            "11.58 USD, 82 % of the 14.10 that the same trials cost in full length and on demand",
            "5.64 by early stopping: 10 trials against the median of completed ones, 30 min 00 s, "
            "at 1.41 an hour",
            "5.94 by spot: 6 h 00 min at 0.99 an hour less"]:
        assert line in shown, shown
    assert lab.hone("simulate", "lab.yaml", "--trace", "trace.csv", "--quiet").stdout


def test_nothing_is_kept(lab):
    simulate(lab)
    assert sorted(p.name for p in lab.folder.iterdir()) == ["lab.yaml", "trace.csv"]


@pytest.mark.parametrize("stop_s", [0, 45, GRACE_S, 1000])
def test_a_limit_of_cost_is_exceeded_by_at_most_the_grace(lab, stop_s):
    done = simulate(lab, "--parallel", "4", "--stop.cost", "5", "--stop-takes", f"{stop_s}s")
    overshoot = 4 * min(stop_s, GRACE_S) / 3600 * 1.41  # grace x running trials x price
    assert done["cost"]["spent"] == pytest.approx(5 + overshoot, abs=4 * 0.001 / 3600 * 1.41)
    assert done["reason"].startswith("cost: 5.00 of 5.00 USD")
    # What the limit cut off is no saving.
    assert done["counts"]["stopped"] == 4 and done["cost"]["saved"]["early_stopping"] == 0


def test_a_limit_of_time_is_met(lab):
    done = simulate(lab, "--stop.time", "100m")
    assert done["elapsed_s"] == 6000 and done["reason"].startswith("time: ")
    assert done["counts"] == {"waiting": 0, "running": 0, "completed": 3, "stopped": 1,
                              "failed": 0, "cancelled": 0}


# ---- Attempts ----

def test_a_spot_trial_goes_on_from_its_checkpoint(lab):
    calm = simulate(lab, "--parallel", "4", "--spot")
    rough = simulate(lab, "--parallel", "4", "--spot", "--preempt-every", "25m")
    assert rough["counts"]["completed"] == 20 and rough["best"]["values"] == calm["best"]["values"]
    # An interruption costs what came after the last step; without checkpoints it would cost all.
    assert calm["trial_s"] < rough["trial_s"] < 1.5 * calm["trial_s"]
    assert simulate(lab, "--parallel", "4", "--preempt-every", "25m")["trial_s"] == calm["trial_s"]


def test_limits_of_a_trial_hold(lab):
    done = simulate(lab, "--limits.trial_time", "20m", "--on_timeout", "keep")
    assert done["trial_s"] == 20 * 1200
    assert done["best"]["values"] == [curve(0)[5]]  # what it had at 18 min
    assert simulate(lab, "--limits.silence", "2m", "-n", "8", status=1)["counts"]["failed"] == 8


def test_a_trial_without_a_value_fails(lab):
    lab.write("trace.csv", trace_text() + f"{lr(30)},1,60,\n{lr(31)},1,60,NaN\n")
    lab.write("lab.yaml", STUDY + f"start: [{{lr: {lr(0)}}}, {{lr: {lr(30)}}}, {{lr: {lr(31)}}}]\n")
    done = simulate(lab, "-n", "3")
    assert done["counts"]["failed"] == 2 and done["counts"]["completed"] == 1


def test_repeats_confirm_the_best(lab):
    done = simulate(lab, "--confirm.top", "2", "--confirm.repeats", "2")
    assert done["best"]["confirmed"] and done["counts"]["completed"] == 20


# ---- The trace ----

def test_the_nearest_configuration_answers(lab):
    lab.write("trace.csv", "lr,kind,deep,step,seconds,val:dice,other\n"
                           "0.0001,a,1,1,10,0.1,x\n0.0009,a,1,1,10,0.2,x\n"
                           "0.0001,b,,1,10,0.3,x\n0.0009,b,,1,10,0.4,x\n")
    study = STUDY.replace("max_trials: 20", "max_trials: 1").replace(
        "1.0e-3}\n", "1.0e-3}\n  kind: [a, b]\n"
                     "  deep: {type: int, min: 1, max: 5, when: {kind: a}}\n")
    for start, value in [("lr: 2.0e-4, kind: a, deep: 5", 0.1),
                         ("lr: 7.0e-4, kind: a, deep: 1", 0.2),
                         ("lr: 4.9e-4, kind: b", 0.3), ("lr: 1.0e-3, kind: b", 0.4)]:
        lab.write("lab.yaml", study + f"start: [{{{start}}}]\n")
        assert simulate(lab)["best"]["values"] == [value], start


def test_recordings_of_one_configuration_answer_in_turn(lab):
    rows = ["trial,lr,step,seconds,val:dice"]
    rows += [f"{run},{lr(0)},1,60,0.{run}" for run in range(1, 5)]
    lab.write("trace.csv", "\n".join(rows))
    found = {simulate(lab, "-n", "1", "--seed", str(seed))["best"]["values"][0]
             for seed in range(30)}
    assert found == {0.1, 0.2, 0.3, 0.4}


def test_what_the_study_cannot_have_is_left_out(lab):
    lab.write("trace.csv", trace_text() + "0.5,1,60,1\n0.5,2,120,1\n")
    done = lab.hone("simulate", "lab.yaml", "--trace", "trace.csv")
    assert "20 recorded curves" in done.stdout and "2 rows of the trace lie outside" in done.stdout


def test_a_study_becomes_a_trace(lab):
    lab.script("echo epoch=1 m=0.1$HONE_TRIAL; sleep 0.2; echo epoch=2 m=0.2$HONE_TRIAL\n"
               "echo epoch=2 loss=3; sleep 0.3")
    study = lab.study(trials=4, parallel=2, extra="step: 'epoch=([0-9]+)'\n"
                                                  "metrics: {loss: 'loss=([0-9.]+)'}\n")
    lab.hone("run", "s.yaml")
    recorded = json.loads(lab.hone("status", "s", "--json").stdout)
    text = lab.hone("export", "s", "--format", "trace").stdout
    head, *rows = [line.split(",") for line in text.splitlines()]
    assert head == ["trial", "x", "step", "seconds", "loss", "m"]
    ends = [row for row in rows if not row[2]]  # that came later than the last value
    assert all(row[4:] == ["", ""] for row in ends)
    steps = [row for row in rows if row[2]]
    assert [row[2] for row in steps] == ["1", "2"] * 4
    assert [row[4] for row in steps] == ["", "3"] * 4
    lab.write("trace.csv", text)
    played = json.loads(lab.hone("simulate", str(study), "--trace", "trace.csv", "--json").stdout)
    assert played["best"] == recorded["best"]  # the same seed proposes the same
    assert played["trial_s"] == pytest.approx(recorded["trial_s"], abs=4 * 0.002)


@pytest.mark.parametrize("text, says", [
    ("", "trace.csv:1: the file is empty"),
    ("lr,step,seconds,val:dice\n", "trace.csv:1: there is nothing below the first line"),
    ("step,seconds,val:dice\n1,2,3\n", 'trace.csv:1: there is no column "lr"'),
    ("lr,step,val:dice\n", 'trace.csv:1: there is no column "seconds"'),
    ("lr,step,seconds,loss\n", 'trace.csv:1: there is no column "val:dice"'),
    ("lr,lr,step,seconds,val:dice\n", 'trace.csv:1: column "lr" is there twice'),
    ("lr,step,seconds,val:dice\n1e-4,1,2\n", "trace.csv:2: 3 fields, the first line has 4"),
    ("lr,step,seconds,val:dice\n1e-4,1,soon,0\n", 'trace.csv:2: seconds: "soon" is no number'),
    ("lr,step,seconds,val:dice\n1e-4,1,-1,0\n", "trace.csv:2: seconds are 0 or more, got -1"),
    ("lr,step,seconds,val:dice\n1e-4,1,9,0\n1e-4,2,5,0\n",
     "trace.csv:3: seconds count from the start of the trial: step 2 is at 5 s, step 1 before it "
     "at 9 s"),
    ("lr,step,seconds,val:dice\n1e-4,1,9,0\n2e-4,1,5,0\n1e-4,1,9,1\n",
     "trace.csv:4: step 1 of this configuration is in line 2 too"),
    ("lr,step,seconds,val:dice\n9,1,9,0\n", "trace.csv:1: no configuration lies in the ranges"),
])
def test_mistakes_of_a_trace_are_named(lab, text, says):
    lab.write("trace.csv", text)
    done = lab.hone("simulate", "lab.yaml", "--trace", "trace.csv", status=2)
    assert says in done.stderr and done.stderr.count("\n") == 1


def test_wrong_words(lab):
    assert "--trace" in lab.hone("simulate", "lab.yaml", status=2).stderr
    assert 'the study file comes before "--max_trials"' in lab.hone(
        "simulate", "--max_trials", "5", "lab.yaml", "--trace", "trace.csv", status=2).stderr
    assert "--seeds" in lab.hone("simulate", "lab.yaml", "--trace", "trace.csv", "--seeds", "0",
                                 status=2).stderr
    assert "none.yaml" in lab.hone("simulate", "none.yaml", "--trace", "trace.csv",
                                   status=2).stderr
    assert "none.csv" in lab.hone("simulate", "lab.yaml", "--trace", "none.csv", status=2).stderr
    wrong = lab.hone("simulate", "lab.yaml", "--trace", "trace.csv", "--strategy", "best", status=2)
    assert "best" in wrong.stderr


# ---- Comparing ----

def without_clock(study):
    return {key: value for key, value in study.items() if key != "ask_ms"}


@pytest.mark.parametrize("strategy", ["random", "bayesian", "tpe", "cmaes"])
def test_the_same_seed_plays_the_same_study(lab, strategy):
    lab.write("lab.yaml", STUDY)
    words = ["--strategy", strategy, "--parallel", "3", "--early-stopping", "asha", "--spot",
             "--preempt-every", "1h"]
    first, again = (without_clock(simulate(lab, *words)) for _ in range(2))
    assert first == again
    assert without_clock(simulate(lab, *words, "--seed", "8")) != first


def test_combinations_are_compared(lab):
    lab.write("lab.yaml", STUDY)
    words = ["--strategy", "random,sobol", "--parallel", "1", "--parallel", "4", "--seeds", "3"]
    runs = simulate(lab, *words)
    assert [(r["strategy"], r["max_parallel"], r["seed"]) for r in runs] == [
        (s, p, seed) for s in ["random", "sobol"] for p in [1, 4] for seed in [7, 8, 9]]
    table = lab.hone("simulate", "lab.yaml", "--trace", "trace.csv", *words).stdout.splitlines()
    head = next(i for i, line in enumerate(table) if line.startswith("STRATEGY"))
    assert table[head].split() == ["STRATEGY", "STOPPING", "PARALLEL", "val:dice", "RANGE", "TIME",
                                   "SPEED-UP", "COST", "SAVED"]
    rows = [line.split() for line in table[head + 1:] if line]
    assert [row[:3] for row in rows] == [["random", "off", "1"], ["random", "off", "4"],
                                         ["sobol", "off", "1"], ["sobol", "off", "4"]]
    bests = sorted(r["best"]["values"][0] for r in runs[:3])
    assert float(rows[0][3]) == pytest.approx(bests[1], rel=1e-4)
    assert "10 h 00 min" in table[head + 1] and "2 h 30 min" in table[head + 2]
    assert "14.10 USD" in table[head + 1] and "0 %" in table[head + 1]


def test_several_objectives_are_compared_by_their_volume(lab):
    lab.write("trace.csv", "x,step,seconds,a,b\n0,1,60,0.2,0.9\n0.5,1,60,0.6,0.6\n1,1,60,0.5,0.3\n")
    study = ("study: two\ncommand: ./x\nobjective: [{metric: a, goal: maximize%s}, "
             "{metric: b, goal: minimize%s}]\nparameters: {x: 0.0..1.0}\nstrategy: random\n"
             "max_trials: 3\nstart: [{x: 0}, {x: 0.5}, {x: 1}]\n")
    words = ["simulate", "two.yaml", "--trace", "trace.csv", "--parallel", "1,3"]
    lab.write("two.yaml", study % (", reference: 0", ", reference: 1"))
    rows = lab.hone(*words).stdout.splitlines()[-3:]
    assert rows[0].split()[3] == "VOLUME"
    # Of what is better than (0, 1): up to 0.5 from 0.3 on, up to 0.6 from 0.6 on.
    assert all(float(row.split()[3]) == pytest.approx(0.5 * 0.7 + 0.1 * 0.4) for row in rows[1:])
    lab.write("two.yaml", study % ("", ""))
    rows = lab.hone(*words).stdout.splitlines()[-3:]
    assert [row.split()[3] for row in rows] == ["FRONT", "2", "2"]


def test_a_study_of_earlier_ones_learns_from_the_store(lab):
    lab.script("echo val:dice=0.95")
    lab.write("old.yaml", STUDY.replace("study: lab", "study: old").replace(
        "python3 train.py", "./train.sh").replace("max_trials: 20", "max_trials: 2"))
    lab.hone("run", "old.yaml")
    lab.write("lab.yaml", STUDY + "warm_start: {from: [old]}\n")
    done = simulate(lab)
    assert done["best"]["values"] == [0.95] and done["counts"]["completed"] == 20
    assert done["cost"]["spent"] == pytest.approx(14.10)  # the old ones were paid before
