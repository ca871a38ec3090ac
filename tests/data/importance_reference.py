#!/usr/bin/env python3
"""Reference values of test_importance.c, which repeats the formulas of the trials.

Made with Optuna 5.0.0, whose PED-ANOVA knows conditional parameters; the versions are printed."""
import math
import warnings

import numpy
import optuna
import sklearn
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator

GOLDEN = 0.6180339887498949
OPTIMIZERS = ["sgd", "adam", "rmsprop", "lion"]
N = 200

warnings.simplefilter("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)


def unit(i, j):
    return math.fmod((i + 1) * (j + 1) * GOLDEN + 0.1 * j, 1.0)


def settings(i):
    u = [unit(i, j) for j in range(7)]
    found = {
        "x": -5 + 10 * u[0],
        "lr": math.exp(math.log(1e-5) + u[1] * math.log(1e4)),
        "layers": 1 + int(8 * u[2]),
        "units": 1 + int(200 * u[3]),
        "width": int(2 ** (10 * u[4])),
        "optimizer": OPTIMIZERS[int(4 * u[5])],
    }
    if found["optimizer"] == "sgd":
        found["momentum"] = 0.99 * u[6]
    return found


def value(s):
    y = 0.3 * (s["x"] - 1) ** 2 + 0.4 * abs(math.log(s["lr"]) + 7) + 0.2 * s["layers"]
    y += 0.001 * s["units"] + 0.1 * abs(math.log2(s["width"]) - 5)
    return y + (0.5 - s["momentum"] if "momentum" in s else 0.6)


DISTRIBUTIONS = {
    "x": FloatDistribution(-5, 5),
    "lr": FloatDistribution(1e-5, 1e-1, log=True),
    "layers": IntDistribution(1, 8),
    "units": IntDistribution(1, 200),
    "width": IntDistribution(1, 1024, log=True),
    "optimizer": CategoricalDistribution(OPTIMIZERS),
    "momentum": FloatDistribution(0, 0.99),
}


def study_of(distributions, points, values):
    study = optuna.create_study()
    study.add_trials([
        optuna.trial.create_trial(params=p, values=[y],
                                  distributions={name: distributions[name] for name in p})
        for p, y in zip(points, values)])
    return study


points = [settings(i) for i in range(N)]
study = study_of(DISTRIBUTIONS, points, [value(p) for p in points])
print(f"/* Optuna {optuna.__version__}, scikit-learn {sklearn.__version__}, "
      f"NumPy {numpy.__version__} */")
found = PedAnovaImportanceEvaluator().evaluate(study)
whole = sum(found.values())
print("static const struct expected ped_anova[] = {")
for name in DISTRIBUTIONS:
    print(f'    {{"{name}", {found[name] / whole!r}}},')
print("};")

# fANOVA: unit coordinates only, since Optuna's trees ask for a logarithmic parameter on its own
# scale; the mean over four forests.
PRIMES = [2, 3, 5, 7, 11, 13, 17, 19]
NAMES = ["a", "b", "c", "d", "e", "f", "kind", "count"]
KINDS = ["one", "two", "three"]


def point(i):
    u = [math.fmod((i + 1) * math.sqrt(p), 1.0) for p in PRIMES]
    return dict(zip(NAMES, u[:6] + [KINDS[int(3 * u[6])], 1 + int(5 * u[7])]))


def response(p):
    y = 6 * (p["a"] - 0.4) ** 2 + 1.2 * p["b"] + 0.35 * p["c"] + 0.2 * p["c"] * p["d"]
    y += 0.6 * abs(p["e"] - 0.5) + {"one": 0, "two": 0.2, "three": 0.5}[p["kind"]]
    return y + 0.02 * p["count"] ** 2


UNIT = {name: FloatDistribution(0, 1) for name in NAMES[:6]}
UNIT["kind"] = CategoricalDistribution(KINDS)
UNIT["count"] = IntDistribution(1, 5)
points = [point(i) for i in range(200)]
study = study_of(UNIT, points, [response(p) for p in points])
runs = [FanovaImportanceEvaluator(seed=seed).evaluate(study) for seed in range(4)]
print("static const struct expected fanova[] = {")
for name in NAMES:
    print(f'    {{"{name}", {float(numpy.mean([run[name] for run in runs]))!r}}},')
print("};")
