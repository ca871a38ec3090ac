"""The C driver (engine/) plays what the harness plays: same values, same studies."""

import json
import math
import os
import subprocess
import sys

import numpy as np
import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from harness import export, runner, space as sp, tasks
from harness.engine import Engine

SUITES = os.path.join(HERE, "..", "suites")
DRIVER = os.path.join(os.environ["HONE_BUILD"], "bench", "bench-search")
SEEDS = (0, 12)
CASES = [(s, e) for s in tasks.suites(SUITES) for e in tasks.entries(SUITES, s)]
BY_NAME = {e["name"]: (s, e) for s, e in CASES}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tasks")
    export.write(str(folder), SUITES, CASES, SEEDS)
    return folder


def driver(*args):
    subprocess.run([DRIVER, *map(str, args)], check=True)


def rows_of(path):
    with open(path) as f:
        return [json.loads(line) for line in f]


def as_told(config):
    """Whole numbers as engines write them: 1, not 1.0; the key of a configuration is a text."""
    whole = lambda v: isinstance(v, float) and v.is_integer()
    return {k: int(v) if whole(v) else v for k, v in config.items()}


def near(a, b):
    return np.allclose(a, b, rtol=1e-9, atol=1e-12)


def test_values_are_those_of_the_harness(exported, tmp_path):
    points, expected, rng = [], [], np.random.default_rng(3)
    for seed in SEEDS:
        for suite, entry in CASES:
            task = tasks.make(entry, SUITES, suite, seed)
            for repeat in (0, 0, 0, 0, 0, 1, 7):
                config = as_told(sp.random_config(task.space, rng))
                points.append({"entry": len(points) // 7, "config": config, "repeat": repeat})
                expected.append((task.name, *task.evaluate(config, repeat)))
    (tmp_path / "points.json").write_text(json.dumps(points))
    driver("--tasks", exported, "--points", tmp_path / "points.json", "--out", tmp_path / "out")
    got = rows_of(tmp_path / "out")
    assert len(got) == len(expected)
    for row, (name, observed, true, seconds), point in zip(got, expected, points):
        assert near(row["seconds"], seconds), (name, point)
        if observed is None:
            assert "truth" not in row, (name, point)
            continue
        assert near(row["truth"], true), (name, point)
        # Eight digits: the same but where the ninth is a five.
        assert np.allclose(row["observed"], observed, rtol=2e-8), (name, point)


def test_normal_deviates_are_those_of_numpy(exported, tmp_path):
    """Times are exp(z / 2): enough of them to meet every branch of the ziggurat."""
    entry = tasks.entries(SUITES, "bbob")[0]
    task = tasks.make(entry, SUITES, "bbob", 0)
    index = next(i for i, r in enumerate(json.load(open(exported / "tasks.json")))
                 if r["name"] == entry["name"])
    xs = np.random.default_rng(5).uniform(-5, 5, (6000, 2))
    configs = [{"x0": float(a), "x1": float(b)} for a, b in xs]
    points = [{"entry": index, "config": c, "repeat": 0} for c in configs]
    (tmp_path / "points.json").write_text(json.dumps(points))
    driver("--tasks", exported, "--points", tmp_path / "points.json", "--out", tmp_path / "out")
    got = np.array([2 * math.log(r["seconds"]) for r in rows_of(tmp_path / "out")])
    want = np.array([2 * math.log(task.duration(c)) for c in configs])
    assert np.abs(want).max() > 3.66 and np.allclose(got, want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("strategy, parallel, names", [
    ("random", 4, sorted(BY_NAME)),
    ("bayesian", 1, ["hpobench-kc1", "pipeline-wine", "sphere-5d-noisy", "methods-3"]),
    ("bayesian", 4, ["hpolib-protein_structure-oom", "plateau-valley-4d-cliff"]),
])
def test_studies_are_those_of_the_harness(exported, tmp_path, strategy, parallel, names):
    budget = 24
    driver("--tasks", exported, "--strategy", strategy, "--task", ",".join(names), "-j", 2,
           "--seeds", "12-12", "--budget", budget, "--parallel", parallel,
           "--out", tmp_path / "out")
    got = {r["task"]: r for r in rows_of(tmp_path / "out")}
    assert sorted(got) == sorted(names)
    engine = Engine(f"{os.environ['HONE']} ask-tell")
    for name in names:
        suite, entry = BY_NAME[name]
        task = tasks.make(entry, SUITES, suite, 12)
        row = runner.run(engine, task, budget, parallel, extra={"strategy": strategy})
        for key in ("curve", "score", "log10", "inc", "floor"):
            assert np.allclose(got[name][key], row[key], rtol=2e-3, atol=1e-9), (name, key)
        for key in ("trials", "failed", "version"):
            assert got[name][key] == row[key], (name, key)
    engine.close()
