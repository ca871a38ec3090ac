"""A study whose settings change while it lives: hone edit, live or not, and across kills."""

import json
import os

import pytest

from lab import Lab, kill, wait_until

SCRIPT = """\
awk -v x="$2" 'BEGIN { for (i = 1; i <= 3; i++) printf "m=%.6f\\n", 1 - (x - 0.3)^2 }'
"""


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    lab.script(SCRIPT)
    return lab


def x_of(lab, name="s"):
    return {row["number"]: json.loads(row["params"])["x"] for row in lab.trials(name)}


def same_again(lab, n):
    assert f"all {n} proposals are the same again" in lab.hone("replay", "s").stdout


def narrower(low, high):
    return f"  x: {{type: float, min: {low}, max: {high}}}\n"


@pytest.mark.parametrize("strategy", ["random", "bayesian", "tpe", "sobol", "cmaes"])
@pytest.mark.parametrize("rule", ["off", "median"])
def test_another_range_of_a_study_that_has_ended(lab, strategy, rule):
    extra = f"early_stopping: {rule}\n"
    lab.study(trials=8, strategy=strategy, extra=extra)
    lab.hone("run", "s.yaml", "--quiet")
    before = x_of(lab)
    lab.study(trials=16, strategy=strategy, parameters=narrower(0.2, 0.5), extra=extra)
    refused = lab.hone("run", "s.yaml", status=2).stderr
    assert "parameters.x: float 0..1 -> float 0.2..0.5" in refused and "hone edit" in refused
    assert "needs --yes" in lab.hone("edit", "s.yaml", status=2).stderr
    assert not lab.events(kind="edited") and lab.row()["state"] == "finished"
    done = lab.hone("edit", "s.yaml", "--yes")
    fit = sum(0.2 <= x <= 0.5 for x in before.values())
    assert 0 < fit < 8
    assert "parameters.x: float 0..1 -> float 0.2..0.5" in done.stdout
    assert "max_trials: 8 -> 16" in done.stdout
    assert f"learns from {fit} of 8 trials so far; {8 - fit} " in done.stdout
    assert lab.row()["state"] == "stopped"
    lab.hone("run", "s.yaml", "--quiet")
    after = x_of(lab)
    assert {k: v for k, v in after.items() if k < 8} == before
    assert all(0.2 <= x <= 0.5 for k, x in after.items() if k >= 8) and len(after) == 16
    assert len(set(after.values())) == 16
    same_again(lab, 16)
    edits = json.loads(lab.hone("status", "s", "--edits", "--json").stdout)
    assert [(e["by"], e["trials"], e["fit"]) for e in edits] == [("edit", 8, fit)]
    assert "by hone edit; a new search" in lab.hone("status", "s", "--edits").stdout
    assert lab.hone("edit", "s.yaml", "--yes", status=1).stderr.startswith("hone: nothing differs")
    for reader in (["trials", "s"], ["best", "s"], ["status", "s"], ["show", "s", "0"],
                   ["export", "s", "--format", "csv"],
                   ["plot", "s", "parallel"], ["plot", "s", "slice"]):
        lab.hone(*reader)


def test_what_fell_out_comes_back_with_a_later_edit(lab):
    lab.study(trials=6, strategy="bayesian")
    lab.hone("run", "s.yaml", "--quiet")
    lab.hone("edit", "s", "-p", "x=0.2:0.5", "-n", "8", "--yes")
    lab.hone("resume", "s", "--quiet")
    done = lab.hone("edit", "s", "-p", "x=0.0:2.0", "-n", "10", "--yes")
    assert "learns from all 8 trials" in done.stdout
    lab.hone("resume", "s", "--quiet")
    same_again(lab, 10)


