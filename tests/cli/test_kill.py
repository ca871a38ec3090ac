"""kill -9 of the tuner at 100 random moments: nothing lost, nothing twice, nothing left.

Each study is run by `hone run` again and again, every time killed after a random while (during
start-up, in the middle, near the end), until it has had its kills; then it is let finish. A trial
appends a line to a proof file that hone knows nothing of.
"""

import collections
import os
import random
import subprocess

import pytest

from lab import Lab, kill, printed, wait_until

SEED = int(os.environ.get("HONE_TEST_SEED", "20261124"))
TRIALS = 60
KILLS = 10

SCRIPT = """echo "$HONE_TRIAL $HONE_ATTEMPT" >> proof
for step in 1 2 3; do
    echo "m=0.$step$HONE_TRIAL"
    sleep 0.0{pause}
done
printf 'm=0.5%s' "$HONE_TRIAL"
[ {fails} = 0 ] || [ $((HONE_TRIAL % 5)) != 0 ] || [ "$HONE_ATTEMPT" = 2 ]
"""

STUDIES = [
    ("random", 2, ""),
    ("random", 3, "retries: {failed: 1}\n"),
    ("sobol", 3, ""),
    ("cmaes", 3, ""),
    ("nsga2", 2, ""),
    ("grid", 2, ""),
    ("random", 3, "early_stopping: median\n"),
    ("bayesian", 3, ""),
    ("sobol", 2, "early_stopping: median\n"),
    ("random", 2, "lease: 2s\n"),
    ("grid", 3, ""),
    ("random", 3, "start: [{x: 0.5}, {n: 3}]\n"),
]
PARAMETERS = "  x: {type: float, min: 0, max: 1, step: 0.05}\n  n: {type: int, min: 1, max: 20}\n"


def proof(lab):
    path = lab.folder / "proof"
    return path.read_text().split("\n")[:-1] if path.exists() else []


def run_and_kill(lab, chance):
    """Start the tuner and kill it at a random moment; False when it ended before."""
    how = chance.random()
    process = lab.start("run", "s.yaml")
    if how < 0.3:  # while it starts
        end = chance.uniform(0, 0.03)
    elif how < 0.92:
        end = chance.uniform(0, 0.25)
    else:  # near the end, if that comes
        wait_until(lambda: process.poll() is not None or len(proof(lab)) >= TRIALS - 2, "the end")
        end = chance.uniform(0, 0.08)
    try:
        process.wait(timeout=end)
        process.stdout.close()
        process.stderr.close()
        return False
    except subprocess.TimeoutExpired:
        kill(process)
        return True


def attempts_of(trial, extra):
    """With retries each fifth trial fails at first."""
    return [1, 2] if "retries" in extra and trial % 5 == 0 else [1]


def check(lab, extra):
    """A finished study: whatever happened to its tuners, it is as if nothing had."""
    # Every attempt ran, and ran once.
    expected = [(t, n) for t in range(TRIALS) for n in attempts_of(t, extra)]
    runs = collections.Counter(proof(lab))
    assert runs == {f"{trial} {attempt}": 1 for trial, attempt in expected}, runs

    # None is left running, none failed, each has its attempts.
    trials = lab.trials()
    assert [t["number"] for t in trials] == list(range(TRIALS))
    assert {t["state"] for t in trials} <= {"completed", "stopped"}, trials
    if "early_stopping" not in extra:
        assert {t["state"] for t in trials} == {"completed"}
    assert [(a["trial"], a["number"]) for a in lab.attempts()] == expected

    # Each printed line was counted once, and a second attempt's steps go on from the first's.
    values = lab.values()
    for trial, attempt in expected:
        found = [v[2] for v in values[trial] if v[0] == attempt]
        assert found == printed(lab.log("s", trial, attempt)), (trial, attempt)
        assert [v[1] for v in values[trial]] == list(range(1, len(values[trial]) + 1)), trial

    # One ASK and one TELL a trial, and the same proposals again.
    for kind in "ask", "tell":
        told = collections.Counter(e["trial"] for e in lab.events(kind=kind))
        assert told == {trial: 1 for trial in range(TRIALS)}, kind
    lab.hone("replay", "s")
    row = lab.row()
    assert (row["state"], row["owner_pid"]) == ("finished", 0)
    lab.wait_quiet()


@pytest.mark.parametrize("number", range(len(STUDIES)))
def test_killed_tuner_loses_nothing_and_repeats_nothing(tmp_path, number):
    strategy, parallel, extra = STUDIES[number]
    chance = random.Random(SEED + number)
    kills = studies = 0
    while kills < KILLS:  # a study that ends too soon is followed by another one
        lab = Lab(tmp_path / str(studies))
        lab.folder.mkdir()
        studies += 1
        lab.script(SCRIPT.format(pause=chance.randint(1, 3), fails=int("retries" in extra)))
        lab.study(trials=TRIALS, parallel=parallel, strategy=strategy, extra=extra,
                  parameters=PARAMETERS)
        while kills < KILLS and run_and_kill(lab, chance):
            kills += 1
        done = lab.hone("run", "s.yaml")
        assert "trials are done" in done.stdout, (done.stdout, done.stderr)
        check(lab, extra)
    print(f"{strategy}, {parallel} at a time: {kills} kills, {studies} studies")
