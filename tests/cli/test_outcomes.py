"""Studies with several objectives and with constraints: run, resumed, replayed and read."""

import csv
import io
import json

import pytest

from lab import Lab, wait_until

FRONT = "[{metric: loss, goal: minimize}, {metric: acc, goal: maximize}]"
PARAMETERS = "  x: {type: float, min: 0, max: 1}\n  y: {type: float, min: 0, max: 1}\n"
# loss is least at x = 0, acc greatest at x = 1; what y adds to one it takes from the other.
SCRIPT = """
awk -v x="$2" -v y="$4" 'BEGIN {
    printf "latency=%.17g\\n", 100 * x
    printf "loss=%.17g acc=%.17g\\n", x * x + y, 1 - (1 - x) * (1 - x) - y
    printf "latency=%.17g\\n", 50 * x + 10 * y
}'
"""


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


def read(lab, *words):
    return json.loads(lab.hone(*words, "--json").stdout)


def test_a_study_of_two_objectives_has_a_front(lab):
    lab.script(SCRIPT)
    lab.study(objective=FRONT, parameters=PARAMETERS, strategy="bayesian", trials=16)
    lab.hone("run", "s.yaml")
    trials = read(lab, "trials", "s")
    points = {t["trial"]: t["values"] for t in trials}
    front = read(lab, "best", "s")["front"]
    assert [set(t) for t in front] == [
        {"trial", "values", "params", "confirmed", "mean", "interval", "command"}] * len(front)
    expected = [i for i, (a, b) in points.items()
                if not any(c <= a and d >= b and [c, d] != [a, b] for c, d in points.values())]
    assert sorted(t["trial"] for t in front) == expected
    losses = [t["values"][0] for t in front]
    assert losses == sorted(losses) and len(front) >= 4
    assert any("what the front dominates" in t["why"] for t in trials)
    assert any("acc: expected improvement" in t["why"] for t in trials)
    text = lab.hone("status", "s").stdout
    assert f"of {len(front)} that no other beats" in " ".join(text.split())
    assert f"{len(front)} trials of s that no other beats" in lab.hone("best", "s").stdout
    assert "acc (up) over loss" in lab.hone("plot", "s", "pareto").stdout
    assert "all 16 proposals are the same again" in lab.hone("replay", "s").stdout


def test_references_are_part_of_the_study(lab):
    lab.script(SCRIPT)
    front = ("[{metric: loss, goal: minimize, reference: 0.8}, "
             "{metric: acc, goal: maximize, reference: 0.1}]")
    lab.study(objective=front, parameters=PARAMETERS, strategy="bayesian", trials=14)
    lab.hone("run", "s.yaml")
    assert "all 14 proposals are the same again" in lab.hone("replay", "s").stdout
    lab.study(objective=FRONT, parameters=PARAMETERS, strategy="bayesian", trials=15)
    refused = lab.hone("run", "s.yaml", status=2)
    assert "objective" in refused.stderr


def test_a_trial_is_stopped_once_it_is_dominated(lab):
    """x = 0.95 is behind in both metrics, and would sleep if it were not stopped."""
    lab.script("""
l=$2 g=$2
[ "$2" = 0.95 ] && l=0.7 g=0.1
for step in 1 2 3; do echo "loss=$l gain=$g"; done
[ "$2" = 0.95 ] && exec sleep 100
exit 0
""")
    starts = ", ".join(f"{{x: {x}}}" for x in (0.2, 0.4, 0.6, 0.8, 0.95))
    lab.study(extra=f"early_stopping: median\nstart: [{starts}]\n", strategy="bayesian", trials=9,
              parallel=1, objective="[{metric: loss, goal: minimize}, "
                                    "{metric: gain, goal: maximize}]")
    lab.hone("run", "s.yaml")
    trials = read(lab, "trials", "s")
    assert [t["state"] for t in trials] == ["completed"] * 4 + ["stopped"] + ["completed"] * 4
    assert "values 0.7, 0.1 at step 2 are dominated by the running means of 3 of 4 trials" in \
        lab.hone("show", "s", "4").stdout
    assert "all 9 proposals are the same again" in lab.hone("replay", "s").stdout


def test_a_study_goes_on_after_a_stop_as_if_there_had_been_none(lab):
    lab.script(SCRIPT)
    extra = "constraints: {latency: {max: 40, min: 1}}\n"
    for name in "whole", "parts":
        lab.study(name, extra, objective=FRONT, parameters=PARAMETERS, strategy="bayesian",
                  trials=14, parallel=1)
    lab.hone("run", "whole.yaml")
    lab.hone("run", "parts.yaml", "-n", "9")
    lab.hone("run", "parts.yaml", "-n", "14")
    whole, parts = read(lab, "trials", "whole"), read(lab, "trials", "parts")
    assert [t["values"] for t in whole[:9]] == [t["values"] for t in parts[:9]]
    assert "all 14 proposals are the same again" in lab.hone("replay", "parts").stdout