def test_parameters_come_and_go(lab):
    lab.script('echo "m=$(echo "$*" | wc -w)"\n')
    lab.study(trials=4)
    lab.hone("run", "s.yaml", "--quiet")
    done = lab.hone("edit", "s", "-p", "y=1,2,3", "-n", "6", "--yes")
    assert "parameters.y: not set -> choice [1, 2, 3]" in done.stdout
    assert "from 0 of 4" in done.stdout  # without a default nobody knows what they would have had
    lab.study(trials=6, parameters=narrower(0.0, 1.0) +
              "  y: {type: choice, values: [1, 2, 3], default: 2}\n")
    assert "from all 4" in lab.hone("edit", "s.yaml", "--yes").stdout
    lab.hone("resume", "s", "--quiet")
    same_again(lab, 6)
    assert "y" in json.loads(lab.trials()[5]["params"])
    lab.study(trials=8)
    done = lab.hone("edit", "s.yaml", "--yes")
    assert "parameters.y: choice [1, 2, 3], default 2 -> not set" in done.stdout
    assert "from 4 of 6" in done.stdout
    lab.hone("resume", "s", "--quiet")
    same_again(lab, 8)


def test_a_living_tuner_takes_it_and_what_runs_goes_on(lab):
    lab.script('echo m=$2\nwhile [ ! -e go ]; do sleep 0.02; done\necho m=$2\n')
    lab.study(trials=4, parallel=2, strategy="bayesian", extra="early_stopping: median\n")
    tuner = lab.start("run", "s.yaml")
    wait_until(lambda: len(lab.values()) == 2, "two trials run")
    pids = {a["pid"] for a in lab.attempts()}
    # One of those that run falls out, or none does: both go on.
    done = lab.hone("edit", "s", "-p", "x=0.0:0.1", "-n", "7", "-j", "3", "--yes")
    assert "max_parallel: 2 -> 3" in done.stdout and "go on" not in done.stdout
    wait_until(lambda: len(lab.values()) == 3, "a third one runs")
    assert pids <= {a["pid"] for a in lab.attempts()} and tuner.poll() is None
    assert lab.row()["owner_pid"] == tuner.pid if "owner_pid" in lab.row() else True
    lab.write("go", "")
    tuner.communicate(timeout=60)
    assert tuner.returncode == 0
    assert [row["state"] for row in lab.trials()] == ["completed"] * 7
    assert all(x <= 0.1 for number, x in x_of(lab).items() if number >= 2)
    assert len(lab.attempts()) == 7
    same_again(lab, 7)


def test_what_needs_no_other_search_keeps_it(lab):
    lab.script('[ -e mended ] && echo acc=$2\necho m=$2\n')
    lab.study(trials=4, strategy="bayesian")
    lab.hone("run", "s.yaml", "--quiet")
    lab.write("mended", "")
    done = lab.hone("edit", "s", "--metrics.m", "acc=([0-9.]+)", "-n", "6", "--limits.silence",
                    "5m", "--yes")
    assert "metrics.m: " in done.stdout and "learns" not in done.stdout
    assert lab.events(kind="edited")[0]["body"]["search"] is False
    lab.hone("resume", "s", "--quiet")
    assert len(lab.values()) == 6
    same_again(lab, 6)


def test_what_cannot_change_is_told(lab):
    lab.study(trials=2, extra="start: [{x: 0.9}]\n")
    lab.hone("run", "s.yaml", "--quiet")
    for words, text in [
            (("--minimize", "m"), "\"objective\" of a study cannot change"),
            (("--seed", "8"), "\"seed\" of a study cannot change"),
            (("--constraints", "{t: {max: 3}}"), "metrics of \"constraints\" cannot change"),
            (("--start", "[{x: 0.1}]"), "hone enqueue"),
            (("--max-trials", "none"), "--max-trials"), (("-p", "x=1:0"), "-p x"),
            (("--nope", "1"), "nope")]:
        done = lab.hone("edit", "s", *words, "--yes", status=2)
        assert text in done.stderr, (words, done.stderr)
    assert not lab.events(kind="edited")
    # What it began with may go, where it does not fit any more.
    lab.study(trials=4, parameters=narrower(0.0, 0.5))
    assert "start: " in lab.hone("edit", "s.yaml", "--yes").stdout
    lab.hone("run", "s.yaml", "--quiet")
    same_again(lab, 4)


