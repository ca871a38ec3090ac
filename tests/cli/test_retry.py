"""Trials that run again by hone retry, live or not, and what survives a kill in its midst."""

import json

import pytest

from lab import Lab, kill, wait_until

# Fails until the file "mended" is there; then goes on from its checkpoint.
BROKEN = """\
from=$(cat "$HONE_CHECKPOINT_DIR/step" 2>/dev/null || echo 0)
for i in 1 2 3; do
  [ "$i" -le "$from" ] && continue
  echo "step $i"
  awk -v x="$2" -v i="$i" 'BEGIN { printf "m=%.6f\\n", x + i / 10 }'
  echo "$i" > "$HONE_CHECKPOINT_DIR/step"
  if [ "$i" = 2 ] && [ ! -e mended ] && awk -v x="$2" 'BEGIN { exit !(x > LIMIT) }'; then
    echo "disk full" >&2; exit 4
  fi
done
"""


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    lab.script(BROKEN.replace("LIMIT", "0.5"))
    return lab


def states(lab, name="s"):
    return {row["number"]: row["state"] for row in lab.trials(name)}


def failed(lab):
    return [number for number, state in states(lab).items() if state == "failed"]


def same_again(lab, n):
    assert f"all {n} proposals are the same again" in lab.hone("replay", "s").stdout


@pytest.mark.parametrize("rule", ["off", "median"])
def test_what_failed_runs_again_and_goes_on_from_its_checkpoint(lab, rule):
    lab.study(trials=8, parallel=2, extra=f"step: 'step ([0-9]+)'\nearly_stopping: {rule}\n",
              strategy="bayesian")
    lab.hone("run", "s.yaml", "--quiet")
    broken = failed(lab)
    assert broken and lab.row()["state"] == "finished"
    lab.write("mended", "")
    done = lab.hone("retry", "s", "--failed")
    assert f"trials {', '.join(map(str, broken))} of study s are run again when" in done.stdout \
        or f"trial {broken[0]} of study s is run again when" in done.stdout
    assert lab.row()["state"] == "stopped" and states(lab)[broken[0]] == "running"
    status = json.loads(lab.hone("status", "s", "--json").stdout)
    assert status["counts"]["waiting"] == len(broken) and "run again" in status["reason"]
    lab.hone("resume", "s", "--quiet")
    assert set(states(lab).values()) <= {"completed", "stopped"} and len(states(lab)) == 8
    values = lab.values()
    for number in broken:
        # The second attempt began where the first had left.
        assert [(attempt, step) for attempt, step, _ in values[number]] == [
            (1, 1), (1, 2), (2, 3)]
    assert [event["trial"] for event in lab.events(kind="reopen")] == broken
    same_again(lab, 8)
    # The search goes on with them as completed ones.
    lab.hone("run", "s.yaml", "-n", "12", "--quiet")
    same_again(lab, 12)


def test_a_living_tuner_takes_it_before_new_trials(lab):
    lab.script(BROKEN.replace("LIMIT", "-1") + 'while [ ! -e go ]; do sleep 0.02; done\n')
    lab.study(trials=3, parallel=1, extra="step: 'step ([0-9]+)'\n")
    tuner = lab.start("run", "s.yaml")
    wait_until(lambda: len(failed(lab)) >= 1, "a trial failed")
    lab.write("mended", "")
    wait_until(lambda: "running" in states(lab).values(), "a trial runs")
    first = failed(lab)
    done = lab.hone("retry", "s", *map(str, first))
    assert "run again\n" in done.stdout
    lab.write("go", "")
    tuner.communicate(timeout=60)
    assert tuner.returncode == 0
    assert [a["number"] for a in lab.attempts() if a["trial"] == first[0]] == [1, 2]
    assert states(lab)[first[0]] == "completed"
    same_again(lab, 3)


def test_what_cannot_run_again_is_told(lab):
    lab.script("echo m=$2\n")
    lab.study(trials=2)
    lab.hone("run", "s.yaml", "--quiet")
    before = lab.row()
    assert "no trial of study \"s\" has failed" in lab.hone("retry", "s", "--failed",
                                                            status=1).stderr
    assert "trial 0 of study \"s\" is completed" in lab.hone("retry", "s", "0", status=2).stderr
    assert "has no trial 9" in lab.hone("retry", "s", "9", status=2).stderr
    assert "needs the numbers" in lab.hone("retry", "s", status=2).stderr
    lab.write("more.csv", "x,m,state\n0.5,,failed\n")
    lab.hone("import", "s", "more.csv")
    assert "was not run by it" in lab.hone("retry", "s", "2", status=2).stderr
    assert lab.row()["state"] == before["state"] == "finished"


def test_a_cancelled_trial_and_a_repeat_run_again(lab):
    lab.script('[ -e go ] || while [ ! -e go ]; do sleep 0.02; done\n'
               'if [ "$HONE_TRIAL" -ge 2 ] && [ ! -e mended ]; then exit 3; fi\necho m=$2\n')
    lab.study(trials=4, parallel=1, extra="confirm: {top: 1, repeats: 2}\n")
    tuner = lab.start("run", "s.yaml")
    wait_until(lambda: "running" in states(lab).values(), "a trial runs")
    lab.hone("stop", "s", "--trial", "0")
    lab.write("go", "")
    tuner.communicate(timeout=60)
    assert states(lab) == {0: "cancelled", 1: "completed", 2: "failed", 3: "failed"}
    lab.write("mended", "")
    lab.hone("retry", "s", "0")
    lab.hone("retry", "s", "--failed")
    lab.hone("resume", "s", "--quiet")
    assert set(states(lab).values()) == {"completed"}
    best = json.loads(lab.hone("best", "s", "--json").stdout)
    assert best["confirmed"] and best["repeats"] == 2
    same_again(lab, 2)


def test_killed_around_a_retry_nothing_is_lost_or_run_twice(lab):
    lab.script(BROKEN.replace("LIMIT", "0.3"))
    lab.study(trials=6, parallel=3, extra="step: 'step ([0-9]+)'\n")
    lab.hone("run", "s.yaml", "--quiet", status=None)
    broken = failed(lab)
    lab.write("mended", "")
    for _ in range(3):  # whether the kill comes before, in or after the commit
        process = lab.start("retry", "s", "--failed")
        kill(process)
    for number in failed(lab):
        lab.hone("retry", "s", str(number))
    tuner = lab.start("run", "s.yaml")
    wait_until(lambda: any(a["number"] == 2 and a["state"] != "waiting"
                           for a in lab.attempts()), "a second attempt started")
    kill(tuner)
    lab.hone("resume", "s", "--quiet")
    assert set(states(lab).values()) == {"completed"}
    for number in broken:
        assert [a["number"] for a in lab.attempts() if a["trial"] == number] == [1, 2]
        assert [step for _, step, _ in lab.values()[number]] == [1, 2, 3]
    same_again(lab, 6)
    lab.wait_quiet()
