"""Warm start: a study that begins with what earlier studies have found."""

import json
import shutil

import pytest

from lab import Lab, kill, wait_until

# m is best at x = 0.3; y moves it a little.
SCRIPT = """while [ $# -gt 0 ]; do eval "${1#--}=\\$2"; shift 2; done
echo "m=$(awk "BEGIN {print -($x - 0.3)^2 - 0.01 * ${y:-0}}")"
[ "$fail" != yes ]
"""
X = "  x: {type: float, min: 0, max: 1}\n"


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    lab.script(SCRIPT)
    lab.study("old", trials=6, parallel=1)
    lab.hone("run", "old.yaml", "--quiet")
    return lab


def exported(lab, name):
    return json.loads(lab.hone("export", name, "--format", "json").stdout)


def test_trials_of_an_identical_study_become_trials_of_the_new_one(lab):
    lab.study("new", extra="warm_start: old\n", trials=3, strategy="bayesian")
    out = lab.hone("run", "new.yaml").stdout
    assert "warm start: 6 trials of earlier studies\n" in out
    old, new = exported(lab, "old"), exported(lab, "new")
    assert [t["origin"] for t in new] == ["warm"] * 6 + ["search"] * 3
    assert [t["params"] for t in new[:6]] == [t["params"] for t in old]
    assert [t["values"] for t in new[:6]] == [t["values"] for t in old]
    assert [t["why"] for t in new[:2]] == ["trial 0 of old", "trial 1 of old"]
    status = json.loads(lab.hone("status", "new", "--json").stdout)
    assert status["counts"]["completed"] == 3
    assert "6 of earlier studies" in lab.hone("status", "new").stdout
    best = max(new, key=lambda t: t["values"][0])
    assert json.loads(lab.hone("best", "new", "--json").stdout)["trial"] == best["trial"]
    lab.hone("replay", "new")


def test_a_warm_trial_can_be_the_best(lab):
    best = max(exported(lab, "old"), key=lambda t: t["values"][0])
    lab.study("new", extra="warm_start: old\nstart: [{x: 0.99}]\n", trials=1)
    lab.hone("run", "new.yaml", "--quiet")
    found = json.loads(lab.hone("best", "new", "--json").stdout)
    assert (found["trial"], found["params"]) == (best["trial"], best["params"])


def test_the_search_goes_on_where_the_parent_was(lab):
    """With 20 known trials the model is used from the first ask on, and proposes nothing twice."""
    lab.study("twenty", trials=20, parallel=4)
    lab.hone("run", "twenty.yaml", "--quiet")
    lab.study("new", extra="warm_start: twenty\n", trials=2, parallel=1, strategy="bayesian")
    lab.hone("run", "new.yaml", "--quiet")
    new = exported(lab, "new")
    assert all("the best" in t["why"] for t in new[20:])
    assert len({t["params"]["x"] for t in new}) == len(new)


def test_what_does_not_fit_is_left_out_and_what_is_missing_takes_its_default(lab):
    old = exported(lab, "old")
    space = ("  x: {type: float, min: 0, max: 0.5}\n  y: {values: [0, 1, 2], default: 1}\n"
             "  z: {type: float, min: 0, max: 1, default: 0.25, when: {y: 2}}\n")
    lab.study("new", extra="warm_start: old\n", trials=1, parameters=space)
    out = lab.hone("run", "new.yaml").stdout
    fitting = [t["params"]["x"] for t in old if t["params"]["x"] <= 0.5]
    assert 0 < len(fitting) < 6
    assert f"{len(fitting)} trials of earlier studies; {6 - len(fitting)} left out" in out
    warm = [t for t in exported(lab, "new") if t["origin"] == "warm"]
    assert [t["params"] for t in warm] == [{"x": x, "y": 1} for x in fitting]


