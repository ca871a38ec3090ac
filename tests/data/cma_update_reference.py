#!/usr/bin/env python3
"""Reference values of test_cma.c: the first generation of the package cmaes (0.13.1 made the stored
ones) with given steps. C is the unit before it, so that its factor and
its symmetric root are the same."""
import cmaes
import numpy as np

D, LAMBDA = 4, 9


def step(i):
    return np.array([np.fmod((i + 1) * (j + 2) * 0.37, 2.0) - 0.8 for j in range(D)])


es = cmaes.CMA(mean=np.full(D, 0.5), sigma=0.05, population_size=LAMBDA, seed=1)
es._eigen_decomposition()
es.tell([(es._mean + es._sigma * step(i), float(i)) for i in range(LAMBDA)])
np.set_printoptions(precision=17)
print(cmaes.__version__)
for name in ("_mean", "_p_sigma", "_pc", "_C", "_sigma"):
    print(name, repr(getattr(es, name)))
