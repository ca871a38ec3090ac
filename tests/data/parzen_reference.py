#!/usr/bin/env python3
"""Reference values of test_parzen.c from Optuna 5.0.0's mixture of products, its own Parzen
estimator where no width is ours. Points are simple formulas that test_parzen.c repeats."""
import math

import numpy as np
import optuna
from optuna.samplers._tpe import probability_distributions as pd

GOLDEN = 0.6180339887498949
assert optuna.__version__ == "5.0.0"


def frac(x):
    return x - math.floor(x)


def coordinate(i, j):
    return frac((i + 1) * (j + 1) * GOLDEN + 0.1 * j)


def widths(mu, n, d, line):
    sigma = np.full(n, 0.2 * n ** (-1 / (d + 4)))
    if line and n > 1:
        order = np.argsort(mu, kind="stable")
        gap = np.diff(mu[order])
        far = np.maximum(np.append(0.0, gap), np.append(gap, 0.0))
        sigma[order] = np.minimum(sigma[order], far)
    return np.maximum(sigma, 1 / min(100, n + 2))


def log_int_edges(lo, hi, k):
    return math.log(k - 0.5), math.log(k + 0.5)


print("static const struct mixture_row mixture_rows[] = {")
for n in (0, 1, 4, 40):
    # x in [-2, 3]; lr log in [1e-5, 1e-1]; n in 1..9; m log in 1..1000; k in 1..100000; c of 3
    u = np.array([[coordinate(i, j) for j in range(6)] for i in range(n)]).reshape(n, 6)
    d = 6
    line = lambda j: u[:, j]
    lo, hi = math.log(0.5), math.log(1000.5)
    value = {
        2: np.minimum(np.floor(u[:, 2] * 9), 8) + 1,
        3: np.clip(np.floor(np.exp(lo + u[:, 3] * (hi - lo)) + 0.5), 1, 1000),
        4: np.minimum(np.floor(u[:, 4] * 100000), 99999) + 1,
        5: np.minimum(np.floor(u[:, 5] * 3), 2),
    }
    one = lambda x: np.append(x, [])
    prior = lambda mu, sigma: (np.append(mu, 0.5), np.append(sigma, 1.0))

    def scaled(mu, span, low):
        m, s = prior(mu, widths(mu, len(mu), d, False) if len(mu) else mu)
        return low + span * m, span * s

    def on_line(j, span, low):
        mu = line(j)
        m, s = prior(mu, widths(mu, len(mu), d, True) if len(mu) else mu)
        return low + span * m, span * s

    parts = []
    m, s = on_line(0, 5.0, -2.0)
    parts.append(pd._BatchedTruncNormDistributions(m, s, -2.0, 3.0))
    a, b = math.log(1e-5), math.log(1e-1)
    m, s = on_line(1, b - a, a)
    parts.append(pd._BatchedTruncLogNormDistributions(m, s, 1e-5, 1e-1))
    m, s = scaled((value[2] - 0.5) / 9, 9.0, 0.5)
    parts.append(pd._BatchedDiscreteTruncNormDistributions(m, s, 1, 9, 1))
    m, s = scaled((np.log(value[3]) - lo) / (hi - lo), hi - lo, lo)
    parts.append(pd._BatchedDiscreteTruncLogNormDistributions(m, s, 1, 1000, 1))
    m, s = scaled((value[4] - 0.5) / 100000, 100000.0, 0.5)
    parts.append(pd._BatchedDiscreteTruncNormDistributions(m, s, 1, 100000, 1))
    w = np.full((n + 1, 3), 1 / (n + 1))
    w[np.arange(n), value[5].astype(int)] += 1
    parts.append(pd._BatchedCategoricalDistributions(w / w.sum(axis=1, keepdims=True)))
    mixture = pd._MixtureOfProductDistribution(np.full(n + 1, 1 / (n + 1)), parts)
    for c in range(4):
        v = [frac((c + 1) * 0.377 + 0.21 * j) for j in range(6)]
        x = [
            -2 + 5 * v[0],
            math.exp(a + v[1] * (b - a)),
            math.floor(v[2] * 9) + 1,
            math.floor(math.exp(lo + v[3] * (hi - lo)) + 0.5),
            math.floor(v[4] * 100000) + 1,
            math.floor(v[5] * 3),
        ]
        # Densities per unit of the coordinate, as hone's are: 5 (b - a) times those of the scale;
        # Optuna's density of a log scale is that of the logarithm.
        y = mixture.log_pdf(np.array([x]))[0] + math.log(5.0) + math.log(b - a)
        print(f"    {{{n}, {c}, {y:.17g}}},")
print("};")
