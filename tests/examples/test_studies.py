"""The example studies, tuned for real, as `make demo` does."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def hone(folder, *words):
    path = f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"
    return subprocess.run([os.environ["HONE"], *words], cwd=folder, check=True, text=True,
                          env={**os.environ, "PATH": path}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE).stdout


def tune(example, tmp_path):
    """Run an example's study in a copy of its folder: the folder, and what was printed."""
    folder = tmp_path / example
    shutil.copytree(ROOT / "examples" / example, folder, ignore=shutil.ignore_patterns(".hone"))
    return folder, hone(folder, "run", "study.yaml")


def configurations(folder, study):
    trials = sorted((folder / ".hone" / "studies" / study).glob("trial-*/params.json"))
    return [json.loads(path.read_text(encoding="utf-8")) for path in trials]


def best_value(printed):
    return float(re.search(r"^best: trial \d+ of \S+: \S+ ([0-9.]+)", printed, re.M).group(1))


def test_digits_study_finds_a_network_that_reads_well(tmp_path):
    folder, printed = tune("digits", tmp_path)
    assert best_value(printed) > 0.96
    tried = configurations(folder, "digits")
    assert len(tried) == 20
    assert len({json.dumps(params) for params in tried}) == 20
    for params in tried:
        assert ("momentum" in params) == (params["solver"] == "sgd")
    hone(folder, "replay", "digits")


def test_segmentation_study_finds_a_network_that_marks_discs(tmp_path):
    folder, printed = tune("segmentation", tmp_path)
    assert best_value(printed) > 0.9
    tried = configurations(folder, "segmentation")
    assert len(tried) == 20
    for params in tried:
        assert ("dropout" in params) == (params["use_dropout"] == "True")
        assert params["batch_size"] in (1, 2, 4)
    hone(folder, "replay", "segmentation")