def test_a_parameter_without_default_that_is_not_always_active_leaves_trials_out(lab):
    space = "  kind: [a, b]\n" + X
    lab.study("two", trials=6, parameters=space)
    lab.hone("run", "two.yaml", "--quiet")
    n_a = sum(t["params"]["kind"] == "a" for t in exported(lab, "two"))
    assert 0 < n_a < 6
    space += "  depth: {type: int, min: 1, max: 3, when: {kind: b}}\n"
    lab.study("new", extra="warm_start: two\n", trials=1, parameters=space)
    lab.hone("run", "new.yaml", "--quiet")
    warm = [t for t in exported(lab, "new") if t["origin"] == "warm"]
    assert [t["params"]["kind"] for t in warm] == ["a"] * n_a


def test_failed_trials_come_along_and_cancelled_ones_do_not(lab):
    space = X + "  fail: ['yes', 'no']\n"
    lab.study("mixed", trials=8, parallel=1, parameters=space)
    lab.hone("run", "mixed.yaml", "--quiet")
    states = [t["state"] for t in exported(lab, "mixed")]
    assert {"failed", "completed"} == set(states)
    lab.study("new", extra="warm_start: mixed\n", trials=1, parameters=space)
    lab.hone("run", "new.yaml", "--quiet", status=None)
    assert [t["state"] for t in exported(lab, "new")][:8] == states


def test_a_trial_that_comes_by_two_ways_is_taken_once(lab):
    lab.study("child", extra="warm_start: old\n", trials=2, seed=9)
    lab.hone("run", "child.yaml", "--quiet")
    lab.study("new", extra="warm_start: {from: [old, child]}\n", trials=1)
    lab.hone("run", "new.yaml", "--quiet")
    assert [t["origin"] for t in exported(lab, "new")] == ["warm"] * 8 + ["search"]


@pytest.mark.parametrize("change, text", [
    ({"parameters": "  u: {type: float, min: 0, max: 1}\n"},
     'parameter "x" of study "old" is none of this study (mode: transfer would do)'),
    ({"parameters": X + "  y: {type: float, min: 0, max: 1}\n"},
     'study "old" has no parameter "y"; with a default it could be filled in'),
    ({"parameters": "  x: [low, high]\n"},
     'parameter "x" has numbers in study "old", and texts here'),
    ({"objective": "{metric: m, goal: minimize}"},
     'the objective of study "old" is "m", maximized; here it is "m", minimized'),
    ({"objective": "[{metric: m, goal: maximize}, {metric: k, goal: minimize}]"},
     'study "old" has 1 objectives, this one 2'),
])
def test_a_study_that_cannot_be_identical_is_refused_by_name(lab, change, text):
    lab.study("new", extra="warm_start: old\n", **change)
    assert lab.hone("run", "new.yaml", status=2).stderr == f"hone: warm_start: {text}\n"
    assert lab.row("new") is None


def test_a_parent_that_does_not_exist_is_an_error_and_no_study_is_made(lab):
    lab.study("new", extra="warm_start: {from: [old, odl]}\n")
    error = lab.hone("run", "new.yaml", status=2).stderr
    assert error.startswith('hone: warm_start: no study "odl" in ')
    assert lab.row("new") is None


@pytest.mark.parametrize("parent", ["..#old", "../.hone/hone.db#old",
                                    "sqlite:../.hone/hone.db#old"])
@pytest.mark.parametrize("mode", ["identical", "transfer"])
def test_a_parent_may_be_in_another_store_and_is_not_needed_later(lab, parent, mode):
    inner = Lab(lab.folder / "inner")
    inner.folder.mkdir()
    inner.script(SCRIPT)
    extra = f"warm_start: {{from: ['{parent}'], mode: {mode}}}\n"
    inner.study("new", extra=extra, trials=2, strategy="bayesian")
    inner.hone("run", "new.yaml", "--quiet")
    shutil.rmtree(lab.folder / ".hone")
    inner.hone("run", "new.yaml", "-n", "4", "--quiet")
    inner.hone("replay", "new")
    assert sum(t["origin"] == "search" for t in exported(inner, "new")) == 4