def test_an_editor_gets_the_settings(lab):
    lab.study(trials=3)
    lab.hone("run", "s.yaml", "--quiet")
    lab.script('grep -q "^# Settings of study s" "$1" || exit 9\n'
               'sed -i "s/max_trials: 3/max_trials: 5/" "$1"\n', "editor.sh")
    editor = {"EDITOR": "./editor.sh", "VISUAL": "", "TMPDIR": str(lab.folder)}
    done = lab.hone("edit", "s", "--yes", env=editor)
    assert done.stdout.startswith("  max_trials: 3 -> 5\n") and done.stdout.count("->") == 1
    assert "nothing differs" in lab.hone("edit", "s", "--yes", status=1, env=editor).stderr
    assert "editor failed" in lab.hone("edit", "s", "--yes", status=2,
                                       env=dict(editor, EDITOR="false")).stderr
    broken = dict(editor, EDITOR="printf 'nope: 1\\n' >>")
    assert "nope" in lab.hone("edit", "s", "--yes", status=2, env=broken).stderr
    assert not [name for name in os.listdir(lab.folder) if name.startswith("hone-edit")]


def test_enqueued_ones_stay_queued_and_retries_work_across_an_edit(lab):
    lab.script('[ -e mended ] || [ "$HONE_TRIAL" -lt 2 ] || exit 3\necho m=$2\n')
    lab.study(trials=4, parallel=1, strategy="bayesian")
    lab.hone("run", "s.yaml", "--quiet")
    xs = x_of(lab)
    lab.hone("enqueue", "s", "x=0.25")
    lab.hone("enqueue", "s", "x=0.95")
    low = min(xs[2], xs[3])
    lab.hone("edit", "s", "-p", f"x={low}:{low + 0.5}" if low + 0.5 < 0.95 and low <= 0.25
             else "x=0.0:0.9", "-n", "6", "--yes")
    lab.write("mended", "")
    lab.hone("retry", "s", "--failed")
    lab.hone("resume", "s", "--quiet")
    assert [row["state"] for row in lab.trials()] == ["completed"] * 6
    xs = x_of(lab)
    assert xs[4] == 0.25 and xs[5] != 0.95
    same_again(lab, 6)


def test_killed_around_an_edit_the_study_is_one_or_the_other(lab):
    lab.script('echo m=$2\nsleep 0.05\n')
    lab.study(trials=40, parallel=4)
    for k in range(8):
        tuner = lab.start("run" if k == 0 else "resume", "s.yaml" if k == 0 else "s")
        n = len(lab.trials())
        wait_until(lambda: len(lab.trials()) > n, "it goes on")
        command = lab.start("edit", "s", "-p", f"x=0.0:{0.9 - k / 10}", "-n", str(41 + k), "--yes")
        if k % 2:
            taken = k // 2
            wait_until(lambda: command.poll() is not None or
                       len(lab.events(kind="edited")) > taken, "the edit is taken")
        kill(tuner)
        kill(command)
        row = lab.row()
        edits = lab.events(kind="edited")
        if edits:  # the row and the history agree
            assert edits[-1]["body"]["spec"] == row["spec"]
    lab.hone("resume", "s", "--quiet")
    n = len(lab.trials())
    assert n == json.loads(lab.row()["spec"])["max_trials"]
    assert {row["state"] for row in lab.trials()} == {"completed"}
    assert all(len(values) == 1 for values in lab.values().values())
    edits = lab.events(kind="edited")
    highest = 1.0
    for event in lab.events():
        if event["kind"] == "edited":
            highest = json.loads(event["body"]["spec"])["parameters"]["x"]["max"]
        elif event["kind"] == "ask":
            assert event["body"]["params"]["x"] <= highest
    assert edits
    same_again(lab, n)
    lab.wait_quiet()
