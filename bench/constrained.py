#!/usr/bin/env python3
"""Search under outcome constraints: hone, Optuna's TPE with constraints_func, and chance, on small
problems of the literature whose best allowed value is known. Prints the median regret of the best
allowed value after some evaluations, and the share of trials that were allowed.

    python constrained.py --engine 'hone ask-tell' --seeds 20
    python constrained.py --peer optuna --seeds 20       (in the environment of the peers)
    python constrained.py --engine 'hone ask-tell' --extra '{"strategy": "random"}'
"""

import argparse
import json
import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness.engine import Engine

AT = (20, 30, 50)


def branin(x, y):
    value = (y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2
    value += 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10
    return value, [(x - 2.5) ** 2 + (y - 7.5) ** 2 - 50]


def gardner(x, y):
    """Gardner et al. 2014, simulation 1."""
    c = math.cos(x) * math.cos(y) - math.sin(x) * math.sin(y)
    return math.cos(2 * x) * math.cos(y) + math.sin(x), [c - 0.5]


def gramacy(x, y):
    """Gramacy et al. 2016: two constraints, one of them wavy."""
    c = 1.5 - x - 2 * y - 0.5 * math.sin(2 * math.pi * (x * x - 2 * y))
    return x + y, [c, x * x + y * y - 1.5]


def spring(d, w, n):
    """The weight of a spring (Arora 1989), its constraints as logarithms of load over limit."""
    return math.log((n + 2) * w * d * d), [
        1 - w**3 * n / (71785 * d**4),
        (4 * w * w - d * w) / (12566 * (w * d**3 - d**4)) + 1 / (5108 * d * d) - 1,
        1 - 140.45 * d / (w * w * n),
        (w + d) / 1.5 - 1,
    ]


PROBLEMS = {
    "branin": (branin, [(-5, 10), (0, 15)], 0.397887),
    "gardner": (gardner, [(0, 6), (0, 6)], -2.0),
    "gramacy": (gramacy, [(0, 1), (0, 1)], 0.599788),
    "spring": (spring, [(0.05, 0.2), (0.25, 1.3), (2, 15)], math.log(0.012665)),
}


def play(ask, tell, function, budget):
    """Regret-ready curve of the best allowed value, and the number of allowed trials."""
    best, curve, allowed = math.inf, [], 0
    for _ in range(budget):
        token, x = ask()
        value, limits = function(*x)
        if max(limits) <= 0:
            best, allowed = min(best, value), allowed + 1
        tell(token, value, limits)
        curve.append(best)
    return curve, allowed


def with_engine(engine, extra, space, n_limits, seed, budget):
    names = [f"x{i}" for i in range(len(space))]
    study = {
        "space": [
            {"name": n, "type": "float", "min": lo, "max": hi} for n, (lo, hi) in zip(names, space)
        ],
        "constraints": [{"name": f"c{i}", "max": 0} for i in range(n_limits)],
        "seed": seed,
        "budget": budget,
    }
    engine.call(dict(study, **extra))

    def ask():
        trial = engine.call({"ask": 1})[0]["trials"][0]
        return trial["id"], [trial["params"][n] for n in names]

    def tell(trial, value, limits):
        limits = {f"c{i}": c for i, c in enumerate(limits)}
        engine.call({"tell": [{"id": trial, "value": value, "constraints": limits}]})

    return ask, tell


def with_optuna(sampler, space, seed):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    kept = {"seed": seed, "constraints_func": lambda trial: trial.user_attrs["limits"]}
    study = optuna.create_study(sampler=getattr(optuna.samplers, sampler)(**kept))

    def ask():
        trial = study.ask()
        return trial, [trial.suggest_float(f"x{i}", lo, hi) for i, (lo, hi) in enumerate(space)]

    def tell(trial, value, limits):
        trial.set_user_attr("limits", limits)
        study.tell(trial, value)

    return ask, tell


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--engine", help="a program that speaks ask-tell")
    parser.add_argument("--extra", default="{}", help="more keys of the study, JSON")
    parser.add_argument("--peer", help="Optuna's TPESampler or GPSampler")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--problem", default=",".join(PROBLEMS))
    a = parser.parse_args()
    engine = Engine(a.engine) if a.engine else None
    print(f"{'problem':10}" + "".join(f"{'at ' + str(n):>12}" for n in AT) + f"{'allowed':>10}")
    for name in a.problem.split(","):
        function, space, optimum = PROBLEMS[name]
        n_limits = len(function(*(lo for lo, _ in space))[1])
        curves, shares = [], []
        for seed in range(a.seeds):
            if engine:
                ways = with_engine(engine, json.loads(a.extra), space, n_limits, seed, AT[-1])
            else:
                ways = with_optuna(a.peer, space, seed)
            curve, allowed = play(*ways, function, AT[-1])
            curves.append(curve)
            shares.append(allowed / AT[-1])
        cells = []
        for n in AT:
            found = sorted(c[n - 1] - optimum for c in curves)
            cells.append(f"{found[len(found) // 2]:12.2g}")
        print(f"{name:10}" + "".join(cells) + f"{sum(shares) / len(shares):10.0%}", flush=True)
    if engine:
        engine.close()


if __name__ == "__main__":
    main()
