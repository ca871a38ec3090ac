"""Checks of the harness itself: python tests/test_harness.py (ends with `N passed, N failed`)."""

import os
import sys
import traceback

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from harness import compare, runner, score, space as sp, tasks
from harness.engine import Engine, EngineError

SUITES = os.path.join(HERE, "..", "suites")
RANDOM = f"{sys.executable} {os.path.join(HERE, '..', 'peers', 'random_search.py')}"


def entry_of(suite, name):
    return next(e for e in tasks.entries(SUITES, suite) if e["name"] == name)


def test_hypervolume_equals_monte_carlo():
    rng = np.random.default_rng(0)
    for m in (2, 3):
        Y, ref = rng.random((12, m)), np.full(m, 1.1)
        sample = rng.random((40000, m)) * 1.1
        share = np.mean([np.any(np.all(Y <= s, axis=1)) for s in sample])
        assert abs(score.hypervolume(Y, ref) - share * 1.1**m) < 0.02


def test_score_is_clipped():
    assert (
        score.normalised(None, 0, 1) == 1
        and score.normalised(-1, 0, 1) == 0
        and score.normalised(0.25, 0, 1) == 0.25
    )


def test_encode_inverts_decode():
    rng = np.random.default_rng(1)
    for suite in tasks.suites(SUITES):
        for entry in tasks.entries(SUITES, suite):
            for p in entry["space"]:
                value = sp.decode(p, rng.random())
                again = sp.decode(p, min(sp.encode(p, value), 1 - 1e-12))
                assert again == value or abs(again - value) <= 1e-9 * abs(value), (p, value, again)


def test_cells_have_equal_shares():
    p = {"name": "k", "type": "int", "min": 1, "max": 4}
    counts = np.bincount([sp.decode(p, u) for u in np.linspace(0, 1, 4001)[:-1]])
    assert list(counts[1:]) == [1000] * 4


def study(parallel, sync, suite="conditional", name="pipeline-wine", budget=12):
    engine = Engine(RANDOM)
    try:
        return runner.run(
            engine, tasks.make(entry_of(suite, name), SUITES, suite, 3), budget, parallel, sync
        )
    finally:
        engine.close()


def test_runs_repeat_and_count():
    for parallel, sync in ((1, False), (4, False), (4, True)):
        a, b = study(parallel, sync), study(parallel, sync)
        assert a["curve"] == b["curve"] and a["trials"] == 12
        assert all(x >= y for x, y in zip(a["curve"], a["curve"][1:]))


def test_failures_are_told():
    assert study(1, False, "tabular", "hpolib-protein_structure-oom", 40)["failed"] > 0


def test_several_objectives():
    assert study(4, False, "multiobjective", "zdt1-5d", 30)["score"] <= 1


def test_noise_is_not_scored():
    task = tasks.make(entry_of("bbob", "sphere-5d-noisy"), SUITES, "bbob", 0)
    config = sp.random_config(task.space, np.random.default_rng(0))
    first, second = task.evaluate(config, 0), task.evaluate(config, 1)
    assert first[0] != second[0] and first[1] == second[1] and task.evaluate(config, 0) == first


def test_dead_engine_is_an_error():
    try:
        Engine("false").call({"ask": 1})
    except EngineError:
        return
    raise AssertionError("no error")


def test_halves_are_all_tasks_once():
    odd, even = tasks.half(SUITES, "odd"), tasks.half(SUITES, "even")
    every = {(s, e["name"]) for s in tasks.suites(SUITES) for e in tasks.entries(SUITES, s)}
    assert odd | even == every and not odd & even and ("bbob", "branin-2d") in odd


def test_paired_difference():
    cell = lambda v: {"score": v}
    a, b = {("s", "t"): {0: cell(1.0), 1: cell(0.5)}}, {("s", "t"): {1: cell(0.25)}}
    assert compare.paired(a, b, "score") == [-0.25]


def test_trials_to_a_score():
    own = np.array([[0.9, 0.5, 0.1, 0.1], [0.7, 0.5, 0.5, 0.1]])  # means 0.8, 0.5, 0.3, 0.1
    for level, trials in ((0.9, 1), (0.5, 2), (0.4, 3), (0.05, np.inf)):
        assert compare.trials_to(own, np.array([level])) == trials


def test_curves_that_end_early_stay_flat():
    rows = {0: {"budget": 4, "curve": [1.0, 0.5]}, 1: {"budget": 4, "curve": [0.8, 0.7, 0.3, 0.1]}}
    assert np.allclose(compare.curves({"t": rows})["t"], [0.9, 0.6, 0.4, 0.3])


if __name__ == "__main__":
    passed = failed = 0
    for name, test in sorted(globals().copy().items()):
        if name.startswith("test_"):
            try:
                test()
                passed += 1
            except Exception:
                failed += 1
                print(name)
                traceback.print_exc()
    print(f"{passed} passed, {failed} failed")
    sys.exit(bool(failed))
