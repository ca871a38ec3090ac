"""hone simulate at the size of a cluster: the tuner's own loop over thousands of trials."""

import json
import math
import random

import pytest

from lab import Lab

STUDY = """study: many
command: python3 train.py
objective: {metric: 'val:dice', goal: maximize}
parameters:
  lr: {type: float, min: 1.0e-5, max: 1.0e-3}
seed: 7
price_per_hour: {on_demand: 1.41, spot: 0.42}
"""


def trace_text():
    rng = random.Random(1)
    rows = ["lr,step,seconds,val:dice"]
    for _ in range(300):
        x, pace = rng.uniform(1e-5, 1e-3), rng.uniform(100, 250)
        top = 0.9 - abs(math.log10(x) + 3.6) / 4
        rows += [f"{x:.6g},{s},{pace * s:.3f},{top * (1 - math.exp(-s / 2)):.5f}"
                 for s in range(1, 6)]
    return "\n".join(rows) + "\n"


@pytest.mark.parametrize("trials, parallel, strategy",
                         [(10000, 256, "random"), (300, 64, "bayesian")])
def test_many_trials_at_once(tmp_path, trials, parallel, strategy):
    lab = Lab(tmp_path)
    lab.write("many.yaml", STUDY)
    lab.write("trace.csv", trace_text())
    done = json.loads(lab.hone(
        "simulate", "many.yaml", "--trace", "trace.csv", "--json", "-n", str(trials),
        "--parallel", str(parallel), "--strategy", strategy, "--early-stopping", "asha", "--spot",
        "--preempt-every", "4h").stdout)
    assert done["counts"]["completed"] + done["counts"]["stopped"] == trials
    assert 0.8 * parallel < done["speedup"] <= parallel
    assert done["best"]["values"][0] > 0.8
    assert done["cost"]["spent"] == pytest.approx(done["trial_s"] / 3600 * 0.42)