def test_other_parents_under_the_same_name_are_refused(lab):
    lab.study("new", extra="warm_start: old\n", trials=1)
    lab.hone("run", "new.yaml", "--quiet")
    lab.study("new", extra="warm_start: {from: old, mode: transfer}\n", trials=1,
              strategy="bayesian")
    assert "warm_start.mode: identical -> transfer" in lab.hone("run", "new.yaml", status=2).stderr


def test_flags_say_the_same(lab):
    lab.hone("run", "--name", "new", "-p", "x=0:1.0", "--maximize", "m", "-n", "1", "--quiet",
             "--warm-start", "old", "--", "./train.sh")
    assert len(exported(lab, "new")) == 7
    lab.hone("run", "--name", "far", "-p", "x=0:1.0", "--minimize", "m", "-n", "1", "--quiet",
             "--warm-start.from", "[old]", "--warm-start.mode", "transfer", "--", "./train.sh")
    assert len(lab.events("far", "transfer")) == 1


def test_transfer_copies_results_that_are_no_trials(lab):
    extra = "warm_start: {from: [old], mode: transfer}\n"
    lab.study("new", extra=extra, trials=3, strategy="bayesian",
              parameters=X + "  y: {type: float, min: 0, max: 1}\n",
              objective="{metric: k, goal: minimize}", command="./other.sh")
    lab.script(SCRIPT.replace("m=", "k="), "other.sh")
    lab.hone("run", "new.yaml", "--quiet")
    assert len(exported(lab, "new")) == 3
    [event] = lab.events("new", "transfer")
    old = exported(lab, "old")
    assert event["body"]["study"] == "old"
    # Turned around: there large was good, here small is.
    assert event["body"]["results"] == [{"params": t["params"], "value": -t["values"][0]}
                                        for t in old]
    lab.hone("replay", "new")


def test_transfer_needs_a_strategy_that_can_learn(lab):
    lab.study("new", extra="warm_start: {from: [old], mode: transfer}\n", strategy="random")
    error = lab.hone("run", "new.yaml", status=2).stderr
    assert 'warm_start.mode: transfer: strategy "random" cannot use earlier studies' in error


@pytest.mark.parametrize("mode", ["identical", "transfer"])
def test_a_warm_started_study_survives_kills(lab, mode):
    """Killed before its first commit, in the middle and near the end; the copies are made once."""
    lab.study("new", extra=f"warm_start: {{from: [old], mode: {mode}}}\n", trials=6, parallel=2,
              strategy="bayesian")
    for n in [0, 2, 5]:
        process = lab.start("run", "new.yaml")
        wait_until(lambda: process.poll() is not None or lab.row("new") and
                   sum(t["origin"] == "search" for t in lab.trials("new")) >= n, "some trials")
        kill(process)
    lab.hone("run", "new.yaml", "--quiet")
    origins = [t["origin"] for t in lab.trials("new")]
    assert origins == (["warm"] * 6 if mode == "identical" else []) + ["search"] * 6
    assert len(lab.events("new", "transfer")) == (mode == "transfer")
    lab.hone("replay", "new")


def test_a_belief_shapes_the_first_proposals_and_survives_a_resume(lab):
    space = ("  x: {type: float, min: 0, max: 1, prior: {at: 0.8, sd: 0.05}}\n"
             "  fail: {values: ['no', 'maybe', 'perhaps'], prior: {maybe: 100, 'no': 0}}\n")
    lab.study("new", trials=8, parallel=1, strategy="bayesian", parameters=space)
    lab.hone("run", "new.yaml", "--quiet")
    params = [t["params"] for t in exported(lab, "new")]
    assert params[0] == {"x": 0.8, "fail": "maybe"}
    assert sum(abs(p["x"] - 0.8) < 0.2 and p["fail"] == "maybe" for p in params) >= 6
    lab.hone("run", "new.yaml", "-n", "16", "--quiet")
    lab.hone("replay", "new")
    lab.study("new", trials=16, parallel=1, strategy="bayesian",
              parameters=space.replace("at: 0.8", "at: 0.7"))
    assert "parameters.x" in lab.hone("run", "new.yaml", status=2).stderr
