#!/usr/bin/env python3
"""Reference values of test_gp.c from scikit-learn's GaussianProcessRegressor, and of log EI at 60
digits. Points and values are simple formulas that test_gp.c repeats."""
import numpy as np
from mpmath import mp, mpf, erfc, exp, log, npdf, sqrt
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

GOLDEN = 0.6180339887498949
S2, NOISE, JITTER = 1.3, 1e-3, 1e-8


def point(i, d):
    return [np.fmod((i + 1) * (j + 1) * GOLDEN + 0.1 * j, 1.0) for j in range(d)]


def value(x):
    return x[0] - 0.5 + sum(0.3 * (j + 1) * (u - 0.4) ** 2 for j, u in enumerate(x)) / len(x)


print("static const struct gp_row gp_rows[] = {")
for n in (1, 5, 100):
    for d in (1, 10):
        X = np.array([point(i, d) for i in range(n)])
        t = np.array([value(x) for x in X])
        lengths = np.array([0.3 + 0.1 * j for j in range(d)])
        gp = GaussianProcessRegressor(
            ConstantKernel(S2) * Matern(lengths, nu=2.5), alpha=NOISE + JITTER * S2, optimizer=None
        ).fit(X, t)
        loss = -gp.log_marginal_likelihood_value_ - n / 2 * np.log(2 * np.pi)
        mu, sd = gp.predict(np.array([point(1000, d)]), return_std=True)
        print(f"    {{{n}, {d}, {loss:.17g}, {mu[0]:.17g}, {sd[0]:.17g}}},")
print("};")

mp.dps = 60
print("static const struct row log_h_rows[] = {")
Z = [-1e8, -1e4, -1e3, -61.0, -60.0, -59.5, -38.0, -10.0, -2.0, -1.0, -0.99, 0.0, 1.0, 5.0, 40.0]
for z in Z:
    with mp.workdps(60 if abs(z) < 100 else 200):
        x = mpf(z)
        if z < -1e3:  # asymptotic: exact to far beyond double here
            w = 1 / x**2
            y = -x * x / 2 - log(2 * mp.pi) / 2 + log(w * (1 - 3 * w + 15 * w**2 - 105 * w**3))
        else:
            with mp.workdps(1200 if z < -100 else 60):
                y = log(npdf(x) + x * erfc(-x / sqrt(2)) / 2)
        print(f"    {{{z!r}, {mp.nstr(y, 20)}}},")
print("};")
