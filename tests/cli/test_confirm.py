"""The best configurations run again: the key confirm, and hone confirm."""

import csv
import io
import json
import statistics

import pytest

from lab import Lab, kill, wait_until

# Noise by HONE_SEED: one run differs from the next, and the same seed gives the same value.
NOISY = """\
echo seed=$HONE_SEED
awk -v x="$2" -v s="$HONE_SEED" 'BEGIN { printf "m=%.6f\\n", x + 0.1 * (s % 1000) / 1000 }'
"""


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    lab.script(NOISY)
    return lab


def values(lab, name="s"):
    """{number: value} of completed trials."""
    return {row["number"]: json.loads(row["objectives"])[0] for row in lab.trials(name)
            if row["state"] == "completed"}


def repeats(lab, name="s"):
    """{repeated trial: [numbers of its repeats]}."""
    found = {}
    for row in json.loads(lab.hone("export", name, "--format", "json").stdout):
        if row["origin"] == "confirm":
            found.setdefault(row["repeat_of"], []).append(row["trial"])
    return found


def best_of(found, numbers, n):
    return sorted(numbers, key=lambda number: -found[number])[:n]


def test_the_best_are_repeated_within_max_trials(lab):
    lab.study(trials=12, parallel=2, extra="confirm: {top: 2, repeats: 3}\n")
    done = lab.hone("run", "s.yaml")
    assert "all 12 trials are done, 6 of them repeats of the best" in done.stdout
    trials, found, again = lab.trials(), values(lab), repeats(lab)
    assert [row["origin"] for row in trials] == ["search"] * 6 + ["confirm"] * 6
    assert set(again) == set(best_of(found, range(6), 2))
    assert sorted(sum(again.values(), [])) == [6, 7, 8, 9, 10, 11]
    for number, numbers in again.items():
        assert {trials[i]["params"] for i in numbers} == {trials[number]["params"]}
        assert [trials[i]["why"] for i in numbers] == [
            f"repeat {k} of 3 of trial {number}" for k in (1, 2, 3)]
    # They take turns, and each has a seed of its own.
    first = best_of(found, range(6), 2)
    assert [number for i in range(6, 12) for number in again if i in again[number]] == first * 3
    assert len({lab.log("s", i).split("\n")[0] for i in range(12)}) == 12
    assert "all 6 proposals are the same again" in lab.hone("replay", "s").stdout


def test_best_has_mean_interval_and_probability(lab):
    lab.study(trials=12, parallel=2, extra="confirm: {top: 2, repeats: 3}\n")
    lab.hone("run", "s.yaml", "--quiet")
    found, again = values(lab), repeats(lab)
    means = {number: statistics.mean(found[i] for i in numbers)
             for number, numbers in again.items()}
    number = max(means, key=means.get)
    runs = [found[i] for i in again[number]]
    best = json.loads(lab.hone("best", "s", "--json").stdout)
    assert best["trial"] == number and best["values"] == [found[number]] and best["confirmed"]
    assert best["mean"] == pytest.approx(means[number]) and best["repeats"] == 3
    half = 4.302652729749462 * statistics.stdev(runs) / 3 ** 0.5  # Student's, 2 degrees of freedom
    assert best["interval"] == pytest.approx([means[number] - half, means[number] + half])
    assert 0.5 <= best["probability"] <= 1
    status = json.loads(lab.hone("status", "s", "--json").stdout)
    assert status["best"]["trial"] == number and status["best"]["confirmed"]
    text = lab.hone("best", "s").stdout
    assert f"trial {number}, once" in text and "of 3 repeats, 95 % interval" in text
    assert "confirmed: mean" in lab.hone("status", "s").stdout
    command = lab.hone("best", "s", "--format", "command").stdout
    assert str(json.loads(lab.trials()[number]["params"])["x"]) in command


def test_without_repeats_nothing_is_confirmed(lab):
    lab.study(trials=3, extra="confirm: off\n")
    lab.hone("run", "s.yaml", "--quiet")
    best = json.loads(lab.hone("best", "s", "--json").stdout)
    assert not best["confirmed"] and best["mean"] is None and best["interval"] is None


def test_a_killed_tuner_asks_for_what_is_left(tmp_path):
    """Trials from number 6 on wait for a file: the tuner dies while they do."""
    lab = Lab(tmp_path)
    lab.script("[ $HONE_TRIAL -lt 6 ] || while [ ! -e go ]; do sleep 0.02; done\n" + NOISY)
    lab.study(trials=10, parallel=1, extra="confirm: {top: 2, repeats: 2}\n")
    process = lab.start("run", "s.yaml")
    wait_until(lambda: len(lab.trials()) == 7, "no repeat was started")
    kill(process)
    lab.write("go", "")
    lab.hone("run", "s.yaml", "--quiet")
    found, again = values(lab), repeats(lab)
    assert set(again) == set(best_of(found, range(6), 2))
    assert sorted(map(len, again.values())) == [2, 2] and len(lab.trials()) == 10
    assert len(lab.events(kind="confirm")) == 1
    assert "all 6 proposals are the same again" in lab.hone("replay", "s").stdout
    # Uninterrupted it comes to the same.
    other = Lab(tmp_path / "other")
    other.folder.mkdir()
    other.write("go", "")
    other.script((lab.folder / "train.sh").read_text().split("\n", 1)[1])
    other.study(trials=10, parallel=1, extra="confirm: {top: 2, repeats: 2}\n")
    other.hone("run", "s.yaml", "--quiet")
    assert values(other) == found


