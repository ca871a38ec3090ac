#!/usr/bin/env python3
"""Coefficients of numeric.c's erfcx: (1 + 2x) erfcx(x), x >= 0, in Chebyshev polynomials of
t = (x - K)/(x + K).

The change of variable is that of Shepherd & Laframboise, Mathematics of Computation 36 (1981)
249-253.
"""
from mpmath import mp, mpf, cos, pi, erfc, exp, sqrt

mp.dps = 60
K, N, KEEP = mpf("3.75"), 80, 27


def scaled(t):
    if t == 1:
        return 2 / sqrt(pi)
    x = K * (1 + t) / (1 - t)
    if x > 10**6:
        return (1 + 2 * x) / (x * sqrt(pi)) * (1 - 1 / (2 * x * x) + 3 / (4 * x**4))
    return (1 + 2 * x) * exp(x * x) * erfc(x)


nodes = [cos(pi * (mpf(k) + mpf(1) / 2) / N) for k in range(N)]
values = [scaled(t) for t in nodes]
for j in range(KEEP):
    c = 2 / mpf(N) * sum(v * cos(j * pi * (mpf(k) + mpf(1) / 2) / N) for k, v in enumerate(values))
    print(mp.nstr(c / 2 if j == 0 else c, 20) + ",")
