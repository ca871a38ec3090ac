"""A cluster whose controller has forgotten a job that still runs, played by a few scripts."""

import os

import pytest
from lab import Lab, wait_until

RUN = "executor: {slurm: {}}\n"


@pytest.fixture
def lab(tmp_path):
    """sbatch starts the job at once, squeue never lists it, scancel does not know it."""
    lab = Lab(tmp_path)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, text in {
            "sbatch": 'for script; do :; done\nsetsid sh "$script" </dev/null >/dev/null 2>&1 &\n'
                      "echo $$\n",
            "squeue": f"echo asked >>{tmp_path}/asked\n",
            "sacct": "exit 1\n",
            "scancel": "echo 'Invalid job id specified' >&2\nexit 1\n"}.items():
        lab.write(f"tools/{name}", "#!/bin/sh\n" + text, 0o755)
    lab.env["PATH"] = f"{tools}:{os.environ['PATH']}"
    return lab


def is_long_forgotten(lab):
    """Asked each 2 s: the last of seven is 10 s after the first that should have listed it."""
    asked = lab.folder / "asked"
    return asked.exists() and len(asked.read_text().split()) >= 8


def test_what_still_runs_is_not_started_again(lab):
    lab.script(f'echo "m=1"\nuntil [ -e {lab.folder}/go ]; do sleep 0.1; done\n')
    lab.study(trials=1, parallel=1, extra=RUN)
    process = lab.start("run", "s.yaml")
    wait_until(lambda: is_long_forgotten(lab), "the controller is asked again and again")
    assert [a["state"] for a in lab.attempts()] == ["running"]
    lab.write("go", "")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, (out, err)
    assert [a["state"] for a in lab.attempts()] == ["succeeded"]


def test_it_can_be_stopped_through_its_folder(lab):
    lab.script('echo "m=1"\nwhile :; do sleep 0.1; done\n')
    lab.study(trials=1, parallel=1, extra=RUN)
    process = lab.start("run", "s.yaml")
    wait_until(lambda: lab.values().get(0), "it prints")
    lab.hone("stop", "s", "--now")
    process.communicate(timeout=60)
    assert lab.attempts()[0]["reason"] == "ended with the study's stop"
    assert (lab.folder / ".hone/studies/s/trial-0000/attempt-1/stop").exists()


def test_one_whose_shim_is_gone_is_lost(lab):
    lab.script('echo "m=1"\nkill -9 $PPID\nsleep 60\n')
    lab.study(trials=1, parallel=1, extra=RUN + "retries: {lost: 0}\n")
    process = lab.start("run", "s.yaml")
    process.communicate(timeout=120)
    assert [a["state"] for a in lab.attempts()] == ["lost"]
    assert "forgotten" in lab.attempts()[0]["reason"]
