"""hone check: mistakes are found in a minute, not in a night."""

import os
import signal
import subprocess
import time
from pathlib import Path

HONE = os.environ["HONE"]
STUDY = """
command: sh train.sh
objective: {metric: val:dice, goal: maximize}
metrics: {loss: 'loss: ([0-9.]+)'}
parameters: {lr: log 1e-5..1e-1}
"""


def check(folder, *options, script, study=STUDY):
    (folder / "train.sh").write_text(script)
    (folder / "study.yaml").write_text(study)
    return subprocess.run([HONE, "check", *options], cwd=folder, text=True, timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def nothing_is_left(folder):
    return sorted(p.name for p in folder.iterdir()) == ["study.yaml", "train.sh"]


def test_the_line_of_each_metric_is_shown_and_the_script_ended(tmp_path):
    script = "echo epoch 1 loss: 0.25; echo found val:dice=0.5 here; sleep 600"
    run = check(tmp_path, script=script)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "running: sh train.sh --lr " in run.stdout
    lines = {line.split()[0]: line for line in run.stdout.splitlines()}
    assert lines["loss"].endswith("in: epoch 1 loss: 0.25")
    assert lines["val:dice"].endswith("in: found val:dice=0.5 here")
    assert nothing_is_left(tmp_path)


def test_an_objective_that_is_not_found_gets_the_nearest_name(tmp_path):
    run = check(tmp_path, script="echo loss: 3 val_dice=0.5; echo the last line")
    assert run.returncode == 1
    assert "val:dice  not found in 2 lines" in run.stdout
    assert "did you mean val_dice=0.5?" in run.stdout
    assert "the last line" in run.stdout


def test_a_script_that_fails_says_how(tmp_path):
    run = check(tmp_path, script="echo loss: 3; echo Traceback >&2; exit 7")
    assert run.returncode == 1
    assert "the script failed: exit 7" in run.stdout
    assert "Traceback" in run.stdout


def test_other_metrics_may_be_missing(tmp_path):
    run = check(tmp_path, script="echo val:dice=1")
    assert run.returncode == 0
    assert "loss      not found in 1 line" in run.stdout


def test_mistakes_in_the_file_are_all_named(tmp_path):
    run = check(tmp_path, script="", study=STUDY.replace("1e-5", "0").replace("goal", "gaol"))
    assert run.returncode == 2
    assert "study.yaml:3: " in run.stderr and "study.yaml:5: " in run.stderr
    assert nothing_is_left(tmp_path)


def test_what_takes_too_long_is_ended(tmp_path):
    run = check(tmp_path, "--time", "0.3", script="echo $$ > pid; sleep 600")
    (tmp_path / "pid").unlink()
    assert run.returncode == 1
    assert "not found: the script printed nothing in " in run.stdout
    assert nothing_is_left(tmp_path)


def test_an_interrupt_ends_the_script_too(tmp_path):
    (tmp_path / "train.sh").write_text("echo $$ > pid; sleep 600")
    (tmp_path / "study.yaml").write_text(STUDY)
    run = subprocess.Popen([HONE, "check"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    pid = tmp_path / "pid"
    while not (pid.exists() and pid.read_text().endswith("\n")):
        assert run.poll() is None
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    assert run.wait(timeout=30) == 130
    assert not Path(f"/proc/{pid.read_text().strip()}").exists()
    pid.unlink()
    assert nothing_is_left(tmp_path)


CORNERS = """
command: sh train.sh
objective: {metric: val, goal: maximize}
parameters:
  lr: log 1e-5..1e-1
  layers: 1..8
  batch: [1, 2, 4]
  drop: ['yes', 'no']
  rate: {type: float, min: 0.1, max: 0.5, when: {drop: 'yes'}}
  width: ordinal 16, 32, 64, 128
where: ['not (batch == 4 and lr > 0.01)', 'not (layers == 8 and drop == ''no'')']
"""


def test_extremes_try_each_end_once_and_no_more_than_needed(tmp_path):
    run = check(tmp_path, "--extremes", study=CORNERS,
                script='echo "$@" >> tried; echo val=1')
    assert run.returncode == 0, run.stdout + run.stderr
    tried = []
    for line in (tmp_path / "tried").read_text().splitlines():
        words = line.split()
        tried.append(dict(zip(words[::2], words[1::2])))
    assert {t["--lr"] for t in tried} == {"1e-05", "0.1"}
    assert {t["--layers"] for t in tried} == {"1", "8"}
    assert {t["--batch"] for t in tried} == {"1", "2", "4"}
    assert {t["--drop"] for t in tried} == {"yes", "no"}
    assert {t.get("--rate") for t in tried} == {"0.1", "0.5", None}
    assert {t["--width"] for t in tried} == {"16", "128"}
    for t in tried:
        assert not (t["--batch"] == "4" and float(t["--lr"]) > 0.01)
        assert not (t["--layers"] == "8" and t["--drop"] == "no")
    assert 3 <= len(tried) <= 5


def test_an_objective_that_is_not_finite_is_not_well(tmp_path):
    run = check(tmp_path, script="echo val:dice=nan")
    assert run.returncode == 1 and "all is well" not in run.stdout
    assert "not finite: a trial that ends with this value has failed" in run.stdout


def test_a_corner_that_crashes_is_named(tmp_path):
    script = 'case "$*" in *"--batch 4"*) echo CUDA out of memory; exit 3;; esac; echo val=1'
    run = check(tmp_path, "--extremes", study=CORNERS, script=script)
    assert run.returncode == 1
    failed = [line for line in run.stdout.splitlines() if "FAILED" in line]
    assert len(failed) == 1 and "batch=4" in failed[0] and failed[0].endswith("FAILED: exit 3")
    assert "last line: CUDA out of memory" in run.stdout
    assert run.stdout.splitlines()[-1].endswith("tried, 1 failed")


def test_an_end_that_where_forbids_is_said(tmp_path):
    study = CORNERS.replace("where: [", "where: ['lr < 0.05', ")
    run = check(tmp_path, "--extremes", study=study, script="echo val=1")
    assert run.returncode == 0
    assert "no configuration with lr=0.1 satisfies `where`" in run.stdout
