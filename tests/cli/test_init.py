"""hone init and hone schema: a first study file, and what editors know of it."""

import json

import pytest

from lab import Lab

SCRIPT = """
import argparse
open("was_run", "w")
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-3, help="learning rate")
parser.add_argument("--batch-size", type=int, default=32)
args = parser.parse_args()
print(f"val:accuracy={1 - args.lr}")
"""


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


def test_init_reads_a_script_and_runs_nothing(lab):
    lab.write("train.py", SCRIPT)
    run = lab.hone("init", "train.py")
    assert run.stdout == (
        "wrote study.yaml with 2 parameters guessed from train.py; next: hone check\n"
    )
    text = (lab.folder / "study.yaml").read_text()
    assert "  lr: log 1e-05..0.1 " in text and "  batch-size: [16, 32, 64] " in text
    assert "objective: {metric: 'val:accuracy', goal: maximize}" in text
    assert not (lab.folder / "was_run").exists()


def test_what_init_wrote_can_be_run_at_once(lab):
    lab.write("train.py", SCRIPT)
    lab.hone("init", "train.py")
    lab.hone("run", "study.yaml", "-n", "2", "--strategy", "random")
    trials = json.loads(lab.hone("trials", "train", "--json").stdout)
    assert [trial["state"] for trial in trials] == ["completed", "completed"]
    assert set(trials[0]["params"]) == {"lr", "batch-size"}


def test_init_overwrites_only_by_force(lab):
    lab.write("study.yaml", "mine")
    run = lab.hone("init", status=2)
    assert run.stderr == "hone: study.yaml exists; to write it anew: hone init --force\n"
    assert (lab.folder / "study.yaml").read_text() == "mine"
    lab.hone("init", "--force")
    assert "# A study of hone." in (lab.folder / "study.yaml").read_text()


def test_init_names_a_script_that_is_not_there(lab):
    run = lab.hone("init", "nowhere.py", status=2)
    assert run.stderr == "hone: open nowhere.py: No such file or directory\n"
    assert not (lab.folder / "study.yaml").exists()


def test_the_schema_is_json_and_closed(lab):
    run = lab.hone("schema")
    schema = json.loads(run.stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["command", "objective", "parameters"]
    assert schema["additionalProperties"] is False
    names = {ref for ref in run.stdout.split('"') if ref.startswith("#/$defs/")}
    assert {name.rsplit("/", 1)[1] for name in names} == set(schema["$defs"])


def test_all_mistakes_are_shown_then_their_number(lab):
    lab.write("study.yaml", "command: x\nmax_trails: 3\nseed: a\n")
    run = lab.hone("run", "study.yaml", status=2)
    assert run.stderr == (
        'study.yaml:1: key "objective" is missing\n'
        'study.yaml:1: key "parameters" is missing\n'
        'study.yaml:2: unknown key "max_trails"; did you mean "max_trials"?\n'
        'study.yaml:3: seed: needs a whole number from 0 to 2^63 - 1, got "a"\n'
        "hone: study.yaml: 4 errors\n"
    )


def test_mistakes_in_flags_are_shown_too(lab):
    run = lab.hone("run", "-p", "x=5:1", "--maximize", "m", "--", "true", status=2)
    assert run.stderr == "-p x: min 5 is above max 1\nhone: flags: 1 error\n"
