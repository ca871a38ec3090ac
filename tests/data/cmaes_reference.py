#!/usr/bin/env python3
"""Reference numbers of prop_cmaes.c: median evaluations, over 50 seeds, that the packages cmaes and
cma (pycma) need to bring three functions of ten parameters to a value, from the middle of
[-5, 5]^10 with a step of 2.5. cmaes 0.13.1 and cma 4.5.0 made the stored ones, in some minutes."""
import statistics

import cma
import cmaes
import numpy as np

D, SEEDS, LIMIT = 10, 50, 20000


def sphere(x):
    return sum((x - 1.0) ** 2)


def ellipsoid(x):
    return sum(10.0 ** (6.0 * j / (D - 1)) * (x[j] - 1.0) ** 2 for j in range(D))


def rosenbrock(x):
    return sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def with_cmaes(f, target, seed):
    bounds = np.array([[-5.0, 5.0]] * D)
    es = cmaes.CMA(mean=np.zeros(D), sigma=2.5, bounds=bounds, seed=seed)
    n = 0
    while n < LIMIT:
        told = []
        for _ in range(es.population_size):
            x = es.ask()
            n += 1
            value = f(x)
            if value <= target:
                return n
            told.append((x, value))
        es.tell(told)
    return LIMIT


def with_pycma(f, target, seed):
    es = cma.CMAEvolutionStrategy([0.0] * D, 2.5, {"seed": seed + 1, "verbose": -9,
                                                   "bounds": [-5.0, 5.0]})
    n = 0
    while n < LIMIT:
        xs = es.ask()
        values = []
        for x in xs:
            n += 1
            values.append(f(np.array(x)))
            if values[-1] <= target:
                return n
        es.tell(xs, values)
    return LIMIT


for f, target in ((sphere, 1e-9), (ellipsoid, 1e-9), (rosenbrock, 1e-6)):
    for run in (with_cmaes, with_pycma):
        counts = [run(f, target, seed) for seed in range(SEEDS)]
        print(f.__name__, target, run.__name__, statistics.median(counts))