def test_a_larger_study_searches_on_and_confirms_again(lab):
    lab.study(trials=8, parallel=2, extra="confirm: {top: 2, repeats: 2}\n", strategy="bayesian")
    lab.hone("run", "s.yaml", "--quiet")
    first = repeats(lab)
    lab.hone("run", "s.yaml", "--max-trials", "16", "--quiet")
    trials, found, again = lab.trials(), values(lab), repeats(lab)
    searched = [row["number"] for row in trials if row["origin"] == "search"]
    assert len(trials) <= 16 and len(searched) == 8
    assert set(best_of(found, searched, 2)) <= set(again)
    assert all(len(numbers) == 2 for numbers in again.values())
    assert all(again[number] == numbers for number, numbers in first.items())
    assert len(lab.events(kind="confirm")) == 2
    assert "proposals are the same again" in lab.hone("replay", "s").stdout


def test_hone_confirm_adds_trials_to_a_study_that_has_ended(lab):
    lab.study(trials=5, parallel=2)
    lab.hone("run", "s.yaml", "--quiet")
    done = lab.hone("confirm", "s", "--top", "1", "--repeats", "4")
    assert "changed max_trials: 5 -> 9" in done.stdout and "confirm.top" in done.stdout
    found = values(lab)
    assert repeats(lab) == {best_of(found, range(5), 1)[0]: [5, 6, 7, 8]}
    assert json.loads(lab.hone("best", "s", "--json").stdout)["repeats"] == 4
    # More repeats of the same add to those that there are.
    lab.hone("confirm", "s", "--top", "1", "--repeats", "6", "--quiet")
    assert list(map(len, repeats(lab).values())) == [6]
    # As many as there are: nothing to do.
    done = lab.hone("confirm", "s", "--top", "1", "--repeats", "6", "--quiet", status=1)
    assert "the best 1 of s have as many repeats already" in done.stderr
    rows = list(csv.DictReader(io.StringIO(lab.hone("export", "s").stdout)))
    assert len(rows) == 11


def test_an_interrupted_study_is_confirmed_and_goes_on_later(lab):
    lab.script("sleep 0.05\n" + NOISY)
    lab.study(trials=40, parallel=2)
    process = lab.start("run", "s.yaml")
    wait_until(lambda: len(values(lab)) >= 3, "three trials are completed")
    kill(process)
    lab.hone("confirm", "s", "--top", "1", "--repeats", "2", "--quiet")
    best = json.loads(lab.hone("best", "s", "--json").stdout)
    assert best["confirmed"] and best["repeats"] == 2
    n = len(lab.trials())
    assert n < 40 and json.loads(lab.row()["spec"])["max_trials"] == n
    lab.hone("run", "s.yaml", "-n", str(n + 2), "--quiet")
    assert len(lab.trials()) == n + 2
    assert "are the same again" in lab.hone("replay", "s").stdout


def test_what_cannot_be_confirmed_is_said(lab):
    lab.script("while [ ! -e go ]; do sleep 0.02; done\n" + NOISY)
    lab.study(trials=4)
    process = lab.start("run", "s.yaml")
    wait_until(lambda: lab.row() and lab.trials(), "a trial is there")
    assert "study s runs: hone stop s first" in lab.hone("confirm", "s", status=2).stderr
    lab.write("go", "")
    process.communicate(timeout=60)
    assert 'needs a whole number from 1 to 1000, got "many"' in \
        lab.hone("confirm", "s", "--top", "many", status=2).stderr
    lab.script("exit 1\n")
    lab.study("bad", trials=2)
    lab.hone("run", "bad.yaml", "--quiet", status=1)
    assert "no trial of bad has completed" in lab.hone("confirm", "bad", status=1).stderr


def test_repeats_are_not_stopped_early_and_may_fail(tmp_path):
    """From trial 6 on everything is bad, and trial 7 fails."""
    lab = Lab(tmp_path)
    lab.script("[ $HONE_TRIAL -eq 7 ] && exit 3\n"
               "for step in 1 2 3 4; do\n"
               "  if [ $HONE_TRIAL -ge 6 ]; then echo m=-5; else echo m=$2; fi\n"
               "done\n")
    lab.study(trials=9, parallel=1, extra="confirm: {top: 1, repeats: 3}\nearly_stopping: median\n")
    lab.hone("run", "s.yaml", "--quiet")
    assert [row["state"] for row in lab.trials()[6:]] == ["completed", "failed", "completed"]
    best = json.loads(lab.hone("best", "s", "--json").stdout)
    assert best["confirmed"] and best["mean"] == -5 and best["repeats"] == 2
    assert "mean -5 of 2 repeats" in lab.hone("best", "s").stdout
    assert ", 1 failed" in lab.hone("best", "s").stdout


def test_a_search_that_ends_early_is_confirmed_too(lab):
    lab.study(trials=30, parallel=1, extra="confirm: {top: 1, repeats: 2}\n"
                                           "stop: {no_improvement: 3}\n")
    done = lab.hone("run", "s.yaml")
    assert "no improvement in 3 trials since trial" in done.stdout
    trials = lab.trials()
    assert len(trials) < 20 and [row["origin"] for row in trials[-2:]] == ["confirm"] * 2