def test_what_breaks_a_constraint_is_shown_and_is_not_the_best(lab):
    lab.script(SCRIPT)
    lab.study(extra="constraints: {latency: {max: 25}}\n", parameters=PARAMETERS,
              objective="{metric: acc, goal: maximize}", strategy="bayesian", trials=16)
    lab.hone("run", "s.yaml")
    trials = read(lab, "trials", "s")
    for t in trials:  # the last value counts, not the first
        x, y = t["params"]["x"], t["params"]["y"]
        assert t["metrics"]["latency"]["last"] == pytest.approx(50 * x + 10 * y)
        assert t["feasible"] == (t["metrics"]["latency"]["last"] <= 25)
        assert len(t["values"]) == 1
    kept = [t for t in trials if t["feasible"]]
    broken = [t for t in trials if not t["feasible"]]
    assert kept and broken
    best = read(lab, "best", "s")
    assert best["values"][0] == max(t["values"][0] for t in kept)
    assert best["values"][0] < max(t["values"][0] for t in trials)
    assert read(lab, "status", "s")["best"]["trial"] == best["trial"]
    table = lab.hone("trials", "s").stdout
    assert table.count("breaks latency <= 25") == len(broken) and "latency" in table.split("\n")[0]
    number = broken[0]["trial"]
    assert "; breaks latency <= 25" in lab.hone("show", "s", str(number)).stdout
    assert "latency" in lab.hone("best", "s").stdout.split("\n")[0]
    history = lab.hone("plot", "s", "history").stdout
    assert "trial 0" in history and lab.hone("plot", "s").stdout == history
    assert "all 16 proposals are the same again" in lab.hone("replay", "s").stdout


def test_a_trial_without_its_constraint_has_failed(lab):
    lab.script('echo "acc=$2"; test "$HONE_TRIAL" = 1 || echo "latency=3"\n')
    lab.study(extra="constraints: {latency: {max: 25}}\n",
              objective="{metric: acc, goal: maximize}", trials=3, parallel=1)
    lab.hone("run", "s.yaml")
    trials = read(lab, "trials", "s")
    assert [t["state"] for t in trials] == ["completed", "failed", "completed"]
    assert trials[1]["stop_reason"] == 'no value of the constraint "latency" in 1 line of log'


def test_when_nothing_keeps_the_constraints_nothing_usable_came_out(lab):
    lab.script('echo "acc=$2 latency=90"\n')
    lab.study(extra="constraints: {latency: {max: 25}}\n",
              objective="{metric: acc, goal: maximize}", trials=3)
    lab.hone("run", "s.yaml", status=1)
    status = read(lab, "status", "s")
    assert status["state"] == "failed" and status["best"] is None
    assert status["reason"] == "all 3 trials are done, no trial keeps the constraints"
    assert "no completed trial of s keeps the constraints" in lab.hone("best", "s", status=1).stderr
    assert "no completed trial keeps the constraints" in lab.hone("status", "s").stdout


def test_trials_that_do_not_join_the_front_are_no_improvement(lab):
    lab.script('echo "loss=$HONE_TRIAL acc=0"\n')
    lab.study(extra="stop: {no_improvement: 3}\n", objective=FRONT, parameters=PARAMETERS,
              trials=20, parallel=1)
    lab.hone("run", "s.yaml")
    status = read(lab, "status", "s")
    assert status["reason"] == "no improvement in 3 trials since trial 0"
    assert status["counts"]["completed"] == 4


def test_results_are_imported_with_their_constraints(lab):
    lab.script(SCRIPT)
    extra = "constraints: {latency: {max: 25}}\n"
    one = "{metric: acc, goal: maximize}"
    lab.study("a", extra, parameters=PARAMETERS, objective=one, trials=6)
    lab.study("b", extra, parameters=PARAMETERS, objective=one, trials=2, strategy="bayesian")
    lab.hone("run", "a.yaml")
    for kind in "json", "csv":
        lab.write(f"a.{kind}", lab.hone("export", "a", "--format", kind).stdout)
        lab.hone("import", "b.yaml", f"a.{kind}")
    lab.hone("run", "b.yaml")
    trials = read(lab, "trials", "b")
    assert [t["feasible"] for t in trials[:6]] == [t["feasible"] for t in read(lab, "trials", "a")]
    assert "proposals are the same again" in lab.hone("replay", "b").stdout
    columns = next(csv.reader(io.StringIO(lab.hone("export", "b", "--format", "csv").stdout)))
    assert "latency" in columns
